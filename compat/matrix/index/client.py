"""The package index that pip is configured with: which files a project has, their metadata, parts of them.

PEP 691 (JSON) with PEP 503 (HTML) as the fallback, PEP 658 metadata with range requests as the fallback. One
connection at a time, retries with back-off, and every answer kept on disk: an index page until `refresh` is
asked, metadata and what is worked out of a file for ever, since a file of an index never changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import requests
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from compat.matrix.index.wheel import RemoteWheel

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
TRIES = 6
TIMEOUT = (20, 120)  # seconds to connect, between bytes
LONGEST_PAUSE = 60.0  # s between two tries, whatever the index asks for


class NotCachedError(Exception):
    """Working offline, and this was never fetched."""


class NotFoundError(Exception):
    """The index has no such project or file."""


@dataclass(frozen=True)
class IndexFile:
    """One file of a project. `sha256` is "" and `size`, `uploaded` are None where the index does not say."""

    project: str
    filename: str
    url: str
    sha256: str = ""
    size: int | None = None
    uploaded: str | None = None  # YYYY-MM-DD
    requires_python: str | None = None
    yanked: str | None = None  # the reason, "" where none is given; None: not yanked

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")

    @cached_property
    def _parsed(self) -> tuple[Version | None, frozenset[Tag]]:
        if self.is_wheel:
            try:
                _, version, _, tags = parse_wheel_filename(self.filename)
            except (InvalidWheelFilename, InvalidVersion):
                return None, frozenset()
            return version, tags
        for suffix in (".tar.gz", ".zip", ".tar.bz2"):
            if self.filename.endswith(suffix):
                stem = self.filename[: -len(suffix)]
                for cut in range(len(stem)):
                    if stem[cut] == "-" and canonicalize_name(stem[:cut]) == canonicalize_name(self.project):
                        try:
                            return Version(stem[cut + 1 :]), frozenset()
                        except InvalidVersion:
                            continue
        return None, frozenset()

    @property
    def version(self) -> Version | None:
        """Version in the file name; None where it is not one of PEP 440."""
        return self._parsed[0]

    @property
    def tags(self) -> frozenset[Tag]:
        """Wheel tags; empty for a source archive."""
        return self._parsed[1]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[dict[str, str | None], str]] = []
        self._open: dict[str, str | None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._open is not None and data.strip():
            self.links.append((self._open, data.strip()))
            self._open = None


def configured_url() -> str:
    """Address of pip's simple index: what pip is configured with, else the default pip itself carries."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    address = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    if not address:
        from pip._internal.models.index import PyPI

        address = PyPI.simple_url
    return address.rstrip("/") + "/"


def cache_folder(name: str = "harvest") -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/gpu-compatcheck/NAME`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "gpu-compatcheck" / name


def parse_page(project: str, base: str, kind: str, body: str) -> list[IndexFile]:
    """The files on an index page; `kind` is its content type, `base` its address."""
    if "json" in kind:
        files = [_from_json(project, base, entry) for entry in json.loads(body)["files"]]
    else:
        page = _Links()
        page.feed(body)
        files = [_from_link(project, base, attributes, name) for attributes, name in page.links]
    return sorted(files, key=lambda f: f.filename)


def _from_json(project: str, base: str, entry: dict[str, Any]) -> IndexFile:
    yanked = entry.get("yanked", False)
    return IndexFile(
        project=project,
        filename=entry["filename"],
        url=urljoin(base, entry["url"]),
        sha256=entry.get("hashes", {}).get("sha256", ""),
        size=entry.get("size"),
        uploaded=(entry.get("upload-time") or "")[:10] or None,
        requires_python=entry.get("requires-python") or None,
        yanked=None if yanked is False else ("" if yanked is True else str(yanked)),
    )


def _from_link(project: str, base: str, attributes: dict[str, str | None], name: str) -> IndexFile:
    address, fragment = urldefrag(urljoin(base, attributes.get("href") or ""))
    return IndexFile(
        project=project,
        filename=unquote(name),
        url=address,
        sha256=fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else "",
        requires_python=attributes.get("data-requires-python") or None,
        yanked=(attributes["data-yanked"] or "") if "data-yanked" in attributes else None,
    )


class Index:
    """The door to the index. `requests` and `received` count requests made and bytes read."""

    def __init__(
        self,
        url: str | None = None,
        cache: Path | None = None,
        refresh: bool = False,
        offline: bool = False,
        tries: int = TRIES,
    ) -> None:
        self._url, self._refresh, self.offline, self._tries = url, refresh, offline, tries
        self.cache = cache or cache_folder()
        self.requests = 0
        self.received = 0
        self._fresh: set[str] = set()
        self._wheels: tuple[str, RemoteWheel] | None = None

    @cached_property
    def url(self) -> str:
        return self._url or configured_url()

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = "gpu-compatcheck-harvest"
        return session

    def files(self, project: str) -> list[IndexFile]:
        """All files of a project, by name; [] where the index has no such project (that is kept too)."""
        name = canonicalize_name(project)
        path = self.cache / "pages" / f"{name}.json"
        if not path.exists() or (self._refresh and name not in self._fresh and not self.offline):
            address = urljoin(self.url, f"{name}/")
            try:
                answer = self._get(address, {"Accept": ACCEPT})
                page = {
                    "type": answer.headers.get("Content-Type", ""),
                    "base": answer.url,
                    "body": answer.text,
                }
            except NotFoundError:
                page = {"type": "application/json", "base": address, "body": '{"files": []}'}
            self._keep(path, json.dumps(page))
            self._fresh.add(name)
        page = json.loads(path.read_text(encoding="utf-8"))
        return parse_page(name, page["base"], page["type"], page["body"])

    def metadata(self, file: IndexFile) -> str:
        """The METADATA text of a wheel: the index's own copy (PEP 658), else read out of the wheel."""

        def fetch() -> str:
            try:
                return self._get(file.url + ".metadata", {}).content.decode("utf-8", "replace")
            except NotFoundError:
                wheel = self.wheel(file)
                # torch 1.7.0 for Windows and CPython 3.6 was packed with ".dist.info"
                member = next(n for n in wheel.names() if re.match(r"[^/]+\.dist[-.]info/METADATA\Z", n))
                return wheel.read(member).decode("utf-8", "replace")

        text = self.remember(file, "metadata", fetch)
        assert isinstance(text, str)
        return text

    def wheel(self, file: IndexFile) -> RemoteWheel:
        """Opens a wheel by range requests. The last one opened stays open."""
        if self._wheels is None or self._wheels[0] != file.url:
            size = file.size or int(self._get(file.url, {}, method="HEAD").headers["Content-Length"])
            self._wheels = (file.url, RemoteWheel(lambda at, length: self.fetch(file.url, at, length), size))
        return self._wheels[1]

    def fetch(self, url: str, start: int, length: int) -> bytes:
        """Bytes `start` to `start + length` of a file."""
        answer = self._get(url, {"Range": f"bytes={start}-{start + length - 1}"})
        if answer.status_code != requests.codes.partial_content:
            raise OSError("the index does not serve parts of files")
        return answer.content

    def remember(self, file: IndexFile, what: str, compute: Callable[[], Any]) -> Any:
        """`compute()` for this file, worked out once and kept; a JSON value. `what` names the computation."""
        subject = hashlib.sha256(f"{file.sha256}\n{file.filename}".encode()).hexdigest()[:20]
        path = self.cache / "facts" / what.replace("/", "-") / f"{file.project}-{subject}.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))["value"]
        if self.offline:
            raise NotCachedError(f"{what} of {file.filename}")
        value = compute()
        self._keep(path, json.dumps({"file": file.filename, "value": value}))
        return value

    def _keep(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)

    def _get(self, url: str, headers: dict[str, str], method: str = "GET") -> requests.Response:
        if self.offline:
            raise NotCachedError(url.rsplit("/", 2)[-1] or url)
        for attempt in range(self._tries):
            try:
                self.requests += 1
                answer = self._session.request(method, url, headers=headers, timeout=TIMEOUT)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                if attempt == self._tries - 1:
                    raise
                time.sleep(2.0**attempt)
                continue
            if answer.status_code in (404, 410):
                raise NotFoundError(url)
            if answer.status_code == requests.codes.too_many or answer.status_code >= requests.codes.server_error:
                time.sleep(pause(answer.headers.get("Retry-After", ""), attempt))
                continue
            answer.raise_for_status()
            self.received += len(answer.content)
            return answer
        raise OSError(f"no answer after {self._tries} tries: {url}")


def pause(asked: str, attempt: int) -> float:
    """Seconds before the next try: those that the index asks for (it may name a date, which is not read), or longer
    each time; a minute at most."""
    return min(float(asked) if asked.isdecimal() and int(asked) else 2.0**attempt, LONGEST_PAUSE)


def metadata_fields(text: str) -> Message:
    """METADATA as a message: `.get_all("Requires-Dist")`, `["Requires-Python"]`."""
    from email.parser import HeaderParser

    return HeaderParser().parsestr(text)
