"""Error texts as they stand in logs, and texts that only look like them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compat import explain
from compat.matrix import Matrix

MATRIX = Matrix.load()
ROWS = [row for row in MATRIX.every("symptom") if row.get("examples")]


def logged(text: str) -> str:
    return f"2026-11-22 18:01:02.123456: E external/local_xla/xla/stream_executor/cuda/cuda_driver.cc:123] {text}"


def raised(text: str) -> str:
    return (
        'Traceback (most recent call last):\n  File "/home/u/.venv/lib/python3.11/site-packages/x/y.py", line 3, in f\n'
        f"    import z\n{text}\n\nThe above exception was the direct cause of the following exception:\n"
    )


def coloured(text: str) -> str:
    return f"\x1b[1;31m[1234.567890] worker-0 | {text}\x1b[0m\n[1235.0] done"


def built(text: str) -> str:
    joined = text.replace("\n", "\n#12 45.68 ")
    return f'#12 45.67 {joined}\n#12 ERROR: process "/bin/sh -c x" did not complete successfully: exit code: 1'


def among_others(text: str) -> str:
    return "2026-11-22T18:00:00Z INFO start\n" * 30 + f"pod/x-5f7 container y: {text}\n" + "INFO retry\n" * 20


@pytest.mark.parametrize("noise", [logged, raised, coloured, built, among_others])
@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_an_example_is_found_in_a_log(row: dict[str, list[str]], noise: Callable[[str], str]) -> None:
    for example in row["examples"]:
        assert row["id"] in [found.row["id"] for found in explain.read(noise(example), MATRIX)]


@pytest.mark.parametrize(
    "text",
    [
        "make: *** [all] Error 2",
        "bash: exit status 2",
        "OSError: [Errno 98] Address already in use",
        "RuntimeError: DefaultCPUAllocator: not enough memory: you tried to allocate 12 bytes",
        "Killed process 1234 (python) total-vm:1kB, oom-kill",
        "HTTP error 700 from server",
        "CUDA graph captured in 702 ms",
        "AssertionError: expected 710 got 711",
        "TypeError: invalid function argument",
        "Failed to load image: file not found",
        "launch failed: connection refused",
        "device busy: /dev/sda1",
        "kernel: BUG: unable to handle page fault for address",
        "Segmentation fault (core dumped)",
        "2 libraries loaded, 0 too short",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert [found.row["id"] for found in explain.read(text, MATRIX)] == []
