"""How old the matrix's data is, and when to say so."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat.matrix import Matrix

STALE_MONTHS = 6
REFRESH = "compatcheck matrix update"


def today() -> str:
    """The day, YYYY-MM-DD; tests replace it."""
    return time.strftime("%Y-%m-%d")


def months(date: str, now: str) -> int:
    """Whole months from one day to another; 0 where the first is the later one."""
    year, month, day = (int(part) for part in date.split("-"))
    its_year, its_month, its_day = (int(part) for part in now.split("-"))
    return max(0, (its_year - year) * 12 + its_month - month - (its_day < day))


def last_looked(matrix: "Matrix") -> str:
    """The day up to which releases were looked for: of the data, or of the last `matrix update`."""
    return max(matrix.date, str(matrix.index.get("updated", "")))


def warning(matrix: "Matrix", now: str | None = None) -> str | None:
    """What to say of data that is six months old or older; None of younger data."""
    age = months(last_looked(matrix), now or today())
    if age < STALE_MONTHS:
        return None
    return (
        f"the matrix's data is {age} months old ({last_looked(matrix)}), newer releases are unknown to it; "
        f"`{REFRESH}` looks for them, a newer gpu-compatcheck knows them best"
    )
