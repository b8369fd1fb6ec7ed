"""Keeps what documentation shows of the program equal to what the program prints.

    python -m scripts.readme [--check] [FILE ...]

A block that is kept is fenced and has a mark in the line before it:

    <!-- help: compatcheck doctor -->              what `compatcheck doctor --help` prints
    <!-- output: compatcheck doctor --example -->  what that command prints

Both are had at 80 columns, in UTF-8 and without colour, from the root of the repository, in which nothing is written.
Without a file it is README.md and docs/*.md. Exits 1 with --check where a block is old, 2 where one cannot be made.
"""

import argparse
import difflib
import glob
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_BLOCK = re.compile(r"(?m)^(<!-- (help|output): (.+?) -->\n+(`{3,})[a-z]*\n)(.*?)(?=^\4[ \t]*$)", re.DOTALL)
_START = "import sys; sys.argv[0] = 'compatcheck'; from compat.cli import main; main()"


class CannotMakeError(Exception):
    """A marked command is none of ours, or fails."""


def printed(kind: str, command: str) -> str:
    """What the command of a mark prints. Raises CannotMakeError."""
    program, *arguments = shlex.split(command)
    if program != "compatcheck":
        raise CannotMakeError(f"{command!r}: only compatcheck is run")
    if kind == "help":
        arguments.append("--help")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {**kept, "PYTHONPATH": ROOT, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", "COLUMNS": "80", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _START, *arguments], capture_output=True, cwd=ROOT, env=environ, timeout=120, check=False
    )
    if done.returncode not in (0, 1):
        raise CannotMakeError(f"{command!r}: exit {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()}")
    lines = done.stdout.decode("utf-8").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def renewed(text: str) -> str:
    """The text with each marked block as it should be. Raises CannotMakeError."""
    return _BLOCK.sub(lambda match: match[1] + printed(match[2], match[3]), text)


def main() -> int:
    """Write the files, or with ``--check`` compare them; 0 where all is as it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.readme", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="say what is old and write nothing")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    old = 0
    pages = [os.path.join(ROOT, "README.md"), *sorted(glob.glob(os.path.join(ROOT, "docs", "*.md")))]
    for path in arguments.files or pages:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            new = renewed(text)
        except (CannotMakeError, subprocess.TimeoutExpired) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 2
        if new == text:
            continue
        if not arguments.check:
            with open(path, "w", encoding="utf-8") as file:
                file.write(new)
            print(f"{path}: written")
            continue
        old += 1
        print(f"{path}: a block is not what the program prints; `python -m scripts.readme` renews it")
        changes = difflib.unified_diff(text.splitlines(True), new.splitlines(True), path, "the program", n=1)
        sys.stdout.writelines(changes)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
