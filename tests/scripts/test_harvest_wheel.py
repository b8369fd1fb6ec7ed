"""Members of a wheel by ranges: what is fetched, and that it is no more than needed."""

from __future__ import annotations

import io
import random
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.harvest import binary
from scripts.harvest.wheel import RangeFile, RemoteWheel

NOISE = random.Random(7).randbytes(3_000_000)


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("stored.bin", NOISE, zipfile.ZIP_STORED)
        made.writestr("deflated.bin", NOISE, zipfile.ZIP_DEFLATED)
        made.writestr("small.txt", "cuda = '12.8'\n", zipfile.ZIP_DEFLATED)
    return packed.getvalue()


ARCHIVE = archive()


class Counted:
    """A fetch function over bytes that counts what was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content, self.fetched = content, 0

    def __call__(self, start: int, length: int) -> bytes:
        self.fetched += length
        return self.content[start : start + length]


def opened() -> tuple[RemoteWheel, Counted]:
    fetch = Counted(ARCHIVE)
    return RemoteWheel(fetch, len(ARCHIVE)), fetch


def test_the_directory_costs_little() -> None:
    wheel, fetch = opened()
    assert wheel.names() == ["stored.bin", "deflated.bin", "small.txt"]
    assert fetch.fetched < 300_000


def test_a_small_member_costs_little() -> None:
    wheel, fetch = opened()
    assert wheel.read("small.txt") == b"cuda = '12.8'\n"
    assert fetch.fetched < 600_000


@pytest.mark.parametrize("member", ["stored.bin", "deflated.bin"])
def test_ranges(member: str) -> None:
    wheel, _ = opened()
    assert wheel.read_range(member, 1_500_000, 1000) == NOISE[1_500_000:1_501_000]
    assert wheel.read_range(member, len(NOISE) - 5, 1000) == NOISE[-5:]


def test_a_range_of_a_stored_member_does_not_fetch_what_is_before_it() -> None:
    wheel, fetch = opened()
    before = fetch.fetched
    wheel.read_range("stored.bin", 2_500_000, 100)
    assert fetch.fetched - before < 600_000


def test_a_stream_that_is_left_early_is_not_fetched_to_its_end() -> None:
    wheel, fetch = opened()
    before = fetch.fetched
    with wheel.open("deflated.bin") as stream:
        match = binary.find_string(stream, re.compile(re.escape(NOISE[200_000:200_016])))
    assert match is not None
    assert fetch.fetched - before < 2_000_000


def test_find_string_across_pieces_and_not_at_all() -> None:
    split = b"x" * 1_048_570 + b"sm_90 sm_100\0" + b"y" * 9
    assert binary.find_string(io.BytesIO(split), re.compile(rb"sm_90 sm_100\0"))
    assert binary.find_string(io.BytesIO(b"x" * 3_000_000), re.compile(rb"sm_")) is None


def test_spooled_reads_anywhere() -> None:
    wheel, _ = opened()
    with binary.spooled(wheel, "deflated.bin") as read:
        assert read(2_000_000, 10) == NOISE[2_000_000:2_000_010]
        assert read(0, 4) == NOISE[:4]


def test_too_large_a_member_is_refused() -> None:
    wheel, _ = opened()
    with pytest.raises(ValueError, match="more than 1000"):
        wheel.read("stored.bin", limit=1000)


def test_no_zip_and_a_short_answer() -> None:
    with pytest.raises(zipfile.BadZipFile):
        RemoteWheel(Counted(b"no zip at all" * 100), 1300)
    with pytest.raises(OSError, match="asked for"):
        RangeFile(lambda start, length: b"", 10).read(4)


@given(st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 200_000)), max_size=12))
def test_a_range_file_reads_like_a_file(reads: list[tuple[int, int]]) -> None:
    file, plain = RangeFile(Counted(NOISE), len(NOISE)), io.BytesIO(NOISE)
    for start, length in reads:
        file.seek(start)
        plain.seek(start)
        assert file.read(length) == plain.read(length)
        assert file.tell() == plain.tell()
