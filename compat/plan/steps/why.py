"""Why a step is made: what made it necessary, which newer release was passed over, what holds for the new one."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import parse
from compat.matrix.packages import has_cuda
from compat.plan.asking.request import COMPANION
from compat.plan.model import Choice, Reason, Request, Step
from compat.plan.offers.source import SOURCE, by_publisher
from compat.plan.solver.companions import PYTHON
from compat.plan.solver.judge import claim, faults, is_of_platform, reason
from compat.plan.solver.order import installed
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.opsets import chain
from compat.records import replace

if TYPE_CHECKING:
    from compat.goals import Goal
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.plan.solver.problem import Problem

_MOST = 3  # reasons of one kind in a step
_BUILDS = 4  # builds of a newer release that are asked
# Rules that are worth a word where they hold for what was chosen.
_OF_GPUS = ("gpu-not-in-build", "gpu-unsupported-by-tensorrt")  # said of each GPU that there is
_TOLD = ("gpu-not-in-build", "driver-too-old", "gpu-unsupported-by-tensorrt", "cudnn-mismatch")


# Kind of a step -> the rules that it is the remedy of.
MOVED = {
    "driver": ("driver-too-old", "driver-dropped-gpu", "ptx-newer-than-driver", "driver-missing"),
    "python": ("python-unsupported",),
}


def of_move(problem: "Problem", found: Found, kind: str) -> tuple[Reason, ...]:
    """What would be wrong with the very builds that were chosen on the driver, or with the Python, that is there."""
    wrong = (one for case, goal in _as_it_was(problem, found, kind) for one in check(case, goal, problem.matrix).errors)
    return tuple(dict.fromkeys(reason(one) for one in wrong if one.rule in MOVED[kind]))[:_MOST]


def of_python(step: Step, before: Mapping[str, list[Reason]]) -> tuple[Reason, ...]:
    """What the present Python itself demands of shared packages, where that is among what stood in the way."""
    here = versions.major_minor(step.before) if step.kind == "python" and step.before else None
    said = (one for known in before.values() for one in known if one.rule == "package-versions-mismatch")
    return tuple(one for one in said if here and f"{PYTHON}{here} requires" in one.message)[:1]


def _as_it_was(problem: "Problem", found: Found, kind: str) -> "Iterator[tuple[Machine, Goal]]":
    machine, result = problem.machine, found.result
    if kind == "driver":
        there = replace(result, driver=machine.driver, libcuda=machine.libcuda)
        yield from ((there, goal) for goal in problem.goals)
    for choice in found.choices if kind == "python" else ():
        there = replace(machine, packages={}, builds={}, request={choice.distribution: f"=={choice.public}"})
        yield there, parse(f"install:{choice.component}")


def reasons(problem: "Problem", found: Found, search: Search | None) -> dict[str, tuple[Reason, ...]]:
    """Component -> why its build changes, in the order of a reader's need."""
    holds = _holds(found, problem)
    opsets = chain(found, problem.goals, problem.matrix)
    made = {choice.component: choice for choice in found.choices if not choice.installed}
    return {
        component: (
            *tuple(_needed(problem, found, choice, search))[:_MOST],
            *_in_its_place(choice, _request(problem, component), problem.matrix),
            *(_passed_over(choice, _request(problem, component), search) if search is not None else ()),
            *holds.get(component, ()),
            *opsets.get(component, ()),
        )
        for component, choice in made.items()
    }


def _request(problem: "Problem", component: str) -> Request:
    return next((one for one in problem.requests if one.component == component), Request(component, "*", "", COMPANION))


def asked(request: Request) -> Reason:
    """The request itself as a reason."""
    what = request.component if request.text == "*" else f"{request.component} {request.text}"
    if request.where == "--goal":
        return Reason("request", f"{request.said} needs {request.component}.", "--goal")
    build = f" of {request.build}" if request.build else ""
    return Reason("request", f"{what}{build} is asked for.", _source(request))


def _source(request: Request) -> str:
    option = f"--{request.component} {request.said or request.text}"
    return option if request.where == "request" else request.where


def _needed(problem: "Problem", found: Found, choice: Choice, search: Search | None) -> Iterator[Reason]:
    machine, matrix = problem.machine, problem.matrix
    request = _request(problem, choice.component)
    here = installed(choice.component, "*", machine, matrix)
    if request.where == COMPANION and here is not None:
        said = f"{here.label} was built for the release that is installed, and moves with it."
        yield Reason("package-versions-mismatch", said, "builds of one index and variant go together")
    elif request.where == COMPANION:
        yield _drawn(choice, found)
    elif versions.parse_range(request.text).admits(choice.public) is False:
        said = (
            f"{request.component} {request.text} is asked for and has no plan here; {choice.label} is near and has one."
        )
        yield Reason("request", said, _source(request))
    elif here is None or found.scene.folder:
        yield asked(request)
    elif installed(choice.component, request.text, machine, matrix) is None:
        said = f"{here.label} is installed, and {request.component} {request.text} is asked for."
        yield Reason("request", said, _source(request))
    else:
        yield from _faulty(here, choice, problem, search)


def _in_its_place(choice: Choice, request: Request, matrix: "Matrix") -> Iterator[Reason]:
    """That what a file names has no GPU code under that name, and another distribution of it was taken."""
    rows = matrix.packages.builds(request.name).get(choice.public, []) if request.name else []
    if request.name == choice.distribution or has_cuda(rows) is not False:
        return
    said = (
        f"{request.name} {choice.public} is for the CPU alone; {choice.distribution} is the same with GPU code, and "
        f"takes its place (--goal import:{choice.component} keeps what is named)."
    )
    yield Reason("cpu-only-build", said, str(matrix.source(rows[0])))


def _drawn(choice: Choice, found: Found) -> Reason:
    """Who needs a package that nobody asked for."""
    names = {choice.distribution, choice.component}
    for other in found.choices:
        for pin in other.pins:
            if pin.name in names:
                wanted = "" if pin.range == "*" else f" {pin.range}"
                return Reason("package-versions-mismatch", f"{other.label} needs {pin.name}{wanted}.", pin.source)
    others = ", ".join(other.label for other in found.choices if other is not choice and not other.installed)
    return Reason("package-versions-mismatch", f"{choice.label} goes with {others}.", COMPANION)


def _faulty(here: Choice, choice: Choice, problem: "Problem", search: Search | None) -> Iterator[Reason]:
    """What is wrong with the installed release, which the request would admit: alone, for the goal, with the others."""
    own = search.why_not(here) if search is not None else ()
    if not own:
        goals = [goal for goal in problem.goals if choice.component in goal.subjects]
        own = tuple(one for one in faults(problem.machine, goals, problem.matrix) if not is_of_platform(one))
    if not own and search is not None:
        own = tuple(one for known in search.rejected.values() for one in known if here.label in one.message)
    if own:
        yield from own
    elif problem.prefer != "installed":
        yield Reason("request", f"{choice.label} is preferred to {here.label}.", f"--prefer {problem.prefer}")
    else:
        said = f"{here.label} does not go together with the rest of what is asked for."
        yield Reason("package-versions-mismatch", said, f"matrix, {problem.matrix.date}")


def _passed_over(choice: Choice, request: Request, search: Search) -> Iterator[Reason]:
    """What is wrong with the builds of the newest release that was asked for: nobody has to wonder why it is not it."""
    if request.where == COMPANION:
        return  # its release is that of what it goes with
    offered = [one for one in search.offered(choice.component, request.text) if not one.installed]
    newest = max((one.public for one in offered), key=lambda text: versions.parse(text).key(), default=choice.public)
    if not versions.parse(newest).key() > versions.parse(choice.public).key():
        return
    found: dict[str, Reason] = {}
    for one in [one for one in offered if one.public == newest][:_BUILDS]:
        against = search.why_not(one)
        if not against:  # it fits alone, and not with the others
            together = [reason for known in search.rejected.values() for reason in known if one.label in reason.message]
            found = {reason.rule: reason for reason in together[:1]}
            break
        found.setdefault(against[0].rule, against[0])
    yield from (replace(reason, role="passed over") for reason in found.values())


def _holds(found: Found, problem: "Problem") -> dict[str, tuple[Reason, ...]]:
    """Component -> the mechanisms that hold for the build that was chosen, each once, of several GPUs for each."""
    said: dict[str, dict[tuple[str, str], Reason]] = {}
    told = [one for one in found.choices if one.index == SOURCE]
    matrix = problem.matrix
    for goal in problem.goals:
        for held in sorted(problem.memory.checked(found.result, goal, matrix).holds, key=lambda one: _rank(one.rule)):
            if held.rule in _TOLD and claim(held.evidence):
                component = goal.subjects[0] if goal.subjects else held.component
                one = Reason(held.rule, held.because + ".", claim(held.evidence), role="holds")
                one = by_publisher(one, told, matrix)
                gpu = held.evidence[0].fact.partition(" = ")[2] if held.rule in _OF_GPUS else ""
                said.setdefault(component, {}).setdefault((held.rule, gpu), one)
    return {
        component: tuple(one for one in own.values() if _tells(one, component, said)) for component, own in said.items()
    }


def _tells(one: Reason, component: str, said: dict[str, dict[tuple[str, str], Reason]]) -> bool:
    """Is it this component's step that says it? What is said of several is said where its name stands, else first."""
    tellers = [name for name, own in said.items() if one in own.values()]
    named = [name for name in tellers if f" {name} " in f" {one.message} "]
    return component == (named or tellers)[0]


def _rank(rule: str) -> int:
    return _TOLD.index(rule) if rule in _TOLD else len(_TOLD)


def of_environment(problem: "Problem", tried: list[Search]) -> tuple[Reason, ...]:
    """What a new environment escapes from: why there is no plan in the present one, without the requests."""
    from compat.plan.solver.conflict import conflict

    old = next((one for one in tried if not one.scene.folder), None)
    if old is None or old.cut or not problem.machine.packages:
        return ()
    return tuple(replace(one, role="needed") for one in conflict([old], problem.requests) if one.rule != "request")
