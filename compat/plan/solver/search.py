"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (builds.py), then builds are combined (combine.py), first against the
packages that they share, at last by the check for every goal (wholes.py). The first combination in the order of
preference is the answer, so the search is deterministic. A search that finds nothing leaves a *certificate*: of each
thing that was rejected one reason, which together exclude everything. A rule that is *ignored* rejects nothing: that
is how the reasons for an impossibility are made irreducible (conflict.py).
"""

from collections.abc import Iterator
from functools import cached_property

from compat.plan.model import Choice
from compat.plan.solver.combine import Combinations
from compat.plan.solver.effort import EACH, Spent
from compat.plan.solver.elements import MOVABLE, NOTHING, Ignored, of_request
from compat.plan.solver.enforced import Enforced
from compat.plan.solver.wholes import Found, Wholes
from compat.records import dataclass

# Combinations that are held against the rules, of those whose members suit each other two by two: in a search for an
# answer (in all scenes of a problem together), and in one for what stands in the way. A search that spends them is cut.
MOST_COMBINATIONS = 400
MOST_WITHOUT = 100


@dataclass
class Search(Wholes):
    """The search through the combinations of a scene."""

    cut: bool = False  # the search ended early: nothing found is no proof
    unsettled: bool = False  # the same, of the last search for what stands in the way
    _possible: bool | None = None
    certificate: frozenset[str] | None = None  # elements that exclude everything, where the search found nothing

    def solutions(self) -> Iterator[Found]:
        """Combinations that pass, best first."""
        yield from self._answers(Enforced(self, NOTHING))

    def _answers(self, enforced: Enforced) -> Iterator[Found]:
        effort, found = self.memory.effort, self._found(enforced)
        until = effort.until(EACH)
        try:
            while (one := effort.within(until, lambda: next(found, None))) is not None:
                yield one
        except Spent:
            if not effort.given_up():
                raise
            self.cut = effort.unproven = True

    def _found(self, enforced: Enforced) -> Iterator[Found]:
        self.certificate = self.certificate or self._known(NOTHING)
        if self.certificate is not None:
            return
        combinations = self._started(enforced, MOST_COMBINATIONS - self.memory.spent)
        if combinations is not None:
            before, some = self.spent, False
            for found in combinations.answers():
                some = True
                yield found
            self.memory.spent += self.spent - before
            self.cut = self.cut or combinations.cut
            if some or combinations.cut:
                return
        self.certificate = self._certified(enforced)

    def is_possible(self) -> bool:
        """Is there an answer, as far as the rules tell one at a time? That none is found is as certain as ever."""
        if self._possible is None:
            enforced = Enforced(self, NOTHING, rough=True)
            self._possible = next(self._answers(enforced), None) is not None or self.memory.effort.unproven
        return self._possible

    @cached_property
    def fixed(self) -> frozenset[str] | None:
        """Elements that exclude everything and that no move changes, where there are such."""
        return self.refuted(MOVABLE)

    def refuted(self, ignored: Ignored) -> frozenset[str] | None:
        """Elements that exclude everything though others are ignored; None where there is an answer, and where that
        could not be settled."""
        try:
            return self.memory.effort.within(self.memory.effort.until(), lambda: self._refuted(ignored))
        except Spent:
            if not self.memory.effort.given_up():
                raise
            self.unsettled = True
            return None

    def _refuted(self, ignored: Ignored) -> frozenset[str] | None:
        self.unsettled = False
        known = self._known(ignored)
        if known is not None:
            return known
        enforced = Enforced(self, ignored)
        combinations = self._started(enforced, MOST_WITHOUT)
        if combinations is not None:
            if next(combinations.answers(), None) is not None:
                return None
            self.unsettled = combinations.cut
        return None if self.unsettled else self._certified(enforced)

    def _certified(self, enforced: Enforced) -> frozenset[str]:
        found = frozenset(enforced.cited)
        if not enforced.of_driver:
            self._everywhere.append(found)
        return found

    def _known(self, ignored: Ignored) -> frozenset[str] | None:
        """A certificate of a scene that differs by its driver only, in which no driver has a say."""
        return next((one for one in self._everywhere if not ignored.meets(one)), None)

    @cached_property
    def _everywhere(self) -> list[frozenset[str]]:
        return self.memory.certificates(self.scene.machine, self.requests, self.goals, self.prefer)

    def _started(self, enforced: Enforced, most: int) -> Combinations[Choice, Found] | None:
        """The combinations to try; None where a fault of the platform, or one component alone, excludes all of them."""
        if not self.platform_passes(enforced):
            return None
        columns = [
            self.asked_for(request, widened=of_request(request.component) in enforced.ignored)
            for request in self.requests
        ]
        for request, column in sorted(zip(self.requests, columns, strict=True), key=lambda entry: len(entry[1])):
            own = Enforced(self, enforced.ignored)
            own.cite_request(request)
            if not any(own.alone(choice) for choice in column):
                enforced.cited, enforced.of_driver = own.cited, own.of_driver
                return None
        for request in self.requests:
            enforced.cite_request(request)
        return self.combined(columns, most, enforced)

    def combined(self, columns: list[tuple[Choice, ...]], most: int, enforced: Enforced) -> Combinations[Choice, Found]:
        """The combinations of the columns; ``most`` of them are held against the rules."""
        self._shared.learn(columns)
        self.recall()
        enforced.most = self.spent + most
        return Combinations(columns, enforced)
