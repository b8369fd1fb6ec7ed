"""The oldest CUDA that any build of a package can be of, where its release is not told: no driver may be older."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence
from compat.rules.packages.by_python import for_python
from compat.rules.runtimes import Runtime

if TYPE_CHECKING:
    from compat.rules.case import Case


def oldest_runtimes(case: "Case") -> Iterator[tuple[Runtime, tuple[Evidence, ...]]]:
    """Of each package of the goal whose release is open: the runtime of the oldest CUDA, and what tells so.

    None of a package some of whose builds have no CUDA, or one that is not known: those ask for no driver. None on a
    Jetson, whose JetPack has builds of its own that no index lists in full.
    """
    for one in () if case.is_jetson else case.subjects:
        if one.version is not None or one.state not in ("installed", "requested"):
            continue
        subject, told = for_python(case, one)
        if not subject.candidates or not all(isinstance(row.get("cuda"), str) for row in subject.candidates):
            continue
        oldest = min(subject.candidates, key=lambda row: versions.parse(row["cuda"]).key())
        said = f"{subject.distribution} {oldest['version']} is of CUDA {oldest['cuda']}, the oldest of its builds"
        runtime = Runtime(
            oldest["cuda"], f"even the oldest build of {subject.distribution}", subject.path, subject.component
        )
        yield runtime, (*told, case.cite(said, oldest, "cuda"))
