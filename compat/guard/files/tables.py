"""Tables that one tool reads: Poetry's, pixi's, uv's sources.

https://python-poetry.org/docs/dependency-specification, https://pixi.sh/latest/reference/pixi_manifest,
https://docs.astral.sh/uv/concepts/projects/dependencies.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from compat.guard.files import BadFile, Requirement, bounded
from compat.guard.files.conda import match_spec
from compat.guard.files.line import checked, of_text
from compat.guard.files.toml_lines import Lines, items, table
from compat.matrix.packages import normal


def poetry(path: str, lines: Lines, data: Mapping[str, Any]) -> Iterator[Requirement]:
    """``[tool.poetry.dependencies]``, of groups too; of several constraints on one package each with its marker."""
    tables = [table(data, "dependencies"), table(data, "dev-dependencies")]
    tables += [table(group, "dependencies") for group in table(data, "group").values()]
    said_of = ((name, said) for one in tables for name, said in one.items())
    constraints = ((name, one) for name, said in said_of for one in (said if isinstance(said, list) else [said]))
    for name, each in bounded(constraints, path):
        if name.lower() != "python" and isinstance(each, str | dict):
            yield _poetry(name, each, path, lines.of(name, key=True))


def _poetry(name: str, said: "str | dict[str, Any]", path: str, line: int) -> Requirement:
    if isinstance(said, str):
        return Requirement(normal(name), poetry_range(said), path, line)
    url = said.get("url")
    if isinstance(url, str):
        found = _of_file(name, url, path, line)
        if found is not None:
            return found
    spec, marker = said.get("version", "*"), said.get("markers", "")
    extras = tuple(str(one) for one in items(said.get("extras")))
    spec = poetry_range(spec) if isinstance(spec, str) else "*"
    return Requirement(normal(name), spec, path, line, extras, marker if isinstance(marker, str) else "")


def _of_file(name: str, url: str, path: str, line: int) -> Requirement | None:
    try:
        found = of_text(f"{name} @ {url}", path, line)
    except BadFile:
        return None
    return found


def poetry_range(text: str) -> str:
    """Poetry's ``^2.1`` (up to the next number that is not zero), ``~2.1``, ``2.1.*``, ``2.1.0`` (just that)."""
    return ",".join(_clause(part.strip()) for part in text.split(",")) if "||" not in text else "*"


def _clause(text: str) -> str:
    match = re.fullmatch(r"([\^~])\s*(\d+(?:\.\d+)*)(.*)", text)
    if match is None or match[3] or len(text) > 100:  # Python refuses numbers of thousands of digits
        return checked(f"=={text}" if re.fullmatch(r"\d[^*]*", text) else text)
    numbers = [int(number) for number in match[2].split(".")]
    fixed = 1 if len(numbers) == 1 else 2
    if match[1] == "^":
        fixed = next((at + 1 for at, number in enumerate(numbers) if number), len(numbers))
    upper = [*numbers[: fixed - 1], numbers[fixed - 1] + 1]
    return f">={match[2]},<{'.'.join(map(str, upper))}"


def pixi(path: str, lines: Lines, data: Mapping[str, Any]) -> tuple[list[Requirement], str | None]:
    """A pixi manifest's conda and index dependencies, of every feature too, and its Python."""
    tables = [data, *(one for one in table(data, "feature").values() if isinstance(one, dict))]
    tables += [one for each in tables[:] for one in table(each, "target").values() if isinstance(one, dict)]
    found: list[Requirement] = []
    of_index = (entry for one in tables for entry in table(one, "pypi-dependencies").items())
    for name, said in bounded(of_index, path):
        each = _pypi(name, said, path, lines.of(name, key=True))
        found += [each] if each is not None else []
    of_conda = (entry for one in tables for entry in table(one, "dependencies").items())
    for name, said in bounded(of_conda, path):
        spec = said.get("version", "*") if isinstance(said, dict) else said
        if isinstance(spec, str):
            found.append(match_spec(_conda(name, spec, said), path, lines.of(name, key=True)))
    python = next((one.range for one in found if one.name == "python"), "")
    line = re.search(r"\d+\.\d+(?:\.\d+)?", python) if python.startswith("==") else None
    return [one for one in found if one.name != "python"], line[0] if line else None


def _pypi(name: str, said: Any, path: str, line: int) -> Requirement | None:
    spec = said.get("version", "*") if isinstance(said, dict) else said
    url = said.get("url") or said.get("index") if isinstance(said, dict) else None
    if not isinstance(spec, str):
        return None
    found = of_text(name if spec.strip() == "*" else f"{name}{spec}", path, line)
    return replace(found, url=url) if found is not None and isinstance(url, str) else found


def _conda(name: str, spec: str, said: Any) -> str:
    plain = spec.strip()
    build = said.get("build") if isinstance(said, dict) else None
    if plain[:1].isdigit():
        plain = f"={plain}" if "*" in plain else f"=={plain}"
    return f"{name}{plain}={build}" if isinstance(build, str) and plain.startswith("=") else f"{name}{plain}"


def with_sources(found: list[Requirement], uv: Mapping[str, Any]) -> list[Requirement]:
    """The requirements with the index or file that ``[tool.uv.sources]`` names for them."""
    indexes = {one.get("name"): one.get("url") for one in items(uv.get("index")) if isinstance(one, dict)}
    sources: dict[str, str] = {}
    for name, said in table(uv, "sources").items():
        for each in said if isinstance(said, list) else [said]:
            url = (each.get("url") or indexes.get(each.get("index"))) if isinstance(each, dict) else None
            if isinstance(url, str):
                sources.setdefault(normal(name), url)
    return [replace(one, url=sources[one.name]) if one.name in sources and not one.url else one for one in found]
