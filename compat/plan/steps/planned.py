"""The plan of an answer: its steps in order, each with what made it necessary."""

from collections.abc import Iterator

from compat.machine import Machine
from compat.plan.commands import interpreters
from compat.plan.commands.container import VENV
from compat.plan.model import Outcome, Plan, Reason, Step
from compat.plan.solver.apply import exact
from compat.plan.solver.order import installed
from compat.plan.solver.problem import Problem
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.make import package_steps
from compat.plan.steps.why import MOVED, of_environment, of_move, of_python, reasons
from compat.plan.ways import engine, toolkit
from compat.records import replace

_OTHER_WAY = "Nothing stands in the way of the present one; this is another way that is allowed."


def planned(problem: Problem, found: Found, tried: list[Search]) -> Plan:
    """The plan of an answer; ``tried``: the searches up to it, which tell what stood in the way without its moves."""
    search = next((one for one in tried if one.scene is found.scene), None)
    why = reasons(problem, found, search)
    made = package_steps(problem.machine, found, why, problem.goals, problem.matrix)
    found, compiler = toolkit.added(found, problem.machine, problem.goals, problem.matrix)
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
