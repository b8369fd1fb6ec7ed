"""conda's environment.yml, in the subset of YAML that such files are written in.

Read are block mappings and lists, flow lists, quotes and comments. Anchors, tags, multi-line scalars and nested
mappings do not occur in environment files and are refused with their line.
"""

import re
from collections.abc import Iterator

from compat import versions
from compat.guard.files import LONGEST, BadFile, Contents, Requirement, bounded, gathered, text_of
from compat.matrix.packages import normal

_ITEM = re.compile(r"^(\s*)-(?:\s+(.*))?$")
_KEY = re.compile(r"^(\s*)([A-Za-z_][\w.-]*)\s*:(?:\s+(.*))?$")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_INSIDE = re.compile(r"(?<=[\[,\s])(version|build)\s*=\s*['\"]?([^'\"\]]*[^'\"\],\s])")
_MATCH = re.compile(r"^(?:[\w./-]+::)?([A-Za-z0-9_][\w.-]*)\s*(?:\[[^\]]*\])?\s*(.*)$", re.DOTALL)


def read(path: str) -> Contents:
    """Dependencies of conda and, inside ``pip:``, of the index. Raises BadFile."""
    from compat.guard.files.requirements import Reader

    reader = Reader(path, strict=False)
    python: tuple[str, int] | None = None
    for number, text, pip in bounded(_dependencies(text_of(path), path), path):
        if pip:
            reader.line(text, path, number, reader.requirements)
            continue
        one = match_spec(text, path, number)
        if one.name == "python":
            python = (one.range, number)
        else:
            reader.requirements.append(one)
    line, within = python_of(python[0] if python else "")
    number = python[1] if python else 0
    return gathered(
        "conda", path, reader, python=line, python_line=number, requires_python=within, own_python=line is None
    )


def python_of(text: str) -> tuple[str | None, str | None]:
    """(the one release or line, else the range) that a demand for Python names."""
    line = re.search(r"\d+\.\d+(?:\.\d+)?", text) if text.startswith("==") and "," not in text else None
    return (line[0], None) if line else (None, text if text not in ("", "*") else None)


def _dependencies(text: str, path: str) -> Iterator[tuple[int, str, bool]]:
    """(line, entry, inside ``pip:``) of the list ``dependencies``."""
    section, depth, pip_depth = "", -1, -1
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).rstrip()
        if not line.strip() or line.strip() in ("---", "..."):
            continue
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise BadFile(path, number, "a tab indents this line; YAML takes blanks only")
        item, key = _ITEM.match(line), _KEY.match(line)
        if item is None and key is not None and not key[1]:
            section, depth, pip_depth = key[2], -1, -1
            if section == "dependencies":
                yield from ((number, one, False) for one in _flow(key[3] or "", path, number))
        elif section != "dependencies":
            continue
        elif item is None:
            raise BadFile(
                path, number, f"not an entry of a list: {line.strip()[:60]!r}", "an entry is written `- NAME=VERSION`"
            )
        else:
            indent, entry = len(item[1]), _scalar(item[2] or "", path, number)
            depth = indent if depth < 0 else depth
            if indent <= depth:
                pip_depth = -1
            if re.fullmatch(r"pip\s*:", entry):
                pip_depth = indent
            elif entry:
                yield number, entry, pip_depth >= 0 and indent > pip_depth


def _scalar(text: str, path: str, number: int) -> str:
    value = text.strip()
    if value[:1] in ("&", "*", "!", "|", ">", "{", "%", "@", "`"):
        raise BadFile(path, number, f"YAML that environment files do not need: {value[:40]!r}")
    if value[:1] in ("'", '"'):
        if len(value) < 2 or value[-1] != value[0]:
            raise BadFile(path, number, f"a quote is not closed: {value[:40]!r}")
        return value[1:-1].strip()
    return value


def _flow(text: str, path: str, number: int) -> list[str]:
    value = text.strip()
    if not value:
        return []
    if not (value.startswith("[") and value.endswith("]")):
        raise BadFile(path, number, f"expected a list, got {value[:40]!r}")
    return [entry for part in re.split(r",\s+|,$", value[1:-1]) if (entry := _scalar(part, path, number))]


def match_spec(text: str, path: str, number: int) -> Requirement:
    """conda's ``channel::name=version=build``: one = is the line (3.10 is 3.10.*), two are the release.

    Raises BadFile. (conda's MatchSpec, https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html)
    """
    match = _MATCH.match(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        raise BadFile(path, number, f"not a dependency: {text[:60]!r}", "an entry is written `- NAME=VERSION`")
    name, rest = name_of(match[1]), match[2].strip()
    inside = dict(_INSIDE.findall(match[0]))
    version, _, build = _split(rest or inside.get("version", ""))
    build = build or inside.get("build", "")
    return Requirement(name, _range(version), path, number, build=build or None, conda=True)


def name_of(text: str) -> str:
    """A package's name as indexes compare it; conda's own helpers (``_libgcc_mutex``) as they are written."""
    return text.lower() if text.startswith("_") else normal(text)


def _split(rest: str) -> tuple[str, str, str]:
    blank = re.match(r"^([\d][^\s=]*)\s+(\S+)$", rest)
    if blank is not None:
        return blank[1], " ", blank[2]
    match = re.match(r"^(=?=?[^=<>!~,|\s]+)=([^=,|]+)$", rest)
    return (match[1], "=", match[2].strip()) if match else (rest, "", "")


def _range(text: str) -> str:
    plain = text.strip().replace(" ", "")
    if plain in ("", "*") or "|" in plain:
        return "*"
    single = re.fullmatch(r"=?(\d[^=<>!~,]*)", plain)
    if single is not None:
        version = single[1].removesuffix("*").removesuffix(".")
        plain = f"=={version}.*" if versions.try_parse(version) else "*"
    try:
        return versions.parse_range(plain).text
    except versions.BadVersion:
        return "*"
