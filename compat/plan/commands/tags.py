"""What pip is told to fetch wheels for another machine with: its Python, and its platform tags, best first.

manylinux_2_N needs glibc 2.N (PEP 600); three of them have older names (PEP 513, 571, 599).
"""

from collections.abc import Iterator

from compat import versions
from compat.machine import Machine

_OLDER_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64"}


def of_machine(machine: Machine) -> Iterator[str]:
    """Every tag that the machine takes; none that depend on glibc where its release is unknown."""
    arch = machine.arch or "x86_64"
    if machine.os == "windows":
        yield _WINDOWS[arch]
        return
    newest = versions.parse(machine.glibc).minor if machine.glibc else None
    for minor in range(newest or 0, min(_OLDER_NAMES) - 1, -1):
        yield f"manylinux_2_{minor}_{arch}"
        if minor in _OLDER_NAMES:
            yield f"{_OLDER_NAMES[minor]}_{arch}"
    yield f"linux_{arch}"


def of_python(python: str) -> Iterator[str]:
    """pip's words for another Python: its number, and the ABI of a free-threaded one, which takes no other's wheels."""
    yield from ("--python-version", python.removesuffix("t"))
    if python.endswith("t"):
        yield from ("--abi", f"cp{versions.major_minor(python).replace('.', '')}")
