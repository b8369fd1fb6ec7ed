"""Does a release of a library serve a package: by what the package was built with, what it pins, what it calls?"""

from compat import versions
from compat.rules.case import Case
from compat.rules.subject import Possible, Subject


def fits(case: Case, subject: Subject, name: str, have: str) -> bool | None:
    """Does a release of the library serve the package, by what it was built with or pins? None: unknown."""
    if name == "cudnn":
        built = subject.field("cudnn")
        return decided(built, have, asks_of_cudnn(case, subject)) if built.values else None
    whole = held_against(case, name)
    if whole is not None and versions.same_line(have, whole[1], 1):
        # cuBLAS comes in two files of one release, and cuSPARSE and cuSOLVER call the nvJitLink of theirs: by symbols
        # that an older one does not have.
        return False if versions.at_least(have, versions.major_minor(whole[1])) is False else None
    if name == "nccl":
        return _has_symbols(case, subject, have)
    lines = {str(row.get("requires")) for row in subject.candidates}
    if len(lines) != 1:
        return None
    for pinned, spec, _ in case.matrix.packages.pins(subject.candidates[0]):
        if pinned.startswith(f"nvidia-{name}") and ">=" in spec:
            return versions.parse_range(spec).admits(have)
    return None


_HALVES = {"cublasLt": "cublas", "nvjitlink": "nvjitlink"}


def held_against(case: Case, name: str) -> tuple[str, str] | None:
    """(field, release) of the environment's own copy of the library that the named one goes with."""
    whole = _HALVES.get(name)
    for package in (f"nvidia-{whole}-cu11", f"nvidia-{whole}-cu12", f"nvidia-{whole}") if whole else ():
        version = case.version_of(package)
        if version is not None:
            return f"packages.{package}", version
    copies = case.libraries(whole) if whole else ()
    found = [(f"{at}.version", one.version) for at, one in copies if one.origin in ("pip", "conda") and one.version]
    return found[0] if len(found) == 1 else None


def _has_symbols(case: Case, subject: Subject, have: str) -> bool | None:
    """Has this NCCL every symbol that the package's libraries call? None where it is not known which those are."""
    release = case.matrix.packages.release(subject.component, subject.version) if subject.version else None
    if release is None or "nccl_minimum" not in release:
        return None
    return versions.at_least(have, release["nccl_minimum"])


def asks_of_cudnn(case: Case, subject: Subject) -> str:
    """What it asks of cuDNN: the ``major`` that it was built with, that ``minor`` or newer, the ``same`` minor."""
    if case.matrix.traits.holds(subject.component, "cudnn-same-minor", subject.version):
        return "same"
    return str(case.matrix.packages.about(subject.component).get("cudnn_check", "minor"))


def runs_on_cudnn(case: Case, subject: Subject) -> bool:
    """Does it open cuDNN at all? TensorRT of today is built with it for plugins that are compiled by oneself."""
    if case.matrix.traits.row(subject.component, "runs-on-cudnn") is None:
        return True
    return case.matrix.traits.holds(subject.component, "runs-on-cudnn", subject.version) is True


def decided(built: Possible, have: str, asks: str) -> bool | None:
    return built.decide(lambda need: serves(have, need, asks))


def serves(have: str, need: str, asks: str) -> bool | None:
    """Does a cuDNN release serve a build that ``asks`` for the major, the minor or newer, or the same minor?"""
    same = versions.same_line(have, need, 1)
    if not same or asks == "major":
        return same
    if asks == "same":
        return versions.same_line(have, need, 2)
    return versions.at_least(have, versions.major_minor(need))
