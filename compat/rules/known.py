"""How far the matrix knows: what is newer than its newest row is judged by older data, and that is said."""

from collections.abc import Iterator

from compat import versions
from compat.rules.base import OF_DRIVER, OF_RUNTIME, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.subject import Subject

RULE = "newer-than-known"
_UPDATE = Remedy("bring the data up to date: compatcheck matrix update", "setting")


@rule(RULE, reads=(*OF_DRIVER, *OF_SYSTEM, *OF_RUNTIME), says="nothing")
def newer_than_known(case: Case) -> Iterator[Outcome]:
    """A driver, CUDA or package is newer than the newest that the matrix knows.

    What is said of it rests on older data: that a newer driver keeps serving what its branch before served, and that a
    newer release needs no less. A release that drops a GPU or raises a minimum after the date of the matrix is not
    seen. This is a note and never an error.

    Remedy: `compatcheck matrix update`, or a compatcheck of a later date.
    """
    release = case.kernel_driver
    if case.goal.needs_gpu and release is not None:
        known = case.matrix.drivers
        facts = case.driver_evidence
        newer = case.agree(lambda system: known.is_newer_than_known(release, system))
        yield _told(case, newer, "driver", f"Driver {release}", f"driver branch {known.newest}", facts)
    newest = case.matrix.cuda.newest
    for runtime in case.runtimes if case.goal.runs_on_gpu else ():
        newer = versions.parse(runtime.cuda) > versions.parse(newest) and not versions.same_line(
            runtime.cuda, newest, 2
        )
        yield _told(case, newer, "cuda", f"CUDA {runtime.cuda}", f"CUDA {newest}", case.started(runtime))
    for subject in case.subjects:
        yield from _package(case, subject)


def _package(case: Case, subject: Subject) -> Iterator[Outcome]:
    listed = case.matrix.packages.builds(subject.distribution)
    if subject.version is None or not listed:
        return
    version = versions.parse(subject.version)
    newest = case.matrix.packages.versions(subject.distribution)[-1]
    latest = versions.parse(newest)
    newer = version.public not in listed and (
        version > latest and not version.covers(latest) and not version.same_as(latest)
    )
    fact = case.read(subject.path, subject.version)
    yield _told(case, newer, subject.component, subject.label, f"{subject.distribution} {newest}", (fact,))


def _told(
    case: Case, newer: bool | None, component: str, what: str, newest: str, facts: tuple[Evidence, ...]
) -> Outcome:
    if newer is None:
        return Untold(RULE, component, ("os",))
    if newer:
        return _note(case, component, what, newest, facts)
    return Holds(RULE, component, f"{what} is not newer than the matrix knows ({newest})", facts)


def _note(case: Case, component: str, what: str, newest: str, facts: tuple[Evidence, ...]) -> Finding:
    date = case.matrix.date
    return Finding(
        RULE,
        component,
        f"{what} is newer than the matrix knows (data of {date}, up to {newest}): what is said rests on older data.",
        (*facts, Evidence(f"the newest that is known is {newest}", f"matrix, {date}")),
        (_UPDATE,),
        "note",
    )
