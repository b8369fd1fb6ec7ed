"""Which distributions a plan may name, and which places of their publishers: those of the matrix, nothing else."""

import re
from functools import cache
from typing import TYPE_CHECKING

from compat.matrix.packages import normal

if TYPE_CHECKING:
    from compat.install.templates import Known
    from compat.matrix import Matrix


def names(matrix: "Matrix") -> "Known":
    """A function that knows them; what an archive is compiled by among them."""
    tools = {name for row in matrix.every("trait") if row["name"] == "compiled-by" for name in row["value"].split()}
    return lambda name: normal(name) in matrix.named or normal(name) in tools


# Trait that names a place (plan/offers/places.py) -> where it may stand in a package manager's templates.
_OWN = {"own-index": ("index", "extra"), "own-page": ("page",), "own-file": ("address",)}
PLACES = frozenset(place for found in _OWN.values() for place in found)
# What stands in an address for each of its braces.
_PARTS = {
    "version": r"\d[0-9a-z.]*",
    "variant": r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*",
    "cuda": r"(?:cu\d{2,3}|cpu)",
    "digits": r"\d{2,3}",
    "torch": r"\d+\.\d+",
    "python": r"cp\d+",
}


@cache
def places() -> dict[str, tuple[re.Pattern[str], ...]]:
    """The addresses of publishers' own indexes, pages of links and files, by the place in a template."""
    from compat.matrix import Matrix

    found: dict[str, tuple[re.Pattern[str], ...]] = {}
    for row in Matrix.load().every("trait"):
        for place in _OWN.get(row["name"], ()):
            found[place] = (*found.get(place, ()), re.compile(address(row["value"])))
    return found


def address(template: str) -> str:
    """The pattern of the addresses that a template of the matrix stands for; a part that comes twice is the same."""
    made, named = "", set[str]()
    for number, text in enumerate(re.split(r"\{(\w+)\}", template)):
        if number % 2 == 0:
            made += re.escape(text)
        else:
            made += f"(?P={text})" if text in named else f"(?P<{text}>{_PARTS[text]})"
            named.add(text)
    return made
