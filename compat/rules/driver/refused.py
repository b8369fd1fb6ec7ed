"""Releases that do not start on a driver branch which their CUDA, by its minor-version compatibility, would take."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Finding, Remedy

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.subject import Subject


def refused_branches(case: "Case") -> Iterator[Finding]:
    """Each package of the goal whose release is reported to fail on the branch of this driver.

    Only of the publisher's own build: conda's is compiled with a CUDA of its own. A cuda-compat that loads puts a newer
    driver's library in the place of this one's.
    """
    driver = case.machine.driver.version
    if driver is None or case.is_jetson or case.machine.libcuda.compat:
        return
    branch = str(versions.parse(driver).major)
    for subject in case.subjects:
        claim = case.matrix.traits.claim(subject.component, "fails-on-driver-branch", subject.version, branch)
        if claim is not None and subject.facts.source in (None, "pypi") and not subject.conda:
            yield _finding(case, subject, claim, driver)


def _finding(case: "Case", subject: "Subject", claim: "Row", driver: str) -> Finding:
    return Finding(
        "driver-too-old",
        "driver",
        f"{subject.label} does not start on a driver of branch {claim['of']}, though its CUDA would; "
        f"this machine has {driver}.",
        (
            case.read("driver.version", driver),
            case.read(subject.path, subject.version),
            case.cite(f"{subject.component} {claim['range']} fails on driver branch {claim['of']}", claim),
            case.assume(f"builds.{subject.distribution}.source", "it is the publisher's own build"),
            *case.own_libcuda,
        ),
        (
            Remedy(f"install a driver of branch {claim['value']} or newer", "driver"),
            Remedy(f"or another release of {subject.distribution} than {claim['range']}"),
        ),
    )
