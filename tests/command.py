"""Runs the real command line in a child, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = "import sys; sys.argv[0] = 'compatcheck'; from compat.cli import main; main()"


def compatcheck(
    *arguments: str | bytes,
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    before: tuple[str, ...] = (),
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """The finished child; `environ` replaces the whole environment, `before` is a program that starts it."""
    base = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "PYTHONPATH": str(ROOT)}
    kept = {"PYTHONPATH": str(ROOT), **environ} if environ is not None else base
    done = subprocess.run(
        [*before, sys.executable, "-c", START, *arguments],
        env=kept,
        input=stdin,
        capture_output=True,
        timeout=timeout,
        cwd="/",
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit 2, a message with these words and nothing that steers a terminal, a hint, and no traceback."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert "\nhint: " in done.stderr, done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def assert_answered(done: subprocess.CompletedProcess[str]) -> None:
    """A verdict, whichever it is: exit 0 or 1, and no traceback."""
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "itself failed" not in done.stderr
