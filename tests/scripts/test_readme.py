"""Documentation that shows what the program prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.readme import CannotMakeError, renewed
from tests.command import ROOT


def block(mark: str, content: str) -> str:
    return f"Before.\n\n<!-- {mark} -->\n```text\n{content}```\n\nAfter.\n\n```text\nleft alone\n```\n"


def test_a_help_block_is_what_the_program_prints() -> None:
    text = renewed(block("help: compatcheck", "old\n"))
    assert "\nUsage: compatcheck [OPTIONS] COMMAND" in text
    assert "old\n" not in text
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n\n```text\nleft alone\n```\n")
    assert renewed(text) == text


def test_an_output_block_is_plain_and_narrow() -> None:
    text = renewed(block("output: compatcheck doctor --example", ""))
    shown = text.partition("```text\n")[2].partition("```")[0]
    assert "incompatible" in shown or "compatible" in shown
    assert "\x1b" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


@pytest.mark.parametrize("command", ["rm -rf /nowhere", "compatcheck no-such-command"])
def test_what_cannot_be_made_is_told(command: str) -> None:
    with pytest.raises(CannotMakeError):
        renewed(block(f"output: {command}", ""))


def test_the_program(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(block("help: compatcheck check", "old\n"))

    def run(*options: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "scripts.readme", *options, str(path)], cwd=ROOT, capture_output=True, timeout=120
        ).returncode

    assert [run("--check"), run(), run("--check")] == [1, 0, 0]
