"""A requirements file with hashes: ``pip install --require-hashes -r FILE``, and the same with uv.

Hash checking (https://pip.pypa.io/en/stable/topics/secure-installs) wants every package pinned and hashed. Indexes that
the plan names itself stand in the file; the default one is the reader's.
"""

from collections.abc import Iterator

from compat.lock import MADE_BY, Locked, NoLock
from compat.lock.resolve import without_credentials
from compat.lock.wanted import Wanted
from compat.plan.model import Plan


def render(locked: Locked, wanted: Wanted, plan: Plan, matrix_date: str) -> Iterator[str]:
    """The lines of the file. Raises NoLock for a file without a hash."""
    target = [f"Python {wanted.line}" if wanted.line else "", wanted.target.os or "", wanted.target.arch or ""]
    where = " ".join(part for part in target if part)
    yield f"# Made by {MADE_BY} (matrix of {matrix_date}) with {locked.resolver}{f', for {where}' if where else ''}."
    yield f"# With exactly these packages the rules find nothing wrong with: {', '.join(map(str, plan.goals))}"
    yield "# python -m pip install --require-hashes -r THIS_FILE"
    for url in wanted.indexes:
        yield f"--extra-index-url {without_credentials(url)}"
    for place in wanted.links:
        yield f"--find-links {without_credentials(place) if '://' in place else place}"
    for package in sorted(locked.packages, key=lambda one: one.name):
        digests = sorted({f"{name}:{digest}" for file in package.files for name, digest in file.hashes})
        if not digests or not all(file.hashes for file in package.files):
            raise NoLock(
                f"{package.name} {package.version}: the index gives no hash of every file",
                "lock with --installer pip, which downloads such a file and computes it",
            )
        named = f"{package.name} @ {package.files[0].url}" if package.direct else f"{package.name}=={package.version}"
        yield " \\\n".join([named, *(f"    --hash={digest}" for digest in digests)])
