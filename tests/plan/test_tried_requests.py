"""Requests by options and files, on varied machines: each answered as was expected before it was tried."""

import json
import re
import shlex
from pathlib import Path

import pytest
from test_tried import described

from compat.cli.app import run
from compat.toml import loads

ROWS = loads(Path(__file__).with_name("requests.toml").read_text(encoding="utf-8"))["request"]


def written(row, folder):
    """The arguments of plan, once the machines and the files of a request are there."""
    arguments = []
    for number, words in enumerate(row["machine"].split(" + ")):
        machine = described(words) | row.get("facts", {})
        file = folder / f"machine{number}.json"
        file.write_text(json.dumps({key: value for key, value in machine.items() if value or key != "gpus"}))
        arguments += ["--machine", str(file)]
    files = row.get("files", {})
    for name, text in files.items():
        (folder / "asked" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "asked" / name).write_text(text, encoding="utf-8", newline="")
    for name in row.get("ask", [*files][:1]):
        arguments.append(str(folder / "asked" / name) if name != "." else str(folder / "asked"))
    return [*arguments, *shlex.split(row.get("options", ""))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_each_is_answered_as_expected(row, tmp_path, capsys):
    code = run(["plan", *written(row, tmp_path)])
    said = capsys.readouterr()
    both = " ".join((said.out + said.err).split())
    outcome = ("nothing-to-do" if "nothing to do" in both else "planned", "impossible", "usage")[code]
    assert outcome in row["outcome"].split("|")
    assert [pattern for pattern in row.get("has", []) if not re.search(pattern, both)] == []
    assert [pattern for pattern in row.get("lacks", []) if re.search(pattern, " ".join(said.out.split()))] == []
