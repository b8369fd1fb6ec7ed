"""Systems that are wrong, hostile or broken, and this one with something taken away: a message or a finding; never a
traceback, never a long wait."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command import ROOT, START, assert_answered, assert_refused, compatcheck
from tests.probe.software import library

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0
# For root no permission is ever denied, unless it gives these two capabilities up.
PLAIN = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if ROOT_USER else ()
root_only = pytest.mark.skipif(not ROOT_USER, reason="needs a mount namespace")
no_privileges = pytest.mark.skipif(ROOT_USER and shutil.which("setpriv") is None, reason="needs setpriv")


# Systems that are read


def system(folder: Path) -> tuple[Path, str]:
    """A small Linux system with a virtual environment; its root and the environment's interpreter."""
    site = folder / "venv/lib/python3.11/site-packages"
    for place in (site, folder / "venv/bin", folder / "etc", folder / "usr/lib", folder / "lib64"):
        place.mkdir(parents=True, exist_ok=True)
    (folder / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="22.04"\n')
    (folder / "venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.4\n")
    (folder / "venv/bin/python").write_bytes(library())
    distribution(site, "torch", "2.6.0+cu124")
    return folder, "/venv/bin/python"


def distribution(site: Path, name: str, version: str) -> Path:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n")
    (site / name).mkdir()
    return info


def doctor(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    return compatcheck(
        "doctor", "--root", str(folder), "--python", python, "--goal", "use:torch", "--format", "json", timeout=30
    )


def torch_version(done: subprocess.CompletedProcess[str]) -> str | None:
    assert_answered(done)
    found = json.loads(done.stdout)["machine"]["packages"].get("torch")
    return str(found) if found is not None else None


def test_the_system_as_it_should_be(tmp_path: Path) -> None:
    assert torch_version(doctor(*system(tmp_path))) == "2.6.0+cu124"


@pytest.mark.parametrize("content", [b"", b"\x7fELF", library()[:100], b"text", bytes(200), library()[:-30]])
@pytest.mark.parametrize(
    "place",
    [
        "usr/lib/libcuda.so.1",
        "lib64/ld-linux-x86-64.so.2",
        "venv/bin/python",
        "venv/lib/python3.11/site-packages/torch/lib/libtorch_global_deps.so",
    ],
)
def test_libraries_that_are_cut_short_or_empty(tmp_path: Path, place: str, content: bytes) -> None:
    folder, python = system(tmp_path)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(content)
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"


def test_links_in_a_circle(tmp_path: Path) -> None:
    folder, python = system(tmp_path)
    (folder / "usr/local").mkdir()
    (folder / "usr/local/cuda").symlink_to("cuda-12.4")
    (folder / "usr/local/cuda-12.4").symlink_to("cuda")
    (folder / "usr/lib/libcuda.so.1").symlink_to("libcuda.so.1")
    (folder / "venv/lib/python3.11/site-packages/nvidia").symlink_to(".")
    (folder / "etc/ld.so.conf").write_text("include /etc/ld.so.conf\n")
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"


def test_links_that_lead_out_of_the_root_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('ID=elsewhere\nVERSION_ID="1"\n')
    folder, python = system(tmp_path / "root")
    (folder / "etc/os-release").unlink()
    (folder / "etc/os-release").symlink_to(f"../../../../../../../..{secret}")
    done = doctor(folder, python)
    assert_answered(done)
    assert "elsewhere" not in done.stdout


def test_a_gigabyte_where_a_header_is_expected(tmp_path: Path) -> None:
    folder, python = system(tmp_path)
    site = folder / "venv/lib/python3.11/site-packages"
    (folder / "usr/local/cuda/include").mkdir(parents=True)
    for place in (
        folder / "usr/local/cuda/version.json",
        folder / "usr/local/cuda/include/cuda.h",
        folder / "etc/ld.so.cache",
        site / "torch/version.py",
        folder / "usr/lib/libcuda.so.1",
        site / "torch-2.6.0+cu124.dist-info/RECORD",
        folder / "lib64/ld-linux-x86-64.so.2",
    ):
        with place.open("wb") as file:
            file.truncate(1 << 30)
    started = time.monotonic()
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"
    assert time.monotonic() - started < 15


def test_pipes_and_sockets_in_the_place_of_files_do_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, python = system(tmp_path)
    os.mkfifo(folder / "etc/ld.so.cache")
    os.mkfifo(folder / "usr/lib/libcuda.so.1")
    (folder / "etc/os-release").unlink()
    monkeypatch.chdir(folder / "etc")  # the name of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("os-release")
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder, python = system(tmp_path)
    site = os.fsencode(folder / "venv/lib/python3.11/site-packages")
    for name in (b"caf\xe9-1.0.dist-info", b"\xff\xfe", b"torch-\xb2.0.dist-info", b"nvidia_\xe9-1.dist-info"):
        os.mkdir(site + b"/" + name)
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"


@pytest.mark.parametrize("content", [b"", b"\xff" * 5000, b"Name: torch\nVersion: \x00\n", b"Version: 1" * 100_000])
def test_broken_metadata(tmp_path: Path, content: bytes) -> None:
    folder, python = system(tmp_path)
    (folder / "venv/lib/python3.11/site-packages/torch-2.6.0+cu124.dist-info/METADATA").write_bytes(content)
    done = doctor(folder, python)
    assert_answered(done)
    assert "torch" in json.loads(done.stdout)["machine"]["packages"]


def test_broken_records_and_folders_in_the_place_of_files(tmp_path: Path) -> None:
    folder, python = system(tmp_path)
    info = folder / "venv/lib/python3.11/site-packages/torch-2.6.0+cu124.dist-info"
    (info / "RECORD").write_bytes(b"\xff\x00,,\n../../../../etc/passwd.so,sha256=x,99999999999999999999\n,,,,.so\n")
    (info / "WHEEL").mkdir()
    (folder / "etc/ld.so.conf").mkdir()
    (folder / "venv/lib/python3.11/site-packages/torch/version.py").mkdir()
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"


def test_code_in_the_environment_is_never_run(tmp_path: Path) -> None:
    folder, python = system(tmp_path)
    site = folder / "venv/lib/python3.11/site-packages"
    mark = tmp_path / "it-ran"
    evil = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n__version__ = '2.6.0'\ncuda = '12.4'\n"
    for name in ("torch/version.py", "torch/__init__.py", "sitecustomize.py", "usercustomize.py"):
        (site / name).write_text(evil)
    (site / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n")
    (folder / "venv/bin/python").unlink()
    (folder / "venv/bin/python").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (folder / "venv/bin/python").chmod(0o755)
    assert torch_version(doctor(folder, python)) == "2.6.0+cu124"
    own = compatcheck("doctor", "--python", str(folder / "venv/bin/python"), "--goal", "use:torch")
    assert_answered(own)
    assert not mark.exists()


# This machine, with something taken away


def test_no_path_no_home_and_no_environment_at_all() -> None:
    assert_answered(compatcheck("doctor", environ={}))


def test_a_home_that_does_not_exist_and_variables_that_are_no_text() -> None:
    assert_answered(
        compatcheck(
            "doctor",
            environ={
                "HOME": "/nowhere",
                "PATH": "::relative:/nowhere",
                "LD_LIBRARY_PATH": ":::/nowhere:\udcff",
                "CUDA_VISIBLE_DEVICES": "\udcff",
                "CUDA_HOME": "relative",
                "PYTHONNOUSERSITE": "x",
            },
        )
    )


def test_an_empty_root(tmp_path: Path) -> None:
    done = compatcheck("doctor", "--root", str(tmp_path))
    assert_answered(done)


@pytest.mark.parametrize("python", ["/nowhere/python", "/etc/passwd", "/", "\x01", "/dev/zero", "relative/python"])
def test_an_interpreter_that_is_none(python: str) -> None:
    done = compatcheck("doctor", "--python", python, timeout=30)
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr + done.stdout
    assert "itself failed" not in done.stderr


@no_privileges
def test_permission_denied_everywhere(tmp_path: Path) -> None:
    folder, python = system(tmp_path / "root")
    places = list(folder.rglob("*"))
    for place in reversed(places):
        place.chmod(0)
    folder.chmod(0)
    try:
        assert_refused(compatcheck("doctor", "--root", str(folder), before=PLAIN), str(folder))
        folder.chmod(0o755)
        done = compatcheck("doctor", "--root", str(folder), "--python", python, before=PLAIN)
        assert_answered(done)
        assert "torch" not in done.stdout.partition("not told")[0].replace("use:torch", "")
    finally:
        for place in places:
            place.chmod(0o755)


@no_privileges
@pytest.mark.parametrize(
    "place",
    [
        "etc",
        "usr/lib",
        "venv/pyvenv.cfg",
        "venv/lib/python3.11/site-packages",
        "venv/lib/python3.11/site-packages/torch-2.6.0+cu124.dist-info",
        "venv/lib/python3.11/site-packages/torch",
    ],
)
def test_permission_denied_at_one_place(tmp_path: Path, place: str) -> None:
    folder, python = system(tmp_path / "root")
    (folder / place).chmod(0)
    try:
        assert_answered(compatcheck("doctor", "--root", str(folder), "--python", python, before=PLAIN))
    finally:
        (folder / place).chmod(0o755)


@root_only
def test_without_proc_and_sys(tmp_path: Path) -> None:
    """In a mount namespace of its own, where an empty folder lies over /proc and /sys."""
    script = 'mount --bind "$1" /sys && mount --bind "$1" /proc && exec "$2" -c "$3" doctor'
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
            "sh",
            str(tmp_path),
            sys.executable,
            START,
        ],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        timeout=60,
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert_answered(done)


# NVML and nvidia-smi

NVML_CALLS = (
    "nvmlInit",
    "nvmlDeviceGetCount",
    "nvmlDeviceGetHandleByIndex",
    "nvmlSystemGetDriverVersion",
    "nvmlSystemGetCudaDriverVersion_v2",
    "nvmlDeviceGetCudaComputeCapability",
    "nvmlDeviceGetPciInfo",
    "nvmlDeviceGetName",
    "nvmlDeviceGetMigMode",
)
FAKE = """
class NVMLError(Exception):
    def __init__(self, value): self.value = value
    def __str__(self): return f"failure {self.value}"
class Bus: pciDeviceId = 0x233510DE
ANSWERS = {"nvmlDeviceGetCount": 1, "nvmlDeviceGetHandleByIndex": 1, "nvmlSystemGetDriverVersion": b"580.159.04",
           "nvmlSystemGetCudaDriverVersion_v2": 13000, "nvmlDeviceGetCudaComputeCapability": (9, 0),
           "nvmlDeviceGetPciInfo": Bus(), "nvmlDeviceGetName": "NVIDIA H200", "nvmlDeviceGetMigMode": (0, 0),
           "nvmlInit": None}
def __getattr__(name):
    if name not in ANSWERS: raise AttributeError(name)
    def call(*arguments):
        if name == FAILS: raise ERROR
        return ANSWERS[name]
    return call
"""


@pytest.mark.parametrize("error", ["NVMLError(999)", "NVMLError(18)", "OSError('gone')", "ValueError('odd')"])
@pytest.mark.parametrize("call", NVML_CALLS)
def test_nvml_that_fails_at_each_call(tmp_path: Path, call: str, error: str) -> None:
    (tmp_path / "pynvml.py").write_text(f"{FAKE}\nFAILS = {call!r}\nERROR = {error}\n")
    child = ROOT / "compat/probe/nvml_child.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(child), str(tmp_path / "pynvml.py")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert call in json.loads(done.stdout)["errors"]


@pytest.mark.parametrize("script", ["exec sleep 600", "yes", "kill -SEGV $$", "echo '{'", "exit 9"])
def test_a_child_that_hangs_or_talks_without_end(tmp_path: Path, script: str) -> None:
    """What asks NVML (or is nvidia-smi) is a child with a limit of time and of output."""
    from compat.probe.host import Host
    from compat.probe.nvml import ask

    program = tmp_path / "child.py"
    program.write_text(f"import subprocess\nsubprocess.run(['sh', '-c', {script!r}])\n")
    host = Host("/")
    started = time.monotonic()
    answer = ask(host, timeout=1.0, child=str(program))
    assert time.monotonic() - started < 10
    assert answer.errors
    assert host.trouble
