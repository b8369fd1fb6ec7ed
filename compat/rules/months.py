"""What NVIDIA's monthly images have, where the notes of one month are not known and those around it are."""

from typing import TYPE_CHECKING

from compat import versions

if TYPE_CHECKING:
    from compat.rules.platform import Platform


def of_neighbours(case: "Platform", month: str, images: tuple[str, ...]) -> str | None:
    """A month's CUDA by its minor (12.6), where the months before and after it have that one; by its major alone (12),
    where they differ in the minor; else None.

    No month's is older than the one's before it (NVIDIA's support matrix of its framework containers).
    """
    told = {row["tag"]: row["cuda"] for row in case.matrix.rows("container", "container") if _of(row, images)}
    tags = [tag for tag in told if len(tag) == len(month) and tag.replace(".", "").isdigit()]
    before = max((tag for tag in tags if tag < month), default=None)
    after = min((tag for tag in tags if tag > month), default=None)
    if before is None or after is None:
        return None
    older, newer = versions.major_minor(told[before]), versions.major_minor(told[after])
    if older == newer:
        return older
    major = older.partition(".")[0]
    return major if major == newer.partition(".")[0] else None


def _of(row: "dict[str, object]", images: tuple[str, ...]) -> bool:
    return row["image"] in images and "cuda" in row
