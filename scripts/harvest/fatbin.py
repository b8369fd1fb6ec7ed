"""CUDA fat binaries inside wheels: for which GPUs a library carries machine code (cubins) and PTX.

The layout is `compat.probe.binary.fatbin`'s; what is added here is reading a library as a stream, as in a wheel it is
deflated. The layout was held against libraries whose targets are known otherwise: torch 1.4.0 (the build script's
list), torch 2.0.0, 2.4.0 and 2.15.0 (their own flags), vllm's FlashMLA (9.0a and 10.0a, later 10.0f).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from compat.probe.binary import elf
from compat.probe.binary.elf import Read
from compat.probe.binary.fatbin import Fatbins, read_fatbins, walk

from .toml import capability_key

MAGIC = 0xBA55ED50
"""First four bytes of a fat binary, little-endian."""
PTX, CUBIN = 1, 2
_HEAD = 16  # magic, version, size of the head, size of the entries
_CHUNK = 1 << 20
_LARGEST = 256 << 20  # bytes of one fat binary; more is no fat binary
_BUDGET = 1 << 30

Targets = dict[str, dict[str, int]]
"""`{"sass": {"9.0": 476}, "ptx": {...}}`: images per capability, in version order."""


@dataclass(frozen=True)
class Entry:
    """One image; `capability` is "9.0", "9.0a", "10.0f"."""

    kind: int
    capability: str


def entries(read: Read, start: int, size: int) -> Iterator[Entry]:
    """The images in `size` bytes of fat binaries from `start`. Raises `ValueError` where something else is there."""
    found, _ = walk(read, start, size, _BUDGET)
    if not found.complete:
        raise ValueError(f"no fat binaries at {start}")
    for code, number in found.codes:
        if code.kind != "lto":
            yield from [Entry(CUBIN if code.kind == "sass" else PTX, capability(code.target))] * number


def count(read: Read, size: int) -> Targets:
    """The targets of all fat binaries of an ELF file. Raises `ValueError` where it is no ELF file."""
    file = elf.parse(read, size)
    if isinstance(file, elf.Broken):
        raise ValueError(file.reason)
    return _targets([read_fatbins(read, file, _BUDGET)])


def sample(stream: IO[bytes], enough: int = 32) -> Targets:
    """The targets of the first `enough` fat binaries in a stream; reads no further than that.

    For libraries of hundreds of megabytes inside a deflated wheel, whose fat binaries mostly hold the same targets.
    """
    return _targets(list(islice(_forward(stream), enough)))


def isa(stream: IO[bytes]) -> str | None:
    """The PTX ISA of the first fat binary in a stream, "8.8"; None where that has no PTX."""
    first = next(_forward(stream), None)
    return next((code.isa for code, _ in first.codes if code.isa is not None), None) if first else None


def _forward(stream: IO[bytes]) -> Iterator[Fatbins]:
    """The fat binaries of a stream with code in them, in its order."""
    source = _Forward(stream)
    while source.find(MAGIC.to_bytes(4, "little")):
        head = source.take(_HEAD)
        length = int.from_bytes(head[8:16], "little")
        if head[4:8] != b"\x01\0\x10\0" or not 0 < length <= _LARGEST:
            continue  # the four bytes were something else
        walked = _walked(head + source.take(length))
        if walked.codes:
            yield walked


def _walked(whole: bytes) -> Fatbins:
    return walk(lambda at, size: whole[at : at + size], 0, len(whole), _BUDGET)[0]


def _targets(found: list[Fatbins]) -> Targets:
    images: Counter[tuple[str, str]] = Counter()
    for fatbins in found:
        for code, number in fatbins.codes:
            images[code.kind, capability(code.target)] += number
    ordered = sorted(images, key=lambda key: capability_key(key[1]))
    return {kind: {c: images[kind, c] for k, c in ordered if k == kind} for kind in ("sass", "ptx")}


def capability(target: str) -> str:
    """`90a` as `9.0a`."""
    digits = target.rstrip("af")
    return f"{digits[:-1]}.{digits[-1]}{target[len(digits) :]}"


class _Forward:
    """Reads a stream only forward, and finds marks in it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held = b""

    def take(self, size: int) -> bytes:
        parts, missing = [self._held[:size]], size - len(self._held)
        self._held = self._held[size:]
        while missing > 0 and (chunk := self._stream.read(max(missing, _CHUNK))):
            parts.append(chunk[:missing])
            self._held = chunk[missing:]
            missing -= len(chunk)
        return b"".join(parts)

    def find(self, mark: bytes) -> bool:
        """Goes on to just before the next `mark`; False at the end."""
        while (found := self._held.find(mark)) < 0:
            chunk = self._stream.read(_CHUNK)
            if not chunk:
                return False
            self._held = self._held[-len(mark) :] + chunk
        self._held = self._held[found:]
        return True
