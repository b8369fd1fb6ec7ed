"""What the documents name exists: files, make targets, scripts, commands with their options, rules, fields."""

import re
import shlex
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from compat import records, report
from compat.cli.app import COMMANDS
from compat.machine import Machine
from compat.report import plan as plan_report

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "matrix").glob("*.md"))]
OURS = ("compat", "matrix", "scripts", "tests", "benchmarks", "docs")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"(?ms)^(?:```[a-z]*\n(.*?)^```|((?:^(?: {4,}|\t).*\n)+))")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")
MADE = re.compile(r"(?s)<!-- (?:output|help|coverage|disagreements|faults)\b.*?<!-- end\b.*?-->")  # held elsewhere

each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def text_of(document: Path) -> str:
    return MADE.sub("", document.read_text(encoding="utf-8"))


def pieces(document: Path) -> list[str]:
    """Inline code and lines of code of a document."""
    text = text_of(document)
    blocks = [line.strip() for one, two in BLOCK.findall(text) for line in (one or two).splitlines()]
    return [*CODE.findall(BLOCK.sub("", text)), *blocks]


@each
def test_the_files_that_it_names_are_there(document: Path) -> None:
    named = {match[0] for match in LINK.findall(text_of(document))}
    assert sorted(name for name in named if not (document.parent / name).exists()) == []
    paths = set()
    for piece in pieces(document):
        for word in re.findall(r"[\w./-]+", piece):
            if word.split("/")[0] in OURS and "/" in word and not re.search(r"NAME|FAMILY|\.\.\.|-cuda", word):
                paths.add(word.rstrip(".").partition("::")[0])
    gone = [name for name in sorted(paths) if not (ROOT / name).exists() and not list(ROOT.glob(f"{name}*"))]
    assert gone == []


@each
def test_its_scripts_and_targets_exist(document: Path) -> None:
    text = " ; ".join(pieces(document))
    for module in set(re.findall(r"python3? -m ((?:scripts|benchmarks|compat)[\w.]*)", text)):
        assert find_spec(module.rstrip(".")), module
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^|; )make ([a-z]+)", text)):
        assert re.search(rf"(?m)^{target}:", makefile), target


@each
def test_its_command_lines_can_be_typed(document: Path) -> None:
    assert {piece: wrong for piece in pieces(document) if (wrong := wrong_in(piece))} == {}


def wrong_in(piece: str) -> str | None:
    """The word of a line that no command of ours takes; None where it is all right, or none of ours."""
    match = re.match(r"(?:\$ |\.venv/bin/)?compatcheck ([a-z].*)", piece)
    if match is None:
        return None
    line = re.split(r" #|[|;&>]", match[1])[0]
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    command, rest = _command(words)
    if command is None:
        return words[0]
    if command.context_settings.get("ignore_unknown_options"):
        return None  # what follows is another program's: guard pip install ...
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help", "-h", "--"}
    typed = (word.partition("=")[0].rstrip(",.)]") for word in rest if word.startswith("-") and word != "-")
    return next((word for word in typed if word not in known), None)


def test_what_would_be_found() -> None:
    assert wrong_in("compatcheck plan --torch 2.x --allow driver  # why") is None
    assert wrong_in("$ compatcheck matrix diff OLD NEW") is None
    assert wrong_in("compatcheck guard uv sync --no-such-option") is None
    assert wrong_in("compatcheck plan --no-such-option 2.x") == "--no-such-option"
    assert wrong_in("compatcheck no-such-command") == "no-such-command"
    assert sum(piece.startswith("compatcheck ") for document in DOCUMENTS for piece in pieces(document)) > 40


def _command(words: list[str]) -> tuple[click.Command | None, list[str]]:
    if not words or words[0] not in COMMANDS:
        return None, []
    command: click.Command = import_module(COMMANDS[words[0]][0]).command
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        inner = command.get_command(click.Context(command), rest[0])
        if inner is None:
            break
        command, rest = inner, rest[1:]
    return command, rest


def test_every_field_of_a_machine_is_documented() -> None:
    page = (ROOT / "docs" / "machine.md").read_text(encoding="utf-8")
    fields = {one.name for one in records.fields(Machine)} - {"unknown", "sources"}
    assert sorted(name for name in fields if f"`{name}" not in page) == []


@pytest.mark.parametrize(
    ("page", "formats"), [("ci.md", report.FORMATS), ("plan.md", plan_report.FORMATS)], ids=["reports", "plans"]
)
def test_every_format_is_documented(page: str, formats: dict[str, str]) -> None:
    said = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [name for name in formats if f"| `{name}` |" not in said and f"| `--format {name}`" not in said] == []


def test_as_many_machines_from_threads_as_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = re.search(r"more than ([\d,]+) machines from public threads", readme)
    assert said is not None
    data = (file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "rules" / "data").glob("*.jsonl"))
    assert sum(text.count('"source": "http') for text in data) > int(said[1].replace(",", ""))
