"""Every copy of a CUDA library: version, origin, once each."""

from __future__ import annotations

import pytest
from software import Root, library

from compat.machine import Library
from compat.probe import libnames

SITE = "/env/lib/python3.10/site-packages"
SYSTEM = "/usr/lib/x86_64-linux-gnu"
HEADER = "#define CUDNN_MAJOR {}\n#define CUDNN_MINOR {}\n#define CUDNN_PATCHLEVEL {}\n#define CUDNN_VERSION (1)\n"


def copies(root: Root) -> dict[str, Library]:
    """The libraries by path."""
    reading = root.reading("/env", ("python", "distributions", "toolkits", "libraries"))
    found = {copy.library.path or "": copy.library for copy in reading.aside["copies"]}
    assert len(found) == len(reading.aside["copies"])
    return found


def status(package: str, version: str) -> str:
    return f"Package: {package}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"


@pytest.mark.parametrize(
    ("file", "name", "version"),
    [
        ("libcudnn.so.9.10.2", "cudnn", "9.10.2"),
        ("libcudnn.so.8", "cudnn", "8"),
        ("libcudart-d0da41ae.so.11.0", "cudart", "11.0"),
        ("libnvJitLink.so.12", "nvjitlink", "12"),
        ("libcublas.so", "cublas", None),
        ("libcudnn_ops.so.9", None, None),
        ("libcublas_static.a", None, None),
        ("libcuda.so.1", None, None),
        ("libcudnn.so.9.txt", None, None),
    ],
)
def test_file_names(file: str, name: str | None, version: str | None) -> None:
    assert libnames.library_of(file) == name
    if name:
        assert libnames.version_of(file) == version


def test_a_systems_copy_is_one_whatever_its_links(root: Root) -> None:
    root.file(f"{SYSTEM}/libcudnn.so.9.10.2", library("libcudnn.so.9"))
    root.link(f"{SYSTEM}/libcudnn.so.9", "libcudnn.so.9.10.2")
    root.link(f"{SYSTEM}/libcudnn.so", "/etc/alternatives/libcudnn_so")
    root.link("/etc/alternatives/libcudnn_so", f"{SYSTEM}/libcudnn.so.9")
    path = f"{SYSTEM}/libcudnn.so.9"
    assert copies(root) == {path: Library("cudnn", "9.10.2", "system", path)}


def test_a_copy_in_another_environments_folder_has_not_this_ones_release(root: Root) -> None:
    inside = "nvidia/cudnn/lib/libcudnn.so.9"
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.10.2.21", {inside: library("libcudnn.so.9")})
    root.file(f"/srv/old/{inside}", library("libcudnn.so.9"))
    root.environ = {"LD_LIBRARY_PATH": "/srv/old/nvidia/cudnn/lib"}
    found = {path: one.version for path, one in copies(root).items()}
    assert found == {f"{SITE}/{inside}": "9.10.2.21", f"/srv/old/{inside}": "9"}


def test_dpkg_gives_the_whole_version_where_it_agrees(root: Root) -> None:
    root.file(f"{SYSTEM}/libnvinfer.so.10.3.0").link(f"{SYSTEM}/libnvinfer.so.10", "libnvinfer.so.10.3.0")
    root.file("/var/lib/dpkg/status", status("libnvinfer10", "10.3.0.30-1+cuda12.5"))
    assert copies(root)[f"{SYSTEM}/libnvinfer.so.10"].version == "10.3.0.30"
    root.file("/var/lib/dpkg/status", status("libnvinfer10", "10.9.0.34-1+cuda12.8"))  # someone put 10.3 there by hand
    assert copies(root)[f"{SYSTEM}/libnvinfer.so.10"].version == "10.3.0"


def test_what_was_removed_from_dpkg_counts_for_nothing(root: Root) -> None:
    root.file(f"{SYSTEM}/libcudnn.so.9")
    root.file(
        "/var/lib/dpkg/status",
        status("libcudnn9-cuda-12", "9.10.2.21-1").replace("install ok installed", "deinstall ok config-files"),
    )
    assert copies(root)[f"{SYSTEM}/libcudnn.so.9"].version == "9"
    root.file("/var/lib/dpkg/status", status("libcudnn9-cuda-12", "9.10.2.21-1"))
    assert copies(root)[f"{SYSTEM}/libcudnn.so.9"].version == "9.10.2.21"


def test_two_ways_to_one_folder_are_one_copy(root: Root) -> None:
    root.file("/usr/local/cuda-12.4/lib64/libcublas.so.12.4.5").file("/usr/local/cuda-12.4/bin/nvcc")
    root.link("/usr/local/cuda-12.4/lib64/libcublas.so.12", "libcublas.so.12.4.5").link("/usr/local/cuda", "cuda-12.4")
    root.environ = {"LD_LIBRARY_PATH": "/usr/local/cuda/lib64:/usr/local/cuda-12.4/lib64"}
    assert list(copies(root)) == ["/usr/local/cuda/lib64/libcublas.so.12"]


def test_a_header_tells_what_the_name_does_not(root: Root) -> None:
    root.file("/usr/local/cuda-11.8/lib64/libcudnn.so.8").file("/usr/local/cuda-11.8/bin/nvcc")
    root.file("/usr/local/cuda-11.8/include/cudnn_version.h", HEADER.format(8, 9, 7))
    assert copies(root)["/usr/local/cuda-11.8/lib64/libcudnn.so.8"].version == "8.9.7"


def test_pip_copies_have_their_distributions_version_in_both_layouts(root: Root) -> None:
    root.wheel(SITE, "nvidia-cublas-cu12", "12.8.4.1", {"nvidia/cublas/lib/libcublas.so.12": "a"})
    root.wheel(SITE, "nvidia-cublas", "13.1.0.3", {"nvidia/cu13/lib/libcublas.so.13": "b"})
    root.wheel(SITE, "nvidia-cuda-runtime", "13.0.96", {"nvidia/cu13/lib/libcudart.so.13": "c"})
    found = copies(root)
    assert {path.rpartition("/")[2]: (copy.version, copy.origin) for path, copy in found.items()} == {
        "libcublas.so.12": ("12.8.4.1", "pip"),
        "libcublas.so.13": ("13.1.0.3", "pip"),
        "libcudart.so.13": ("13.0.96", "pip"),
    }


def test_two_majors_of_one_library_side_by_side(root: Root) -> None:
    root.wheel(SITE, "nvidia-cufft-cu11", "10.9.0.58", {"nvidia/cufft/lib/libcufft.so.10": "a"})
    root.wheel(SITE, "nvidia-cufft-cu12", "11.3.3.83", {"nvidia/cufft/lib/libcufft.so.11": "b"})
    found = copies(root)
    assert found[f"{SITE}/nvidia/cufft/lib/libcufft.so.10"].version == "10.9.0.58"
    assert found[f"{SITE}/nvidia/cufft/lib/libcufft.so.11"].version == "11.3.3.83"


def test_of_two_cudnn_wheels_the_surviving_one_gives_the_version(root: Root) -> None:
    path = "nvidia/cudnn/lib/libcudnn.so.9"
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.12.0.46", {path: "twelve, and longer"})
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.13.0.50", {path: "thirteen"})
    assert copies(root)[f"{SITE}/{path}"].version == "9.13.0.50"
    root.file(f"{SITE}/{path}", "twelve, and longer")
    assert copies(root)[f"{SITE}/{path}"].version == "9.12.0.46"
    root.file(f"{SITE}/{path}", "neither of the two of them")
    assert copies(root)[f"{SITE}/{path}"].version == "9"


def test_bundled_and_conda_copies(root: Root) -> None:
    root.file(f"{SITE}/torch/lib/libcudnn.so.8").file(f"{SITE}/torch/lib/libcudart-d0da41ae.so.11.0")
    root.wheel(SITE, "tensorrt-cu12-libs", "10.9.0.34", {"tensorrt_libs/libnvinfer.so.10": "x"})
    root.file("/env/conda-meta/cudnn-8.9.7.29-h092f7fd_3.json", "{}").file("/env/lib/libcudnn.so.8.9.7").link(
        "/env/lib/libcudnn.so.8", "libcudnn.so.8.9.7"
    )
    found = {(copy.name, copy.version, copy.origin) for copy in copies(root).values()}
    assert found == {
        ("cudnn", "8", "bundled"),
        ("cudart", "11.0", "bundled"),
        ("tensorrt", "10.9.0.34", "bundled"),
        ("cudnn", "8.9.7", "conda"),
    }


def test_what_lies_on_ld_library_path_is_found(root: Root) -> None:
    root.environ = {"LD_LIBRARY_PATH": "relative:/opt/mine/lib:"}
    root.file("/opt/mine/lib/libcudnn.so.8.2.1").file("/relative/libcudnn.so.7")
    assert [copy.version for copy in copies(root).values()] == ["8.2.1"]


def test_broken_things_are_no_copies_or_copies_of_unknown_version(root: Root) -> None:
    root.link(f"{SYSTEM}/libcudnn.so.9", f"{SYSTEM}/libcudnn.so.9").link(f"{SYSTEM}/libcublas.so.12", "/gone")
    root.folder(f"{SYSTEM}/libcufft.so.11").file(f"{SYSTEM}/libcurand.so.10")
    folder = root.top / "usr/local/cuda/include"
    root.file("/usr/local/cuda/lib64/libcudnn.so.8").folder("/usr/local/cuda/include")
    with (folder / "cudnn_version.h").open("wb") as header:
        header.truncate(1 << 30)
    found = copies(root)
    assert {path: copy.version for path, copy in found.items()} == {
        f"{SYSTEM}/libcurand.so.10": "10",
        "/usr/local/cuda/lib64/libcudnn.so.8": "8",
    }
