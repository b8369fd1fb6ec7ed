"""The one door: nothing leaves the root, nothing blocks, nothing raises, everything is bounded."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat.probe import host as door
from compat.probe.host import Completed, Failure, Host, Reader, Stat, Unreadable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the probe's door is for POSIX systems")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a secret beside it."""
    (tmp_path / "secret").write_text("outside")
    top = tmp_path / "root"
    (top / "etc").mkdir(parents=True)
    (top / "etc/os-release").write_text("ID=inside\n")
    return top


class TestRoot:
    def test_absolute_links_resolve_inside(self, root: Path) -> None:
        (root / "link").symlink_to("/etc/os-release")
        (root / "up").symlink_to("../../../../../etc")
        host = Host(str(root))
        assert host.read_text("/link") == "ID=inside\n"
        assert host.realpath("/link") == "/etc/os-release"
        assert host.realpath("/up/os-release") == "/etc/os-release"
        assert host.readlink("/link") == "/etc/os-release"
        assert host.readlink("/etc/os-release") is None

    @pytest.mark.parametrize("path", ["/../secret", "/etc/../../secret", "../secret", "/link", "/deep/secret"])
    def test_nothing_outside_is_reached(self, root: Path, path: str) -> None:
        (root / "link").symlink_to("../secret")
        (root / "deep").symlink_to("..")
        host = Host(str(root))
        assert not host.exists(path)
        assert host.read_text(path) == Unreadable(path, door.ABSENT)
        assert host.open_at(path) == Unreadable(path, door.ABSENT)
        assert host.trouble == []

    def test_an_absolute_link_to_an_outside_file_is_absent(self, root: Path) -> None:
        (root / "link").symlink_to(root.parent / "secret")
        assert not Host(str(root)).exists("/link")

    def test_loops_end(self, root: Path) -> None:
        (root / "one").symlink_to("two")
        (root / "two").symlink_to("one")
        for host in (Host(str(root)), Host()):
            path = "/one" if not host.native else str(root / "one")
            assert host.read_text(path) == Unreadable(path, door.LOOP)
            assert host.realpath(path) == Unreadable(path, door.LOOP)
            assert host.trouble == [Unreadable(path, door.LOOP)]

    def test_variables_belong_to_the_running_system(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LD_LIBRARY_PATH", "/here")
        assert Host().environ["LD_LIBRARY_PATH"] == "/here"
        assert Host(str(root)).environ == {}
        assert Host(str(root), {"A": "1"}).environ == {"A": "1"}

    def test_programs_of_another_root_are_not_run(self, root: Path) -> None:
        assert isinstance(Host(str(root)).run(["/bin/true"]), Failure)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(
        links=st.dictionaries(
            st.sampled_from("abcd"),
            st.lists(st.sampled_from(["..", ".", "a", "b", "c", "d", "etc", "os-release", "secret", ""]), max_size=5),
            max_size=4,
        ),
        absolute=st.booleans(),
        path=st.lists(st.sampled_from(["..", "a", "b", "c", "d", "etc", "os-release", "secret"]), max_size=6),
    )
    def test_no_path_ever_leaves(
        self, tmp_path_factory: pytest.TempPathFactory, links: dict[str, list[str]], absolute: bool, path: list[str]
    ) -> None:
        base = tmp_path_factory.mktemp("base")
        (base / "secret").write_text("outside")
        top = base / "root"
        (top / "etc").mkdir(parents=True)
        (top / "etc/os-release").write_text("inside")
        for name, target in links.items():
            (top / name).symlink_to(("/" if absolute else "") + "/".join(target) or ".")
        host = Host(str(top))
        text = host.read_text("/" + "/".join(path))
        assert text == "inside" or isinstance(text, Unreadable)
        real = host.realpath("/" + "/".join(path))
        if isinstance(real, str):
            assert not os.path.islink(str(top) + real)
            assert os.path.realpath(str(top) + real).startswith(str(top))


class TestKinds:
    """What is no file is told so at once, on a native root and on another."""

    @pytest.mark.parametrize("native", [True, False])
    @pytest.mark.parametrize("kind", ["fifo", "socket", "directory"])
    def test_nothing_blocks(self, root: Path, native: bool, kind: str) -> None:
        place = root / "thing"
        if kind == "fifo":
            os.mkfifo(place)
        elif kind == "directory":
            place.mkdir()
        else:
            here = Path.cwd()
            os.chdir(root)  # the path of a socket may have 107 bytes only
            try:
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind("thing")
            finally:
                os.chdir(here)
        host, path = (Host(), str(place)) if native else (Host(str(root)), "/thing")
        started = time.monotonic()
        assert host.read_bytes(path) == Unreadable(path, door.NOT_A_FILE)
        assert host.open_at(path) == Unreadable(path, door.NOT_A_FILE)
        assert time.monotonic() - started < 1
        assert host.trouble == [Unreadable(path, door.NOT_A_FILE)]

    def test_devices_are_not_opened(self) -> None:
        host = Host()
        assert host.read_bytes("/dev/zero") == Unreadable("/dev/zero", door.NOT_A_FILE)
        found = host.stat("/dev/zero")
        assert isinstance(found, Stat)
        assert not found.is_file

    @pytest.mark.skipif(sys.platform != "linux", reason="procfs")
    def test_procfs_files_of_no_size_are_read(self) -> None:
        assert "Linux" in (Host().read_text("/proc/version") or "")

    @pytest.mark.parametrize("path", ["/a\0b", "/\ud800", "/" + "x" * 5000, "/" + "y/" * 3000, "", "/"])
    def test_odd_names_are_values(self, root: Path, path: str) -> None:
        for host in (Host(str(root)), Host()):
            assert not host.read_bytes(path)
            assert not host.is_file(path)
            assert host.listdir(path) is not None

    def test_names_that_are_no_utf8_come_through(self, root: Path) -> None:
        try:
            Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_bytes(b"\xfe text")
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        host = Host(str(root))
        assert "\udcff" in host.listdir("/")
        assert host.read_text("/\udcff") == "\udcfe text"


class TestBounds:
    def test_a_file_over_the_limit_is_not_cut_but_refused(self, root: Path) -> None:
        (root / "big").write_bytes(b"x" * 100)
        host = Host(str(root))
        assert host.read_bytes("/big", 100) == b"x" * 100
        assert host.read_bytes("/big", 99) == Unreadable("/big", door.TOO_LARGE)
        assert host.trouble == [Unreadable("/big", door.TOO_LARGE)]

    def test_pieces(self, root: Path) -> None:
        (root / "file").write_bytes(b"0123456789")
        reader = Host(str(root)).open_at("/file")
        assert isinstance(reader, Reader)
        with reader:
            assert reader.size == 10
            assert reader.read(3, 4) == b"3456"
            assert reader.read(8, 1 << 40) == b"89"
            assert reader.read(10, 1) == reader.read(-1, 5) == reader.read(1 << 70, 5) == b""
            assert reader.total == 6
        assert reader.read(0, 1) == b""

    def test_huge_sparse_files_cost_nothing(self, root: Path) -> None:
        with (root / "sparse").open("wb") as file:
            file.truncate(1 << 40)
        reader = Host(str(root)).open_at("/sparse")
        assert isinstance(reader, Reader)
        with reader:
            assert reader.read((1 << 40) - 2, 100) == b"\0\0"

    def test_listings(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in "cab":
            (root / "etc" / name).touch()
        host = Host(str(root))
        assert host.listdir("/etc") == ("a", "b", "c", "os-release")
        assert host.listdir("/none") == host.listdir("/etc/a") == ()
        assert host.trouble == []
        monkeypatch.setattr(door, "LIST_LIMIT", 2)
        short = Host(str(root))
        assert len(short.listdir("/etc")) == 2
        assert short.trouble == [Unreadable("/etc", door.TOO_LARGE)]

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_permission_denied(self, root: Path) -> None:
        (root / "shut").mkdir(mode=0)
        (root / "closed").write_text("x")
        (root / "closed").chmod(0)
        host = Host(str(root))
        assert host.read_text("/closed") == Unreadable("/closed", door.DENIED)
        assert host.listdir("/shut") == ()
        assert not host.access("/closed")
        assert [trouble.path for trouble in host.trouble] == ["/closed", "/shut"]

    def test_errors_of_the_kernel_are_values(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> bytes:
            raise OSError(5, "Input/output error")

        host = Host(str(root))
        reader = host.open_at("/etc/os-release")
        monkeypatch.setattr(os, "read", fail)
        monkeypatch.setattr(os, "pread", fail)
        assert host.read_bytes("/etc/os-release") == Unreadable("/etc/os-release", "Input/output error")
        assert isinstance(reader, Reader)
        with reader:
            assert reader.read(0, 4) == b""

    def test_access(self, root: Path) -> None:
        host = Host(str(root))
        assert host.access("/etc/os-release")
        assert host.access("/etc/os-release", write=True)
        assert not host.access("/none")

    def test_a_host_is_a_snapshot(self, root: Path) -> None:
        host = Host(str(root))
        assert not host.exists("/later")
        (root / "later").touch()
        assert not host.exists("/later")
        assert Host(str(root)).exists("/later")


class TestPrograms:
    def test_output_status_and_language(self) -> None:
        code = "import os, sys; print(os.environ['LC_ALL'], sys.stdin.read() == ''); sys.stderr.write('e'); sys.exit(3)"
        done = Host(environ={"LC_ALL": "de_DE.UTF-8"}).run([sys.executable, "-I", "-S", "-c", code])
        assert isinstance(done, Completed)
        assert (done.status, done.stdout, done.stderr) == (3, "C True\n", "e")

    def test_names_are_looked_up_in_fixed_places_only(self, tmp_path: Path) -> None:
        trap = tmp_path / "nvidia-smi-of-nobody"
        trap.write_text("#!/bin/sh\n")
        trap.chmod(0o755)
        host = Host(environ={"PATH": str(tmp_path)})
        assert host.exists_program("nvidia-smi-of-nobody") is None
        assert host.run(["nvidia-smi-of-nobody"]) == Failure(("nvidia-smi-of-nobody",), door.ABSENT)
        assert host.exists_program(str(trap)) == str(trap)
        assert host.exists_program("sh") in ("/usr/bin/sh", "/bin/sh")
        assert host.run([]) == Failure((), door.ABSENT)
        assert host.run(["./sh"]) == Failure(("./sh",), door.ABSENT)

    def test_a_program_that_cannot_start(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_bytes(b"\x7fELF")
        broken.chmod(0o755)
        done = Host().run([str(broken)])
        assert isinstance(done, Failure)
        assert done.reason.startswith("cannot start")

    def test_the_time_limit_kills_the_whole_group(self, tmp_path: Path) -> None:
        marker = tmp_path / "marker"
        script = f"(sleep 1; touch {marker}) & sleep 20"
        started = time.monotonic()
        done = Host().run(["/bin/sh", "-c", script], timeout=0.3)
        assert done == Failure(("/bin/sh", "-c", script), "time limit")
        assert time.monotonic() - started < 3
        time.sleep(1.2)
        assert not marker.exists()

    def test_the_output_limit(self) -> None:
        argv = (sys.executable, "-I", "-S", "-c", "while True: print('x' * 1000)")
        started = time.monotonic()
        assert Host().run(argv, timeout=20, limit=10_000) == Failure(argv, "output limit")
        assert time.monotonic() - started < 10

    def test_a_child_left_behind_does_not_hold_us(self) -> None:
        started = time.monotonic()
        done = Host().run(["/bin/sh", "-c", "sleep 5 & echo done"], timeout=4)
        assert isinstance(done, Completed)
        assert done.stdout == "done\n"
        assert time.monotonic() - started < 3
