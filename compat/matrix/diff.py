"""What changed between two states of the matrix: folders, or revisions of the checkout that the data lies in."""

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from compat.matrix.claims import Subject, agree

SubjectId = tuple[str, str, tuple[str, ...]]


class NoSuchState(Exception):
    """The text is neither a matrix folder nor a revision of the checkout."""


@dataclass(frozen=True)
class Change:
    """A subject that was added, removed or changed; ``fields`` is (field, old value, new value)."""

    kind: str
    subject: Subject
    fields: tuple[tuple[str, Any, Any], ...] = ()


def diff(old: dict[SubjectId, Subject], new: dict[SubjectId, Subject]) -> Iterator[Change]:
    """Changes by table, component and key. A value that is only spelled otherwise is none."""
    for identity in sorted({*old, *new}):
        if identity not in new:
            yield Change("removed", old[identity])
        elif identity not in old:
            yield Change("added", new[identity])
        else:
            fields = tuple(_fields(old[identity].merged, new[identity].merged))
            if fields:
                yield Change("changed", new[identity], fields)


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if name not in old or name not in new or (before != after and not _same_but_for_order(before, after)):
            yield name, before, after


def _same_but_for_order(before: Any, after: Any) -> bool:
    return isinstance(before, list) and agree(before, after)


@contextmanager
def folder_of(text: str, data: str) -> Iterator[str]:
    """The matrix folder that a person names: a folder, one that has ``matrix/`` in it, or a git revision.

    Raises NoSuchState.
    """
    for path in (text, os.path.join(text, "matrix")):
        if text and os.path.isfile(os.path.join(path, "schema.toml")):
            yield path
            return
    if not re.fullmatch(r"[A-Za-z0-9_][\w./~^@{}-]*", text):
        raise NoSuchState(f"{text}: neither a matrix folder nor a git revision")
    try:
        packed = subprocess.run(
            ["git", "-C", data, "archive", "--format=tar", text, "--", "."],  # noqa: S607
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None)
        reason = said.decode("utf-8", "replace").strip().splitlines()[:1] if said else [str(error)]
        raise NoSuchState(f"{text}: no matrix folder, and no git revision of {data}: {' '.join(reason)}") from error
    with TemporaryDirectory(prefix="gpu-compatcheck-") as folder:
        _unpack(packed, folder)
        yield folder


def _unpack(packed: bytes, folder: str) -> None:
    """The TOML files of the archive, under their own plain names (nothing of it is followed or linked)."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive.getmembers():
            parts = member.name.removeprefix("./").split("/")
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or not parts[-1].endswith(".toml") or len(parts) > 2 or ".." in parts:
                continue
            path = os.path.join(folder, *parts)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content.read())
