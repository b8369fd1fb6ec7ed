"""The loader's cache in both formats, its hwcaps, damage to it, and ld.so.conf."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.probe.binary.ldcache import FLAGS, Cache, configured_directories, parse, read_cache
from compat.probe.host import ABSENT, Host

Row = tuple[str, str, int, int]  # name, path, flags, hwcap
PLAIN: list[Row] = [
    ("libcuda.so.1", "/usr/lib/x86_64-linux-gnu/libcuda.so.1", 0x303, 0),
    ("libcuda.so.1", "/usr/lib/i386-linux-gnu/libcuda.so.1", 0x003, 0),
    ("libcudart.so.13", "/usr/local/cuda/lib64/libcudart.so.13", 0xA03, 0),
]
EXTENDED = 1 << 62


def new(rows: list[Row], order: str = "<", hwcaps: tuple[str, ...] = ()) -> bytes:
    """A cache of the new format, with the extension where there are hwcaps."""
    strings, places = b"", {}
    start = 48 + 24 * len(rows)
    for text in sorted({text for row in rows for text in row[:2]} | set(hwcaps)):
        places[text] = start + len(strings)
        strings += text.encode() + b"\0"
    strings += bytes(-(start + len(strings)) % 4)
    extension = start + len(strings) if hwcaps else 0
    head = b"glibc-ld.so.cache1.1"
    head += struct.pack(order + "IIB3xI12x", len(rows), len(strings), 2 if order == "<" else 3, extension)
    body = b"".join(struct.pack(order + "iIIIQ", f, places[n], places[p], 0, h) for n, p, f, h in rows)
    tail = b""
    if hwcaps:
        tail = struct.pack(order + "II", 0xEAA42174, 1)
        tail += struct.pack(order + "IIII", 1, 0, extension + 24, 4 * len(hwcaps))
        tail += b"".join(struct.pack(order + "I", places[name]) for name in hwcaps)
    return head + body + strings + tail


def old(rows: list[Row], behind: bytes = b"") -> bytes:
    """A cache of the old format, with another behind it."""
    strings, entries = b"", b""
    for name, path, flags, _ in rows:
        entries += struct.pack("=iII", flags, len(strings), len(strings) + len(name) + 1)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
    head = b"ld.so-1.7.0\0" + struct.pack("=I", len(rows)) + entries
    return head + (bytes(-len(head) % 8) + behind if behind else strings)


@pytest.mark.parametrize(
    "data",
    [new(PLAIN), new(PLAIN, ">"), old(PLAIN), old(PLAIN, new(PLAIN))],
    ids=["new", "other byte order", "old", "new behind old"],
)
def test_formats(data: bytes) -> None:
    cache = parse(data)
    assert cache.reason == ""
    assert cache.lookup("libcuda.so.1", "x86_64") == "/usr/lib/x86_64-linux-gnu/libcuda.so.1"
    assert cache.lookup("libcuda.so.1", "i386") == "/usr/lib/i386-linux-gnu/libcuda.so.1"
    assert cache.lookup("libcuda.so.1", "aarch64") is None
    assert cache.lookup("libcudart.so.13", "aarch64") == "/usr/local/cuda/lib64/libcudart.so.13"
    assert cache.lookup("libcudnn.so.9", "x86_64") is None


def test_the_best_hwcaps_level_of_the_processor_wins() -> None:
    levels = ("x86-64-v4", "x86-64-v3")
    rows: list[Row] = [
        ("liba.so", "/lib/glibc-hwcaps/x86-64-v4/liba.so", 0x303, EXTENDED | 0 | 4 << 32),
        ("liba.so", "/lib/glibc-hwcaps/x86-64-v3/liba.so", 0x303, EXTENDED | 1),
        ("liba.so", "/lib/broken/liba.so", 0x303, EXTENDED | 9),
        ("liba.so", "/lib/liba.so", 0x303, 0),
        ("libb.so", "/lib/haswell/libb.so", 0x303, 1 << 51),
    ]
    cache = parse(new(rows, hwcaps=levels))
    assert cache.lookup("liba.so", "x86_64", levels) == "/lib/glibc-hwcaps/x86-64-v4/liba.so"
    assert cache.lookup("liba.so", "x86_64", levels[1:]) == "/lib/glibc-hwcaps/x86-64-v3/liba.so"
    assert cache.lookup("liba.so", "x86_64") == "/lib/liba.so"
    assert cache.lookup("libb.so", "x86_64", levels) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"text", "not a loader cache"), (b"glibc-ld.so.cache1.1", "cut short"), (new([]), "no entries")],
)
def test_what_is_no_cache(data: bytes, reason: str) -> None:
    assert parse(data) == Cache({}, reason)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    which=st.sampled_from([new(PLAIN, hwcaps=("x86-64-v3",)), new(PLAIN, ">"), old(PLAIN, new(PLAIN)), old(PLAIN)]),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=10),
    length=st.integers(0, 400),
)
def test_damage_never_raises(which: bytes, flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(which)
    for position, value in flips:
        data[position % len(data)] = value
    cache = parse(bytes(data[:length]))
    assert bool(cache.entries) != bool(cache.reason)
    cache.lookup("libcuda.so.1", "x86_64", ("x86-64-v3",))


@pytest.mark.skipif(
    not Path("/etc/ld.so.cache").exists() or not shutil.which("ldconfig", path="/sbin:/usr/sbin"),
    reason="no cache here",
)
def test_the_cache_of_this_machine_agrees_with_ldconfig() -> None:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
    assert ldconfig is not None
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(" => ") for line in listed.splitlines() if " => " in line]
    cache = read_cache(Host())
    found = sorted((entry.name, entry.path) for group in cache.entries.values() for entry in group)
    assert found == sorted((left.split()[0], right) for left, right in rows)
    assert {entry.flags for group in cache.entries.values() for entry in group} <= {*FLAGS.values()}


def test_configuration_with_includes(tmp_path: Path) -> None:
    parts = tmp_path / "etc/ld.so.conf.d"
    parts.mkdir(parents=True)
    (tmp_path / "etc/ld.so.conf").write_text(
        "include ld.so.conf.d/*.conf # more\n/opt/a/ , /opt/b:/opt/c\nhwcap 1 nosegneg\n"
        "# /not\n/opt/a\ninclude /etc/ld.so.conf\n"
    )
    (parts / "b.conf").write_text("/usr/local/cuda/lib64=libc6\n\n")
    (parts / "a.conf").write_text("/usr/lib/wsl/lib")
    (parts / ".hidden.conf").write_text("/hidden")
    (parts / "c.off").write_text("/off")
    found = configured_directories(Host(str(tmp_path)))
    assert found == ("/usr/lib/wsl/lib", "/usr/local/cuda/lib64", "/opt/a", "/opt/b", "/opt/c")


def test_no_cache_and_no_configuration(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert read_cache(host) == Cache({}, ABSENT)
    assert configured_directories(host) == ()
