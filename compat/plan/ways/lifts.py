"""What would make an impossible request possible: a second environment, another Python, a newer driver, or several."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from compat import versions
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.asking.request import COMPANION, goal_of, with_goal
from compat.plan.commands import ENVIRONMENT
from compat.plan.model import Lift, Pin, Request, Step
from compat.plan.solver.answers import answers, based, search_in
from compat.plan.solver.companions import companion_pins, python_pins
from compat.plan.solver.conflict import Elements
from compat.plan.solver.effort import Spent
from compat.plan.solver.elements import of_request
from compat.plan.solver.memory import Memory
from compat.plan.solver.problem import Problem
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.planned import planned
from compat.plan.ways import moves
from compat.plan.ways.floor import least_driver
from compat.plan.ways.forge import environments
from compat.plan.ways.forward import MOVE
from compat.plan.ways.nearest import nearest
from compat.plan.ways.nearest import needs as needs_of
from compat.records import dataclass, replace

# Least change first; of these the ones that are allowed already are left out.
ORDER = (
    ("environment",),
    ("python",),
    ("container",),
    ("cuda-compat",),
    ("driver",),
    ("environment", "python"),
    ("environment", "cuda-compat"),
    ("environment", "driver"),
    ("container", "driver"),
    ("python", "cuda-compat"),
    ("python", "driver"),
    ("environment", "python", "driver"),
)


def lifts(problem: Problem, allowed: frozenset[str], tried: list[Search], elements: Elements) -> Iterator[Lift]:
    """The moves that lift the impossibility, the smallest first, none that contains another; at last the nearest
    releases with which nothing has to move.

    ``tried``: the searches that found nothing; ``elements``: what stands in the way. It is looked for as long as that
    takes no more than it may (solver/effort.py): three quarters for the moves, half of the rest for fewer demands.
    """
    effort = problem.memory.effort
    for share, advice in (
        (75, _moved(problem, allowed, elements)),
        (50, _unlimited(problem, allowed)),
        (100, _nearest(problem, allowed, tried, elements)),
        (100, _without_gpu(problem, allowed, tried)),
    ):
        effort.allow(share)
        try:
            yield from advice
        except Spent:  # the next ones have a share of their own
            continue


def _moved(problem: Problem, allowed: frozenset[str], elements: Elements) -> Iterator[Lift]:
    """The moves that lift it, the smallest first, none that contains another."""
    found: list[frozenset[str]] = []
    ever = elements.movable and all(_ever(problem, request) for request in problem.requests)
    ever = ever or any(_forged(problem, request) for request in problem.requests)
    for more in ORDER if ever else [one for one in ORDER if "container" in one]:
        wanted = frozenset(more)
        if wanted <= allowed or any(one <= wanted for one in found):
            continue
        lift = _split(problem, allowed, more) if "environment" in more else _together(problem, allowed, more)
        if lift is not None:
            found.append(wanted)
            yield lift


def _without_gpu(problem: Problem, allowed: frozenset[str], tried: list[Search]) -> Iterator[Lift]:
    """The same builds without the GPU, where the machine has none."""
    if not any(one.rule == "gpu-missing" for search in tried[:1] for one in search.platform_faults):
        return
    named = [request.component for request in problem.requests if request.where != COMPANION]
    if any(problem.matrix.packages.about(one).get("accelerator", "none") not in ("none", "optional") for one in named):
        return  # it computes on a GPU or not at all
    goals = tuple(parse(f"import:{component}") for component in named)
    bare = replace(problem, goals=goals, memory=Memory(effort=problem.memory.effort))
    searches: list[Search] = []
    found = next(answers(bare, allowed, searches), None)
    if found is not None:
        needs = f"the processor instead of a GPU (--goal import:{named[0]})"
        yield Lift(("goal",), needs, planned(bare, found, searches).steps)


def _unlimited(problem: Problem, allowed: frozenset[str]) -> Iterator[Lift]:
    """The plan without what the files demand of packages that builds share: of these demands as few as do; with another
    Python where it has to be."""
    left = tuple(pin for pin in problem.limits if pin.range != "*")
    ways: tuple[tuple[str, ...], ...] = ((), ("python",)) if left else ()
    more = next((one for one in ways if _unlimited_by(problem, left, allowed | frozenset(one)) is not None), None)
    if more is None:
        return
    moving = allowed | frozenset(more)
    for pin in left:
        fewer = tuple(one for one in left if one != pin)
        if fewer and _unlimited_by(problem, fewer, moving) is not None:
            left = fewer
    found = _unlimited_by(problem, left, moving)
    if found is not None:
        moved = (one.text for one in _needs(problem, found[0], more))
        needs = (*moved, *(_instead_of(pin, found[0], problem) for pin in left))
        yield Lift(("versions",), " and ".join(needs), planned(problem.widened(left), *found).steps)


def _unlimited_by(
    problem: Problem, limits: tuple[Pin, ...], allowed: frozenset[str]
) -> tuple[Found, list[Search]] | None:
    tried: list[Search] = []
    found = next(answers(problem.widened(limits), allowed, tried), None)
    return None if found is None else (found, tried)


def _instead_of(limit: Pin, found: Found, problem: Problem) -> str:
    """Another release of what a file bounds, as the builds that were found have it."""
    drawn = companion_pins(found.choices, found.scene.machine, problem.matrix, problem.limits)
    pins = (*drawn, *(pin for choice in found.choices for pin in choice.pins))
    others = [pin.range for pin in pins if pin.name == limit.name and pin.range != "*"]
    others = others or [pin.range for pin in python_pins((limit,), found.scene.machine, problem.matrix)]
    wanted = found.shared.get(limit.name) or ",".join(dict.fromkeys(others)) or "another release"
    return f"{limit.name} {wanted} in place of {limit.range} ({limit.by})"


def _nearest(problem: Problem, allowed: frozenset[str], tried: list[Search], elements: Elements) -> Iterator[Lift]:
    """The nearest releases that go together where everything else stays, but as few of a file's demands of shared
    packages as hinder all of them."""
    left = tuple(pin for pin in problem.limits if pin.range != "*")
    asked_for = (one.component for one in problem.requests)
    blamed = None if elements.open else {one for one in asked_for if of_request(one) in elements.names}
    found = _near(tried, blamed)
    if found is not None or not left:
        left = ()
    else:
        found = _near_without(problem, left, allowed)
        for pin in left if found is not None else ():
            fewer = tuple(one for one in left if one != pin)
            other = _near_without(problem, fewer, allowed) if fewer else None
            left, found = (left, found) if other is None else (fewer, other)
    if found is not None:
        near, search = found
        needs = (needs_of(near, problem.requests), *(_instead_of(pin, near, problem) for pin in left))
        asked = replace(problem.widened(left) if left else problem, requests=search.requests)
        yield Lift(("versions",), " and ".join(filter(None, needs)), planned(asked, near, [search]).steps)
    elif not left and any(one.text != "*" or one.build for one in problem.requests):
        elsewhere = list(_near_elsewhere(problem))
        yield from elsewhere or _near_forged(problem)


def _near(tried: list[Search], blamed: set[str] | None = None) -> tuple[Found, Search] | None:
    for search in tried[:2]:
        found = nearest(search, blamed)
        if found is not None:
            return found, search
    return None


def _near_elsewhere(problem: Problem) -> Iterator[Lift]:
    """The nearest releases with another Python: the nearest of those that all of them have builds for."""
    base = based(problem, frozenset())

    def searched(scene: Scene) -> Search:
        asked = (problem.requests, problem.goals, (), problem.matrix, problem.prefer)
        return Search(scene, *asked, memory=problem.memory)

    found = nearest(searched(Scene(replace(emptied(base.machine), python=None), base.steps, base.moves, base.folder)))
    named = [set(one.row["python"]) for one in found.choices if one.row.get("python")] if found is not None else []
    lines = set.intersection(*named) if named else set()
    asked = tuple(replace(one, text="*", build="") for one in problem.requests)
    for scene in moves.pythons(base, asked, problem.matrix, problem.needs_gpu) if lines else ():
        if scene.machine.python in lines:
            there = searched(scene)
            near = nearest(there)
            others = needs_of(near, problem.requests) if near is not None else ""
            if near is not None and others:  # without other releases it is the move to that Python
                needs = f"Python {scene.machine.python} and {others}"
                yield Lift(("python", "versions"), needs, planned(problem, near, [there]).steps)
            return


def _near_forged(problem: Problem) -> Iterator[Lift]:
    """The newest builds of conda-forge that do, where it has some of each and pip's indexes none."""
    base = based(problem, frozenset())
    asked = tuple(replace(one, text="*", build="") for one in problem.requests)
    scene = next(iter(environments(base, asked, problem.goals, problem.matrix, problem.conda, True)), None)
    if scene is not None:
        found = Found(scene, (), {}, scene.machine)
        named = [one for one in problem.requests if one.text != "*" or one.build]
        wanted = " and ".join(f"{one.component} {one.text}{f' of {one.build}' if one.build else ''}" for one in named)
        needs = f"{scene.steps[-1].component} {scene.steps[-1].after} in place of {wanted}"
        yield Lift(("versions",), needs, planned(replace(problem, requests=asked), found, []).steps)


def _near_without(problem: Problem, limits: tuple[Pin, ...], allowed: frozenset[str]) -> tuple[Found, Search] | None:
    searches: list[Search] = []
    next(answers(problem.widened(limits), allowed, searches), None)
    return _near(searches)


def _ever(problem: Problem, request: Request) -> bool:
    """Is there any build for the request alone, with whichever Python and the newest driver that serves the GPUs?"""
    goals = (parse(goal_of(request.component, problem.matrix)),)
    alone = replace(problem, requests=(request,), goals=goals)
    return any(search_in(alone, Scene(one), ()).is_possible() for one in _at_most(problem))


def _forged(problem: Problem, request: Request) -> bool:
    """The same of conda-forge's builds."""
    goals = (parse(goal_of(request.component, problem.matrix)),)
    for one in _at_most(problem):
        search = search_in(replace(problem, requests=(request,), goals=goals), Scene(one), ())
        made = () if search.platform_faults else environments(Scene(one), (request,), goals, problem.matrix)
        if next(iter(made), None) is not None:
            return True
    return False


def _at_most(problem: Problem) -> Iterable[Machine]:
    asked = (problem.goals, problem.folder)
    return problem.memory.listed(("at most", *asked), (problem.machine,), lambda: _all_moved(problem))


def _all_moved(problem: Problem) -> Iterator[Machine]:
    """The machine with all that may move moved: no package, whichever Python, the present driver and the newest."""
    base = based(problem, frozenset(("container",)))
    machine = replace(emptied(base.machine), python=None)
    yield machine
    newest = moves.newest_driver(machine, problem.matrix)
    if newest:
        yield moves.with_driver(machine, newest, problem.matrix)


def _together(problem: Problem, allowed: frozenset[str], more: tuple[str, ...]) -> Lift | None:
    tried: list[Search] = []
    found = next(answers(problem, allowed | frozenset(more), tried), None)
    if found is None:
        return None
    needs = " and ".join(one.text for one in _needs(problem, found, more))
    return Lift(more, needs, planned(problem, found, tried).steps)


def _split(problem: Problem, allowed: frozenset[str], more: tuple[str, ...]) -> Lift | None:
    """The requests in two environments (in one each, where two do not do), each block planned for itself."""
    units = _units(problem)
    if len(units) < 2 or problem.folder:
        return None
    moving = allowed | (frozenset(more) - {"environment"})
    if any(_blocks(problem, (unit,), moving) is None for unit in units):
        return None  # it has no environment of its own either
    for blocks in _partitions(units):
        solved = _blocks(problem, blocks, moving)
        if solved is None:
            continue
        names = "; ".join(" and ".join(request.component for request in block) for block in blocks)
        needs = [f"{len(blocks)} environments ({names})"]
        moved = dict.fromkeys(one for found, _ in solved for one in _needs(problem, found, more))
        # All environments are on one driver: of several demands on it the greatest counts.
        floors = [one for one in moved if one.driver]
        greatest = max(floors, key=lambda one: versions.parse(one.driver).key(), default=None)
        needs += [one.text for one in moved if not one.driver or one is greatest]
        steps = [step for _, found_steps in solved for step in found_steps]
        # What concerns the whole machine goes first.
        return Lift(
            more, " and ".join(needs), tuple(sorted(steps, key=lambda step: step.kind not in ("driver", "system")))
        )
    return None


Block = tuple[Request, ...]


def _units(problem: Problem) -> list[Block]:
    """Requests that have to stay together: what one goal runs in one process (a conversion hands over a file), and
    what is built for another that is asked for. What only comes along with a request is chosen with it anew."""
    named = [request for request in problem.requests if request.where != COMPANION]
    tied = [set(goal.subjects) for goal in problem.goals if goal.verb != "convert"]
    tied += [{one.component for one in with_goal((request,), None, problem.matrix)} for request in named]
    groups: list[Block] = []
    for request in named:
        its = {component for tie in tied if request.component in tie for component in tie}
        mine = [one for one in groups if not its.isdisjoint(other.component for other in one)]
        joined = (*(other for one in mine for other in one), request)
        groups = [one for one in groups if one not in mine] + [joined]
    return [tuple(one for one in named if one in group) for group in groups]


def _partitions(units: list[Block]) -> Iterator[tuple[Block, ...]]:
    """Two blocks, the larger first; at last one block for each unit."""
    count = len(units)
    for size in range(count - 1, (count - 1) // 2, -1):
        for block in combinations(units, size):
            rest = tuple(unit for unit in units if unit not in block)
            if size > len(rest) or units[0] in block:
                yield sum(block, ()), sum(rest, ())
    if count > 2:
        yield tuple(units)


def _blocks(
    problem: Problem, blocks: tuple[Block, ...], moving: frozenset[str]
) -> list[tuple[Found, tuple[Step, ...]]] | None:
    solved: list[tuple[Found, tuple[Step, ...]]] = []
    machine, done = problem.machine, set()
    for number, block in enumerate(blocks):
        folder = f"{ENVIRONMENT}-{block[0].component}" if number else ""
        requests = with_goal(block, None, problem.matrix)
        one = replace(problem, machine=machine, requests=requests, goals=_goals_of(problem, requests), folder=folder)
        tried: list[Search] = []
        found = next(answers(one, moving, tried), None)
        if found is None:
            return None
        steps = planned(one, found, tried).steps
        solved.append((found, tuple(step for step in steps if not (step.kind == "driver" and "driver" in done))))
        if any(step.kind == "driver" for step in steps) and found.result.driver.version:
            # One driver serves all environments: the next block starts from it.
            done.add("driver")
            machine = moves.with_driver(machine, found.result.driver.version, problem.matrix)
    return solved


def _goals_of(problem: Problem, requests: tuple[Request, ...]) -> tuple[Goal, ...]:
    """The problem's goals that these requests reach, and for the rest what asking for them means."""
    there = {request.component for request in requests}
    found = [goal for goal in problem.goals if goal.subjects and there.issuperset(goal.subjects)]
    covered = {component for goal in found for component in goal.subjects}
    return (*found, *(parse(goal_of(one, problem.matrix)) for one in sorted(there - covered)))


@dataclass(frozen=True)
class _Need:
    """What has to move, in words; ``driver`` is the least one that it asks for, where it is that."""

    text: str
    driver: str = ""


def _needs(problem: Problem, found: Found, more: tuple[str, ...]) -> Iterator[_Need]:
    if "python" in more and found.result.python and found.result.python != problem.machine.python:
        yield _Need(f"Python {found.result.python}")
    if "container" in more:
        image = found.result.container.image if found.result.environment != problem.machine.environment else None
        yield _Need(f"a container of {image}" if image else "the container started anew with its GPUs")
    if MOVE in more and found.result.libcuda.compat:
        offered = next(step.after for step in found.scene.steps if step.component == MOVE)
        yield _Need(f"{offered} (the driver stays, on data center GPUs)")
    flavour = found.result.driver.kernel_module
    if "driver" in more and found.result.driver.version == problem.machine.driver.version and flavour:
        yield _Need(f"the {flavour} kernel module")
    if "driver" in more and found.result.driver.version != problem.machine.driver.version:
        have, wanted = problem.machine.driver.version, str(found.result.driver.version)
        downward = have is not None and versions.at_least(have, wanted) is True
        least = least_driver(problem, found)
        if have is None and least == moves.driver_floors(problem.machine, problem.matrix)[0]:
            yield _Need(f"the NVIDIA driver (such as {wanted})")
        else:
            yield _Need(f"driver {wanted}") if downward else _Need(f"driver >= {least}", least)
