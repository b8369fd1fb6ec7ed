"""Which copy torch's process gets: torch's preloads, RPATH and RUNPATH, cuDNN's parts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from loading import CUDNN_RPATH, OTHER, SITE, SYSTEM, cudnn, torch, users
from software import Root, library

OLD_INIT = """
def _load_global_deps():
    try:
        ctypes.CDLL(global_deps_lib_path, mode=ctypes.RTLD_GLOBAL)
    except OSError as err:
        cuda_libs: Dict[str, str] = {
            'cuda_runtime': 'libcudart.so.*[0-9]',
            'cudnn': 'libcudnn.so.*[0-9]',
        }
"""
NEW_INIT = """
def _preload_cuda_deps(err=None, required=True):
    cuda_libs = [
        ("cudnn", "libcudnn.so.*[0-9]"),
        ("nvshmem", "libnvshmem_host.so.*[0-9]"),
        ("nvjitlink", "libnvJitLink.so.*[0-9]"),
    ]
    _preload_cuda_lib("nvtx", "libnvToolsExt.so.*[0-9]", required=False)

def _load_global_deps():
    try:
        ctypes.CDLL(global_deps_lib_path, mode=ctypes.RTLD_GLOBAL)
        if "libcudart.so" not in _maps:
            return
        _preload_cuda_deps({})
    except OSError as err:
        _preload_cuda_deps(err)
"""


def test_the_wheels_rpath_beats_ld_library_path_but_not_for_cudnns_parts(root: Root) -> None:
    """DESIGN, decision 6: measured with cuDNN 9.19, whose shim has a RUNPATH. The parts answer for the version."""
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib")
    cudnn(root, OTHER).environ = {"LD_LIBRARY_PATH": OTHER}
    machine = root.machine("/env")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": None, OTHER: ("torch",)}
    assert machine.missing_libraries == ()


def test_a_lone_shim_first_on_ld_library_path_changes_nothing(root: Root) -> None:
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{OTHER}/libcudnn.so.9", library("libcudnn.so.9")).environ = {"LD_LIBRARY_PATH": OTHER}
    assert users(root.machine("/env")) == {f"{SITE}/nvidia/cudnn/lib": ("torch",), OTHER: None}


def test_a_shim_with_rpath_keeps_its_parts_but_not_those_that_graph_opens(root: Root) -> None:
    """The shim of the wheels from 9.21.1 on has RPATH, the graph part still RUNPATH (read in 9.28.1)."""
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib", library("libcudnn.so.9", rpath="$ORIGIN"))
    root.file(f"{OTHER}/libcudnn_graph.so.9", library("libcudnn_graph.so.9")).environ = {"LD_LIBRARY_PATH": OTHER}
    assert users(root.machine("/env")) == {f"{SITE}/nvidia/cudnn/lib": ("torch",)}
    cudnn(root, OTHER)
    assert users(root.machine("/env")) == {f"{SITE}/nvidia/cudnn/lib": ("torch",), OTHER: ("torch",)}


@pytest.mark.parametrize("link", ["libcudnn_graph.so", "libcudnn_graph.so.9"])
def test_an_emptied_part_ends_the_search_for_that_name_only(root: Root, link: str) -> None:
    """Measured on an H200: the system's 9.14 came in through the development package's link, without a number."""
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib").file(f"{SITE}/nvidia/cudnn/lib/libcudnn_graph.so.9", b"")
    root.file(f"{SYSTEM}/libcudnn_graph.so.9.14.0", library("libcudnn_graph.so.9"))
    root.link(f"{SYSTEM}/{link}", "libcudnn_graph.so.9.14.0")
    used = users(root.machine("/env"))
    assert used.get(SYSTEM) == (("torch",) if link.endswith(".so") else None)


def test_a_part_of_the_very_release_is_looked_for_first(root: Root) -> None:
    """Debian's packages have the long names in a default folder, pip's wheels only the soname."""
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib")
    for release in ("9.19.0", "9.14.0"):
        root.file(f"{SYSTEM}/libcudnn_graph.so.{release}", library("libcudnn_graph.so.9"))
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.19.0.56", {"nvidia/cudnn/lib/libcudnn.so.9": library("libcudnn.so.9")})
    loaded = {copy.version for copy in root.machine("/env").libraries or () if copy.name == "cudnn" and copy.loaded_by}
    assert "9.19.0" in loaded
    assert "9.14.0" not in loaded


@pytest.mark.parametrize("alone", ["graph", "engines_runtime_compiled"])
def test_what_graph_opens_is_looked_for_from_where_graph_lies(root: Root, alone: str) -> None:
    """Measured with 9.19: a graph part alone in front does not find its engines, and the first convolution fails."""
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{OTHER}/libcudnn_{alone}.so.9", library(f"libcudnn_{alone}.so.9", runpath="$ORIGIN"))
    root.environ = {"LD_LIBRARY_PATH": OTHER}
    missing = ("libcudnn_engines_runtime_compiled.so.9",) if alone == "graph" else ()
    assert root.machine("/env").builds["torch"].missing == missing


def test_parts_of_two_releases_do_not_link(root: Root, tmp_path: Path) -> None:
    """Measured with graph of 9.19 and engines of 9.13: "undefined symbol", and the process has no engines."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no compiler")
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib", library("libcudnn.so.9", rpath="$ORIGIN"))
    root.environ = {"LD_LIBRARY_PATH": OTHER}

    def build(path: str, source: str) -> None:
        built = tmp_path / "built.so"
        (tmp_path / "part.c").write_text(source)
        subprocess.run(
            [
                compiler,
                "-shared",
                "-fPIC",
                "-nostdlib",
                f"-Wl,-soname,{path.rpartition('/')[2]}",
                "-Wl,--enable-new-dtags,-rpath,$ORIGIN",
                "-o",
                built,
                tmp_path / "part.c",
            ],
            check=True,
        )
        root.file(path, built.read_bytes())

    engines = "libcudnn_engines_runtime_compiled.so.9"
    build(f"{SITE}/nvidia/cudnn/lib/libcudnn_graph.so.9", "void cudnn_v19(void) {}")
    build(f"{SITE}/nvidia/cudnn/lib/libcudnn_ops.so.9", "void cudnn_ops(void) {}")
    for symbol, missing in (("cudnn_v13", (engines,)), ("cudnn_v19", ())):
        build(f"{OTHER}/{engines}", f"void {symbol}(void); void cudnn_engine(void) {{ {symbol}(); }}")
        assert root.machine("/env").builds["torch"].missing == missing


def test_loaded_tells_the_used_from_the_unused(root: Root) -> None:
    cudnn(torch(root, OLD_INIT), f"{SITE}/nvidia/cudnn/lib")
    root.file("/usr/lib/x86_64-linux-gnu/libcudnn.so.8", library("libcudnn.so.8")).file(
        "/usr/lib/x86_64-linux-gnu/libnccl.so.2", library("libnccl.so.2")
    )
    loaded = {(copy.name, copy.origin): copy.loaded for copy in root.machine("/env").libraries or ()}
    assert loaded == {
        ("cudnn", "pip"): True,
        ("cudart", "pip"): True,
        ("cudnn", "system"): False,
        ("nccl", "system"): None,
    }


def test_without_rpath_torch_preloads_what_its_own_list_says(root: Root) -> None:
    cudnn(torch(root, OLD_INIT, rpath="$ORIGIN"), f"{SITE}/nvidia/cudnn/lib")
    machine = root.machine("/env")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": ("torch",)}
    assert users(machine, "cudart") == {f"{SITE}/nvidia/cuda_runtime/lib": ("torch",)}
    assert machine.missing_libraries == ()


def test_what_is_nowhere_is_missing_and_said_by_whom(root: Root) -> None:
    torch(root, OLD_INIT)
    machine = root.machine("/env")
    assert machine.missing_libraries == ("libcudnn.so.9",)
    assert machine.builds["torch"].missing == ("libcudnn.so.9",)
    assert machine.sources["missing_libraries[0]"] == f"needed by {SITE}/torch/lib/libtorch_python.so"


@pytest.mark.parametrize(("call", "jitlink"), [("", None), ("required=False", ("torch",))])
def test_a_lack_ends_the_preloads_of_older_releases(root: Root, call: str, jitlink: tuple[str, ...] | None) -> None:
    cudnn(torch(root, NEW_INIT.format(call)), f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{SITE}/nvidia/nvjitlink/lib/libnvJitLink.so.12", library("libnvJitLink.so.12"))
    assert users(root.machine("/env"), "nvjitlink") == {f"{SITE}/nvidia/nvjitlink/lib": jitlink}


def test_releases_that_preload_two_libraries_beside_the_rpath(root: Root) -> None:
    middle = """        if "nvidia/cuda_runtime/lib/libcudart.so" not in _maps:
            return
        _preload_cuda_deps("nvjitlink", "libnvJitLink.so.*[0-9]")
    except"""
    init = OLD_INIT.replace("    except", middle)
    cudnn(torch(root, init), f"{SITE}/nvidia/cudnn/lib")
    root.file(f"{SITE}/nvidia/nvjitlink/lib/libnvJitLink.so.12", library("libnvJitLink.so.12"))
    root.file(f"{SITE}/nvidia/cufft/lib/libcufft.so.11", library("libcufft.so.11"))
    machine = root.machine("/env")
    assert users(machine, "nvjitlink") == {f"{SITE}/nvidia/nvjitlink/lib": ("torch",)}
    assert users(machine, "cufft") == {f"{SITE}/nvidia/cufft/lib": None}


def test_a_cpu_build_loads_nothing(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0+cpu", {"torch/version.py": "cuda = None\n"})
    machine = root.machine("/env")
    assert machine.missing_libraries is None
    assert machine.builds["torch"].missing is None


def test_parts_without_a_shim_and_copies_behind_a_fixed_rpath_are_listed_too(root: Root) -> None:
    cudnn(torch(root, OLD_INIT, rpath=f"/srv/cuda/lib:{CUDNN_RPATH}"), f"{SITE}/nvidia/cudnn/lib")
    root.file("/srv/cuda/lib/libcudart.so.12.4.127", library("libcudart.so.12")).link(
        "/srv/cuda/lib/libcudart.so.12", "libcudart.so.12.4.127"
    )
    root.file(f"{OTHER}/libcudnn_graph.so.9.14.0", library("libcudnn_graph.so.9")).link(
        f"{OTHER}/libcudnn_graph.so.9", "libcudnn_graph.so.9.14.0"
    ).environ = {"LD_LIBRARY_PATH": OTHER}
    found = {(copy.name, copy.path): (copy.version, copy.loaded_by) for copy in root.machine("/env").libraries or ()}
    assert found[("cudart", "/srv/cuda/lib/libcudart.so.12.4.127")] == ("12.4.127", ("torch",))
    assert found[("cudnn", f"{OTHER}/libcudnn_graph.so.9.14.0")] == ("9.14.0", ("torch",))
    assert found[("cudnn", f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9")][1] == ("torch",)  # the other parts


def test_the_header_beside_a_copy_tells_its_release_where_its_name_does_not(root: Root) -> None:
    cudnn(torch(root, OLD_INIT, rpath=f"/srv/cuda/lib:{CUDNN_RPATH}"), f"{SITE}/nvidia/cudnn/lib")
    root.file("/srv/cuda/lib/libcudnn.so", library("libcudnn.so.9"))
    root.link("/srv/cuda/lib/libcudnn.so.9", "libcudnn.so")
    header = "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 7\n#define CUDNN_PATCHLEVEL 1\n"
    root.file("/srv/cuda/include/cudnn_version.h", header)
    found = {copy.path: copy.version for copy in root.machine("/env").libraries or () if copy.loaded_by}
    assert found["/srv/cuda/lib/libcudnn.so"] == "9.7.1"


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a library" * 100])
def test_broken_libraries_end_in_no_answer_not_in_an_error(root: Root, content: bytes) -> None:
    torch(root, OLD_INIT)
    root.file(f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9", content)
    machine = root.machine("/env")
    assert users(machine) == {f"{SITE}/nvidia/cudnn/lib": None}
    assert machine.missing_libraries == ()
