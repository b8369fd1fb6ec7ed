"""What a rule is, and what it can answer.

A rule is asked of a case (machine, goal, matrix) and yields outcomes, each about one component: it holds, it is
violated (a Finding), or it cannot be told for lack of a fact (Untold). Yielding nothing means that the rule does
not concern this goal. A rule is stated once: ``check`` asks it of what is installed, ``plan`` of what could be.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Literal

from compat.records import dataclass

if TYPE_CHECKING:
    from compat.rules.case import Case

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Evidence:
    """A fact and where it was read, or a claim of the matrix and its source."""

    fact: str
    source: str


@dataclass(frozen=True)
class Remedy:
    """What to do about a finding; ``moves`` is the part of the stack that it changes."""

    text: str
    moves: str = "package"  # package, environment, python, driver, container, system, setting, hardware


@dataclass(frozen=True)
class Finding:
    """A violated rule."""

    rule: str
    component: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    severity: Severity = "error"
    others: tuple[str, ...] = ()  # where it is open which build is installed: the rules that the other builds violate
    cause: str = ""  # the rule whose error it is a consequence of, where that one finds any


@dataclass(frozen=True)
class Holds:
    """The mechanism could be told, and it holds."""

    rule: str
    component: str
    because: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Untold:
    """The mechanism matters for the goal and a fact is missing.

    ``decides``: what is published is known and some of it fails by this, some works, and nothing tells which it is; or
    the goal is this very mechanism.
    """

    rule: str
    component: str
    needs: tuple[str, ...]
    decides: bool = False


Outcome = Finding | Holds | Untold
Judge = Callable[["Case"], Iterable[Outcome]]
# What a rule is about. platform: nothing that is installed, so no package mends it. files: whether a package's files
# load at all, which concerns whatever is installed, for any goal.
Subject = Literal["platform", "packages", "files"]
# What it says of the goal that a rule holds. goal: a mechanism of it works. cuda: so much also of a package of which
# nothing is known. gpu: a GPU is there to be used, which tells nothing of a package. nothing: there is something to
# judge.
Says = Literal["goal", "cuda", "gpu", "nothing"]


# Facts that rules read together, for ``reads``.
OF_SYSTEM = ("os", "environment", "glibc", "device_nodes")  # what tells the operating system
OF_DRIVER = ("driver.version", "driver.cuda", "driver.kernel_module_version")
OF_BUILD = (  # what tells which published build of a package is installed
    "packages",
    "request",
    "builds.cuda",
    "builds.source",
    "builds.architectures",
    "os",
    "arch",
    "environment",
    "jetson",
    "gpus.name",
    "gpus.pci_id",
    "python",
    "libraries",
    "container.image",
)
OF_GPUS = ("gpus.name", "gpus.compute_capability", "gpus.pci_id", "gpus.visible", "variables", "jetson")
OF_RUNTIME = (*OF_BUILD, "toolkits")


@dataclass(frozen=True)
class Rule:
    """A rule of the catalogue. Its page is the judging function's docstring."""

    name: str
    judge: Judge
    reads: tuple[str, ...] = ()  # fields of the description that it draws on (docs/rules.md)
    masks: tuple[str, ...] = ()  # findings that this one, when it is violated, is the cause of
    of: Subject = "packages"
    says: Says = "goal"
    leaves: Says | None = None  # when it is violated, the only kind of holding that still tells anything
    chance: bool = False  # its warning is of something that may go either way: no plan counts on it

    @property
    def page(self) -> str:
        import inspect

        return inspect.getdoc(self.judge) or ""


REGISTRY: dict[str, Rule] = {}


def rule(
    name: str,
    reads: tuple[str, ...],
    masks: Iterable[str] = (),
    of: Subject = "packages",
    says: Says = "goal",
    leaves: Says | None = None,
    chance: bool = False,
) -> Callable[[Judge], Judge]:
    """Enter a judging function into the catalogue; its docstring is what ``compatcheck explain`` shows.

    The rest is as in Rule: what other modules ask of a rule, it says of itself.
    """

    def enter(judge: Judge) -> Judge:
        @wraps(judge)
        def with_advisories(case: "Case") -> Iterator[Outcome]:
            yield from judge(case)
            if name in case.matrix.packages.advised:
                from compat.rules.advisories import advisories

                yield from advisories(case, name)

        REGISTRY[name] = Rule(name, with_advisories, reads, tuple(masks), of, says, leaves, chance)
        return with_advisories

    return enter
