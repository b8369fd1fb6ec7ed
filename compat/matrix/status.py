"""What the matrix holds and how old it is, for `compatcheck matrix status` and `list`."""

from typing import TYPE_CHECKING, Any

from compat import versions
from compat.matrix import age

if TYPE_CHECKING:
    from compat.matrix import Matrix


def status(matrix: "Matrix", now: str | None = None) -> dict[str, Any]:
    """Version, dates, counts by table and component, the newest release of each package, and whether it is stale."""
    now = now or age.today()
    looked = age.last_looked(matrix)
    tables = {
        table: {owner: count(matrix, table, owner) for owner in matrix.components(table)}
        for table in sorted(matrix.index["tables"])
    }
    return {
        "version": matrix.version,
        "date": matrix.date,
        "updated": matrix.index.get("updated"),
        "age_months": age.months(looked, now),
        "stale": age.months(looked, now) >= age.STALE_MONTHS,
        "refresh": age.REFRESH,
        "subjects": sum(sum(owners.values()) for owners in tables.values()),
        "tables": tables,
        "newest": newest(matrix),
    }


def count(matrix: "Matrix", table: str, owner: str) -> int:
    """Subjects of a table and component (or distribution)."""
    if table == "build":
        return sum(len(rows) for rows in matrix.builds(owner).values())
    return len(matrix.rows(table, owner))


def newest(matrix: "Matrix") -> dict[str, dict[str, Any]]:
    """The newest final release with builds of each distribution, and the day of its files."""
    found: dict[str, dict[str, Any]] = {}
    for package in matrix.components("build"):
        final = [text for text in matrix.packages.versions(package) if not versions.parse(text).is_prerelease]
        if final:
            days = [row["date"] for row in matrix.builds(package)[final[-1]] if "date" in row]
            found[package] = {"version": final[-1], "date": min(days, default=None), "releases": len(final)}
    return found


def components(matrix: "Matrix") -> dict[str, dict[str, int]]:
    """Every component and distribution with the number of its subjects by table."""
    found: dict[str, dict[str, int]] = {}
    for table in sorted(matrix.index["tables"]):
        for owner in matrix.components(table):
            found.setdefault(owner, {})[table] = count(matrix, table, owner)
    return dict(sorted(found.items()))
