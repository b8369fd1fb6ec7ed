"""How much a problem has taken, counted in questions: what bounds the search for advice, on any machine alike.

That something is impossible is proven as long as the proof stays below a bound, which is twice what any request takes
that the planner is measured by; what is cut there is not proven, and the plan says so. No scene goes unsearched by what
others took. What would lift the impossibility is advice, of which there may be endlessly much to try: it has a bound of
its own. The weights are about what the questions take, in hundredths of a millisecond on a core of today.
"""

from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")
PAIR, BUILD, OFFERS, WHOLE = 1, 20, 200, 250
PROOF = 60_000  # of one machine: the proof that there is no answer is given up
EACH = 2_000  # which the search of one scene may take in any case: an answer there is not lost to another's proof
MOST = 80_000  # of one request; of what the proof leaves of it, the advice takes
LEAST = 20_000  # which the advice may take in any case
COMMON = 240_000  # of several machines: the search for the builds that all share, beside what each has taken


class Spent(Exception):
    """A search has asked as much as it may."""


class Effort:
    """What was asked so far (``done``), and what may be (``most``): without a bound as long as none is set."""

    def __init__(self, machines: int = 1, *, bounded: bool = True) -> None:
        """``machines``: for how many the request is, each of which has a plan of its own first. ``bounded``: a proof
        may be given up."""
        self.done = 0
        self._bound, self._least = MOST // machines, LEAST // machines
        self._proof = max(PROOF // machines, LEAST) if bounded else None
        self.most: int | None = None
        self.cut = False  # was advice left unasked?
        self.unproven = False  # was a search for an answer, or for the proof that there is none, given up?

    @classmethod
    def common(cls) -> "Effort":
        """What the search for the builds that several machines share may take of all of them together: no proof on the
        way is given up by itself, since what would be lost with it is the plan that all share."""
        made = cls(bounded=False)
        made.most = COMMON
        return made

    def allow(self, hundredths: int) -> None:
        """So much of what is left of the bound may be taken."""
        self._bound = max(self._bound, self.done + (self._least if self.most is None else 0))
        self.most = self.done + (self._bound - self.done) * hundredths // 100

    def until(self, least: int = 0) -> int | None:
        """Where a proof that begins now is given up, which has at least so much."""
        return None if self._proof is None else max(self._proof, self.done + least)

    def within(self, until: int | None, made: Callable[[], Made]) -> Made:
        """What is made of a proof, up to there; as advice it is bounded already. Raises Spent."""
        advising = self.most is not None
        self.most = self.most if advising else until
        try:
            return made()
        finally:
            if not advising:
                self.most = None

    def given_up(self) -> bool:
        """Was that the bound of the proof, and not that of advice?"""
        if self.most is None:
            self.cut = False
        return self.most is None

    def takes(self, weight: int) -> None:
        """Something is about to be asked. Raises Spent where nothing more may be."""
        if self.most is not None and self.done >= self.most:
            self.cut = True
            raise Spent
        self.done += weight
