"""The system's own C and C++ libraries: as new as what was compiled against them needs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.libraries.opened import wants
from compat.rules.origin import no_condas
from compat.rules.packages.pythons import brought, pulled_in
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule(
    "glibc-too-old",
    reads=(
        "glibc",
        "distribution",
        "distribution_version",
        "environment",
        "jetson",
        "container.image",
        "python",
        *OF_BUILD,
    ),
    of="files",
)
def glibc_too_old(case: Case) -> Iterator[Outcome]:
    """The package needs a newer glibc.

    A binary built against one glibc does not load on an older one. The platform tag of a wheel names the oldest that it
    takes (manylinux_2_28); installers skip files that are too new, so an installation takes an older release or fails.

    Shows as: "version `GLIBC_2.33' not found". Remedy: a newer distribution or container, or an older release.
    """
    told = case.machine.glibc
    if told is not None:
        yield from _needs_at_least(case, "glibc-too-old", "glibc", told, (case.read("glibc", told),))
        return
    known = _of_distribution(case, "glibc", "glibc")
    yield from _needs_at_least(case, "glibc-too-old", "glibc", *(known or (None, ())))


def _of_distribution(case: Case, field: str, called: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The library of the distribution's release, where the goal's process runs in no container of another."""
    name, release = case.machine.distribution, case.machine.distribution_version
    apart = case.environment("docker", "kubernetes", "jetson") or case.machine.container.image is not None
    if name is None or release is None or apart or case.machine.os not in (None, "linux"):
        return None
    wanted = versions.try_parse(release)
    if wanted is None:
        return None
    name = _ALSO_CALLED.get(name, name)
    for row in case.matrix.rows("distribution", "distribution"):
        if row["name"] == name and versions.parse(row["version"]).covers(wanted) and field in row:
            facts = (
                case.read("distribution_version", release),
                case.cite(f"{name} {row['version']} has {called} {row[field]}", row, field),
                case.assume(
                    f"{field}, environment, container.image" + ("" if case.machine.os else ", os"),
                    "the goal's process runs in this distribution, in no container of another",
                ),
            )
            return str(row[field]), facts
    return None


_ALSO_CALLED = {"redhat": "rhel", "oracle": "ol", "amazon": "amzn", "rockylinux": "rocky", "opensuse": "opensuse-leap"}


@rule(
    "libstdcxx-too-old",
    reads=("glibcxx", "distribution", "distribution_version", "container.image", "variables", *OF_BUILD),
    of="files",
)
def libstdcxx_too_old(case: Case) -> Iterator[Outcome]:
    """The package needs a newer libstdc++ than the one that loads.

    Compiled C++ code asks for symbol versions (GLIBCXX_3.4.30) that the libstdc++ in front must have. conda
    environments and old distributions put an older one there.

    Shows as: "version `GLIBCXX_3.4.30' not found". Remedy: a newer libstdc++ (conda: libstdcxx-ng), or take the folder
    with the older one off LD_LIBRARY_PATH.
    """
    told = case.machine.glibcxx
    if told is not None:
        yield from _needs_at_least(case, "libstdcxx-too-old", "glibcxx", told, (case.read("glibcxx", told),))
        return
    known = _of_distribution(case, "glibcxx", "GLIBCXX") if _takes_the_systems(case) else None
    if known is not None:
        known = known[0], (*known[1], case.assume("variables", "no other libstdc++ is searched before the system's"))
    yield from _needs_at_least(case, "libstdcxx-too-old", "glibcxx", *(known or (None, ())))


def _takes_the_systems(case: Case) -> bool:
    """Is it the distribution's own libstdc++ that loads? conda's Python finds conda's, and a folder that is searched
    before may hold another one."""
    searched = any((case.machine.variables or {}).get(name) for name in ("LD_LIBRARY_PATH", "LD_PRELOAD"))
    return not searched and not case.environment("conda")


def _coming_along(case: Case) -> Iterator[Subject]:
    """What an installation brings beside the package that is asked for."""
    if case.goal.verb == "install" and case.main is not None:
        yield from pulled_in(case, case.main)


def _asked_for(row: "Row", field: str, python: str | None) -> list[str]:
    """What the build asks for: of some releases the wheels of one Python were built on a newer system."""
    if field not in row:
        return []
    by_python: dict[str, str] = row.get(f"{field}_of", {})
    if not by_python or python is None:
        return [row[field], *by_python.values()]
    return [str(by_python.get(versions.major_minor(python), row[field]))]


def _of_its_page(case: Case, subject: Subject, field: str) -> "list[Row]":
    """The release, where its build step fetches wheels of the project's own page: what all of them ask for."""
    if subject.conda or subject.state != "installed" or subject.version is None:
        return []
    if case.machine.arch not in (None, "x86_64") or any(row["index"] != "archive" for row in subject.candidates):
        return []
    row = case.matrix.packages.release(subject.component, subject.version)
    return [row] if row is not None and field in row else []


def _beyond_its_tag(case: Case, subject: Subject, field: str, needs: list[str]) -> "Row | None":
    """The release, where its files were found to ask for more than the platform tag of their names says."""
    if subject.conda or subject.version is None or subject.facts.source not in (None, "pypi"):
        return None
    row = case.matrix.packages.release(subject.component, subject.version)
    if row is None or field not in row or all(versions.at_least(need, row[field]) for need in needs):
        return None
    return row


def _of_conda_forge(case: Case, subject: Subject, field: str) -> "Row | None":
    """What conda-forge's builds of the release ask for, of which no file was read: the claim about all of them."""
    if field != "glibcxx" or not subject.conda or subject.facts.source != "conda-forge":
        return None
    return case.matrix.traits.claim(subject.component, "glibcxx", subject.version, "conda-forge")


def _needs_at_least(
    case: Case, name: str, field: str, have: str | None, read: tuple[Evidence, ...] = ()
) -> Iterator[Outcome]:
    if case.machine.os not in (None, "linux"):
        return
    along = tuple(_coming_along(case))
    for subject in (*wants(case), *along):
        rows = [row for row in subject.candidates if row["os"] in ("linux", "any")]
        rows = rows if any(field in row for row in rows) else _of_its_page(case, subject, field)
        needs = [need for row in rows for need in _asked_for(row, field, case.machine.python)]
        forge = _of_conda_forge(case, subject, field)
        if forge is not None:
            rows, needs = [{**forge, field: forge["value"]}], [forge["value"]]
        if not needs or not all(field in row for row in rows):
            continue
        found = _beyond_its_tag(case, subject, field, needs)
        rows, needs = ([found], [found[field]]) if found is not None else (rows, needs)
        if have is None:
            yield Untold(name, subject.component, (field,))
            continue
        answers = {versions.at_least(have, need) for need in needs}
        row, need = rows[0], needs[0]
        facts = (*read, case.cite(f"{subject.label} needs {field} {need}", row, field))
        if row not in subject.candidates and case.machine.arch is None:
            facts += (case.assume("arch", "the machine is an x86-64 one"),)
        facts += no_condas(case, subject)
        if subject.version is None and subject.state == "installed":
            facts += (case.assume(subject.path, "of a release whose files are known"),)
        if subject in along:
            facts += brought(case, subject)
        if answers == {False}:
            yield Finding(
                name,
                field,
                f"{subject.label} needs {field} {need} or newer; this machine has {have}.",
                facts,
                (
                    Remedy("use a newer distribution, or a container of one", "container"),
                    Remedy(f"install an older release of {subject.distribution}"),
                ),
            )
        elif answers == {True}:
            yield Holds(name, subject.component, f"{field} {have} is new enough for {subject.label}", facts)
