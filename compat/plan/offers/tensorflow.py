"""TensorFlow: with CUDA from its extra, from packages beside it, or from the machine."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.matrix.packages import fits_python
from compat.plan.commands import conda
from compat.plan.commands import python as installers
from compat.plan.commands.managers import CHANNEL
from compat.plan.model import Choice
from compat.plan.offers import parts
from compat.plan.offers.builds import choices
from compat.plan.offers.jetson import takes_servers
from compat.plan.offers.published import JETSON, indexes_of, pins, rows
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

EXTRA = "and-cuda"


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """Builds with CUDA; before 2.1 those were published as tensorflow-gpu."""
    found = rows(matrix, "tensorflow", machine, wanted) + rows(matrix, "tensorflow-gpu", machine, wanted)
    for row in sorted(found, key=lambda one: versions.parse(one["version"]).key(), reverse=True):
        yield from choices(row, "tensorflow", machine, matrix, gpu, _plain, _ways)
    if gpu and indexes_of(machine, matrix) != JETSON:
        for row in rows(matrix, "nvidia-tensorflow", machine, wanted):
            yield _of_nvidia(row, machine, matrix)


def _of_nvidia(row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    """TensorFlow 1.15 as NVIDIA carries it on: for newer GPUs, with CUDA as packages, on its own index."""
    version = f"{row['version']}+{row['local']}"
    plain = _plain(row, machine, matrix)
    return replace(plain, version=version, variant=row["variant"], default=False, extra_index=installers.NVIDIA)


def _ways(row: "Row", machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    plain = _plain(row, machine, matrix)
    lines = row.get("extras", {}).get(EXTRA, ())
    source = str(matrix.source(row, "extras"))
    if lines and resolvable(matrix, lines, machine):
        yield replace(
            plain,
            extras=(EXTRA,),
            pins=(*plain.pins, *pins(matrix, lines, machine, plain.label, source, EXTRA)),
            library_path=_blind(row, matrix),
        )
    cuda = _cuda(row)
    if cuda is not None and parts.on_machine(machine, cuda.major, cudnn=True):
        yield plain
    with_parts = _with_parts(plain, row, machine, matrix) or _with_conda(plain, row, matrix)
    if with_parts is not None:
        yield with_parts
    elif not lines:
        yield replace(plain, default=False)  # for the rule that says what is missing, and what a person may install


def _blind(row: "Row", matrix: "Matrix") -> bool:
    """Does this release fail to find the CUDA parts that lie beside it, although it looks for them?"""
    return matrix.traits.holds("tensorflow", "parts-unseen", row["version"]) is True


def _plain(row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    version = row["version"]
    label = f"{row['package']} {version}"
    release = matrix.packages.release("tensorflow", version) or {}
    tested = [versions.major_minor(text) for text in release.get("cuda_tested", ()) if text]
    cuda = row.get("cuda")
    known = _cuda(row)
    return Choice(
        "tensorflow",
        row["package"],
        version,
        row["index"],
        row["variant"],
        build=Build(cuda=str(known) if known else (False if cuda is False else None), source=row["index"]),
        pins=pins(matrix, row.get("requires", ()), machine, label, str(matrix.source(row, "requires"))),
        row=row,
        tested=not tested or known is None or versions.major_minor(str(known)) in tested,
        default=row["index"] == "pypi",
    )


def _cuda(row: "Row") -> versions.Version | None:
    """The CUDA of a build. Windows builds of 2.x state it as the number in their DLL names: 64_112 is 11.2."""
    text = row.get("cuda") or None
    if text is not None and text.startswith("64_"):
        text = versions.cuda_of_tag(f"cu{text[3:]}")
    return versions.try_parse(text)


def resolvable(matrix: "Matrix", lines: "list[str]", machine: Machine) -> bool:
    """Can an installer get every package of the extra? Placeholders, never-published releases and exact releases that
    have no file for this Python stop it."""
    jetson = machine.is_jetson and not takes_servers(machine, matrix)
    return _resolvable(matrix, tuple(lines), machine.os, machine.arch, machine.python, jetson)


@lru_cache(maxsize=1024)
def _resolvable(
    matrix: "Matrix", lines: tuple[str, ...], system: str | None, arch: str | None, python: str | None, jetson: bool
) -> bool:
    machine = Machine(os=system, arch=arch, python=python, environment=("jetson",) if jetson else None)
    for name, spec, _ in matrix.packages.pins({"requires": lines}):
        for dead in matrix.every("name"):
            if dead["distribution"] != name or dead["state"] not in (
                "stub",
                "never-published",
                "fetcher",
                "source-only",
            ):
                continue
            if dead["state"] == "fetcher":
                continue  # its build step fetches the real one
            exact = spec[2:].strip() if spec.startswith("==") else None
            if dead["range"] == "*" or (exact and versions.parse_range(dead["range"]).admits(exact)):
                return False
        known = matrix.packages.versions(name)
        if (
            len(known) > 1
            and spec.startswith("==")
            and not any(versions.parse_range(spec).admits(one) for one in known)
        ):
            return False
        files = rows(matrix, name, machine, spec) if spec.startswith("==") else ()
        if files and not any(fits_python(one, machine.python) for one in files):
            return False
    return True


def _with_parts(plain: Choice, row: "Row", machine: Machine, matrix: "Matrix") -> Choice | None:
    cuda = _cuda(row)
    if cuda is None or (machine.os or row.get("os")) != "linux" or "needs" not in row:
        return None
    names = parts.carriers(matrix, row, cuda.major)
    if not names:
        return None
    release = matrix.packages.release("tensorflow", row["version"]) or {}
    cudnn = release.get("cudnn") or row.get("cudnn")
    major = versions.parse(cudnn).major if cudnn else None
    ranges = {name: f">={cudnn},<{(major or 0) + 1}" for name in names if "cudnn" in name and major is not None}
    extra = matrix.packages.pins({"requires": row.get("extras", {}).get(EXTRA, ())})
    # The compiler and the profiler are run or opened by name: no file needs them, the extra lists them.
    names = tuple(dict.fromkeys((*names, *(name for name, _, _ in extra if name.startswith("nvidia-")))))
    ranges |= {name: spec for name, spec, _ in extra if name in names and not spec.startswith("==")}
    own = parts.pins(names, ranges, plain.label, str(matrix.source(row, "needs")))
    looks = matrix.traits.holds("tensorflow", "looks-for-parts", row["version"])
    outside = not looks or _blind(row, matrix)
    return replace(plain, pins=(*plain.pins, *own), parts=names, library_path=outside, default=False)


def _with_conda(plain: Choice, row: "Row", matrix: "Matrix") -> Choice | None:
    """CUDA and cuDNN from conda-forge, where no packages of the index carry them (Windows, CUDA 10 and older); before
    CUDA 9.2 from Anaconda's own channel.

    So TensorFlow's own installation pages have it for the releases before and-cuda.
    """
    cuda = _cuda(row)
    cudnn = (matrix.packages.release("tensorflow", row["version"]) or {}).get("cudnn")
    if cuda is None or cuda.minor is None or cudnn is None:
        return None
    line = versions.major_minor(str(cuda))
    channel = next((one for one in (CHANNEL, conda.DEFAULTS) if line in _carried("cudatoolkit", one, matrix)), None)
    served = _cudnn(cudnn, channel, matrix) if channel is not None else None
    if channel is None or served is None:
        return None
    parts = (("cudatoolkit", line), ("cudnn", served))
    beside = "" if channel == CHANNEL else channel
    return replace(plain, conda=parts, channel=beside, libraries=(("cudnn", served),), default=False)


def _cudnn(built: str, channel: str, matrix: "Matrix") -> str | None:
    """The line of cuDNN that a channel has for a build: its own, else the next of its major, which serves it too."""
    wanted = versions.parse(built)
    lines = [versions.major_minor(one) for one in _carried("cudnn", channel, matrix)]
    newer = (one for one in lines if versions.parse(one).major == wanted.major and versions.at_least(one, built))
    return built if wanted.minor is None else next(newer, None)


def _carried(name: str, channel: str, matrix: "Matrix") -> tuple[str, ...]:
    rows = matrix.rows("carried", "conda")
    return next((tuple(row["versions"]) for row in rows if (row["name"], row["channel"]) == (name, channel)), ())
