"""Advisories of the matrix: an affected release, and what it breaks with. Every rule may have some."""

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.rules.case import Case
    from compat.rules.subject import Subject

Row = dict[str, Any]
Told = tuple[str, Evidence]  # version, where it was read


def advisories(case: "Case", rule: str) -> Iterator[Outcome]:
    """What the matrix's ``break`` rows of this rule say of the case."""
    named = _named(case.matrix, rule)
    spoken = named.keys() & {*case.packages, *map(normal, case.machine.request or ())}
    rows = sorted((at, name, row) for name in spoken for at, row in named[name] if _applies(case, row))
    about = _about(case) if rows else {}
    for _, name, row in rows:
        if name in about or (rule == "library-damaged" and _unread(case, row["package"])):
            yield from _advisory(case, rule, row, about.get(name, ()))


@lru_cache(maxsize=64)
def _named(matrix: "Matrix", rule: str) -> dict[str, list[tuple[int, Row]]]:
    """The advisories of a rule by the package that they are about, each with its place among all of them."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for at, row in enumerate(matrix.packages.breaks.get(rule, ())):
        found.setdefault(normal(row["package"]), []).append((at, row))
    return found


def _applies(case: "Case", row: Row) -> bool:
    """Is the advisory for this goal, and not known to be for another system, architecture or Python?"""
    goals = row.get("goals")
    if goals is not None and not any(fnmatch(str(case.goal), pattern) for pattern in goals):
        return False
    if "goals" not in row and case.goal.verb == "install":
        return False
    machine = case.machine
    if (row.get("os") and machine.os not in (None, row["os"])) or (
        row.get("arch") and machine.arch not in (None, row["arch"])
    ):
        return False
    return (
        "python" not in row
        or machine.python is None
        or versions.parse_range(row["python"]).admits(machine.python) is True
    )


def _unread(case: "Case", package: str) -> bool:
    """Is it a part of the goal's packages whose files nobody has looked at? The disk says more than a name."""
    from compat.rules.libraries.owners import belongs

    return case.machine.damaged is None and (belongs(case, package))


def _about(case: "Case") -> dict[str, tuple[Evidence, ...]]:
    """What the goal runs, or one of that requires: each with who asks for it, where that is another package."""
    installed = {package for package, version in case.packages.items() if version is not False}
    mine = {alias for subject in case.subjects for alias in (normal(subject.distribution), normal(subject.component))}
    # An import pulls in its own requirements, so their breaks are its breaks (tensorboard's of tensorflow).
    about: dict[str, tuple[Evidence, ...]] = dict.fromkeys(mine, ())
    for subject in case.subjects:
        for name in sorted(_required(case, subject) & installed - mine):
            about[name] = (*about.get(name, ()), *case.package(subject))
    return about


def _required(case: "Case", subject: "Subject") -> set[str]:
    """What every build that it can be requires."""
    lists = {tuple(row.get("requires", ())): row for row in subject.candidates}
    named = ({name for name, _, _ in case.matrix.packages.pins(row)} for row in lists.values())
    return set.intersection(*named) if lists else set()


def _advisory(case: "Case", rule: str, row: Row, asked_by: tuple[Evidence, ...]) -> Iterator[Outcome]:
    name, other = row["package"], row.get("other")
    have = _release(case, name)
    affected = versions.parse_range(row["range"]).admits(have[0]) if have is not None else None
    built = _by_build(case, row) if affected is None else ()
    if have is None and not built:
        return
    version, fact = have or (f"for CUDA {built[0].fact.rpartition('= ')[2]}", built[0])
    affected = True if built else affected
    severity = row.get("severity", "error")
    told = _installed(case, other) if other else None
    if other and told is None and severity == "error":
        told = _pips(case, other, name) or _of_toolkit(case, other, name)
    pulled = _pulled(case, other, row.get("with", "*")) if other and told is None else None
    told = told or pulled
    met: bool | None = True
    if told is not None:
        met = versions.parse_range(row.get("with", "*")).admits(versions.parse(told[0]).public)
    elif other:
        met = False if case.has(other) is False else None
    if affected and met is None and severity == "error" and not _comes_fitting(case, row):
        yield Untold(rule, name, (f"packages.{other}",))
    elif told is not None and (affected is False or met is False):
        yield Holds(rule, name, f"{name} {version} and {other} {told[0]} go together", (fact, told[1]))
    if not affected or not met or _open(case, row):
        return
    taken = [case.assume(f"packages.{other}", "the least release that is required is installed")] if pulled else []
    taken += _of_whom(case, other) if other and told and not pulled else []
    taken += _of_toolkit_alone(case, told) if told else []
    facts = (*dict.fromkeys((fact, *([told[1]] if told else []), *built)), *taken, *asked_by, case.cite(row["id"], row))
    with_other = f" with {other} {told[0]}" if told else ""
    yield Finding(
        rule, other or name, f"{name} {version}{with_other}: {row['why']}", facts, (Remedy(row["remedy"]),), severity
    )


def _open(case: "Case", row: Row) -> bool:
    """Does the advisory hang on a fact of the system that is unknown?"""
    return any(name in row and getattr(case.machine, name) is None for name in ("os", "arch", "python"))


def _release(case: "Case", name: str) -> Told | None:
    """The release of an affected package: what is asked for (with the row's extra), else what is installed."""
    plain, _, extra = name.partition("[")
    for asked, spec in (case.machine.request or {}).items():
        if normal(asked) == normal(plain) and extra.rstrip("]") in asked.partition("[")[2]:
            exact = next((bound.public for sign, bound, _ in versions.parse_range(spec).clauses if sign == "=="), None)
            return (exact, case.read(f"request.{asked}", spec)) if exact is not None else None
    version = None if extra or case.goal.verb == "install" else case.version_of(plain)
    return (versions.parse(version).public, case.read(f"packages.{plain}", version)) if version is not None else None


def _by_build(case: "Case", row: Row) -> tuple[Evidence, ...]:
    """What tells that a package without a version, or of a line, is affected: each release that it can be, with such a
    build as is told of, is.

    ``jax`` is judged by its jaxlib's build: both are released together, under one number.
    """
    name, packages, affected = normal(row["package"]), case.matrix.packages, versions.parse_range(row["range"])
    stated = case.packages.get(name, False)
    for subject in case.subjects:
        cuda, path = subject.facts.cuda, f"builds.{subject.distribution}.cuda"
        alike = name == normal(subject.distribution)
        if not cuda or subject.state != "installed" or stated is False:
            continue
        if not alike and (stated is not None or subject.version is not None):
            continue
        releases = {str(one["version"]) for one in subject.candidates}
        paired = {
            versions.parse_range(pair["range"]).pinned
            for pair in packages.pairs.get(name, ())
            if pair["other"] == normal(subject.distribution)
        }
        if releases and all(affected.admits(one) for one in releases) and (alike or releases <= paired):
            same = () if alike else (case.assume(f"packages.{name}", f"of the release of its {subject.distribution}"),)
            return (case.read(path, str(cuda)), *same)
    return ()


def _installed(case: "Case", name: str) -> Told | None:
    """The release of the other package, by whichever of its distributions has the module (tensorflow-gpu, -cpu); for
    the name of a library, of the copy that loads."""
    for one in _of_one_module(case, name):
        version = case.version_of(one)
        if version is not None:
            return version, case.read(f"packages.{one}", version)
    found = case.loaded(name)
    if found is not None and found[1].version is not None:
        return found[1].version, case.read(f"{found[0]}.version", found[1].version)
    return None


def _of_one_module(case: "Case", name: str) -> list[str]:
    """The name, and the builds of the same module that are named after it; tf-keras is another module than keras."""
    packages = case.matrix.packages
    if "module" not in packages.about(name):
        return [name]
    return [name, *(one for one in packages.distributions(name) if one.startswith(f"{name}-"))]


def _pips(case: "Case", name: str, package: str) -> Told | None:
    """The release of pip's package of a library, where it is the only one and no copy is spoken of. A package whose GPU
    code is in parts of which none is there (a ``jax`` that TensorFlow asks for) opens none."""
    component = case.matrix.packages.component(package)
    apart = case.matrix.packages.about(component).get("parts", ()) if component is not None else ()
    if case.libraries(name) or (apart and not any(map(case.has, apart))):
        return None
    own = f"nvidia-{name}"
    alike = [part for part in case.packages if part.startswith(own)]
    parts = [part for part in alike if part == own or part.removeprefix(f"{own}-cu").isdecimal()]
    told = [(version, part) for part in parts if (version := case.version_of(part)) is not None]
    return (told[0][0], case.read(f"packages.{told[0][1]}", told[0][0])) if len(told) == 1 else None


def _of_toolkit(case: "Case", name: str, package: str) -> Told | None:
    """The CUDA runtime of the machine's toolkit, which bears the toolkit's number, for a package that takes CUDA from
    the machine and where no other runtime is spoken of."""
    if name != "cudart":
        return None
    kits = {kit.version: index for index, kit in enumerate(case.machine.toolkits or ()) if kit.version}
    if len(kits) != 1 or case.usable(name):
        return None
    from compat.rules.libraries.majors import carried, set_up_by_hand, takes_system_cuda
    from compat.rules.runtimes import gpu_parts

    kit, index = next(iter(kits.items()))
    about = case.matrix.packages.about
    family = about(case.matrix.packages.component(package) or "").get("family")
    for subject in [one for part in case.subjects for one in (part, *gpu_parts(case, part))]:
        cuda = subject.field("cuda").known
        if family is None or about(subject.component).get("family") != family or not cuda:
            continue
        if not versions.same_line(kit, str(cuda), 1) or carried(case, str(cuda)):
            continue
        if takes_system_cuda(case, subject, bool(set_up_by_hand(case))):
            return kit, case.read(f"toolkits[{index}].version", kit)
    return None


def _of_toolkit_alone(case: "Case", told: Told) -> list[Evidence]:
    """That the toolkit's runtime is the one that loads, where nobody says that no other is there."""
    if not told[1].fact.startswith("toolkits["):
        return []
    places = ["packages", *(["libraries"] if case.machine.libraries is None else [])]
    from compat.rules.libraries.majors import set_up_by_hand

    hand = [case.read(*fact) for fact in set_up_by_hand(case)[:1]]
    return [*hand, *(case.assume(place, "no other CUDA runtime there") for place in places)]


def _of_whom(case: "Case", name: str) -> list[Evidence]:
    """That the copy of a library which loads does so for this package, where nobody says for which."""
    return list(case.of_whom(name)) if case.version_of(name) is None and case.loaded(name) is not None else []


def _comes_fitting(case: "Case", row: Row) -> bool:
    """Does the affected package ask for a release of the other one that does not break it?

    Then an installer brought one that fits, and whoever does not name it is not asked: it is judged where it is told.
    """
    other, asked = normal(row["other"]), row.get("required")
    affected = versions.parse_range(row.get("with", "*"))
    if asked is not None:
        return not versions.parse_range(asked).meets(affected)
    mine = (one for one in case.subjects if normal(one.distribution) == normal(row["package"]))
    lists = {tuple(build.get("requires", ())): build for one in mine for build in one.candidates}
    told = [
        [spec for name, spec, marker in case.matrix.packages.pins(build) if name == other and not marker]
        for build in lists.values()
    ]
    fits = [any(not versions.parse_range(spec).meets(affected) for spec in specs) for specs in told]
    return bool(fits) and all(fits)


def _pulled(case: "Case", name: str, affected: str) -> Told | None:
    """The least release of a package that another one of the goal requires, where every newer one is affected too."""
    if not affected.startswith(">=") or "," in affected or case.has(name) is not None:
        return None
    for subject in case.subjects:
        lines = {str(row.get("requires")) for row in subject.candidates}
        for pinned, spec, marker in case.matrix.packages.pins(subject.candidates[0]) if len(lines) == 1 else ():
            least = next(
                (bound for sign, bound, _ in versions.parse_range(spec).clauses if sign in (">=", "==", "~=")), None
            )
            if (
                pinned == normal(name)
                and least is not None
                and not marker
                and versions.parse_range(affected).admits(least.text)
            ):
                return least.text, case.cite(
                    f"{subject.label} requires {pinned}{spec}", subject.candidates[0], "requires"
                )
    return None
