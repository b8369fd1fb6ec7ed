"""Every answer to a problem, the least change first: scenes in the order of preference, a search in each."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal
from compat.machine import Machine
from compat.plan.model import Request
from compat.plan.offers import companion, source
from compat.plan.solver.elements import can_move, of_system
from compat.plan.solver.problem import Problem
from compat.plan.solver.reached import kept_goals, reached
from compat.plan.solver.scene import SEALED, UNMADE, Scene, emptied
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.repairs import repaired, unshadowed
from compat.plan.ways import engine, forward, moves, outside, toolkit
from compat.plan.ways.forge import environments
from compat.plan.ways.images import images
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


def answers(problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Found]:
    """Every answer, the least change first: nothing at all where the goals are reached as it is."""
    for _, found in streams(problem, allow, tried):
        yield from found


Stream = tuple[tuple[str, ...], Iterator[Found]]
"""The moves of a scene, and its answers."""


def streams(problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Stream]:
    """The moves of each scene with its answers, the least change first."""
    if not problem.folder and problem.prefer == "installed" and reached(problem):
        yield (), iter((Found(Scene(problem.machine), (), {}, problem.machine),))
    trying = _Trying(problem, allow, tried, kept_goals(problem), based(problem, allow))
    problem.memory.spent = 0
    yield from trying.unmoved()
    # What no move changes excludes everything: then only images are left, which have builds and a system of their own.
    never = _never(problem, tried) if not trying.answered else None
    if never is None:
        yield from trying.pythons()
    yield from trying.elsewhere()
    yield from trying.containers(never)
    if never is None:
        yield from trying.forward()
        yield from trying.drivers()
    yield from trying.images_with_drivers()
    yield from trying.engines_again()


@dataclass
class _Trying:
    """What is tried for a problem, in the documented order of preference. ``kept``: goals that are reached and have to
    stay so; ``base``: the machine with what a setting mends mended; ``answered``: the answers with pip's packages."""

    problem: Problem
    allow: frozenset[str]
    tried: list[Search]
    kept: tuple[Goal, ...]
    base: Scene
    answered: list[Found] = field(default_factory=list)

    def unmoved(self) -> Iterator[Stream]:
        """Packages alone, in the present environment and in a new one; conda-forge's first where they are preferred."""
        if self.problem.conda:
            yield ("environment",), self._noted(_forged(self.base, self.problem, self.answered))
        yield from self._searched(_unmoved(self.base, self.problem))

    def pythons(self) -> Iterator[Stream]:
        """Another Python, where one is allowed."""
        if "python" in self.allow:
            yield from self._searched(_pythons(_clear(self.base, self.problem), self.problem, self.tried))

    def elsewhere(self) -> Iterator[Stream]:
        """Builds of other places than pip's indexes, where those have none."""
        problem = self.problem
        if not problem.conda:
            yield ("environment",), self._noted(_forged(self.base, problem, self.answered))
        if not self.answered and problem.needs_gpu:
            clear = _clear(self.base, problem)
            for given in outside.scenes(clear, tuple(self.tried), problem.requests, problem.matrix):
                yield from self._searched(_with_pythons(given, problem, self.allow, self.tried))
        if "python" in self.allow:
            yield ("python",), _forged(self.base, problem, self.answered, python=True)

    def containers(self, never: frozenset[str] | None) -> Iterator[Stream]:
        """Images, and base images with packages in them: those have another system at most. ``never``: what excludes
        everything on this one."""
        if not self._may_contain:
            return
        from compat.plan.ways.base_images import bases
        from compat.plan.ways.jetson_images import jetson_images

        problem, machine = self.problem, self.base.machine
        for ready in (images, jetson_images):
            yield ("container",), (Found(one, (), {}, one.machine) for one in _images(ready, machine, problem))
        made = problem.memory.listed("bases", (machine,), lambda: bases(machine, problem.matrix))
        for scene in made if never is None or any(map(of_system, never)) else ():
            if problem.takes(scene.machine):
                yield scene.moves, _searched(problem, scene, (), self.tried)

    def forward(self) -> Iterator[Stream]:
        """cuda-compat beside the present driver, where it is allowed."""
        if forward.MOVE not in self.allow:
            return
        clear, matrix = _clear(self.base, self.problem), self.problem.matrix
        for compat in self.problem.memory.listed("cuda-compat", (clear,), lambda: forward.scenes(clear, matrix)):
            yield from self._each(_with_pythons(compat, self.problem, self.allow, self.tried))

    def drivers(self) -> Iterator[Stream]:
        """Another driver, where one is allowed."""
        if "driver" in self.allow:
            yield from self._each(_driver_scenes(self.base, self.problem, self.allow, self.tried))

    def images_with_drivers(self) -> Iterator[Stream]:
        """Images on another driver, where both are allowed."""
        if "driver" in self.allow and self._may_contain:
            for scene in _with_drivers(self.base, self.problem):
                yield ("container", "driver"), _imaged(scene, self.problem)

    def engines_again(self) -> Iterator[Stream]:
        """An engine that is built again, where it is what nothing that is installed mends."""
        problem = self.problem
        remade = engine.rebuilt(self.base, problem.goals, problem.matrix) if not self.answered else None
        if remade is not None:
            yield from self._each(_environments(remade, problem))

    @property
    def _may_contain(self) -> bool:
        return "container" in self.allow and not self.problem.folder

    def _each(self, scenes: Iterable[Scene]) -> Iterator[Stream]:
        for scene in scenes:
            yield scene.moves, _searched(self.problem, scene, self.kept, self.tried)

    def _searched(self, scenes: Iterable[Scene]) -> Iterator[Stream]:
        """The same; whether there is an answer is noted, since what comes after hangs on it."""
        for moves_made, found in self._each(scenes):
            yield moves_made, self._noted(found)

    def _noted(self, found: Iterator[Found]) -> Iterator[Found]:
        for one in found:
            self.answered.append(one)
            yield one


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
            tied = _tied(each, found) if not some else ()
            if tied:
                yield from search_in(replace(each, requests=tied), scene, kept).solutions()
            some = True
            yield found
        if some:
            return


def _tied(problem: Problem, found: Found) -> tuple[Request, ...]:
    """The requests without releases that came before those which say what torch they go with, where an answer has such
    a one beside nothing that is installed: with a newer torch nobody has tried them. Empty where it has none."""
    if any(one.installed for one in found.choices):
        return ()
    first = {one.component: companion.first_tied(one.distribution, problem.matrix) for one in found.choices}
    early = {
        one.component: since
        for one in found.choices
        if (since := first[one.component]) and versions.at_least(one.public, since) is False
    }
    return tuple(replace(one, since=early.get(one.component, "")) for one in problem.requests) if early else ()


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
