"""Which package of the goal opens which library, by the lists of its builds and by what they pin."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence
from compat.rules.case import Case
from compat.rules.libraries.beside import OF_TENSORRT
from compat.rules.runtimes import gpu_parts
from compat.rules.subject import Subject, is_of_torch

if TYPE_CHECKING:
    from compat.matrix import Row


def wants(case: Case) -> Iterator[Subject]:
    """The packages whose libraries the goal loads: its subjects and the parts that carry their GPU code."""
    for subject in case.subjects:
        yield subject
        yield from gpu_parts(case, subject)


def opening(case: Case) -> Iterator[Subject]:
    """Those of them that open their CUDA libraries for the goal: an import alone opens none of some packages'."""
    return (subject for subject in wants(case) if not _opens_none(case, subject))


def _opens_none(case: Case, subject: Subject) -> bool | None:
    """Is an import asked for that opens none of its CUDA libraries, or a conversion which does no more with it? None
    where its release does not tell, or those differ that are asked for."""
    imported = case.goal.verb == "import" or (case.goal.verb == "convert" and not case.goal.needs_gpu)
    if not imported or case.matrix.traits.row(subject.component, "imports-without-cuda") is None:
        return False
    asked = {row["version"] for row in subject.candidates} if subject.state == "requested" else set()
    told = {
        case.matrix.traits.holds(subject.component, "imports-without-cuda", one) for one in asked or {subject.version}
    }
    return told.pop() if len(told) == 1 else None


def opens_early(case: Case, subject: Subject) -> tuple[Evidence, ...]:
    """That an import of it opens them, where its release does not tell."""
    unsaid = _opens_none(case, subject) is None
    return (case.assume(subject.path, "of a release whose import opens them"),) if unsaid else ()


_CUDNN = re.compile(r"(?:libcudnn(?:_\w+)?\.so\.|cudnn(?:_\w+)?64_)(\d{1,9})(?:\D|$)")


def opens(subject: Subject, soname: str) -> bool | None:
    """Does the build open this soname (or DLL), itself or through another library that it opens? None where its list is
    unknown or the candidates differ."""
    known = _row(subject, soname)
    if known is not None and is_own(subject, soname):
        return versions.parse_range(known.get("versions", "*")).admits(subject.version) if subject.version else None
    if known is None or "opened_by" not in known:
        return _opens_itself(subject, soname)
    through = _ships_with(subject, known) and opens(subject, known["opened_by"])
    if through or "packages" not in known:
        return through
    itself = _opens_itself(subject, soname)
    return None if itself is False and through is None else itself


def is_own(subject: Subject, soname: str) -> bool:
    """Is it TensorRT's own library, which its bindings are linked to? The lists of its builds are of CUDA's."""
    known = _row(subject, soname) if subject.component == "tensorrt" else None
    return known is not None and known["library"] in OF_TENSORRT


def _row(subject: Subject, soname: str) -> "Row | None":
    return subject.matrix.libraries.of_soname(soname.lower() if soname.lower().endswith(".dll") else soname)


def _ships_with(subject: Subject, row: "Row") -> bool | None:
    """Is the library one of the CUDA that the build is for? Any that is of no CUDA."""
    if "cuda" not in row:
        return True
    ships = versions.parse_range(row["cuda"])
    return subject.field("cuda").decide(lambda cuda: bool(cuda) and ships.admits(_first_of(str(cuda))))


def of_conda(case: Case, subject: Subject, soname: str) -> tuple[Evidence, ...]:
    """That it may be conda's build of the same name, which opens the CUDA that it is known to be built for where
    pip's has that inside. Empty where nothing says so.
    """
    names = case.matrix.packages.about(subject.component).get("distributions", {})
    built, row = subject.facts.cuda, _row(subject, soname)
    if not (built and row is not None and "cuda" in row) or subject.facts.source is not None:
        return ()
    if subject.distribution not in names.get("conda", ()) or not case.machine.in_environment("conda"):
        return ()
    if not versions.parse_range(row["cuda"]).admits(_first_of(str(built))):
        return ()
    mine = case.assume(f"builds.{subject.distribution}.source", "conda's build, which has no CUDA inside")
    return (case.read("environment", "conda"), case.read(f"builds.{subject.distribution}.cuda", built), mine)


def _opens_itself(subject: Subject, soname: str) -> bool | None:
    cudnn = _CUDNN.match(soname)
    if cudnn is not None and subject.field("cudnn").values:
        # Pins and builds tell the major of cuDNN where a list of sonames does not.
        return subject.field("cudnn").decide(lambda built: versions.parse(built).major == int(cudnn[1]))
    pinning = _by_pin(subject, soname)
    if _by_name(subject, soname) or (pinning and len(pinning) == len(subject.candidates)):
        return True
    if not subject.candidates or any("needs" not in row for row in subject.candidates):
        return None
    return subject.every(lambda row: _is_among(soname, row["needs"]))


def _by_name(subject: Subject, soname: str) -> bool:
    """Is it of a CUDA library that the package opens when it wants it, whatever its files are linked to?"""
    row = subject.matrix.libraries.of_soname(soname)
    if row is None or row["library"] not in subject.matrix.packages.about(subject.component).get("opens", ()):
        return False
    ships = versions.parse_range(row["cuda"])
    return subject.field("cuda").decide(lambda cuda: bool(cuda) and ships.admits(_first_of(str(cuda)))) is True


def _by_pin(subject: Subject, soname: str) -> "list[Row]":
    """The builds that require the package of NVIDIA's that carries it: what is pinned is opened."""
    row = subject.matrix.libraries.of_soname(soname)
    carriers = row.get("packages", ()) if row is not None else ()
    ships = versions.parse_range(row.get("cuda", "*") if row is not None else "*")
    return [
        one
        for one in (subject.candidates if carriers else ())
        if any(name in carriers for name, _, _ in subject.matrix.packages.pins(one))
        and (not one.get("cuda") or ships.admits(_first_of(str(one["cuda"]))) is not False)
    ]


def on_demand(subject: Subject, soname: str) -> bool:
    """Does every build that it can be open this one only when an operator first asks for it? A file's name tells for
    which system the build is."""
    system = "windows" if soname.lower().endswith(".dll") else "linux"
    rows = [row for row in subject.candidates if row.get("os", system) == system]
    return bool(rows) and all(_is_among(soname, row.get("on_demand", [])) for row in rows)


def asked_later(subject: Subject, soname: str) -> "tuple[Row, bool | None] | None":
    """The claim that some releases open this one only for what needs it, and whether this is one of them."""
    traits, component = subject.matrix.traits, subject.component
    row = traits.row(component, "opens-on-demand", soname)
    return None if row is None else (row, traits.holds(component, "opens-on-demand", subject.version, soname))


def _first_of(cuda: str) -> str:
    return cuda if "." in cuda else f"{cuda}.0"


def _is_among(soname: str, needs: list[str]) -> bool:
    return soname in needs or shim(soname) in needs


def shim(soname: str) -> str:
    """cuDNN's parts are opened by its shim: who opens libcudnn.so.9 opens libcudnn_ops.so.9."""
    part = _CUDNN.match(soname)
    if part is None or not soname.startswith(("libcudnn_", "cudnn_")):
        return soname
    return f"libcudnn.so.{part[1]}" if soname.startswith("lib") else f"cudnn64_{part[1]}.dll"


def because(case: Case, subject: Subject, soname: str) -> tuple[Evidence, ...]:
    """What tells that the package opens it: `opens`, with its source."""
    known = _row(subject, soname)
    if known is not None and "opened_by" in known and not _opens_itself(subject, soname):
        through = case.cite(f"{known['opened_by']} opens {soname}", known, "opened_by")
        return (*because(case, subject, known["opened_by"]), through)
    cudnn, built = _CUDNN.match(soname), subject.field("cudnn")
    if cudnn is not None and built.values:
        return (Evidence(f"{subject.label} is built with cuDNN {cudnn[1]}", built.source),)
    for row in _by_pin(subject, soname):
        return (case.cite(f"{subject.label} requires the package that carries {soname}", row, "requires"),)
    if _by_name(subject, soname):
        cuda = subject.field("cuda")
        return (Evidence(f"{subject.label} is built for CUDA {cuda.values[0][0]}", cuda.source),)
    return (case.cite(f"{subject.label} opens {shim(soname)}", subject.candidates[0], "needs"),)


def links_torch(subject: Subject, soname: str) -> bool:
    """Is it a library of torch's own, and the package one that is compiled against torch?"""
    about = subject.matrix.packages.about(subject.component)
    beside = about.get("family") == "torch" or "torch" in about.get("runs_with", ())
    return beside and subject.component != "torch" and is_of_torch(subject.matrix.traits, soname)


def lists_leave_out(subject: Subject, soname: str) -> bool:
    """Do the lists of the builds that it can be leave it out? One that has it or its opener fits what was missed.

    They are of NVIDIA's libraries: of torch's own, which what is compiled against it links, they tell nothing.
    """
    if links_torch(subject, soname):
        return False
    lists = [row["needs"] for row in subject.candidates if "needs" in row]
    opener = (_row(subject, soname) or {}).get("opened_by", soname)
    found = any(_is_among(one, needs) for needs in lists for one in (soname, opener))
    return bool(lists) and not found and not _by_pin(subject, soname)
