"""`matrix update` against a small index on this machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compat.compiled import data_folder
from compat.matrix import Matrix
from compat.matrix.compile import read
from compat.matrix.index.client import Index
from compat.matrix.schema import Schema
from compat.matrix.update import Outcome, Unreachable, newest_known, packages, update
from compat.matrix.validate import check_file, open_file
from tests.index_server import Answering, served

METADATA = (
    "Metadata-Version: 2.1\nName: {}\nVersion: {}\nRequires-Dist: nvidia-cudnn-cu12==9.5.1; sys_platform == 'linux'\n"
    "Requires-Dist: sympy\n"
)


def wheel(package: str, version: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("torch/version.py", "from typing import Optional\ncuda: Optional[str] = '12.6'\nhip = None\n")
        archive.writestr(f"{package}-{version}.dist-info/METADATA", METADATA.format(package, version))
    return packed.getvalue()


def name(package: str, version: str) -> str:
    return f"{package}-{version}-cp312-cp312-manylinux_2_28_x86_64.whl"


class Handler(Answering):
    """Serves the releases of `projects`; a project that is not there is 404, one without releases fails."""

    projects: dict[str, list[str]] = {}

    def respond(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple" and parts[1] in self.projects:
            if not self.projects[parts[1]]:
                self.answer(200, "application/vnd.pypi.simple.v1+json", b"{not json")
                return
            files = [
                {
                    "filename": name(parts[1], version),
                    "url": f"/files/{parts[1]}/{version}",
                    "yanked": False,
                    "size": len(wheel(parts[1], version)),
                    "upload-time": "2024-12-01T00:00:00Z",
                    "requires-python": ">=3.9",
                    "hashes": {"sha256": version},
                }
                for version in self.projects[parts[1]]
            ]
            self.page(files)
        elif parts[0] == "files" and len(parts) == 3 and not self.path.endswith(".metadata"):
            self.piece(wheel(parts[1], parts[2]))
        else:
            self.answer(404)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    Handler.projects = {"torch": ["2.4.0", "2.4.1", "2.5.0rc1"], "torchvision": ["0.19.0"]}
    with served(Handler) as address:
        opened = Index(address, tmp_path / "pages", refresh=True, tries=1)
        yield opened
        opened._session.close()


@pytest.fixture
def shipped(folder: Any) -> Matrix:
    return Matrix.from_folder(str(folder))


def look(shipped: Matrix, index: Index, place: Path, day: str = "2024-12-02") -> list[Outcome]:
    index._fresh.clear()
    return list(update(shipped, index, str(place), day))


def test_nothing_newer(shipped: Matrix, index: Index, tmp_path: Path) -> None:
    assert packages(shipped) == ["torch", "torchvision"]
    assert [one.newer for one in look(shipped, index, tmp_path / "o")] == [(), ()]
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["checked.toml"]
    assert str(read(str(tmp_path / "o" / "checked.toml"))["date"]) == "2024-12-02"


def test_a_newer_release_is_written_with_what_it_says_of_itself(shipped: Matrix, index: Index, tmp_path: Path) -> None:
    Handler.projects["torch"] += ["2.10.0", "2.5.0"]
    assert look(shipped, index, tmp_path / "o")[0] == Outcome("torch", "2.4.1", ("2.5.0", "2.10.0"))
    path = tmp_path / "o" / "torch.toml"
    first, last = read(str(path))["build"]
    assert (first["version"], last["version"]) == ("2.5.0", "2.10.0")
    assert first["cuda"] == "12.6"
    assert first["requires"] == ["nvidia-cudnn-cu12==9.5.1; sys_platform == 'linux'"]
    assert (first["python"], first["glibc"], str(first["date"])) == (["3.12"], "2.28", "2024-12-01")
    assert first["file"] == name("torch", "2.5.0")
    assert not first.keys() & {"sass", "ptx", "needs", "cudnn"}
    assert list(check_file(open_file(str(path)), Schema(data_folder()))) == []


def test_an_update_that_cannot_read_a_package_keeps_what_an_earlier_one_found(
    shipped: Matrix, index: Index, tmp_path: Path
) -> None:
    Handler.projects["torch"] += ["2.5.0"]
    look(shipped, index, tmp_path / "o")
    before = (tmp_path / "o" / "torch.toml").read_text()
    Handler.projects["torch"] = []
    torch, vision = look(shipped, index, tmp_path / "o", "2025-01-01")
    assert torch.failed.startswith("JSONDecodeError")
    assert vision.failed == ""
    assert (tmp_path / "o" / "torch.toml").read_text() == before
    assert str(read(str(tmp_path / "o" / "checked.toml"))["date"]) == "2024-12-02"


def test_without_the_index_nothing_is_lost(shipped: Matrix, index: Index, tmp_path: Path) -> None:
    Handler.projects["torch"] += ["2.5.0"]
    look(shipped, index, tmp_path / "o")
    before = sorted((path.name, path.read_text()) for path in (tmp_path / "o").iterdir())
    gone = Index("http://127.0.0.1:9/simple/", tmp_path / "other", refresh=True, tries=1)
    with pytest.raises(Unreachable):
        list(update(shipped, gone, str(tmp_path / "o"), "2025-01-01"))
    gone._session.close()
    assert sorted((path.name, path.read_text()) for path in (tmp_path / "o").iterdir()) == before


def test_what_the_matrix_has_learned_meanwhile_is_dropped(
    shipped: Matrix, index: Index, tmp_path: Path, folder: Any
) -> None:
    Handler.projects["torch"] += ["2.5.0"]
    look(shipped, index, tmp_path / "o")
    folder.replace("observed/torch.toml", 'version = "2.4.1"', 'version = "2.5.0"')
    look(Matrix.from_folder(str(folder)), index, tmp_path / "o")
    assert not (tmp_path / "o" / "torch.toml").exists()


def test_only_the_named_packages_are_asked_and_the_day_stays(shipped: Matrix, index: Index, tmp_path: Path) -> None:
    found = list(update(shipped, index, str(tmp_path / "o"), "2024-12-02", ["torchvision"]))
    assert [one.package for one in found] == ["torchvision"]
    assert not (tmp_path / "o").exists()


def test_pre_releases_and_other_indexes_do_not_count_as_known(shipped: Matrix, folder: Any) -> None:
    assert str(newest_known(shipped, "torch")) == "2.4.1"
    folder.replace(
        "observed/torch.toml",
        'version = "2.4.1"\nos = "linux"\narch = "x86_64"\nindex = "pypi"',
        'version = "2.6.0"\nos = "linux"\narch = "x86_64"\nindex = "pytorch"',
    )
    assert str(newest_known(Matrix.from_folder(str(folder)), "torch")) == "2.4.0"
