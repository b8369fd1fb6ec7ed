"""Tables that one tool reads: Poetry's, pixi's, uv's sources.

https://python-poetry.org/docs/dependency-specification, https://pixi.sh/latest/reference/pixi_manifest,
https://docs.astral.sh/uv/concepts/projects/dependencies.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from compat.guard.files import BadFile, Requirement, bounded
from compat.guard.files.conda import match_spec, python_of
from compat.guard.files.line import checked, of_text
from compat.guard.files.toml_lines import Lines, items, table
from compat.matrix.packages import normal
from compat.records import replace


def poetry(path: str, lines: Lines, data: Mapping[str, Any]) -> Iterator[Requirement]:
    """``[tool.poetry.dependencies]``, of groups too; of several constraints on one package each with its marker. What
    is optional belongs to the extras that name it."""
    extras: dict[str, list[str]] = {}
    for extra, names in table(data, "extras").items():
        for name in (one for one in items(names) if isinstance(one, str)):
            extras.setdefault(normal(name), []).append(f"extra {extra}")
    tables = [("", table(data, "dependencies")), ("group dev", table(data, "dev-dependencies"))]
    tables += [(f"group {name}", table(group, "dependencies")) for name, group in table(data, "group").items()]
    said_of = ((group, name, said) for group, one in tables for name, said in one.items())
    constraints = ((at, name, one) for at, name, said in said_of for one in _each(said))
    indexes = {one.get("name"): one.get("url") for one in items(data.get("source")) if isinstance(one, dict)}
    after: dict[str, int] = {}
    for group, name, each in bounded(constraints, path):
        if name.lower() != "python" and isinstance(each, str | dict):
            one = _poetry(name, each, path, lines.key(name, after))
            index = indexes.get(each.get("source")) if isinstance(each, dict) else None
            one = replace(one, group=group, url=one.url or (index if isinstance(index, str) else None))
            optional = isinstance(each, dict) and each.get("optional") is True and not group
            own = extras.get(normal(name), []) if optional else []
            yield from (replace(one, group=extra) for extra in own or [group])


def _each(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


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
        return checked(f"=={text}" if re.match(r"\d", text) else text)
    numbers = [int(number) for number in match[2].split(".")]
    fixed = 1 if len(numbers) == 1 else 2
    if match[1] == "^":
        fixed = next((at + 1 for at, number in enumerate(numbers) if number), len(numbers))
    upper = [*numbers[: fixed - 1], numbers[fixed - 1] + 1]
    return f">={match[2]},<{'.'.join(map(str, upper))}"


def pixi(path: str, lines: Lines, data: Mapping[str, Any]) -> tuple[list[Requirement], str | None, str | None]:
    """A pixi manifest's conda and index dependencies, of every feature too, its Python, and the range of it."""
    tables = [("", data)]
    tables += [(f"feature {at}", one) for at, one in table(data, "feature").items() if isinstance(one, dict)]
    tables += [(at, one) for at, each in tables[:] for one in table(each, "target").values() if isinstance(one, dict)]
    found: list[Requirement] = []
    after: dict[str, int] = {}
    of_index = ((at, *entry) for at, one in tables for entry in table(one, "pypi-dependencies").items())
    for at, name, said in bounded(of_index, path):
        each = _pypi(name, said, path, lines.key(name, after))
        found += [replace(each, group=at)] if each is not None else []
    of_conda = ((at, *entry) for at, one in tables for entry in table(one, "dependencies").items())
    for at, name, said in bounded(of_conda, path):
        spec = said.get("version", "*") if isinstance(said, dict) else said
        if isinstance(spec, str):
            found.append(replace(match_spec(_conda(name, spec, said), path, lines.key(name, after)), group=at))
    python = next((one.range for one in found if one.name == "python"), "")
    return [one for one in found if one.name != "python"], *python_of(python)


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
    sources: dict[tuple[str, str], str] = {}  # (package, the extra or group that it is for)
    for name, said in table(uv, "sources").items():
        for each in _each(said):
            url = (each.get("url") or indexes.get(each.get("index"))) if isinstance(each, dict) else None
            if isinstance(url, str):
                group = next((f"{kind} {each[kind]}" for kind in ("extra", "group") if kind in each), "")
                sources.setdefault((normal(name), group), url)
    named = ((one, sources.get((one.name, one.group)) or sources.get((one.name, ""))) for one in found)
    return [replace(one, url=one.url or url) for one, url in named]
