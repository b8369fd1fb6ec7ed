"""The libcublasLt that loads beside pip's cuBLAS: the two are found one by one.

pip's libcublas names its own folder as RUNPATH, which the loader asks after LD_LIBRARY_PATH: a CUDA toolkit that is
named there gives its libcublasLt to torch's cuBLAS, which torch's own RPATH has found beside it (readelf of
nvidia-cublas-cu11 11.10.3.66).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence, Finding, Outcome, Remedy
from compat.rules.libraries.copies import in_front, searched_in

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.subject import Subject


def another_cublaslt(case: "Case") -> Iterator[Outcome]:
    """Does a libcublasLt load beside torch's cuBLAS that is older than it?"""
    torch = next((one for one in case.subjects if one.component == "torch" and one.state == "installed"), None)
    if torch is None or torch.version is None or case.machine.os == "windows":
        return
    row, brought = _by_path(case, torch), _from_pip(case, torch)
    found = None if row is None or brought is None else _loads(case, row) or _searched_first(case, row)
    if row is None or brought is None or found is None:
        return
    have, facts = found
    yield Finding(
        "library-shadowed",
        "cublasLt",
        f"the libcublasLt of {have} loads in front of the one that {torch.label} brought with CUDA {row['of']}; its "
        "cuBLAS calls symbols that the older one lacks.",
        (
            *facts,
            *brought,
            case.cite(f"torch {row['range']} takes the libcublasLt that is found first", row),
            *case.taken_for_linux,
        ),
        (
            Remedy("take that CUDA toolkit's folder off LD_LIBRARY_PATH", "setting"),
            Remedy("put site-packages/nvidia/cublas/lib first on LD_LIBRARY_PATH", "setting"),
        ),
    )


def _by_path(case: "Case", torch: "Subject") -> "Row | None":
    """The trait of its release, for a CUDA that it may be built for."""
    public = versions.parse(torch.version or "").public
    cudas = dict.fromkeys(str(cuda) for cuda, _ in torch.field("cuda").values if cuda)
    rows = (case.matrix.traits.claim("torch", "cublaslt-by-path", public, cuda) for cuda in cudas)
    return next((row for row in rows if row is not None), None)


def _from_pip(case: "Case", torch: "Subject") -> tuple[Evidence, ...] | None:
    """What tells that it is the wheel of PyPI, whose cuBLAS is a package of its own; None where nothing does."""
    if case.has("nvidia-cublas-cu11"):
        return (case.read("packages.nvidia-cublas-cu11", case.version_of("nvidia-cublas-cu11") or "installed"),)
    told = torch.field("cuda").known and torch.every(lambda build: build.get("index") == "pypi")
    return (Evidence(f"{torch.label} is PyPI's", torch.field("cuda").source),) if told else None


def _loads(case: "Case", row: "Row") -> tuple[str, tuple[Evidence, ...]] | None:
    """The copy that is said to load, where no other of the environment is told that it is held against."""
    front = in_front(case, "cublasLt")
    if front is None or front[1].version is None or front[1].origin in ("pip", "bundled"):
        return None
    path, copy = front
    have = copy.version
    others = [(at, one.origin) for at, one in case.libraries("cublasLt") if one is not copy]
    if have is None or any(origin in ("pip", "bundled") for _, origin in others):
        return None
    if versions.same_line(have, row["value"], 1) is not True:
        return None
    own = [case.assume(f"{path}.origin", "it is not torch's own")] if copy.origin is None else []
    own += [case.assume(f"{at}.origin", "nor is this one") for at, origin in others if origin is None]
    older = versions.at_least(have, row["value"]) is False
    return (f"cuBLAS {have}", (case.read(f"{path}.version", have), *own)) if older else None


def _searched_first(case: "Case", row: "Row") -> tuple[str, tuple[Evidence, ...]] | None:
    """The toolkit that LD_LIBRARY_PATH names first, where it is an older one of the same major."""
    found = None if case.libraries("cublasLt") else searched_in(case, "cublas")
    if found is None or versions.same_line(found[0], row["of"], 1) is not True:
        return None
    return (f"CUDA {found[0]}", found[1]) if versions.at_least(found[0], row["of"]) is False else None
