"""Packages of one library for several CUDA majors, which write the same files."""

from collections.abc import Iterator

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import Finding, Outcome, Remedy
from compat.rules.case import Case
from compat.rules.libraries.owners import belongs, owned


def same_paths(case: Case) -> Iterator[Outcome]:
    """One library's packages for several CUDA majors: they write the same files, and the last one installed is there.

    Nobody knows which that is until somebody has looked (``damaged``). What opens libraries of its own CUDA major
    (cuDNN) serves no other; of the rest an older release in the place of the one that the framework brought lacks what
    it calls, and a newer one has it all.
    """
    named = {normal(name): name for name, version in (case.machine.packages or {}).items() if version is not False}
    for writers in case.matrix.libraries.shared({plain: case.version_of(plain) for plain in sorted(named)}):
        names = [named[plain] for plain in writers]
        if not _belongs_any(case, names) or any(
            case.version_of(plain) is None and row["range"] != "*" for plain, row in writers.items()
        ):
            continue  # of an unknown release it is not told that it writes this file
        meant = [name for name in names if _is_meant(case, name)]
        release = case.version_of(meant[0]) if len(meant) == 1 else None
        others = [case.version_of(name) for name in names if name not in meant]
        older = [one for one in others if release and one and versions.at_least(one, release) is False]
        row = next(iter(writers.values()))
        why = f", and {older[0]} is older than the {release} that is meant" if older else ""
        if row.get("of_major"):
            why = ", and serves its own CUDA major alone"
        unseen = (older or row.get("of_major")) and case.machine.damaged is None
        taken = (case.assume("damaged", "nobody looked which of them is there"),) if unseen else ()
        yield Finding(
            "mixed-cuda-majors",
            names[0],
            f"{' and '.join(names)} write the same files ({row['file']}); the one installed last is there{why}.",
            (
                *(case.read(f"packages.{name}", (case.machine.packages or {})[name]) for name in names),
                *dict.fromkeys(fact for name in names for fact in owned(case, name)),
                *(case.cite(f"{plain} {one['range']} writes {one['file']}", one) for plain, one in writers.items()),
                *taken,
            ),
            (Remedy("uninstall them all, then install the one that the framework pins"),),
            severity="error" if unseen else "warning",
        )


def _is_meant(case: Case, package: str) -> bool:
    """Is it the package that the goal's own one pins, or of the CUDA major that that one is built for?"""
    if case.main is None:
        return False
    if any(normal(package) == name for row in case.main.candidates for name, _, _ in case.matrix.packages.pins(row)):
        return True
    cuda = case.main.field("cuda").known
    return bool(cuda) and package.endswith(f"-cu{versions.parse(cuda).major}")


def _belongs_any(case: Case, names: list[str]) -> bool:
    return any(belongs(case, name) for name in names)
