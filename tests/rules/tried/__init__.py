"""Every rule of the catalogue on three small machines each: violated, holding, unknown.

A new rule is one more entry in the file of its family.
"""

from compat.rules import CATALOGUE
from tried import cuda, libraries, models, packages, system
from tried.base import MATRIX, Facts, Tried, errors, judge

TRIED: tuple[Tried, ...] = tuple(
    sorted(
        (one for family in (system, cuda, libraries, packages, models) for one in family.TRIED),
        key=lambda one: CATALOGUE.index(one.rule),
    )
)
IDS = [one.rule for one in TRIED]

__all__ = ["IDS", "MATRIX", "TRIED", "Facts", "Tried", "errors", "judge"]
