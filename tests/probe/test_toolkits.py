"""CUDA toolkits and the copies of ptxas."""

from __future__ import annotations

import pytest
from software import Root

from compat.machine import Library, Toolkit

JSON = '{{"cuda": {{"name": "CUDA SDK", "version": "{}"}}, "cuda_nvcc": {{"name": "CUDA NVCC", "version": "{}"}}}}'


def toolkits(root: Root) -> tuple[Toolkit, ...]:
    found = root.reading("/env", ("python", "distributions", "toolkits")).values["toolkits"]
    assert isinstance(found, tuple)
    return found


def test_a_link_and_the_release_it_leads_to_are_one_toolkit(root: Root) -> None:
    root.file("/usr/local/cuda-12.4/version.json", JSON.format("12.4.1", "12.4.131"))
    root.link("/usr/local/cuda", "cuda-12.4").link("/usr/local/cuda-12", "/etc/alternatives/cuda-12")
    root.link("/etc/alternatives/cuda-12", "/usr/local/cuda-12.4")
    assert toolkits(root) == (Toolkit("12.4.1", "system", "/usr/local/cuda-12.4"),)


def test_older_toolkits_have_a_text_or_only_a_header(root: Root) -> None:
    root.file("/usr/local/cuda-10.2/version.txt", "CUDA Version 10.2.89\nCUDA Patch Version 10.2.1\n")
    root.file("/usr/local/cuda-11.0/include/cuda.h", "/*" + "x" * 100_000 + "*/\n#define CUDA_VERSION 11000\n")
    root.file("/usr/local/cuda-9.0/bin/nvcc").folder("/usr/local/cuda-samples/bin")
    assert toolkits(root) == (
        Toolkit("10.2.89", "system", "/usr/local/cuda-10.2"),
        Toolkit("11.0", "system", "/usr/local/cuda-11.0"),
        Toolkit("9.0", "system", "/usr/local/cuda-9.0"),
    )


def test_debian_and_conda(root: Root) -> None:
    entry = "Package: {}\nStatus: install ok {}\nArchitecture: amd64\nVersion: {}\nDescription: x\n\n"
    status = (
        entry.format("bash", "installed", "5.2")
        + entry.format("nvidia-cuda-toolkit", "installed", "11.5.1-1ubuntu1")
        + entry.format("libcudnn9", "half-configured", "1")
    )
    root.file("/var/lib/dpkg/status", status).file("/usr/bin/nvcc")
    root.file("/env/conda-meta/cuda-nvcc-12.4.131-0.json", "{}")
    assert toolkits(root) == (
        Toolkit("11.5.1", "system", "/usr/lib/nvidia-cuda-toolkit"),
        Toolkit("12.4.131", "conda", "/env"),
    )


def test_no_toolkit_is_known_to_be_none(root: Root) -> None:
    assert toolkits(root) == ()


@pytest.mark.parametrize("content", [b"", b"\0" * 3000, b'{"cuda": {"version": "; rm -rf /"}}', b"\xff\xfe{"])
def test_broken_records_leave_the_version_unknown(root: Root, content: bytes) -> None:
    root.file("/usr/local/cuda-x/version.json", content)
    assert toolkits(root) == (Toolkit(None, "system", "/usr/local/cuda-x"),)


def test_every_ptxas_and_the_one_that_path_gives(root: Root) -> None:
    site = "/env/lib/python3.10/site-packages"
    root.file("/usr/local/cuda-12.4/version.json", JSON.format("12.4.1", "12.4.131"))
    root.file("/usr/local/cuda-12.4/bin/ptxas")
    root.wheel(site, "nvidia-cuda-nvcc-cu12", "12.9.86", {"nvidia/cuda_nvcc/bin/ptxas": "x"})
    root.wheel(site, "nvidia-cuda-nvcc", "13.0.88", {"nvidia/cu13/bin/ptxas": "x"})
    root.wheel(site, "triton", "3.4.0", {"triton/backends/nvidia/bin/ptxas": "x"})
    root.link("/usr/bin/ptxas", "/usr/local/cuda-12.4/bin/ptxas").environ = {"PATH": "relative:/usr/bin"}
    found = root.reading("/env", ("python", "distributions", "toolkits")).values["libraries"]
    assert set(found) == {
        Library("ptxas", "12.4.131", "system", "/usr/local/cuda-12.4/bin/ptxas", loaded=True),
        Library("ptxas", "12.9.86", "pip", f"{site}/nvidia/cuda_nvcc/bin/ptxas"),
        Library("ptxas", "13.0.88", "pip", f"{site}/nvidia/cu13/bin/ptxas"),
        Library("ptxas", None, "bundled", f"{site}/triton/backends/nvidia/bin/ptxas"),
    }


def test_inside_a_container_it_is_the_images(root: Root) -> None:
    from compat.probe.layer import Reading
    from compat.probe.layers import toolkits as layer

    root.file("/usr/local/cuda/version.json", JSON.format("12.1.0", "12.1.66"))
    so_far = Reading()
    so_far.put("environment", ("docker",))
    assert layer.read(root.host(), so_far).values["toolkits"][0].origin == "container"
