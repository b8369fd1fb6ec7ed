"""docs/grid.md: each of its sections is renewed by the script that it is of."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grid.md"
APT = "## apt's commands"
INSTALLS = "## Installed for real"
UV = "## What uv would choose"
CONDA = "## What conda would choose"


def renew(page: Path, heading: str, body: str) -> None:
    """Write one section of the page anew where it stands, or add it at the end."""
    first, *sections = page.read_text(encoding="utf-8").split("\n## ")
    bodies = {name: rest.strip() for name, _, rest in (one.partition("\n") for one in sections)}
    bodies[heading.removeprefix("## ")] = body.strip()
    parts = [first.rstrip("\n"), *(f"## {name}\n\n{rest}" for name, rest in bodies.items())]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
