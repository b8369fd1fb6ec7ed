"""Every answer to a problem, the least change first: scenes in the order of preference, a search in each."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.asking.request import COMPANION, goal_of
from compat.plan.commands import interpreters
from compat.plan.commands.container import VENV
from compat.plan.model import Outcome, Plan, Reason, Request, Step
from compat.plan.offers import source
from compat.plan.solver.apply import exact
from compat.plan.solver.elements import can_move, of_system
from compat.plan.solver.order import installed
from compat.plan.solver.problem import Problem
from compat.plan.solver.scene import SEALED, UNMADE, Scene, emptied
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.make import package_steps
from compat.plan.steps.repairs import repaired, unshadowed
from compat.plan.steps.why import MOVED, of_environment, of_move, of_python, reasons
from compat.plan.ways import engine, forward, moves, outside, toolkit
from compat.plan.ways.forge import environments
from compat.plan.ways.images import images
from compat.records import replace
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix


_OTHER_WAY = "Nothing stands in the way of the present one; this is another way that is allowed."


def answers(problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Found]:
    """Every answer, the least change first: nothing at all where the goals are reached as it is."""
    for _, found in streams(problem, allow, tried):
        yield from found


def streams(
    problem: Problem, allow: frozenset[str], tried: list[Search]
) -> Iterator[tuple[tuple[str, ...], Iterator[Found]]]:
    """The moves of each scene with its answers, the least change first."""
    if not problem.folder and problem.prefer == "installed" and _reached(problem):
        yield (), iter((Found(Scene(problem.machine), (), {}, problem.machine),))
    kept = _kept_goals(problem)
    base = based(problem, allow)
    answered: list[Found] = []
    problem.memory.spent = 0
    if problem.conda:
        yield ("environment",), _noted(_forged(base, problem, answered), answered)
    for scene in _unmoved(base, problem):
        yield scene.moves, _noted(_searched(problem, scene, kept, tried), answered)
    # What no move changes excludes everything: then only images are left, which have builds and a system of their own.
    never = _never(problem, tried) if not answered else None
    if "python" in allow and never is None:
        for scene in _pythons(_clear(base, problem), problem, tried):
            yield scene.moves, _noted(_searched(problem, scene, kept, tried), answered)
    if not problem.conda:
        yield ("environment",), _noted(_forged(base, problem, answered), answered)
    if not answered and problem.needs_gpu:
        for given in outside.scenes(_clear(base, problem), tuple(tried), problem.requests, problem.matrix):
            for scene in _with_pythons(given, problem, allow, tried):
                yield scene.moves, _noted(_searched(problem, scene, kept, tried), answered)
    if "python" in allow:
        yield ("python",), _forged(base, problem, answered, python=True)
    if "container" in allow and not problem.folder:
        from compat.plan.ways.base_images import bases
        from compat.plan.ways.jetson_images import jetson_images

        for ready in (images, jetson_images):
            yield ("container",), (Found(one, (), {}, one.machine) for one in _images(ready, base.machine, problem))
        made = problem.memory.listed("bases", (base.machine,), lambda: bases(base.machine, problem.matrix))
        for scene in made if never is None or any(map(of_system, never)) else ():
            if problem.takes(scene.machine):
                yield scene.moves, _searched(problem, scene, (), tried)
    if forward.MOVE in allow and never is None:
        clear = _clear(base, problem)
        moved = problem.memory.listed("cuda-compat", (clear,), lambda: forward.scenes(clear, problem.matrix))
        for compat in moved:
            for scene in _with_pythons(compat, problem, allow, tried):
                yield scene.moves, _searched(problem, scene, kept, tried)
    if "driver" in allow:
        for scene in _driver_scenes(base, problem, allow, tried) if never is None else ():
            yield scene.moves, _searched(problem, scene, kept, tried)
        if "container" in allow and not problem.folder:
            for scene in _with_drivers(base, problem):
                yield ("container", "driver"), _imaged(scene, problem)
    remade = engine.rebuilt(base, problem.goals, problem.matrix) if not answered else None
    for scene in _environments(remade, problem) if remade is not None else ():
        yield scene.moves, _searched(problem, scene, kept, tried)


def _imaged(scene: Scene, problem: Problem) -> Iterator[Found]:
    """Images on a machine with another driver."""
    for inside in _images(images, scene.machine, problem):
        both = replace(inside, steps=(*scene.steps, *inside.steps), moves=(*scene.moves, *inside.moves))
        yield Found(both, (), {}, both.machine)


Inside = Callable[[Machine, tuple[Request, ...], tuple[Goal, ...], "Matrix"], Iterator[Scene]]


def _images(kind: Inside, machine: Machine, problem: Problem) -> Iterable[Scene]:
    """The images of a kind that reach the goals."""
    asked, goals = tuple(replace(one, among=None) for one in problem.requests), problem.goals
    if _never_mended(problem):
        return ()
    return problem.memory.listed((kind, asked, goals), (machine,), lambda: kind(machine, asked, goals, problem.matrix))


def _never_mended(problem: Problem) -> bool:
    """Is something wrong that neither packages nor an image mend: no GPU?"""
    found = search_in(problem, based(problem, frozenset()), ()).platform_faults
    return any(not can_move(one.rule) and not of_system(one.rule) for one in found)


def _noted(found: Iterator[Found], answered: list[Found]) -> Iterator[Found]:
    for one in found:
        answered.append(one)
        yield one


def _forged(base: Scene, problem: Problem, answered: list[Found], python: bool = False) -> Iterator[Found]:
    """conda-forge's builds, where they are preferred or pip's indexes have none, whatever the files demand of shared
    packages; with another ``python`` where there is no other answer."""
    if answered and (python or not problem.conda):
        return
    if not problem.conda:
        free = problem.widened(problem.limits)
        free.memory.spent = 0  # the problem without demands is remembered, what a search of it may spend is not
        if problem.limits and any(next(_searched(free, one, (), []), None) for one in _environments(base, problem)):
            return
    if search_in(problem, base, ()).platform_faults:
        return
    asked = (problem.requests, problem.goals)
    for scene in problem.memory.listed(
        ("forge", *asked, problem.conda, python),
        (base,),
        lambda: environments(base, *asked, problem.matrix, problem.conda, python),
    ):
        yield Found(scene, (), {}, scene.machine)


def _searched(problem: Problem, scene: Scene, kept: tuple[Goal, ...], tried: list[Search]) -> Iterator[Found]:
    """The answers of a scene; only where there is none, those with what is compiled there."""
    for each in _compiling(problem):
        search = search_in(each, scene, kept)
        tried.append(search)
        some = False
        for found in search.solutions() if search.certificate is None else ():
            some = True
            yield found
        if some:
            return


def _compiling(problem: Problem) -> tuple[Problem, ...]:
    """The problem, and where something in it can be compiled on the machine, the same with that."""
    asked = source.instead(problem.requests, problem.machine, problem.matrix)
    return (problem, replace(problem, requests=asked)) if asked else (problem,)


def _never(problem: Problem, tried: list[Search]) -> frozenset[str] | None:
    """What no move changes, where that excludes everything in the last scene; None where it does not."""
    last = [search.fixed for search in tried[-len(_compiling(problem)) :]]
    never = [one for one in last if one is not None]
    return frozenset().union(*never) if tried and len(never) == len(last) else None


def search_in(problem: Problem, scene: Scene, kept: tuple[Goal, ...]) -> Search:
    """The search in a scene; in one that is written alike the same."""
    memory, held = problem.memory, () if scene.folder else kept
    what = (scene.moves, scene.folder, problem.requests, problem.goals, held, problem.prefer)

    def made() -> Search:
        key = (memory.alike(scene.machine), what)
        if key not in memory.searches:
            memory.searches[key] = Search(
                scene, problem.requests, problem.goals, held, problem.matrix, problem.prefer, memory=memory
            )
        return memory.searches[key]

    return memory.once(what, (scene.machine,), made)


def _reached(problem: Problem) -> bool:
    asked = (problem.requests, problem.goals)
    return problem.memory.once(("reached", *asked), (problem.machine,), lambda: _passes(problem))


def _passes(problem: Problem) -> bool:
    """Does the machine pass as it is, with every component that was asked for by name inside its range?"""
    named = [
        request for request in problem.requests if request.where != COMPANION and _has_to_be_there(request, problem)
    ]
    there = all(installed(one.component, one.text, problem.machine, problem.matrix) is not None for one in named)
    return (
        there
        and bool(problem.goals)
        and all(check(problem.machine, goal, problem.matrix).verdict == "compatible" for goal in problem.goals)
    )


def _has_to_be_there(request: Request, problem: Problem) -> bool:
    """Is it asked for by name, or by a goal that is named for it on a machine whose packages are known?"""
    if request.where != "--goal":
        return True
    if problem.machine.packages is None:
        return False
    return any(request.component in goal.subjects[:1] for goal in problem.goals)


def based(problem: Problem, allow: frozenset[str]) -> Scene:
    """The machine with what a setting or a restart mends mended."""
    memory, goals, own = problem.memory, problem.goals, allow & {"container"}
    start = memory.once(
        ("start", problem.folder), (problem.machine,), lambda: Scene(problem.machine, folder=problem.folder)
    )
    return memory.once(("base", goals, own), (start,), lambda: repaired(start, goals, problem.matrix, own))


def _clear(base: Scene, problem: Problem) -> Scene:
    """The scene without folders of the system's libraries on the loader's path."""
    return problem.memory.once("clear", (base,), lambda: unshadowed(base) or base)


def _unmoved(base: Scene, problem: Problem) -> Iterator[Scene]:
    yield from _environments(base, problem)
    clear = _clear(base, problem)
    if clear is not base:
        yield from _environments(clear, problem)
    bare = toolkit.without(clear, problem.goals)
    if bare is not None:
        yield from _environments(bare, problem)


def _driver_scenes(base: Scene, problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Scene]:
    for scene in _with_drivers(_clear(base, problem), problem):
        yield from _with_pythons(scene, problem, allow, tried)


def _with_pythons(base: Scene, problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Scene]:
    yield from _environments(base, problem)
    if "python" in allow:
        yield from _pythons(base, problem, tried)


def _pythons(base: Scene, problem: Problem, tried: list[Search]) -> Iterator[Scene]:
    """New environments with another Python; none where what is asked for is impossible with any: then that is tried."""
    memory, asked = problem.memory, (problem.requests, problem.needs_gpu)
    anyone = memory.once(
        "any Python", (base,), lambda: replace(base, machine=replace(emptied(base.machine), python=None))
    )
    searches = [search_in(each, anyone, ()) for each in _compiling(problem)]
    if not any(search.is_possible() for search in searches):
        tried += searches
        return
    requests, gpu = asked
    yield from memory.listed(("pythons", *asked), (base,), lambda: moves.pythons(base, requests, problem.matrix, gpu))


def _environments(base: Scene, problem: Problem) -> Iterator[Scene]:
    """The environment as it is, unless it is the system's own or of another Python, then a new one beside it; a folder
    that is asked for is the new one."""
    sealed = base.machine.in_environment(SEALED, UNMADE)
    if not base.folder and not sealed:
        yield base
    if base.folder or base.machine.packages or sealed:
        yield problem.memory.once("new", (base,), lambda: moves.new_environment(base))


def _with_drivers(base: Scene, problem: Problem) -> Iterable[Scene]:
    return problem.memory.listed("drivers", (base,), lambda: _of_drivers(base, problem))


def _of_drivers(base: Scene, problem: Problem) -> Iterator[Scene]:
    """One scene for each driver floor, oldest first; the driver that is installed is the newest branch kept up."""
    seen = set()
    for branch, release in moves.drivers(base.machine, problem.matrix):
        if release in seen:
            continue
        seen.add(release)
        step = moves.driver_step(base.machine, branch, release, (), problem.matrix)
        yield Scene(
            moves.with_driver(base.machine, release, problem.matrix),
            (*base.steps, step),
            (*base.moves, "driver"),
            base.folder,
        )


def _kept_goals(problem: Problem) -> tuple[Goal, ...]:
    asked = (problem.requests, problem.goals)
    return problem.memory.once(("kept", *asked), (problem.machine,), lambda: _to_keep(problem))


def _to_keep(problem: Problem) -> tuple[Goal, ...]:
    """Goals of what is installed and not asked for, that are reached now and have to stay so."""
    if not problem.machine.packages:
        return ()
    found = dict.fromkeys((*goals_of(problem.machine, problem.matrix), *_of_extensions(problem)))
    suggested = [goal for goal in found if goal not in problem.goals and str(goal) != "use:gpu"]
    asked = {one.component for one in problem.requests if one.where != COMPANION}
    return tuple(
        goal
        for goal in suggested
        if asked.isdisjoint(goal.subjects[:1]) and check(problem.machine, goal, problem.matrix).verdict == "compatible"
    )


def _of_extensions(problem: Problem) -> Iterator[Goal]:
    """What is installed and runs in another framework's process only: it breaks where that one moves."""
    for name, version in (problem.machine.packages or {}).items():
        component = problem.matrix.packages.component(name) if version else None
        if component is not None and problem.matrix.packages.about(component).get("runs_with"):
            yield parse(goal_of(component, problem.matrix))


def planned(problem: Problem, found: Found, tried: list[Search]) -> Plan:
    search = next((one for one in tried if one.scene is found.scene), None)
    why = reasons(problem, found, search)
    made = package_steps(problem.machine, found, why, problem.goals, problem.matrix)
    found, compiler = toolkit.added(found, problem.machine, problem.matrix)
    made = (*compiler, *made)
    if found.scene.folder == VENV:
        from compat.plan.ways.base_images import inside

        made = tuple(inside(made))
    steps = engine.last((*_explained(problem, found, tried), *made))
    machine = problem.machine
    if machine.os == "windows" or machine.in_environment("conda") or any(choice.conda for choice in found.choices):
        from compat.plan.ways.mixed import for_system, with_conda

        steps = tuple(for_system(with_conda(steps, found, problem.matrix), machine))
    steps = tuple(interpreters.told(step, machine, problem.matrix) for step in steps)
    outcome: Outcome = "planned" if steps else "nothing-to-do"
    result = exact(found.result, problem.machine)
    untold = tuple(_untold(problem, found.result))
    asked = (problem.requests, problem.goals)
    return Plan(outcome, problem.machine, *asked, steps, result, choices=found.choices, untold=untold)


def _untold(problem: Problem, result: Machine) -> Iterator[str]:
    """What is asked for, needs the GPU and stays in a build of which neither the release nor the CUDA is known, nor
    the CUDA of the image that it is in."""
    if any(kit.version for kit in result.toolkits or () if kit.origin == "container"):
        return
    for component in dict.fromkeys(one.component for one in problem.requests if problem.needs_gpu):
        here = installed(component, "*", result, problem.matrix)
        about = problem.matrix.packages.about(component)
        if here is not None and not (here.version or here.build.cuda) and about.get("accelerator") != "none":
            yield component


def _explained(problem: Problem, found: Found, tried: list[Search]) -> Iterator[Step]:
    """The steps of the scene; a move says which rule stood in the way without it."""
    before: dict[str, list[Reason]] = {}
    for search in tried:
        if "python" not in search.scene.moves and "driver" not in search.scene.moves:
            before = {**search.rejected, **before}
    for step in found.scene.steps:
        if step.kind == "environment":
            yield replace(step, why=of_environment(problem, tried) or step.why)
            continue
        if step.why and step.kind != "driver":
            yield step
            continue
        rules = MOVED.get(step.kind, ())
        stood = of_move(problem, found, step.kind) if rules else ()
        stood = stood or of_python(step, before)
        stood = stood or tuple(
            one for key, said in before.items() if key.partition(":")[0] in rules for one in said[:1]
        )
        own = (replace(one, role="how") if one.rule == "driver-installation" else one for one in step.why)
        yield replace(step, why=(*stood, *own) or (Reason("request", _OTHER_WAY, f"--allow {step.kind}"),))
