"""The machine as it will be after a transaction: what the installer leaves, faults included.

Unlike a plan's result nothing is tidied up: pip and uv do not ask whose files they overwrite, so two distributions
that write one module stay side by side, and the one that comes last is what loads.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.guard.library import libraries_of, sonames_of, users
from compat.guard.transaction import Transaction
from compat.machine import Build, Damage, Library, Machine
from compat.matrix.packages import normal
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


def after(machine: Machine, transaction: Transaction, matrix: "Matrix") -> Machine:
    """The environment that the installer would leave."""
    coming = {normal(one.name): one for one in transaction.installs}
    leaving = {normal(name) for name in transaction.removes}
    touched = leaving | set(coming)
    packages: dict[str, Any] = {n: v for n, v in (machine.packages or {}).items() if normal(n) not in touched}
    builds = {n: b for n, b in machine.builds.items() if normal(n) not in touched}
    packages |= dict.fromkeys(leaving - set(coming), False)
    for name, one in coming.items():
        packages[name] = one.version
        if one.source is not None and matrix.packages.component(name) is not None:
            builds[name] = Build(source=one.source)
    new = replace(
        machine,
        packages=packages,
        builds=builds,
        request=None,
        duplicates=_left(machine.duplicates, "name", touched),
        damaged=_damaged(machine, coming, touched, matrix),
    )
    new = replace(new, libraries=_libraries(new, machine, coming, touched, matrix))
    lost = {
        normal(name): sonames_of(matrix, name, version)
        for name, version in (machine.packages or {}).items()
        if normal(name) in touched and version
    }
    new_builds = frozenset(part for name in coming if (part := matrix.packages.component(name)))
    return _with_sonames(new, lost, new_builds, matrix)


def _left(entries: Any, field: str, touched: set[str]) -> Any:
    return None if entries is None else tuple(one for one in entries if normal(getattr(one, field)) not in touched)


def _damaged(
    machine: Machine, coming: dict[str, Any], touched: set[str], matrix: "Matrix"
) -> tuple[Damage, ...] | None:
    """Files that will be as their package lists them, or not: what comes overwrites what writes the same paths."""
    packages = {normal(name): version for name, version in (machine.packages or {}).items() if version is not False}
    stays = {name: version or None for name, version in packages.items() if name not in touched}
    new = [
        Damage(other, path, "overwritten", name)
        for name in coming
        for other, path in _same_files(name, coming[name].version, stays, matrix)
        if not (machine.gpus == () and _same_release(coming[name].version, stays[other]))
    ]
    kept = _left(machine.damaged, "package", touched) or ()
    return (*kept, *new) if new or machine.damaged is not None else None


def _same_release(one: str, other: str | None) -> bool:
    """Are both one release for the processor? On a machine without a GPU either build of it does what the other does
    (tensorflow-cpu over tensorflow); of two releases files of both would be left."""
    versions_of = [versions.try_parse(text) for text in (one, other or "")]
    return None not in versions_of and len({version.base for version in versions_of if version is not None}) == 1


def _same_files(
    name: str, release: str | None, stays: Mapping[str, str | None], matrix: "Matrix"
) -> Iterator[tuple[str, str]]:
    """(distribution, path) that this one writes over. pip names packages, not files: the matrix tells who shares."""
    for writers in matrix.libraries.shared({**stays, name: release}):
        folder = writers[name]["file"].rpartition("/")[0] if name in writers else ""
        yield from ((other, folder) for other in writers if folder and other != name)
    component = matrix.packages.component(name)
    if component is None:
        return
    about = matrix.packages.about(component)
    if about.get("accelerator") == "optional" or component == "cupy":
        names = [normal(one) for one in about.get("distributions", {}).get("pypi", ())]
        yield from ((other, component.replace("-", "_")) for other in names if other != name and other in stays)


def _libraries(
    new: Machine, old: Machine, coming: dict[str, Any], touched: set[str], matrix: "Matrix"
) -> tuple[Library, ...] | None:
    """Copies after the transaction: pip's own are replaced in place, and whoever took one takes the new one."""
    gone = {library for name in touched for library in libraries_of(matrix, name)}
    brought = {library: name for name in coming for library in libraries_of(matrix, name)}
    followers = {one.name: one for one in old.libraries or () if one.origin == "pip" and one.name in gone}
    kept = [one for one in old.libraries or () if not (one.origin == "pip" and one.name in gone)]
    added = []
    for library, name in brought.items():
        before = followers.get(library)
        takers = set(users(new, matrix, name)) | set(before.loaded_by or () if before else ())
        loaded = before.loaded if before is not None and before.loaded_by is None else None
        added.append(
            Library(
                library,
                coming[name].version,
                "pip",
                before.path if before else None,
                loaded,
                tuple(sorted(takers)) if loaded is None else None,
            )
        )
        kept = [_without(one, library, takers) for one in kept]
    return (*added, *kept) if added or old.libraries is not None else None


def _without(copy: Library, library: str, takers: set[str]) -> Library:
    if copy.name != library or copy.loaded_by is None:
        return copy
    return replace(copy, loaded_by=tuple(one for one in copy.loaded_by if one not in takers))


def _with_sonames(
    machine: Machine, lost: "dict[str, tuple[str, ...]]", coming: frozenset[str], matrix: "Matrix"
) -> Machine:
    """Sonames that are found now are no longer missing; those that went with a package, and are nowhere else, are: for
    the machine, and for whatever is built with a requirement of that package."""
    there = {
        soname
        for name, version in (machine.packages or {}).items()
        if version
        for soname in sonames_of(matrix, name, version)
    }
    present = {normal(name) for name, version in (machine.packages or {}).items() if version}
    elsewhere = {one.name for one in machine.libraries or () if one.origin != "pip"}
    left = {
        name: [one for one in sonames if one not in there and _library(matrix, one) not in elsewhere]
        for name, sonames in lost.items()
    }
    gone = {one for sonames in left.values() for one in sonames}
    builds = {
        name: replace(build, missing=_still(build.missing, there)) if build.missing else build
        for name, build in machine.builds.items()
    }
    for package, sonames in left.items():
        # A build that comes in the same change asks for what its own release needs: there, where its package is.
        own = coming if package in present else frozenset[str]()
        for name in users(machine, matrix, package) if sonames else ():
            if name in own:
                continue
            build = builds.get(name, Build())
            builds[name] = replace(build, missing=tuple(sorted({*(build.missing or ()), *sonames})))
    missing = (
        None
        if machine.missing_libraries is None and not gone
        else tuple(sorted({*_still(machine.missing_libraries or (), there), *gone}))
    )
    return replace(machine, builds=builds, missing_libraries=missing)


def _still(sonames: Iterable[str], there: set[str]) -> tuple[str, ...]:
    return tuple(one for one in sonames if one not in there)


def _library(matrix: "Matrix", soname: str) -> str:
    row = matrix.libraries.of_soname(soname)
    return "" if row is None else {"nvinfer": "tensorrt"}.get(row["library"], row["library"].lower())
