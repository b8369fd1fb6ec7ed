"""rpm's database, read without rpm and without SQLite."""

from pathlib import Path

import pytest
import rpmdb

from compat.probe import dpkg, rpm
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.layers import fabric

_CUDNN = ("libcudnn9-cuda-12", "9.1.0.70", "1")
_TENSORRT = ("libnvinfer10", "10.3.0.30", "1.cuda12.5")
_PLACES = ["usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite"]


def _table(root: Path) -> dpkg.Table:
    return dpkg.installed(Host(str(root)))


@pytest.mark.parametrize("place", _PLACES)
def test_packages_of_this_stack_are_read(tmp_path: Path, place: str) -> None:
    rpmdb.write(tmp_path / place, [_CUDNN, ("bash", "5.1", "2"), _TENSORRT])
    found = _table(tmp_path)
    assert found == {"libcudnn9-cuda-12": "9.1.0.70-1", "libnvinfer10": "10.3.0.30-1.cuda12.5"}
    assert found.source == f"/{place}"
    assert [dpkg.upstream(version) for version in found.values()] == ["9.1.0.70", "10.3.0.30"]


@pytest.mark.parametrize(("page", "filling"), [(512, 0), (512, 5000), (4096, 60000), (65536, 300000)])
def test_tables_of_many_pages_and_rows_of_several(tmp_path: Path, page: int, filling: int) -> None:
    """Interior pages, rows that go on in overflow pages, whatever the size of a page."""
    others = [(f"cuda-part-{number}", f"12.{number}", "1") for number in range(40)]
    plain = [(f"package-{number}", "1", "1") for number in range(60)]
    rpmdb.write(tmp_path / _PLACES[0], [*plain, *others, _CUDNN], filling, page)
    found = _table(tmp_path)
    assert len(found) == 41
    assert found["libcudnn9-cuda-12"] == "9.1.0.70-1"
    assert found["cuda-part-39"] == "12.39-1"


def test_dpkg_comes_first(tmp_path: Path) -> None:
    rpmdb.write(tmp_path / _PLACES[1], [_CUDNN])
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(
        "Package: libnccl2\nStatus: install ok installed\nVersion: 2.21.5-1\n"
    )
    assert _table(tmp_path) == {"libnccl2": "2.21.5-1"}


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"\x00\x05\x31\x62" * 2000])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    (tmp_path / _PLACES[1]).write_bytes(data)
    host = Host(str(tmp_path))
    assert dpkg.installed(host) == {}
    assert [one.path for one in host.trouble] == [f"/{_PLACES[1]}"]


def test_another_program_s_database_is_none(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "a.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE other (a)")
    database.commit()
    data = path.read_bytes()
    with pytest.raises(rpm.Malformed, match="not rpm's tables"):
        rpm.packages(lambda at, length: data[at : at + length], str)


def test_a_header_that_is_cut_off_tells_nothing() -> None:
    whole = rpmdb.header(*_CUDNN)
    assert rpm.texts(whole) == {1000: "libcudnn9-cuda-12", 1001: "9.1.0.70", 1002: "1"}
    assert rpm.texts(whole[:20]) == rpm.texts(b"") == rpm.texts(b"\xff" * 64) == {}


def test_the_fabric_manager_of_an_rpm(tmp_path: Path) -> None:
    rpmdb.write(tmp_path / _PLACES[1], [("nvidia-fabric-manager", "550.54.15", "1")])
    so_far = Reading()
    so_far.put("nvswitch", True)
    so_far.put("environment", ())
    found = fabric.read(Host(str(tmp_path)), so_far)
    assert found.get("fabric_manager.version") == "550.54.15"
    assert found.sources["fabric_manager.version"] == f"/{_PLACES[1]}: nvidia-fabric-manager"


def test_no_other_module_is_imported_for_it() -> None:
    """The database is read by this package's own code: SQLite's module would cost more than all of it."""
    import subprocess
    import sys

    code = "import compat.probe.rpm, sys; print('sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
