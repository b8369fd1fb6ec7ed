"""The index client against a small server: JSON and HTML pages, ranges, metadata, retries, the cache."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from compat.matrix.index import client as module
from scripts.harvest.index import Index, IndexFile, NotCachedError, parse_page
from tests.index_server import Answering, served

METADATA = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: torch==2.0\n"
NAME = "demo-1.0-cp310-cp310-manylinux2014_x86_64.whl"


def wheel() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("demo/__init__.py", "x = 1\n" * 5000)
        archive.writestr("demo-1.0.dist-info/METADATA", METADATA)
    return packed.getvalue()


class Handler(Answering):
    """Serves one project; the first two requests of `/simple/flaky/` fail (429, 503)."""

    content = wheel()
    asked: Counter[str] = Counter()

    def respond(self) -> None:
        Handler.asked[self.path] += 1
        if self.path == "/simple/demo/":
            self.page([self.entry(f"../../files/{NAME}")])
        elif self.path == "/simple/flaky/":
            if Handler.asked[self.path] <= 2:
                self.answer((429, 503)[Handler.asked[self.path] - 1])
            else:
                self.page([self.entry(f"/files/{NAME}")])
        elif self.path == f"/files/{NAME}":
            self.piece(self.content)
        else:
            self.answer(404)

    def entry(self, address: str) -> dict[str, object]:
        return {
            "filename": NAME,
            "url": address,
            "hashes": {"sha256": hashlib.sha256(self.content).hexdigest()},
            "size": len(self.content),
            "upload-time": "2024-05-06T07:08:09Z",
            "requires-python": ">=3.8",
            "yanked": False,
        }


@pytest.fixture
def address() -> Iterator[str]:
    Handler.asked = Counter()
    with served(Handler) as address:
        yield address


@pytest.fixture
def opened(address: str, tmp_path: Path) -> Iterator[Index]:
    index = Index(address, tmp_path)
    yield index
    index._session.close()


def test_a_page_says_all_that_the_index_says(opened: Index) -> None:
    (file,) = opened.files("Demo")
    assert (file.filename, file.uploaded, file.requires_python) == (NAME, "2024-05-06", ">=3.8")
    assert str(file.version) == "1.0"
    assert file.yanked is None
    assert {t.platform for t in file.tags} == {"manylinux2014_x86_64"}


def test_metadata_is_read_out_of_the_wheel_where_the_index_has_no_copy(opened: Index) -> None:
    (file,) = opened.files("demo")
    assert opened.metadata(file) == METADATA


def test_what_was_fetched_is_not_fetched_again(opened: Index, address: str, tmp_path: Path) -> None:
    (file,) = opened.files("demo")
    opened.metadata(file)
    before = sum(Handler.asked.values())
    offline = Index(address, tmp_path, offline=True)
    assert offline.metadata(offline.files("demo")[0]) == METADATA
    assert sum(Handler.asked.values()) == before


def test_refresh_asks_for_the_page_once(address: str, tmp_path: Path) -> None:
    for refresh, requests in ((False, 1), (False, 1), (True, 2)):
        index = Index(address, tmp_path, refresh=refresh)
        index.files("demo")
        index.files("demo")
        index._session.close()
        assert Handler.asked["/simple/demo/"] == requests


def test_offline_says_what_is_missing(tmp_path: Path) -> None:
    index = Index("http://127.0.0.1:9/simple/", tmp_path, offline=True)
    with pytest.raises(NotCachedError, match="demo"):
        index.files("demo")
    file = IndexFile("demo", NAME, "http://127.0.0.1:9/x")
    with pytest.raises(NotCachedError, match="archs of demo"):
        index.remember(file, "archs", list)


def test_no_such_project_is_an_empty_list(opened: Index) -> None:
    assert opened.files("nothing") == []


def test_a_busy_index_is_asked_again(opened: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    assert len(opened.files("flaky")) == 1
    assert waits == [1.0, 2.0]


def test_remember_computes_once_per_file_and_name(opened: Index) -> None:
    (file,) = opened.files("demo")
    calls: list[str] = []

    def compute() -> list[str]:
        calls.append("x")
        return ["9.0"]

    assert [opened.remember(file, "archs/1", compute) for _ in range(2)] == [["9.0"], ["9.0"]]
    assert opened.remember(file, "archs/2", compute) == ["9.0"]
    assert len(calls) == 2


def test_html_page() -> None:
    body = (
        '<a href="../../f/demo-1.0-py3-none-any.whl#sha256=ab" data-requires-python="&gt;=3.9">'
        "demo-1.0-py3-none-any.whl</a>"
        '<a href="/f/demo-0.9.tar.gz" data-yanked="broken">demo-0.9.tar.gz</a>'
    )
    old, new = parse_page("demo", "http://127.0.0.1/simple/demo/", "text/html", body)
    assert (old.yanked, str(old.version), old.is_wheel) == ("broken", "0.9", False)
    assert (new.url, new.sha256) == ("http://127.0.0.1/f/demo-1.0-py3-none-any.whl", "ab")
    assert (new.requires_python, new.yanked) == (">=3.9", None)


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("torch_tensorrt-0.0.0.post1.tar.gz", "0.0.0.post1"),
        ("torch-tensorrt-1.2.zip", "1.2"),
        ("torch-tensorrt-nightly.tar.gz", None),
        ("torch_tensorrt-weird!-py3-none-any.whl", None),
    ],
)
def test_version_of_a_file_name(filename: str, version: str | None) -> None:
    found = IndexFile("torch-tensorrt", filename, "").version
    assert (None if found is None else str(found)) == version


@pytest.mark.parametrize(
    ("asked", "attempt", "seconds"),
    [
        ("", 0, 1.0),
        ("", 3, 8.0),
        ("7", 3, 7.0),
        ("0", 2, 4.0),
        ("86400", 0, 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 1, 2.0),
    ],
)
def test_how_long_an_index_that_is_busy_is_left_alone(asked: str, attempt: int, seconds: float) -> None:
    assert module.pause(asked, attempt) == seconds
