"""Is what an installation asks for still published: by its name, in its release, as the build that is asked for?"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build
from compat.matrix.packages import fits_platform, fits_python, normal
from compat.records import replace
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.candidates import UNPACKED, for_others_only, is_unpacked, listed_whole, of_extras, same_local
from compat.rules.case import Case
from compat.rules.packages.extras import lacked
from compat.rules.subject import CUDA_TAG

if TYPE_CHECKING:
    from compat.matrix import Row


@rule(
    "package-removed", reads=("builds.python_tag", *OF_BUILD), masks=("python-unsupported", "no-gpu-build-for-platform")
)
def package_removed(case: Case) -> Iterator[Outcome]:
    """The name is dead, or the version was never published.

    Some distributions were replaced and left as an empty file that fails on purpose (tensorflow-gpu from 2.12), renamed
    (nvidia-tensorrt), or are only a script that fetches the real one from another index. Files of old releases are
    deleted (jaxlib). An extra that a release has not (tensorflow[and-cuda] before 2.14) is left out with a warning.

    Remedy: the name that took its place.
    """
    if case.goal.verb != "install":
        return
    for asked, spec in sorted((case.machine.request or {}).items()):  # told in one order, however it is asked
        yield from _dead(case, asked, spec)
    extra = lacked(case, case.main) if case.main is not None and case.main.state == "requested" else None
    if extra is not None:
        yield _left_out(case.main.component if case.main else "", *extra)


def _left_out(component: str, name: str, row: "Row", certain: bool, facts: tuple[Evidence, ...]) -> Finding:
    """An extra that the release has not: installers warn of it, and bring nothing for it."""
    release = f"{row['package']} {row['version']}"
    return Finding(
        "package-removed",
        component,
        f"{release} has no extra {name}: an installer leaves out what it would draw in, with a warning alone.",
        facts,
        (Remedy(f"ask for a release that has the extra {name}, on a Python that it has builds for"),),
        severity="warning",
    )


def _dead(case: Case, asked: str, spec: str) -> Iterator[Outcome]:
    """What is asked for is dead by its name, by what it requires, or in no list; else what the installer would take."""
    name, wanted = normal(asked), versions.parse_range(spec)
    files = [row for rows in case.matrix.packages.builds(name).values() for row in rows]
    if files and case.machine.os == "macos" and not any(row["os"] in ("macos", "any") for row in files):
        return  # no release of any age runs there
    newest = _newest(case, name, wanted)
    fact = case.read(f"request.{asked}", spec)
    found = (
        _dead_name(case, name, spec, newest, fact)
        or _dead_requirement(case, name, newest, fact)
        or _dead_extra(case, asked, newest, fact)
        or _of_no_index(case, name, spec, fact)
        or _deleted(case, name, wanted, fact)
        or _never_published(case, name, spec, newest, fact)
        or _not_published_here(case, name, wanted, newest, fact)
    )
    if found is not None:
        yield found
    elif newest is not None and not _for_others(case, name, wanted, newest):
        yield Holds("package-removed", name, f"{name} {newest} is published", (fact,))


def _newest(case: Case, name: str, wanted: versions.Range, index: str | None = None) -> str | None:
    """The newest published release that is asked for, of any index or of the one that is asked."""
    local, builds = _local(wanted), case.matrix.packages.builds(name)
    published = (
        version
        for version in reversed(case.matrix.packages.versions(name))
        if (_has(case, name, version, wanted, local) if local else wanted.admits(version))
        and (wanted.names_prerelease or not versions.parse(version).is_prerelease)
        and (_is_on_an_index(case, name, builds[version]) if index is None else _is_of(builds[version], index))
    )
    return next(published, None)


def _is_of(rows: "list[Row]", index: str) -> bool:
    return any(row["index"] == index for row in rows)


def _is_on_an_index(case: Case, name: str, rows: "list[Row]") -> bool:
    """Can an installer find it? What is unpacked has releases under names of its own: an archive is of TensorRT 8.5.3,
    and its wheels are 8.5.3.1."""
    source = case.machine.builds.get(name, Build()).source
    return any(row["index"] == source if source in UNPACKED else not is_unpacked(row) for row in rows)


def _dead_name(case: Case, name: str, spec: str, newest: str | None, fact: Evidence) -> Finding | None:
    """A release, or a whole name, that was removed or renamed, or never held anything."""
    wanted = versions.parse_range(spec)
    source = case.machine.builds.get(name, Build()).source
    for row in case.matrix.every("name"):
        if normal(row["distribution"]) != name or row["state"] not in ("removed", "stub", "renamed", "never-published"):
            continue
        index = row.get("index", "pypi")
        elsewhere = _elsewhere(case, name, wanted, index)
        if source in elsewhere:
            continue  # paddlepaddle-gpu 3.0, of Paddle's own index
        untold = elsewhere and source is None
        newest = _newest(case, name, wanted, index) if untold else newest
        dead = versions.parse_range(row["range"])
        # What the installer would take: the newest that the request admits, of the live releases and the dead ones.
        choice = [
            *([newest] if newest else []),
            *(bound.text for _, bound, _ in dead.clauses if wanted.admits(bound.text)),
        ]
        target = max(choice, key=lambda text: versions.parse(text).key(), default=wanted.pinned)
        if dead.admits(target) if target else _all_of(wanted, dead) or spec == "*":
            instead = row.get("instead")
            return Finding(
                "package-removed",
                name,
                f"{name}{'' if spec == '*' else ' ' + spec} is {row['state']}: "
                + (f"{instead} took its place." if instead else "it holds nothing that works."),
                (
                    fact,
                    case.cite(f"{name} {row['range']} is {row['state']}", row),
                    *((case.assume(f"builds.{name}.source", "the public index is asked"),) if untold else ()),
                ),
                (Remedy(f"ask for {instead}" if instead else f"leave {name} out"),),
            )
    return None


def _all_of(wanted: versions.Range, dead: versions.Range) -> bool:
    """Is every release that is asked for a dead one? Asked of ranges with one bound."""
    if len(dead.clauses) != 1:
        return not dead.clauses
    operator, bound, _ = dead.clauses[0]
    rest = _OPPOSITE.get(operator)
    return rest is not None and not wanted.meets(versions.parse_range(f"{rest}{bound.text}"))


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _elsewhere(case: Case, name: str, wanted: versions.Range, index: str) -> set[str]:
    """Other indexes that have what is asked for."""
    builds = case.matrix.packages.builds(name).items()
    return {row["index"] for version, rows in builds if wanted.admits(version) for row in rows} - {index}


def _dead_requirement(case: Case, name: str, newest: str | None, fact: Evidence) -> Finding | None:
    """What the installer would take asks for a package that is dead."""
    unmet = _asks_for_the_dead(case, name, newest)
    if unmet is None:
        return None
    return Finding(
        "package-removed",
        name,
        f"{name} {newest} asks for a package of which nothing is published that works: it cannot be installed.",
        (fact, case.cite(f"{name} {unmet['range']} has a dead requirement", unmet)),
        (Remedy(f"ask for a release outside {unmet['range']}"),),
    )


def _dead_extra(case: Case, asked: str, newest: str | None, fact: Evidence) -> Finding | None:
    """An extra that asks for a build of another package which its index has not (``jaxlib==0.4.12+cuda12.cudnn88``)."""
    rows = case.matrix.packages.builds(normal(asked)).get(newest or "", ()) if "[" in asked else ()
    for row in rows:
        for name, spec, _ in of_extras(case.matrix, row, asked):
            taken = _newest(case, name, versions.parse_range(spec)) if "+" in spec else spec
            found = _of_no_index(case, name, spec, fact)
            found = found or (_never_published(case, name, spec, None, fact) if taken is None else None)
            if found is not None:
                line = case.cite(f"{asked} {newest} requires {name}{spec}", row, "extras")
                return replace(found, evidence=(*found.evidence, line))
    return None


def _of_no_index(case: Case, name: str, spec: str, fact: Evidence) -> Finding | None:
    """A build with a local part asked of the public index, which takes none of those (PEP 440, local versions)."""
    local, source = _local(versions.parse_range(spec)), case.machine.builds.get(name, Build()).source
    if not local or source != "pypi":
        return None
    return Finding(
        "package-removed",
        name,
        f"{name} {spec} is not on the public index: what has +{local} in its version is its publisher's own.",
        (fact, case.read(f"builds.{name}.source", source)),
        (Remedy(f"give pip the index or page of its publisher too, for {name} {spec}"),),
    )


def _deleted(case: Case, name: str, wanted: versions.Range, fact: Evidence) -> Finding | None:
    """Of all that is asked for and this machine could take, the public index has deleted the files. What its publisher
    has on a page of his own bears a local part."""
    machine, source = case.machine, case.machine.builds.get(name, Build()).source
    if _local(wanted) or source not in (None, "pypi"):
        return None
    rows = [
        row
        for version, builds in case.matrix.packages.builds(name).items()
        if wanted.admits(version) and not versions.parse(version).is_prerelease
        for row in builds
        if row["index"] == "pypi" and fits_platform(row, machine.os, machine.arch)
    ]
    here = [row for row in rows if fits_python(row, machine.python)]
    if not here or not all(row.get("removed") for row in here):
        return None
    last = max(here, key=lambda row: versions.parse(row["version"]).key())
    platform = [case.read(field, value) for field in ("os", "arch", "python") if (value := getattr(machine, field))]
    told = case.read(f"builds.{name}.source", source) if source else None
    return Finding(
        "package-removed",
        name,
        f"{name} {last['version']} is no longer on the public index: its files were deleted.",
        (
            fact,
            case.cite(f"the files of {name} {last['version']} were deleted", last),
            told or case.assume(f"builds.{name}.source", "the public index is asked"),
            *platform,
        ),
        (Remedy(f"ask for a release of {name} that is there, or for its publisher's build (with its local part)"),),
    )


def _never_published(case: Case, name: str, spec: str, newest: str | None, fact: Evidence) -> Finding | None:
    """One release is asked for, between the oldest and the newest known, and none of the many there is that one.

    What is older than all of them may have been published before the matrix begins, and of some spans none is listed.
    A file whose tag is told is at hand, whoever published it. Of what comes before a release (nightlies, candidates),
    the lists have those of a few releases: of another release's they tell nothing.
    """
    wanted, builds = versions.parse_range(spec), case.matrix.packages.builds(name)
    known = [one for one in case.matrix.packages.versions(name) if _is_on_an_index(case, name, builds[one])]
    listed = len(known) >= 5 and _lists_such(case, name, wanted)
    if newest is not None or not listed or wanted.pinned is None or case.machine.builds.get(name, Build()).python_tag:
        return None
    if not (versions.at_least(known[-1], wanted.pinned) and versions.at_least(wanted.pinned, known[0])):
        return None
    component = case.matrix.packages.component(name)
    if component is not None and case.matrix.traits.claim(component, "unlisted", wanted.pinned):
        return None
    pinned = versions.parse(wanted.pinned)
    before = (versions.parse(one) for one in known if pinned.is_prerelease)
    if pinned.is_prerelease and not any(one.is_prerelease and one.release == pinned.release for one in before):
        return None
    meant = [one for one in case.matrix.packages.inside(name, versions.parse(wanted.pinned)) if one in known]
    return Finding(
        "package-removed",
        name,
        f"{name} {spec} is not on the index: never published, or removed.",
        (fact, Evidence(f"{len(known)} releases from {known[0]} to {known[-1]}", f"matrix, {case.matrix.date}")),
        (Remedy(f"ask for a release that exists, such as {(meant or known)[-1]}"),),
    )


def _not_published_here(
    case: Case, name: str, wanted: versions.Range, newest: str | None, fact: Evidence
) -> Finding | None:
    """A build that its index has for other platforms only, where this one has others of its kind (torch+cu129 has none
    for Windows). Where it has no other, the platform has no GPU build."""
    version, system, arch = f"{newest}+{_local(wanted)}", case.machine.os, case.machine.arch
    others = _for_others(case, name, wanted, newest) if system else []
    if not others or case.machine.builds.get(name, Build()).source not in (None, others[0]["index"]):
        return None
    kind = _KIND.match(_local(wanted))
    rows = case.matrix.packages.builds(name)[newest or ""]
    here = [row for row in rows if row["index"] == others[0]["index"] and fits_platform(row, system, arch)]
    tags = sorted({str(row.get("local", row["variant"])) for row in here})
    alike = [tag for tag in tags if kind and (own := _KIND.match(tag)) and own[0] == kind[0]]
    if not alike:
        return None
    where = f"{system} on {arch}" if arch else system
    return Finding(
        "package-removed",
        name,
        f"{name} {version} is not on the index for {where}: that has {', '.join('+' + tag for tag in tags)}.",
        (
            fact,
            case.read("os", system),
            *((case.read("arch", arch),) if arch else ()),
            case.cite(f"{name} {version} is for {others[0]['os']} on {others[0]['arch']}", others[0], "os"),
            case.cite(f"builds of {name} {newest} for {where}: {', '.join(tags)}", here[0], "os"),
        ),
        (Remedy(f"ask for a build that is published for {where}, such as {name}=={newest}+{alike[-1]}"),),
    )


def _for_others(case: Case, name: str, wanted: versions.Range, newest: str | None) -> "list[Row]":
    """The builds with the local part that is asked for, where its index has them for other platforms only."""
    version = f"{newest}+{_local(wanted)}"
    return for_others_only(case.matrix, name, version, case.machine.os, case.machine.arch)


def _asks_for_the_dead(case: Case, name: str, version: str | None) -> "Row | None":
    """The claim that every build of the release for this platform has a requirement that no index can meet."""
    component = case.matrix.packages.component(name)
    if version is None or component is None:
        return None
    rows = [row for row in case.matrix.packages.builds(name)[version] if not row.get("stub")]
    here = [row for row in rows if fits_platform(row, case.machine.os, case.machine.arch)] or rows
    claims = [case.matrix.traits.claim(component, "dead-requirement", version, f"cu{row.get('cuda')}") for row in here]
    return claims[0] if claims and all(claims) else None


def _local(wanted: versions.Range) -> str:
    """What follows the ``+`` of the version that is asked for: such a build is of its vendor's index."""
    return next((bound.text.partition("+")[2] for operator, bound, _ in wanted.clauses if operator == "=="), "")


def _lists_such(case: Case, name: str, wanted: versions.Range) -> bool:
    """Are the builds of the index that would have it listed? The vendor's own has more than the public one."""
    exact = next((bound for operator, bound, _ in wanted.clauses if operator in ("==", "===")), None)
    if exact is None:
        return False
    builds = case.matrix.packages.builds(name)
    if exact.post >= CUDA_TAG:  # paddlepaddle-gpu 2.6.1.post120
        return any(versions.parse(known).post >= CUDA_TAG and _alike(known, exact) for known in builds)
    kind = _KIND.match(exact.text.partition("+")[2])
    if not kind or exact.public not in builds:
        return True
    index = listed_whole(case.matrix, name, exact.public, case.machine.arch)
    there = (row for rows in builds.values() for row in rows if row["index"] == index)
    found = (_KIND.match(str(row.get("local", row["variant"]))) for row in there)
    return any(one[0] == kind[0] for one in found if one)


_KIND = re.compile(r"[A-Za-z]+")  # of a local part: cu, cpu, rocm


def _alike(known: str, exact: versions.Version) -> bool:
    return versions.parse(known).release == exact.release


def _has(case: Case, name: str, version: str, wanted: versions.Range, local: str) -> bool:
    """Is this version published as the build that is asked for, for any platform?"""
    if wanted.pinned != version:
        return False
    return any(same_local(row, local) for row in case.matrix.packages.builds(name)[version])
