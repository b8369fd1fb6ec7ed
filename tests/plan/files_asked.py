"""``plan`` asked with files, for one machine."""

from pathlib import Path

from compat.cli.app import run

BOX = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"


def planned(capsys, *words):
    """(exit status, output, what was read and what was wrong)."""
    code = run(["plan", *map(str, words), "--machine", str(BOX)])
    said = capsys.readouterr()
    return code, said.out, said.err
