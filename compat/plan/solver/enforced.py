"""The judge that a search asks: its rules, without those that are ignored."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat.plan.model import Choice, Reason, Request
from compat.plan.solver.effort import PAIR
from compat.plan.solver.elements import Ignored, element, of_request
from compat.records import dataclass, field

if TYPE_CHECKING:
    from compat.plan.solver.wholes import Found, Wholes


@dataclass
class Enforced:
    """One search's judge. ``cited``: an element for each rejection. ``rough``: what the rules say one at a time is all,
    unless it is open which build something is."""

    search: "Wholes"
    ignored: Ignored
    most: int = 0
    cited: set[str] = field(default_factory=set)
    _spared: dict[str, bool] = field(default_factory=dict)
    rough: bool = False
    silent: bool = False  # no certificate is wanted
    of_driver: bool = False  # may the driver have a say in one of the rejections?

    def enough(self) -> bool:
        return self.search.spent >= self.most

    def alone(self, one: Choice) -> bool:
        if self.silent:
            return self.search.passes(one)
        if one.component not in self._spared:
            self._spared[one.component] = self.ignored.spares(one.component)
        if self._spared[one.component]:
            return True
        found = self.search.fails(one, self.ignored)
        if found is not None:
            self.cited.add(element(found, one.component))
            self.of_driver = self.of_driver or self.search.hangs_on_driver(one, found)
        return found is None

    def like(self, one: Choice) -> int:
        return self.search.like(one)

    def pair(self, one: Choice, other: Choice) -> bool:
        linked = self._linked(one, other) if self.search.has_links else []
        if linked:
            self.cite(linked)
            return False
        self.search.memory.effort.takes(PAIR)
        rules = [rule for rule in self.search.rules(one, other) if rule not in self.ignored]
        if rules and self.cited.isdisjoint(rules):
            self.cite([clash for clash in self.search.pair(one, other) if clash.rule in rules])
        return not rules

    def apart(self, one: Choice, others: Sequence[Choice]) -> frozenset[int]:
        excluded = self.search.all_linked(one, others) if self.search.has_links else frozenset[int]()
        if not excluded:
            return excluded
        found = self._linked(one, others[min(excluded)])
        if not found:
            return frozenset()  # its rule is ignored
        self.cite(found)
        return excluded

    def _linked(self, one: Choice, other: Choice) -> list[Reason]:
        return [clash for clash in self.search.linked(one, other) if clash.rule not in self.ignored]

    def whole(self, choices: Sequence[Choice]) -> "Found | None":
        self.of_driver = True
        return self.search.whole(choices, self)

    def cite(self, reasons: Sequence[Reason]) -> None:
        """Take one of the reasons, one that is cited already where there is such."""
        if self.cited.isdisjoint([element(one) for one in reasons]):
            self.search.note(reasons[0])
            self.cited.add(element(reasons[0]))

    def cite_request(self, request: Request) -> None:
        """The request takes part, where it leaves anything out."""
        name = of_request(request.component)
        if (request.text != "*" or request.build) and name not in self.ignored:
            self.cited.add(name)
