"""What the rows of a matrix must satisfy together: pins that exist, minima that rise, ranges that do not collide."""

import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import combinations

from compat import capability, versions
from compat.matrix.claims import agree
from compat.matrix.compile import LEVELS, Row, by_source, owner_of
from compat.matrix.packages import normal, requirement
from compat.matrix.validate import File, Problem, cited

_LOWEST = "0.0.0.0"  # noqa: S104 - a release, not the line 0 and not an address

Place = tuple[File, str, int, Row]  # file, table, number of the row, the row


class Files:
    """All files, with the indexes that several checks need."""

    def __init__(self, files: list[File]) -> None:
        self.files = files

    def rows(self, *tables: str) -> Iterator[Place]:
        """The rows of these tables (all tables if none is named) of every file."""
        for file in self.files:
            for table in tables or [name for name, rows in file.data.items() if isinstance(rows, list)]:
                for number, row in enumerate(file.rows(table)):
                    yield file, table, number, row

    @cached_property
    def releases(self) -> dict[str, set[str]]:
        """Known versions by distribution, from builds and from the releases of the component of that name."""
        found: dict[str, set[str]] = {}
        for _, _, _, row in self.rows("build"):
            found.setdefault(normal(owner_of("build", row, "")), set()).add(row["version"])
        for file, _, _, row in self.rows("release"):
            found.setdefault(file.data["component"], set()).add(row["version"])
        return found

    @cached_property
    def built(self) -> dict[str, set[versions.Key]]:
        """Versions with an observed build, by distribution: what the index really has, complete."""
        found: dict[str, set[versions.Key]] = {}
        for file, _, _, row in self.rows("build"):
            if file.observed and row["index"] == "pypi":
                found.setdefault(normal(row["package"]), set()).add(versions.parse(row["version"]).key())
        return found

    @cached_property
    def gone(self) -> dict[str, list[str]]:
        """Ranges of versions that the matrix says were removed or never published, by distribution."""
        found: dict[str, list[str]] = {}
        for _, _, _, row in self.rows("name"):
            if row["state"] in ("removed", "never-published", "stub", "renamed", "source-only", "fetcher"):
                found.setdefault(normal(row["distribution"]), []).append(row["range"])
        return found


def sources_are_cited(files: Files) -> Iterator[Problem]:
    """Every source that a file names is behind some row of it."""
    for file in files.files:
        used = {name for table in file.data for row in file.rows(table) for name in cited(row)}
        used.update(cited(file.data.get("package", {})))
        for name in file.data.get("source", {}):
            if name not in used:
                yield file.problem(f"source {name!r} is cited by no row", "source", name)


def pins_exist(files: Files) -> Iterator[Problem]:
    """Exact pins of packages whose builds the matrix has point to builds that it has."""
    for file, table, number, row in files.rows("build"):
        if row.get("removed") or "yanked" in row:
            continue
        for line in row.get("requires", ()):
            name, spec, _ = requirement(line)
            match = re.fullmatch(r"==\s*([^,*]+)", spec)
            if match is None or name not in files.built or not (version := versions.try_parse(match.group(1).strip())):
                continue
            gone = any(versions.parse_range(text).admits(version.public) for text in files.gone.get(name, ()))
            if not (gone or version.is_prerelease or version.key() in files.built[name]):
                yield file.problem(
                    f"build {row['package']} {row['version']} pins {name}=={version}, "
                    "a release that the matrix does not have",
                    table,
                    number,
                    "requires",
                )


def ranges_admit_something(files: Files) -> Iterator[Problem]:
    """A range of a pair, break or name admits some version at all."""
    for file, table, number, row in files.rows("pair", "break", "name"):
        for name in ("range", "fits", "with"):
            if name in row and _is_empty(row[name]):
                yield file.problem(f"{table}, {name}: {row[name]!r} admits no version", table, number, name)


def pairs_answer_once(files: Files) -> Iterator[Problem]:
    """For a release of one package, one answer to which release of the other fits: no two, and no hole between."""
    groups: dict[tuple[str, str], list[Place]] = {}
    for place in files.rows("pair"):
        groups.setdefault((normal(place[3]["package"]), normal(place[3]["other"])), []).append(place)
    for (package, other), places in groups.items():
        admitted = _admitted([place[3]["range"] for place in places], files.releases.get(package, set()))
        for one, two in combinations(places, 2):
            first, second = one[3], two[3]
            if first["range"] == second["range"]:
                continue
            if not agree(first["fits"], second["fits"]) and admitted[first["range"]] & admitted[second["range"]]:
                yield two[0].problem(
                    f"pair {package} {second['range']} overlaps {first['range']} and says another {other}",
                    two[1],
                    two[2],
                    "range",
                )
        yield from _holes(package, other, places, files)


def _holes(package: str, other: str, places: list[Place], files: Files) -> Iterator[Problem]:
    ranges = [versions.parse_range(place[3]["range"]) for place in places]
    known = sorted(files.built.get(package, ()))
    texts = {versions.parse(text).key(): text for text in files.releases.get(package, ())}
    admitted = [any(one.admits(texts[key]) for one in ranges) for key in known]
    if True not in admitted:
        return
    first = admitted.index(True)
    for key, inside in list(zip(known, admitted, strict=True))[first:]:
        if not inside and not _yanked(files, package, texts[key]):
            file, table, number, _ = places[-1]
            yield file.problem(f"pair {package}, {other}: no row for {package} {texts[key]}", table, number)


def _yanked(files: Files, package: str, version: str) -> bool:
    return all(
        "yanked" in row
        for _, _, _, row in files.rows("build")
        if normal(row["package"]) == package and row["version"] == version
    )


def breaks_do_not_repeat(files: Files) -> Iterator[Problem]:
    """No two advisories say the same finding of the same two packages in the same circumstances."""
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place in files.rows("break"):
        row = place[3]
        group = (
            row["rule"],
            normal(row["package"]),
            normal(row.get("other", "")),
            *(str(row.get(name, "")) for name in ("os", "arch", "python", "environment", "goals")),
        )
        groups.setdefault(group, []).append(place)
    for group, places in groups.items():
        mine = _admitted([place[3]["range"] for place in places], files.releases.get(group[1], set()))
        its = _admitted([place[3].get("with", "*") for place in places], files.releases.get(group[2], set()))
        for one, two in combinations(places, 2):
            first, second = one[3], two[3]
            if mine[first["range"]] & mine[second["range"]] and (
                its[first.get("with", "*")] & its[second.get("with", "*")]
            ):
                yield two[0].problem(
                    f"break {second['id']} overlaps {first['id']}: the same finding would come twice",
                    two[1],
                    two[2],
                    "range",
                )


def names_answer_once(files: Files) -> Iterator[Problem]:
    """A version of a distribution has one state."""
    places = list(files.rows("name"))
    for one, two in combinations(places, 2):
        first, second = one[3], two[3]
        package = normal(first["distribution"])
        if package != normal(second["distribution"]) or not _meet(first, second, "os", "index"):
            continue
        admitted = _admitted([first["range"], second["range"]], files.releases.get(package, set()))
        if first["state"] != second["state"] and admitted[first["range"]] & admitted[second["range"]]:
            yield two[0].problem(
                f"name {package} {second['range']} is {second['state']}, but {first['range']} is {first['state']}",
                two[1],
                two[2],
                "range",
            )


def minima_rise(files: Files) -> Iterator[Problem]:
    """What newer releases need or know never falls: drivers over CUDA, CUDA over branches, opset and IR over ONNX."""
    yield from _rising(files, "toolkit", "cuda", "version", ("driver_linux", "driver_windows", "ptx", "gcc"))
    yield from _rising(files, "major", "cuda", "major", ("driver_linux", "driver_windows"))
    yield from _rising(files, "branch", "driver", "branch", ("cuda", "ptx"))
    yield from _rising(files, "release", "onnx", "version", ("opset", "opset_ml", "opset_training", "ir"))
    yield from _rising(files, "jetpack", "jetpack", "jetpack", ("l4t", "tensorrt"))


def _rising(files: Files, table: str, component: str, by: str, fields: tuple[str, ...]) -> Iterator[Problem]:
    places = [place for place in files.rows(table) if place[0].data["component"] == component]
    for name in fields:
        places.sort(key=lambda place: (versions.parse(place[3][by]).key(), _strength(place, name)))
        winning = {place[3][by]: place for place in places if name in place[3]}  # the strongest claim comes last
        best: Place | None = None
        for place in winning.values():
            file, _, number, row = place
            if best is not None and versions.parse(row[name]) < versions.parse(best[3][name]):
                yield file.problem(
                    f"{table} {row[by]}, {name}: {row[name]} is below {best[3][name]} of {best[3][by]}",
                    table,
                    number,
                    name,
                )
            else:
                best = place


def _strength(place: Place, name: str) -> int:
    file, _, _, row = place
    claim = next((one for one in by_source(row, ()) if name in one), row)
    return LEVELS.index(claim.get("level") or file.data["source"][cited(claim)[0]]["level"])


def capabilities_are_known(files: Files) -> Iterator[Problem]:
    """Every compute capability that a row names has its row in architecture.toml."""
    known = {capability.parse(row["capability"]) for _, _, _, row in files.rows("capability")}
    architectures = {row["name"] for _, _, _, row in files.rows("architecture")}
    for file, table, number, row in files.rows():
        for name in _CAPABILITY_FIELDS & row.keys():
            for text in row[name] if isinstance(row[name], list) else [row[name]]:
                if capability.parse(text).plain not in known:
                    yield file.problem(f"{table}, {name}: {text} has no row in architecture.toml", table, number, name)
        if table in ("gpu", "capability") and row.get("architecture") not in {None, *architectures}:
            yield file.problem(
                f"{table}, architecture: {row['architecture']!r} has no row in architecture.toml",
                table,
                number,
                "architecture",
            )


_CAPABILITY_FIELDS = frozenset(
    {"capability", "capabilities", "capability_minimum", "capability_maximum", "capability_deprecated", "sass"}
)


def rules_exist(files: Files) -> Iterator[Problem]:
    """Advisories and error texts name findings of the catalogue."""
    from compat.rules import CATALOGUE

    for file, table, number, row in files.rows("break", "symptom"):
        for name in [row["rule"]] if table == "break" else row["rules"]:
            if name not in CATALOGUE:
                yield file.problem(
                    f"{table} {row['id']}: there is no rule {name!r}",
                    table,
                    number,
                    "rule" if table == "break" else "rules",
                )


def symptoms_match(files: Files) -> Iterator[Problem]:
    """Every pattern of an error text compiles and finds its examples."""
    for file, table, number, row in files.rows("symptom"):
        try:
            pattern = re.compile(row["pattern"], re.IGNORECASE | re.MULTILINE)
        except re.error as error:
            yield file.problem(f"symptom {row['id']}: the pattern is wrong: {error}", table, number, "pattern")
            continue
        for example in row.get("examples", ()):
            if pattern.search(example) is None:
                yield file.problem(
                    f"symptom {row['id']}: the pattern misses its example {example!r}", table, number, "pattern"
                )


def evidence_is_its_own(files: Files) -> Iterator[Problem]:
    """An observed build cites a file of its own package and version: a release never inherits another's evidence."""
    for file, table, number, row in files.rows("build"):
        if not file.observed:
            continue
        if "file" not in row:
            yield file.problem(f"build {row['package']} {row['version']} cites no file", table, number)
        elif not file_is_of(row["file"], row["package"], row["version"]):
            yield file.problem(
                f"build {row['package']} {row['version']} cites {row['file']}, of another release",
                table,
                number,
                "file",
            )


def file_is_of(filename: str, package: str, version: str) -> bool:
    """Is it a file of that release, by its name (PEP 427, and source archives; a local part may follow)?"""
    stem = os.path.basename(filename).replace("%2B", "+")
    name = normal(package).replace("-", "[-_.]+")
    match = re.match(rf"{name}-(\d[^-]*(?:-\d+(?=[-.](?:tar|zip|conda)))?)", stem, re.IGNORECASE)
    if match is None:
        return False
    found = re.sub(r"\.(tar\.gz|tar\.bz2|zip|conda|whl)$", "", match.group(1))
    mine, its = versions.try_parse(version), versions.try_parse(found)
    return found == version or (mine is not None and its is not None and mine.same_as(its))


def _meet(one: Row, other: Row, *names: str) -> bool:
    """Do both rows speak of some common circumstance (a field that is absent speaks of all)?"""
    return all(one.get(name) is None or other.get(name) is None or one[name] == other[name] for name in names)


def _bounds(text: str) -> set[str]:
    """Versions that tell ranges apart: each bound, and one just behind it."""
    texts = set()
    for _, bound, _ in versions.parse_range(text).clauses:
        texts |= {bound.public, f"{bound.public}.0.1" if not bound.is_prerelease else bound.public}
    return texts or {_LOWEST, "99999"}


def _admitted(ranges: list[str], known: set[str]) -> dict[str, frozenset[str]]:
    """For each range, which of the versions that tell these ranges apart it admits."""
    probes = known.union({_LOWEST, "99999"}, *(_bounds(text) for text in ranges))
    return {
        text: frozenset(probe for probe in probes if versions.parse_range(text).admits(probe)) for text in set(ranges)
    }


def _is_empty(text: str) -> bool:
    wanted = versions.parse_range(text)
    probes = _bounds(text) | {_LOWEST, "99999"} | {str(bound) for _, bound, _ in wanted.clauses if bound.local}
    below = {
        ".".join(map(str, (*bound.release[:-1], bound.release[-1] - 1, 99999)))
        for _, bound, _ in wanted.clauses
        if bound.release[-1] > 0
    }
    below |= {f"{bound.release[0] - 1}.99999" for _, bound, _ in wanted.clauses if bound.release[0] > 0}
    return all(wanted.admits(probe) is False for probe in probes | below)


CHECKS: tuple[Callable[[Files], Iterator[Problem]], ...] = (
    sources_are_cited,
    pins_exist,
    ranges_admit_something,
    pairs_answer_once,
    breaks_do_not_repeat,
    names_answer_once,
    minima_rise,
    capabilities_are_known,
    rules_exist,
    symptoms_match,
    evidence_is_its_own,
)
