"""Whose build a package is: the public index's, where nothing tells that conda or another index is where it is from."""

from typing import TYPE_CHECKING

from compat.matrix.packages import CONDA
from compat.rules.base import Evidence
from compat.rules.candidates import JETSON, matching

if TYPE_CHECKING:
    from compat.rules.case import Case
    from compat.rules.subject import Subject


def no_condas(case: "Case", subject: "Subject") -> tuple[Evidence, ...]:
    """That it is none of conda's, where conda has builds of its release under the same name and nothing tells whose it
    is: they are compiled for other systems, CUDA releases and Pythons than pip's.
    """
    if subject.conda or subject.state != "installed" or subject.facts.source is not None:
        return ()
    if "+" in (subject.version or "") or not any(
        matching(case.matrix, f"{CONDA}{subject.distribution}", subject.version)
    ):
        return ()
    return (case.assume(f"builds.{subject.distribution}.source", "the public index's build, none of conda's"),)


def public_index(case: "Case", subject: "Subject") -> tuple[Evidence, ...]:
    """That the public index is asked for what is requested, where another one has builds of it too and nothing says
    which is meant."""
    if subject.state != "requested" or subject.facts.source is not None or "+" in (subject.version or ""):
        return ()
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    rows = matching(case.matrix, subject.distribution, subject.version, wanted)
    if all(row["index"] in ("pypi", *JETSON) for row in rows):
        return ()
    return (case.assume(f"builds.{subject.distribution}.source", "the public index is asked"),)
