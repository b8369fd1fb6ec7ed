"""One from each column, so that all go together: depth first in the order of the columns, with conflict-directed jumps.

Nothing here knows what a choice is: a judge is handed in (as resolvelib does with its provider). Three things keep the
search short, and none loses an answer:

- What is alike for every question about several choices together is asked once under one beginning.
- Where a column has nothing for a beginning, the earlier columns that are to blame are noted, and the search goes back
  to the last of them at once (Prosser, Hybrid algorithms for the constraint satisfaction problem, 1993).
- A search that is long is made shorter once: what has no partner in some column is in no answer and is left out
  (arc consistency; Mackworth, Consistency in networks of relations, 1977), the smallest columns first.

A search whose judge has had enough is ``cut``: then nothing found is no proof that there is nothing.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

Choice_contra = TypeVar("Choice_contra", contravariant=True)
Choice = TypeVar("Choice")
Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)
Blamed = frozenset[int]
"""Numbers of columns whose choices are to blame; empty where the column itself has nothing."""


class Judge(Protocol[Choice_contra, Answer_co]):
    """Answers what the search asks."""

    def alone(self, one: Choice_contra) -> bool:
        """Does it pass by itself?"""

    def like(self, one: Choice_contra) -> int:
        """The class of those that are alike in every question about several."""

    def pair(self, one: Choice_contra, other: Choice_contra) -> bool:
        """Can the two ever be in one answer, whatever else is?"""

    def apart(self, one: Choice_contra, others: Sequence[Choice_contra]) -> Collection[int]:
        """Which of the others it excludes, by their places, as far as that takes no looking into."""

    def whole(self, choices: Sequence[Choice_contra]) -> "Answer_co | None":
        """The answer that the choices make, None if they do not pass together."""

    def enough(self) -> bool:
        """Has it judged as much as it may?"""


_LONG = 1000  # questions about two, after which a search is long
_FEW = 8  # in a column of so few, what does not pass by itself is left out as well


class Combinations(Generic[Choice, Answer]):
    """A search over columns; ``cut`` tells afterwards if it ended early."""

    def __init__(self, columns: Sequence[Sequence[Choice]], judge: Judge[Choice, Answer], long: int = _LONG) -> None:
        self._columns = columns
        self._judge = judge
        self._long = long
        self._pass: dict[tuple[int, int], bool] = {}
        self._partners: dict[tuple[int, int], int] = {}  # of a class, in another column
        self._likes: list[list[int | None]] = [[None] * len(column) for column in columns]
        self._apart: set[tuple[int, int]] = set()  # classes that exclude each other, the earlier column's first
        self._fine: set[tuple[int, int]] = set()  # those that do not, as far as is known by now
        self.cut = False
        self._asked_of_two = 0

    def answers(self) -> Iterator[Answer]:
        """Answers in the lexicographic order of the columns."""
        yield from self._explore((), ())

    def _explore(self, made: tuple[Choice, ...], likes: tuple[int, ...]) -> Generator[Answer, None, Blamed | None]:
        """Yields answers below a beginning (``likes``: its classes); returns None if there was one, else the columns
        that are to blame."""
        level = len(made)
        if level == len(self._columns):
            return (yield from self._asked(made))
        blamed: set[int] = set()
        known: set[int] = set()  # classes that have nothing under this beginning
        some = False
        for index, choice in enumerate(self._columns[level]):
            if self.cut:
                break
            if self._pass.get((level, index)) is False:
                continue
            # Of the first column the class is needed only of what passes alone, and once one of them has nothing.
            if (known or made) and self._like(level, index, choice) in known:
                continue
            # Two by two is asked before one alone: what has no part in any combination is not looked into.
            below = self._clash(made, likes, level, index) or self._lonely(level, choice)
            if below is None and not self._passes(level, index, choice):
                continue
            like = self._like(level, index, choice)
            if below is None:
                below = yield from self._explore((*made, choice), (*likes, like))
                if below is None:
                    some = True
                    continue
                if level not in below and not some:
                    return below  # whatever this column has makes no difference
            known.add(like)
            blamed |= below
        return None if some else frozenset(blamed - {level})

    def _asked(self, made: tuple[Choice, ...]) -> Generator[Answer, None, Blamed | None]:
        everyone = frozenset(range(len(made)))
        if self._judge.enough():
            self.cut = True
            return everyone
        answer = self._judge.whole(made)
        if answer is None:
            self._fine.clear()  # the judge may have learnt of two that exclude each other
            return everyone
        yield answer
        return None

    def _clash(self, made: tuple[Choice, ...], likes: tuple[int, ...], level: int, index: int) -> Blamed | None:
        """The earliest column whose choice excludes this one: from there the jump goes farthest."""
        if not made:
            return None
        choice = self._columns[level][index]
        like = self._like(level, index, choice)
        if self._asked_of_two <= self._long < self._asked_of_two + len(made):
            self._leave_out()
        self._asked_of_two += len(made)
        for number, other in enumerate(made):
            if not self._suit(other, likes[number], choice, like):
                return frozenset((number, len(made)))
        return None

    def _suit(self, one: Choice, like: int, other: Choice, its: int) -> bool:
        """Can the two be in one answer? Asked once of two classes, the earlier column's first."""
        key = (like, its)
        if key in self._fine:
            return True
        if key in self._apart:
            return False
        suit = self._judge.pair(one, other)
        (self._fine if suit else self._apart).add(key)
        return suit

    def _lonely(self, level: int, choice: Choice) -> Blamed | None:
        """Does what is told at once leave a later column nothing that passes alone? Then the choice is to blame."""
        for later in range(level + 1, len(self._columns)):
            column = self._columns[later]
            out = self._judge.apart(choice, column)
            if out and not any(i not in out and self._passes(later, i, one) for i, one in enumerate(column)):
                return frozenset((level,))
        return None

    def _leave_out(self) -> None:
        """Leave out what is in no answer, until there is nothing more of that."""
        while any(self._leave_out_by(level) for level in sorted(range(len(self._columns)), key=self._count)):
            pass

    def _leave_out_by(self, level: int) -> bool:
        """Leave out what has no partner in one column; was there something? Of those that are alike one is asked."""
        left = self._left(level)
        if len(left) <= _FEW:
            left = [index for index in left if self._passes(level, index, self._columns[level][index])]
        first = {like: alike[0] for like, alike in self._classes(level, left).items()}
        gone = [
            (other, index)
            for other in range(len(self._columns))
            if other != level
            for like, alike in self._classes(other, self._left(other)).items()
            if not self._has_partner((other, like, alike[0]), level, first)
            for index in alike
        ]
        self._pass.update(dict.fromkeys(gone, False))
        return bool(gone)

    def _classes(self, level: int, indices: list[int]) -> dict[int, list[int]]:
        """Of a column those that are alike, in its order."""
        found: dict[int, list[int]] = {}
        column, likes = self._columns[level], self._likes[level]
        for index in indices:
            like = likes[index]
            found.setdefault(self._like(level, index, column[index]) if like is None else like, []).append(index)
        return found

    def _has_partner(self, one: tuple[int, int, int], level: int, left: dict[int, int]) -> bool:
        """Has one (its column, class and place) a partner among what is left of a column, one of each class? The one
        that was found is remembered."""
        other, like, index = one
        known = self._partners.get((like, level))
        if known is not None and known in left:
            return True
        choice, column = self._columns[other][index], self._columns[level]
        for its, place in left.items():
            here = column[place]
            if self._suit(here, its, choice, like) if level < other else self._suit(choice, like, here, its):
                self._partners[like, level] = its
                return True
        return False

    def _left(self, level: int) -> list[int]:
        return [index for index in range(len(self._columns[level])) if self._pass.get((level, index)) is not False]

    def _count(self, level: int) -> int:
        return len(self._left(level))

    def _passes(self, level: int, index: int, choice: Choice) -> bool:
        key = (level, index)
        if key not in self._pass:
            self._pass[key] = self._judge.alone(choice)
        return self._pass[key]

    def _like(self, level: int, index: int, choice: Choice) -> int:
        like = self._likes[level][index]
        if like is None:
            like = self._likes[level][index] = self._judge.like(choice)
        return like
