"""How much a problem has taken, counted in questions: what bounds the search for advice, on any machine alike.

That something is impossible is proven whatever it takes. What would lift the impossibility is advice, of which there
may be endlessly much to try: it is looked for as long as what was asked of the rules stays below a bound. The weights
are about what the questions take, in hundredths of a millisecond on a core of today.
"""

PAIR, BUILD, OFFERS, WHOLE = 1, 20, 200, 250
MOST = 80_000  # of one request; of what the proof leaves of it, the advice takes
LEAST = 20_000  # which the advice may take in any case


class Spent(Exception):
    """A search for advice has asked as much as it may."""


class Effort:
    """What was asked so far (``done``), and what may be (``most``): without a bound as long as none is set."""

    def __init__(self, machines: int = 1) -> None:
        """``machines``: for how many the request is, each of which has a plan of its own first."""
        self.done = 0
        self._bound, self._least = MOST // machines, LEAST // machines
        self.most: int | None = None
        self.cut = False  # was something left unasked?

    def allow(self, hundredths: int) -> None:
        """So much of what is left of the bound may be taken."""
        self._bound = max(self._bound, self.done + (self._least if self.most is None else 0))
        self.most = self.done + (self._bound - self.done) * hundredths // 100

    def takes(self, weight: int) -> None:
        """Something is about to be asked. Raises Spent where nothing more may be."""
        if self.most is not None and self.done >= self.most:
            self.cut = True
            raise Spent
        self.done += weight
