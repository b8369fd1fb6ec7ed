"""CUDA releases among the libraries that are there: too old, of another major, of several at once."""

from collections.abc import Iterator

from compat import versions
from compat.matrix import Row
from compat.matrix.packages import normal, rivals
from compat.rules.base import OF_BUILD, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case
from compat.rules.libraries.beside import below_symbols
from compat.rules.libraries.opened import opening
from compat.rules.subject import Subject


@rule(
    "cuda-library-too-old",
    reads=("toolkits", "variables", *OF_SYSTEM, *OF_BUILD),
    masks=("cuda-major-mismatch",),
)
def cuda_library_too_old(case: Case) -> Iterator[Outcome]:
    """A CUDA library that loads is older than the build needs, or of a neighbouring release with another soname.

    Packages pin the least release of each CUDA library that they need (nvidia-cublas-cu12>=12.3.4). And up to CUDA 10
    the sonames carried the minor: a build for 10.1 opens libcudart.so.10.1, which CUDA 10.2 does not have. An NCCL that
    lacks a function which the package's libraries call is one as well: they are linked to it, and do not load; so is a
    ptxas older than the PTX that XLA writes.

    Remedy: install the library release that the package pins, or the toolkit of the build's own CUDA release.
    """
    for subject in opening(case):
        yield from _below_pins(case, subject)
        yield from below_symbols(case, subject)
        yield from _other_soname(case, subject)
    if case.subjects and any("nvjitlink" in name for name in case.packages):
        from compat.rules.libraries.jitlink import older_package

        yield from older_package(case)
    if case.goal.object == "jax":
        from compat.rules.cuda.xla import older_assembler

        yield from older_assembler(case)


def _below_pins(case: Case, subject: Subject) -> Iterator[Outcome]:
    if subject.state == "requested":
        return  # the installer takes what is pinned
    for row in subject.candidates[:1] if len({str(one.get("requires")) for one in subject.candidates}) == 1 else ():
        for name, spec, _ in case.matrix.packages.pins(row):
            have = case.version_of(name) if name.startswith("nvidia-") and "cudnn" not in name else None
            if have is None or ">=" not in spec:
                continue
            inside = versions.parse_range(",".join(part for part in spec.split(",") if ">=" in part)).admits(have)
            if inside is False:
                yield Finding(
                    "cuda-library-too-old",
                    name,
                    f"{name} {have} is older than {subject.label} needs ({spec}).",
                    (
                        case.read(f"packages.{name}", have),
                        case.cite(f"{subject.label} requires {name}{spec}", row, "requires"),
                    ),
                    (Remedy(f"install {name}{spec}"),),
                )


def _other_soname(case: Case, subject: Subject) -> Iterator[Outcome]:
    cuda = subject.field("cuda").known
    if not cuda or versions.parse(cuda).minor is None or not takes_system_cuda(case, subject):
        return
    kits = [
        (f"toolkits[{index}].version", kit.version)
        for index, kit in enumerate(case.machine.toolkits or ())
        if kit.version
    ]
    same_major = [(path, kit) for path, kit in kits if versions.same_line(kit, cuda, 1)]
    if not same_major or carried(case, cuda):
        return
    for wanted in _sonames(case, subject, cuda):
        ships = versions.parse_range(wanted["cuda"])
        if all(ships.admits(versions.major_minor(kit)) is False for _, kit in same_major):
            path, kit = same_major[0]
            yield Finding(
                "cuda-library-too-old",
                "cuda",
                f"{subject.label} opens {wanted['soname']} of CUDA {cuda}; CUDA {kit} does not have it.",
                (
                    case.read(path, kit),
                    case.cite(f"{wanted['soname']} is CUDA {wanted['cuda']}", wanted),
                    *_no_other(case, f"CUDA {cuda}"),
                ),
                (Remedy(f"install the CUDA {versions.major_minor(cuda)} toolkit beside it", "system"),),
            )
            return


def _sonames(case: Case, subject: Subject, cuda: str) -> "list[Row]":
    """Rows of the CUDA libraries that the build opens, as far as they are listed; of cudart at least."""
    needs = [set(row.get("needs", ())) for row in subject.candidates if row.get("cuda") is not False]
    listed = [case.matrix.libraries.of_soname(soname) for soname in sorted(set.intersection(*needs))] if needs else []
    system = "windows" if case.is_windows else "linux"
    # What it opens by name is in no list of what its files are linked to (TensorFlow on Windows).
    opened = dict.fromkeys(("cudart", *case.matrix.packages.about(subject.component).get("opens", ())))
    named = [
        case.matrix.libraries.soname_for(library, cuda=versions.major_minor(cuda), system=system) for library in opened
    ]
    return [row for row in (*listed, *named) if row is not None and "cuda" in row]


def takes_system_cuda(case: Case, subject: Subject, set_up: bool = False) -> bool:
    """Does the package leave its CUDA libraries to the machine? One whose metadata pins CUDA's parts brings them, and
    conda's solver lays them beside what it installs. One with an extra for them is taken to have used it, unless the
    machine was ``set_up`` for it by hand."""
    if subject.conda:
        return False
    about = case.matrix.packages.about(subject.component).get("cuda_from")
    if about not in ("system", "either"):
        return False
    if about == "either" and not set_up and _has_extra(subject):
        return False  # an extra of its own may have brought them
    if subject.component == "tensorrt" and any(row["index"] == "pypi" for row in subject.candidates):
        # The wheels ask for the CUDA runtime of their major; the index has only their fetchers, which do not say so:
        # https://github.com/NVIDIA/TensorRT/issues/4352, https://github.com/NVIDIA/TensorRT/issues/4614
        return False
    return not subject.candidates or not all(
        any(
            name.startswith(("nvidia-cublas", "nvidia-cuda-runtime", "cuda-toolkit"))
            for name, _, marker in case.matrix.packages.pins(row)
            if "extra" not in marker
        )
        for row in subject.candidates
    )


def _has_extra(subject: Subject) -> bool:
    release = [*subject.candidates, *subject.published.get(versions.parse(subject.version or "0").public, ())]
    return any("nvidia-" in str(row.get("extras", "")) for row in release)


def set_up_by_hand(case: Case) -> list[tuple[str, str]]:
    """(field, release) of the machine's own cuDNN: who installs that, and no pip package of it, uses no extra."""
    return [
        (f"{path}.origin", copy.origin)
        for path, copy in case.usable("cudnn")
        if copy.origin == "system" and copy.version
    ]


def _of_other_majors(case: Case) -> Iterator[Evidence]:
    """The runtimes that are there, none of which is of the major (`carried`)."""
    return (case.read(f"{path}.version", copy.version) for path, copy in case.usable("cudart"))


def _no_other(case: Case, cuda: str) -> tuple[Evidence, ...]:
    """That the libraries are in none of the places of which nothing is said."""
    return tuple(
        case.assume(place, f"nothing there that carries {cuda}")
        for place in ("packages", "libraries", "toolkits")
        if place == "packages" or getattr(case.machine, place) is None
    )


def carried(case: Case, cuda: str) -> bool:
    """Are CUDA parts of this major installed as packages or libraries?"""
    major = versions.parse(cuda).major
    tags = (f"-cu{major}", f"cu{major}0")  # nvidia-cublas-cu12, nvidia-dali-cuda120
    for name, version in (case.machine.packages or {}).items():
        plain = normal(name)
        if (
            plain.startswith("nvidia-")
            and version is not False
            and (plain.endswith(tags) or (version and plain in _UNSUFFIXED and versions.parse(version).major == major))
        ):
            return True
        if (
            plain in ("cudatoolkit", "cuda-version", "cuda-cudart")
            and version
            and versions.parse(version).major == major
        ):
            return True
    return any(
        library.version is None or versions.parse(library.version).major == major
        for _, library in case.usable("cudart")
    )


_UNSUFFIXED = ("nvidia-cuda-runtime", "nvidia-cublas")  # CUDA 13's parts have no suffix


@rule("cuda-major-mismatch", reads=("toolkits", "libraries", *OF_BUILD), masks=("library-not-found",))
def cuda_major_mismatch(case: Case) -> Iterator[Outcome]:
    """A package built for one CUDA major meets only libraries of another.

    The sonames of CUDA's libraries carry the major: libcublasLt.so.11 is not in CUDA 12. A package that takes CUDA
    from the machine (ONNX Runtime, TensorFlow without [and-cuda], CuPy) needs the toolkit, or the pip parts, of its
    own major.

    Shows as: "libcublasLt.so.11: cannot open shared object file", a provider that falls back to the CPU.

    Remedy: the build for the CUDA major that is there, or the CUDA parts of the build's major beside it.
    """
    for subject in opening(case):
        cuda = subject.field("cuda")
        by_hand = set_up_by_hand(case) if _has_extra(subject) else []
        if subject not in case.subjects or not cuda.values or not takes_system_cuda(case, subject, bool(by_hand)):
            continue
        majors = {versions.parse(value).major for value, _ in cuda.values if value}
        if len(majors) != 1 or not cuda.complete or any(value is False for value, _ in cuda.values):
            continue
        major = majors.pop()
        sources = _cuda_sources(case, subject)
        if not sources or carried(case, str(major)):
            continue
        facts = (
            *(fact for path, found, text in sources for fact in case.says(path, found, text)),
            *(case.read(*fact) for fact in by_hand[:1]),
            Evidence(f"{subject.label} is built for CUDA {major}", cuda.source),
        )
        if any(versions.parse(found).major == major for _, found, _ in sources):
            yield Holds("cuda-major-mismatch", subject.component, f"CUDA {major} is there for {subject.label}", facts)
        else:
            whose = case.of_whom("cudnn") if by_hand else ()
            there = " and ".join(dict.fromkeys(text for _, _, text in sources))
            yield Finding(
                "cuda-major-mismatch",
                subject.component,
                f"{subject.label} is built for CUDA {major}; this machine has {there}.",
                (*facts, *whose, *_of_other_majors(case), *_no_other(case, f"CUDA {major}")),
                (
                    Remedy(f"install the build of {subject.distribution} for the CUDA that is there"),
                    Remedy(f"install the CUDA {major} libraries beside it"),
                ),
            )


def _cuda_sources(case: Case, subject: Subject) -> list[tuple[str, str, str]]:
    """(field, CUDA, how it is called) of what could bring CUDA libraries to a process of this environment."""
    if any(kit.version is None for kit in case.machine.toolkits or ()):
        return []  # it can be any release
    found = [
        (f"toolkits[{index}].version", kit.version, f"CUDA {kit.version}")
        for index, kit in enumerate(case.machine.toolkits or ())
        if kit.version
    ]
    if case.machine.toolkits is None and subject is case.main:
        torch = case.subject("torch")
        cuda = torch.field("cuda").known
        if cuda:
            found.append((torch.field("cuda").source, cuda, f"the CUDA {cuda} that {torch.label} brings"))
    return found


@rule("mixed-cuda-majors", reads=("damaged", *OF_BUILD), chance=True)
def mixed_cuda_majors(case: Case) -> Iterator[Outcome]:
    """Parts of several CUDA releases are installed together and do not fit.

    Packages that share one process must be built for one CUDA major: vllm for CUDA 13 links libcudart.so.13, a torch
    for CUDA 12 brings libcudart.so.12. The cu11, cu12 and cu13 packages of cuDNN and NCCL also write the same files:
    whichever was installed last is there, and the other's users get it.

    Shows as: "libtorch_cuda.so: undefined symbol: ncclMemFree" where an older NCCL lies in the place of torch's own.

    Remedy: all of one CUDA major; reinstall the parts of that major last.
    """
    subjects = [
        subject for subject in case.subjects if subject.state == "installed" and subject.component != "tensorrt"
    ]
    known = [(subject, subject.field("cuda")) for subject in subjects]
    told = [
        (subject, cuda, str(cuda.values[0][0]))
        for subject, cuda in known
        if cuda.complete
        and cuda.values
        and all(value for value, _ in cuda.values)
        and len({versions.parse(value).major for value, _ in cuda.values}) == 1
    ]
    if len(told) > 1:
        (first, first_cuda, one), (second, second_cuda, other) = told[0], told[1]
        facts = (
            Evidence(f"{first.label}: CUDA {one}", first_cuda.source),
            Evidence(f"{second.label}: CUDA {other}", second_cuda.source),
            *dict.fromkeys(fact for part in (first, second) for fact in case.which_build(part)),
        )
        if versions.parse(one).major != versions.parse(other).major:
            yield Finding(
                "mixed-cuda-majors",
                first.component,
                f"{first.label} is built for CUDA {one}, {second.label} for CUDA {other}; one process cannot be both.",
                facts,
                (
                    Remedy(f"install {second.component} for CUDA {versions.parse(one).major}"),
                    Remedy(f"or {first.component} for CUDA {versions.parse(other).major}"),
                ),
            )
        else:
            yield Holds(
                "mixed-cuda-majors", first.component, f"{first.label} and {second.label} are of one CUDA major", facts
            )
    if case.subjects:
        yield from _same_files(case)
        yield from _conda_parts(case)


_CONDA_PARTS = {
    "cuda-cudart": "cudart",
    "cuda-nvrtc": "nvrtc",
    "libcublas": "cublas",
    "libcufft": "cufft",
    "libcurand": "curand",
    "libcusolver": "cusolver",
    "libcusparse": "cusparse",
}


def _conda_parts(case: Case) -> Iterator[Outcome]:
    """conda's packages of single CUDA libraries: solved one by one, of another major than the package beside them."""
    if case.has("cudatoolkit"):
        return  # all libraries in one package: what lies beside it is another's
    there = {name: case.version_of(name) for name in _CONDA_PARTS}
    for subject in case.subjects:
        cuda = subject.field("cuda") if subject.conda else None
        if cuda is None or not cuda.known:
            continue
        for name, have in there.items():
            majors = _majors_with(case, _CONDA_PARTS[name], have) if have else {}
            if not majors or versions.parse(cuda.known).major in majors:
                continue
            kit = next(iter(majors.values()))
            opens, ships = (_soname(case, _CONDA_PARTS[name], one) for one in (cuda.known, kit["version"]))
            if not opens or not ships or opens == ships:
                continue  # cuRAND and cuSOLVER kept theirs from CUDA 11 to 12
            yield Finding(
                "mixed-cuda-majors",
                name,
                f"{name} {have} is of CUDA {kit['version']} and has {ships}; {subject.label} is built for CUDA "
                f"{cuda.known} and opens {opens}.",
                (
                    case.read(f"packages.{name}", have),
                    case.cite(f"CUDA {kit['version']} has {_CONDA_PARTS[name]} {have}", kit, "components"),
                    Evidence(f"{subject.label}: CUDA {cuda.known}", cuda.source),
                ),
                (Remedy(f"install the {name} of CUDA {versions.major_minor(cuda.known)}"),),
            )


def _soname(case: Case, library: str, cuda: str) -> str | None:
    system = "windows" if case.is_windows else "linux"
    row = case.matrix.libraries.soname_for(library, cuda=versions.major_minor(cuda), system=system)
    return row["soname"] if row else None


def _majors_with(case: Case, component: str, version: str) -> "dict[int, Row]":
    """A toolkit by each CUDA major that has this very version of a component; none where no toolkit is known to."""
    return {
        versions.parse(row["version"]).major: row
        for row in case.matrix.cuda.toolkits
        if row.get("components", {}).get(component) == version
    }


def _same_files(case: Case) -> Iterator[Outcome]:
    if rivals(normal(name) for name, version in (case.machine.packages or {}).items() if version is not False):
        from compat.rules.libraries.writers import same_paths

        yield from same_paths(case)
