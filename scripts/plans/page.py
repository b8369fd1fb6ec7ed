"""docs/grid.md: each of its sections is renewed by the script that it is of."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grid.md"
APT = "## apt's commands"
INSTALLS = "## Installed for real"
UV = "## What uv would choose"
CONDA = "## What conda would choose"


def renew(page: Path, heading: str, body: str) -> None:
    """Write one section of the page anew, or add it at the end."""
    first, *sections = page.read_text(encoding="utf-8").split("\n## ")
    name = heading.removeprefix("## ")
    kept = [one for one in sections if one.partition("\n")[0] != name]
    parts = [first.rstrip("\n"), *(f"## {one.rstrip()}" for one in kept), f"{heading}\n\n{body.strip()}"]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
