"""pyproject.toml: the standard project table, dependency groups, Poetry's own tables."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from compat import toml
from compat.guard.files import BadFile, Contents, Requirement, text_of
from compat.guard.files.line import checked, of_text
from compat.matrix.packages import normal


def load(path: str) -> tuple[Mapping[str, Any], "Lines"]:
    """The file's data and its lines. Raises BadFile."""
    text = text_of(path)
    try:
        return toml.loads(text), Lines(text)
    except ValueError as error:  # TOMLDecodeError is one; so is what a number of thousands of digits gives
        at = re.search(r"line (\d+)", str(error))
        raise BadFile(path, int(at[1]) if at else 0, f"not TOML: {error}") from None
    except RecursionError:
        raise BadFile(path, 0, "not TOML: nested too deep") from None


class Lines:
    """Where a text stands in the file: TOML readers do not tell."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def of(self, text: str, key: bool = False, after: int = 0) -> int:
        """Number of the first line with the string (or the key), 1 where it is written otherwise (escaped)."""
        wanted = re.compile(rf"""^\s*["']?{re.escape(text)}["']?\s*=""" if key else rf"""["']{re.escape(text)}["']""")
        for number, line in enumerate(self._lines, 1):
            if number > after and wanted.search(line):
                return number
        return 1


def table(data: Any, *names: str) -> Mapping[str, Any]:
    """A table inside tables; empty where there is none or something else stands there."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def read(path: str) -> Contents:
    """What the project requires, with every extra and group. Raises BadFile."""
    data, lines = load(path)
    project = table(data, "project")
    found = [
        *_standard(path, lines, project),
        *_groups(path, lines, table(data, "dependency-groups")),
        *_poetry(path, lines, table(data, "tool", "poetry")),
    ]
    indexes = [one.get("url") for one in _list(table(data, "tool", "uv").get("index")) if isinstance(one, dict)]
    python = project.get("requires-python")
    return Contents(
        "pyproject",
        path,
        tuple(found),
        indexes=tuple(url for url in indexes if isinstance(url, str)),
        requires_python=checked(python) if isinstance(python, str) else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _standard(path: str, lines: Lines, project: Mapping[str, Any]) -> Iterator[Requirement]:
    optional = [text for texts in table(project, "optional-dependencies").values() for text in _list(texts)]
    for text in (*_list(project.get("dependencies")), *optional):
        if not isinstance(text, str):
            raise BadFile(path, 1, f"a dependency is a string, not {text!r:.60}")
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield one


def _groups(path: str, lines: Lines, groups: Mapping[str, Any]) -> Iterator[Requirement]:
    for text in (text for texts in groups.values() for text in _list(texts) if isinstance(text, str)):
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield one


def _poetry(path: str, lines: Lines, poetry: Mapping[str, Any]) -> Iterator[Requirement]:
    tables = [
        table(poetry, "dependencies"),
        *(table(group, "dependencies") for group in table(poetry, "group").values()),
    ]
    for name, said in (entry for one in tables for entry in one.items()):
        spec = said.get("version", "*") if isinstance(said, dict) else said
        if name.lower() != "python" and isinstance(spec, str):
            extras = said.get("extras", ()) if isinstance(said, dict) else ()
            yield Requirement(
                normal(name),
                poetry_range(spec),
                path,
                lines.of(name, key=True),
                tuple(str(one) for one in _list(extras)),
            )


def poetry_range(text: str) -> str:
    """Poetry's ``^2.1`` (up to the next number that is not zero), ``~2.1``, ``2.1.*``, ``2.1.0`` (just that)."""
    return ",".join(_clause(part.strip()) for part in text.split(",")) if "||" not in text else "*"


def _clause(text: str) -> str:
    match = re.fullmatch(r"([\^~])\s*(\d+(?:\.\d+)*)(.*)", text)
    if match is None or match[3] or len(text) > 100:
        return checked(f"=={text}" if re.fullmatch(r"\d[^*]*", text) else text)
    numbers = [int(number) for number in match[2].split(".")]
    fixed = 1 if len(numbers) == 1 else 2
    if match[1] == "^":
        fixed = next((at + 1 for at, number in enumerate(numbers) if number), len(numbers))
    upper = [*numbers[: fixed - 1], numbers[fixed - 1] + 1]
    return f">={match[2]},<{'.'.join(map(str, upper))}"
