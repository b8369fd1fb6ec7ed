"""The operating system, kernel and C library of a folder."""

from pathlib import Path

import pytest
from elfimage import shared_object
from folder import Folder

from compat.probe.layers.system import os_release


def test_ubuntu(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().machine()
    assert (machine.os, machine.distribution, machine.distribution_version) == ("linux", "ubuntu", "22.04")
    assert (machine.arch, machine.kernel) == ("x86_64", "6.8.0-35-generic")
    assert machine.sources["kernel"] == "/proc/sys/kernel/osrelease"
    assert machine.sources["arch"] == "/usr/bin/env"


def test_the_architecture_is_that_of_the_programs_not_of_this_machine(tmp_path: Path) -> None:
    Folder(tmp_path).linux().file("/usr/bin/env", shared_object(machine="aarch64"))
    assert Folder(tmp_path).machine().arch == "aarch64"


def test_an_architecture_that_cuda_does_not_have_stays_unknown(tmp_path: Path) -> None:
    Folder(tmp_path).linux().file("/usr/bin/env", shared_object(machine="arm"))
    assert Folder(tmp_path).machine().arch is None


def test_the_kernel_of_an_image_is_unknown(tmp_path: Path) -> None:
    machine = Folder(tmp_path).file("/etc/os-release", "ID=debian\n").machine()
    assert (machine.os, machine.kernel, machine.environment) == ("linux", None, None)


def test_proc_version_serves_where_osrelease_is_missing(tmp_path: Path) -> None:
    machine = Folder(tmp_path).file("/proc/version", "Linux version 5.10.104-tegra (b@h) (gcc) #1\n").machine()
    assert (machine.kernel, machine.os) == ("5.10.104-tegra", "linux")


def test_glibc_from_the_name_of_the_library(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/lib/x86_64-linux-gnu/libc-2.31.so", b"\x7fELF")
    folder.link("/lib/x86_64-linux-gnu/libc.so.6", "libc-2.31.so")
    machine = folder.machine()
    assert (machine.glibc, machine.sources["glibc"]) == ("2.31", "/lib/x86_64-linux-gnu/libc-2.31.so")


@pytest.mark.parametrize("text", ["", "Linux", "Linux version", "Darwin version 9 x", "Linux 6.8 version x"])
def test_a_banner_that_is_not_linuxs(tmp_path: Path, text: str) -> None:
    assert Folder(tmp_path).file("/proc/version", text).machine().kernel is None


@pytest.mark.parametrize(
    "banner",
    [
        b"ld.so (Ubuntu GLIBC 2.39-0ubuntu8.4) stable release version 2.39.",
        b"GNU C Library (GNU libc) development release version 2.39.9000.",
    ],
)
def test_glibc_from_its_banner(tmp_path: Path, banner: bytes) -> None:
    folder = Folder(tmp_path).linux().file("/lib64/ld-linux-x86-64.so.2", b"\x7fELF" + b"\0" * 99 + banner + b"\n")
    assert folder.machine().glibc == "2.39"


def test_without_glibc(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux("alpine", "3.22.1").file("/lib/ld-musl-x86_64.so.1", b"\x7fELF musl libc")
    assert (folder.machine().glibc, folder.machine().distribution) == (None, "alpine")


def test_newest_glibcxx_of_the_libstdcxx_that_loads(tmp_path: Path) -> None:
    defines = ("libstdc++.so.6", "GLIBCXX_3.4", "GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3.13")
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/opt/lib"}).linux()
    folder.library("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "libstdc++.so.6", defines=defines)
    assert folder.machine().glibcxx == "3.4.30"
    folder.library("/opt/lib/libstdc++.so.6", "libstdc++.so.6", defines=("GLIBCXX_3.4.28",))
    machine = folder.machine()
    assert (machine.glibcxx, machine.sources["glibcxx"]) == ("3.4.28", "/opt/lib/libstdc++.so.6")


def test_os_release_quoting() -> None:
    text = '# comment\nA=\'it is\'\nB="a \\"b\\" \\$c"\nC=plain\nD=\nE\n  F=x\n'
    assert os_release(text) == {"A": "it is", "B": 'a "b" $c', "C": "plain", "F": "x"}


def test_os_release_that_is_no_text(tmp_path: Path) -> None:
    machine = Folder(tmp_path).file("/etc/os-release", b"ID=\xff\xfe\nVERSION_ID=\x00\n").machine()
    assert machine.os == "linux"
