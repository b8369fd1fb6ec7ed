"""What was answered of one machine holds of every other that is alike in what was read for the answer.

A stream describes many machines of a few kinds. Of each answer (a rule's outcomes, a whole report) it is kept which
fields of the description were read for it, one after the other, and what was in them. The first field that a rule reads
is always the same; which one it reads next follows from what it found. So the answers form a tree, in which a later
machine is led by its own fields to the answer of one that is alike, or to none.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from compat.goals import Goal
from compat.machine import Machine
from compat.records import fields
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Matrix

Answer = TypeVar("Answer")
Fields = dict[int, None]  # numbers of fields, in the order in which they were first read

_NAMES = tuple(one.name for one in fields(Machine))
_UNSAID = tuple(getattr(Machine, name, None) for name in _NAMES)  # what is in a field of which nothing is said
_MOST = 20_000  # answers; behind them all are forgotten, so that an endless stream does not fill the memory


class Leaf:
    """An answer, the fields that were read for it, and what was in them."""

    def __init__(self, answer: Any, read: Fields, found: tuple[int, ...]) -> None:
        self.answer = answer
        self.read = tuple(read)
        self.found = found


class Fork:
    """A place in the tree where answers part: the field that is read here, and where its values lead."""

    def __init__(self, depth: int, leaf: Leaf) -> None:
        self.field = leaf.read[depth]
        self.ways: dict[int, Fork | Leaf] = {leaf.found[depth]: leaf}


class Tally:
    """How often a question was asked, and an answer found: where machines are all unlike, looking is in vain."""

    def __init__(self) -> None:
        self.asked = self.found = 0

    def is_worth_it(self) -> bool:
        """Count one more question; is the answer to be looked for, and kept?"""
        self.asked += 1
        if self.asked > _AGAIN:
            self.asked = self.found = 1
        return self.asked < _TRIED or self.found * 4 > self.asked


_WHOLE = "report"  # the question that has all others in it: it is always worth to be looked for
_TRIED, _AGAIN = 200, 2_000  # so many questions are enough to tell; after so many it is tried again

Trees = dict[str, Fork | Leaf]  # by question


class Memory:
    """The answers for one matrix."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix
        self._forget()

    def _forget(self) -> None:
        self._trees: dict[object, Trees] = {}
        self._numbers: list[dict[object, int]] = [{} for _ in _NAMES]
        self._tallies: dict[str, Tally] = {}
        self.count = 0

    def case(self, machine: Machine, goal: Goal) -> Case:
        """The case of a machine that is watched."""
        if self.count >= _MOST:
            self._forget()
        notes = Notes(machine, self)
        return Case(Watched.of(notes), goal, self._matrix, notes=notes)

    def trees(self, of: object) -> Trees:
        """The answers to the questions of one kind of case."""
        return self._trees.setdefault(of, {})

    def whole(self, case: Case, report: Callable[[], Answer]) -> Answer:
        """The report on a case, with all that is in it."""
        return case.recall(_WHOLE, report)

    def tally(self, question: str) -> Tally:
        """How it goes with a question, whatever the goal."""
        known = self._tallies.get(question)
        if known is None:
            known = self._tallies[question] = Tally()
        return known

    def number(self, field: int, value: Any) -> int:
        """What stands for the value of a field: the same for equal values."""
        numbers = self._numbers[field]
        try:
            return numbers.setdefault(tuple(value.items()) if isinstance(value, Mapping) else value, len(numbers))
        except TypeError:  # mappings within
            return numbers.setdefault(repr(value), len(numbers))


class Notes:
    """What is in the fields of one machine, and which of them are read."""

    def __init__(self, machine: Machine, memory: Memory) -> None:
        self.machine = machine
        self.read: Fields = {}
        self._memory = memory
        self._numbers: list[int | None] = [None] * len(_NAMES)

    def trees(self, of: object) -> Trees:
        """The answers to the questions of one kind of case."""
        return self._memory.trees(of)

    def _number(self, field: int) -> int:
        known = self._numbers[field]
        if known is None:
            value = getattr(self.machine, _NAMES[field])
            known = -1 if value is _UNSAID[field] else self._memory.number(field, value)
            self._numbers[field] = known
        return known

    def recall(self, trees: Trees, question: str, answer: Callable[[], Answer]) -> Answer:
        """The answer to a question about this machine: that of another which is alike, or a new one."""
        tally = self._memory.tally(question)
        if not (tally.is_worth_it() or question == _WHOLE):
            return answer()
        place, depth = trees.get(question), 0
        while isinstance(place, Fork):
            place, depth = place.ways.get(self._number(place.field)), depth + 1
        if place is not None and self._is_alike(place, depth):
            tally.found += 1
            self.read.update(dict.fromkeys(place.read))
            found: Answer = place.answer
            return found
        made, read = self.noted(answer)
        self._keep(trees, question, Leaf(made, read, tuple(map(self._number, read))))
        return made

    def _is_alike(self, leaf: Leaf, depth: int) -> bool:
        """Is in the fields from this depth on what was in them when the answer was given?"""
        number = self._number
        return all(number(leaf.read[level]) == leaf.found[level] for level in range(depth, len(leaf.read)))

    def noted(self, answer: Callable[[], Answer]) -> tuple[Answer, Fields]:
        """A new answer, and what is read for it."""
        before, self.read = self.read, {}
        made, read = answer(), self.read
        before.update(read)
        self.read = before
        return made, read

    def _keep(self, trees: Trees, question: str, leaf: Leaf) -> None:
        self._memory.count += 1
        place = trees.setdefault(question, leaf)
        if place is leaf:
            return
        if isinstance(place, Leaf):
            place = trees[question] = Fork(0, place)
        for depth, (field, value) in enumerate(zip(leaf.read, leaf.found, strict=True), 1):
            if place.field != field:
                return  # read in another order than before: this one is not kept
            following = place.ways.setdefault(value, leaf)
            if following is leaf:
                return
            if isinstance(following, Leaf):
                following = place.ways[value] = Fork(depth, following)
            place = following


class Watched(Machine):
    """A machine of which it is noted what is read. Its fields are those of the machine that it stands for."""

    @classmethod
    def of(cls, notes: Notes) -> "Watched":
        """The machine of the notes, watched."""
        made = object.__new__(cls)
        made.__dict__["notes"] = notes
        return made


def _noting(number: int, name: str) -> property:
    def get(watched: Watched) -> Any:
        notes: Notes = watched.__dict__["notes"]
        notes.read[number] = None
        return getattr(notes.machine, name)

    return property(get)


for _number, _name in enumerate(_NAMES):
    setattr(Watched, _name, _noting(_number, _name))
