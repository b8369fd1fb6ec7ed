"""Shared libraries: found, whole, real, of the release that the package needs, and the copy that was meant."""

from collections.abc import Iterator

from compat import versions
from compat.machine import Library
from compat.matrix.packages import normal
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.runtimes import gpu_parts
from compat.rules.subject import Possible, Subject

_OF_TENSORRT = ("nvinfer", "nvonnxparser", "nvinfer_plugin")


def _wants(case: Case) -> Iterator[Subject]:
    for subject in case.subjects:
        yield subject
        yield from gpu_parts(case, subject)


def _concerns(case: Case, soname: str) -> bool:
    """TensorRT's libraries are opened only where the goal runs through TensorRT."""
    row = case.matrix.libraries.of_soname(soname)
    if row is None or row["library"] not in _OF_TENSORRT:
        return True
    return "tensorrt" in case.goal.subjects or "trt" in case.goal.object


def opens(subject: Subject, soname: str) -> bool | None:
    """Does the build open this soname? None where its list is unknown or the candidates differ."""
    if not subject.candidates or any("needs" not in row for row in subject.candidates):
        return None
    return subject.every(lambda row: soname in row["needs"])


@rule("library-not-found")
def library_not_found(case: Case) -> Iterator[Outcome]:
    """A soname that the goal opens is nowhere on the loader's path.

    A package opens its CUDA libraries by soname, which carries the major: libcudnn.so.8 is not found where only
    libcudnn.so.9 is. The loader looks at RPATH, LD_LIBRARY_PATH, RUNPATH, its cache and the default folders; folders of
    other pip packages (site-packages/tensorrt_libs, site-packages/nvidia/*/lib) are not among them unless the package
    itself looks there.

    Shows as: "libcudnn.so.8: cannot open shared object file", "Could not load dynamic library", "Failed to create
    CUDAExecutionProvider".

    Remedy: install the library of that major (pip, apt or conda), or a build for the major that is there.
    """
    listed = tuple((soname, "missing_libraries") for soname in case.machine.missing_libraries or ())
    for subject in _wants(case):
        own = tuple((soname, f"builds.{subject.distribution}.missing") for soname in subject.facts.missing or ())
        for soname, path in (*own, *listed):
            if not _concerns(case, soname) or soname == "libcuda.so.1":
                continue
            opened = True if path != "missing_libraries" else opens(subject, soname)
            if opened is None and subject.state == "installed" and subject is case.main and not _told(subject):
                opened = True  # the description names it as missed by the goal's process, nothing says otherwise
            if opened:
                yield Finding("library-not-found", subject.component,
                              f"{subject.label} opens {soname}, which the loader does not find.",
                              (case.read(path, soname),), tuple(_bring(case, soname)))
            elif opened is False:
                yield Holds("library-not-found", subject.component, f"{subject.label} does not open {soname}",
                            (case.read(path, soname),))
        if subject.facts.missing == ():
            yield Holds("library-not-found", subject.component, f"every library that {subject.label} opens is found")


def _told(subject: Subject) -> bool:
    return any("needs" in row for row in subject.candidates)


def _bring(case: Case, soname: str) -> Iterator[Remedy]:
    row = case.matrix.libraries.of_soname(soname)
    if row is not None and row.get("packages"):
        yield Remedy(f"install {row['packages'][0]}, which carries {soname}")
    yield Remedy(f"put the folder that holds {soname} on the loader's path", "setting")


@rule("library-damaged", masks=("library-not-found",))
def library_damaged(case: Case) -> Iterator[Outcome]:
    """A file that an installed package lists is missing, empty, cut short, or overwritten by another package's.

    pip and uv write files without asking whose they were: nvidia-cudnn-cu12 and nvidia-cudnn-cu13 write the same paths,
    onnxruntime and onnxruntime-gpu too. The last one wins, and removing either breaks the other. The RECORD of each
    package says what it wrote; the disk says what is there.

    Remedy: uninstall both, install the one that is meant again (--force-reinstall).
    """
    damaged = case.machine.damaged
    if damaged is None:
        return
    mine = [(index, one) for index, one in enumerate(damaged) if _belongs(case, one.package)]
    for index, one in mine:
        by = f" by {one.by}" if one.by else ""
        yield Finding("library-damaged", one.package, f"{one.path} of {one.package} is {one.problem}{by}.",
                      (case.read(f"damaged[{index}]", f"{one.path} {one.problem}{by}"),),
                      (Remedy(f"install {one.package} again: --force-reinstall --no-deps {one.package}"
                              + (f", after removing {one.by}" if one.by else "")),))
    if not mine and case.subjects:
        yield Holds("library-damaged", case.subjects[0].component, "every file is as its package lists it")


def _belongs(case: Case, package: str) -> bool:
    """Is it a package of the goal, or a CUDA part that one of them pins?"""
    name = normal(package)
    for subject in _wants(case):
        if name == normal(subject.distribution):
            return True
        if any(name == pinned for row in subject.candidates[:8] for pinned, _, _ in case.matrix.packages.pins(row)):
            return True
        if _is_part_of(name, subject):
            return True
    return False


def _is_part_of(name: str, subject: Subject) -> bool:
    """Is it one of NVIDIA's CUDA parts, of the major that the package is built for? (CUDA 13's have no suffix.)"""
    cuda = subject.field("cuda").known
    if not cuda or not name.startswith("nvidia-"):
        return False
    major = versions.parse(cuda).major
    suffix = name.rpartition("-cu")[2] if "-cu" in name else ""
    return suffix == str(major) if suffix.isdigit() else major >= 13


@rule("stub-library", masks=("driver-missing", "driver-library-mismatch", "driver-too-old",
                             "forward-compat-unsupported", "compat-library-older-than-driver"))
def stub_library(case: Case) -> Iterator[Outcome]:
    """The toolkit's link-time stub of libcuda or NVML is what would load.

    The toolkit ships an empty libcuda.so (lib64/stubs) for linking on machines without a driver. On the loader's path of
    a running program it shadows the driver's library: error 34 (cudaErrorStubLibrary), while nvidia-smi works.

    Remedy: take the stubs folder off LD_LIBRARY_PATH (or ld.so.conf).
    """
    libcuda = case.machine.libcuda
    if not case.goal.needs_gpu or libcuda.stub is None:
        return
    where = f" ({libcuda.path})" if libcuda.path else ""
    if libcuda.stub:
        yield Finding("stub-library", "libcuda", f"The libcuda.so.1 that loads is the toolkit's link-time stub{where}.",
                      (case.read("libcuda.stub", True),),
                      (Remedy("take the toolkit's stubs folder off the loader's path", "setting"),))
    else:
        yield Holds("stub-library", "libcuda", f"libcuda is the driver's own{where}", (case.read("libcuda.stub", False),))


@rule("library-shadowed", masks=("cudnn-mismatch", "cuda-library-too-old"))
def library_shadowed(case: Case) -> Iterator[Outcome]:
    """The loader picks another copy than the one meant, and that copy does not fit.

    The copy that a package brought (pip, conda) is the one that it was tested with. LD_LIBRARY_PATH comes before RUNPATH
    and the cache, so a folder there can put another copy in front, of the library or of the parts that it opens itself
    (cuDNN). That is a fault only if what then loads is older than what the package needs.

    Remedy: take that folder off LD_LIBRARY_PATH, or put the environment's own folder before it.
    """
    for name in sorted({library.name for library in case.machine.libraries or ()}):
        copies = case.libraries(name)
        loaded = next(((path, copy) for path, copy in copies if _is_loaded(case, copy)), None)
        meant = [(path, copy) for path, copy in copies
                 if copy.origin in ("pip", "conda", "bundled") and loaded is not None and copy is not loaded[1]
                 and not _of_another(case, copy)]
        if loaded is None or loaded[1].version is None or loaded[1].origin == "bundled" or not meant:
            continue
        path, copy = loaded
        for other_path, other in meant:
            older = versions.at_least(copy.version or "0", versions.major_minor(other.version)) if other.version else None
            facts = (case.read(f"{path}.version", copy.version), case.read(f"{other_path}.version", other.version))
            if older is False:
                yield Finding("library-shadowed", name,
                              f"{name} {copy.version} ({copy.path or copy.origin or 'elsewhere'}) loads in front of "
                              f"{name} {other.version}, which the environment brought.", facts,
                              (Remedy(f"take {copy.path or 'its folder'} off LD_LIBRARY_PATH", "setting"),))
            elif older:
                yield Holds("library-shadowed", name, f"the {name} {copy.version} that loads is new enough", facts)


def _of_another(case: Case, copy: Library) -> bool:
    """Does the copy lie inside another package, which alone loads it?"""
    main = case.main.component if case.main is not None else ""
    return copy.origin == "bundled" and bool(copy.loaded_by) and main not in (copy.loaded_by or ())


def _is_loaded(case: Case, copy: Library) -> bool:
    if copy.loaded_by is not None:
        return case.main is not None and case.main.component in copy.loaded_by
    return copy.loaded is True


@rule("cudnn-mismatch")
def cudnn_mismatch(case: Case) -> Iterator[Outcome]:
    """The cuDNN that loads is of another major, or older than the build needs.

    cuDNN keeps its interface within a major, forward only: a program runs with the cuDNN minor that it was compiled with
    or a newer one of the same major. TensorFlow, JAX and torch check it when they start; others fail at the first
    missing symbol. TensorRT and ONNX Runtime need the same major; a lower minor is a warning there.

    Shows as: "Loaded runtime CuDNN library: 8.0.5 but source was compiled with: 8.1.0", "cuDNN version incompatibility",
    CUDNN_STATUS_NOT_INITIALIZED.

    Remedy: the cuDNN that the package asks for (its nvidia-cudnn-cuNN pin), and no other one in front of it.
    """
    for subject in _wants(case):
        built = subject.field("cudnn")
        if not built.values:
            continue
        found = _cudnn_of(case, subject)
        if found is None or found[1].version is None:
            yield Untold("cudnn-mismatch", "cudnn", ("libraries",))
            continue
        path, copy = found
        strict = case.matrix.packages.about(subject.component).get("cudnn_check", "minor") == "minor"
        fits = built.decide(lambda need: _serves(copy.version or "0", need, strict))
        facts = (case.read(f"{path}.version", copy.version), Evidence(f"{subject.label} is built with cuDNN {_shown(built)}",
                                                                     built.source))
        if fits:
            yield Holds("cudnn-mismatch", "cudnn", f"cuDNN {copy.version} serves {subject.label}", facts)
        elif fits is False:
            yield Finding("cudnn-mismatch", "cudnn",
                          f"cuDNN {copy.version} is what loads; {subject.label} is built with {_shown(built)} and needs that "
                          f"{'minor' if strict else 'major'} or a newer one of the same major.", facts,
                          (Remedy(f"install cuDNN {_shown(built)} or a newer one of its major"),))
        else:
            yield Untold("cudnn-mismatch", "cudnn", (f"{path}.version", f"builds.{subject.distribution}.cudnn"))


def _shown(built: Possible) -> str:
    return " or ".join(dict.fromkeys(str(value) for value, _ in built.values))


def _serves(have: str, need: str, strict: bool) -> bool | None:
    same = versions.same_line(have, need, 1)
    if not same or not strict:
        return same
    return versions.at_least(have, versions.major_minor(need))


def _cudnn_of(case: Case, subject: Subject) -> tuple[str, Library] | None:
    """The cuDNN that this package's process gets, where it can be told."""
    copies = case.libraries("cudnn")
    for path, copy in copies:
        if copy.loaded_by is not None and subject.component in copy.loaded_by:
            return path, copy
        if copy.loaded and copy.loaded_by is None:
            return path, copy
    if any(copy.loaded_by is not None for _, copy in copies):
        return None
    if case.matrix.packages.about(subject.component).get("cuda_from") == "itself":
        copies = tuple((path, copy) for path, copy in copies if copy.origin in ("pip", "conda", "bundled", "container"))
    return copies[0] if len(copies) == 1 else None


@rule("cuda-library-too-old", masks=("cuda-major-mismatch",))
def cuda_library_too_old(case: Case) -> Iterator[Outcome]:
    """A CUDA library that loads is older than the build needs, or of a neighbouring release with another soname.

    Packages pin the least release of each CUDA library that they need (nvidia-cublas-cu12>=12.3.4). And up to CUDA 10 the
    sonames carried the minor: a build for 10.1 opens libcudart.so.10.1, which CUDA 10.2 does not have.

    Remedy: install the library release that the package pins, or the toolkit of the build's own CUDA release.
    """
    for subject in _wants(case):
        yield from _below_pins(case, subject)
        yield from _other_soname(case, subject)


def _below_pins(case: Case, subject: Subject) -> Iterator[Outcome]:
    for row in subject.candidates[:1] if len({str(one.get("requires")) for one in subject.candidates}) == 1 else ():
        for name, spec, _ in case.matrix.packages.pins(row):
            have = case.version_of(name) if name.startswith("nvidia-") and "cudnn" not in name else None
            if have is None or ">=" not in spec:
                continue
            inside = versions.parse_range(",".join(part for part in spec.split(",") if ">=" in part)).admits(have)
            if inside is False:
                yield Finding("cuda-library-too-old", name, f"{name} {have} is older than {subject.label} needs ({spec}).",
                              (case.read(f"packages.{name}", have), case.cite(f"{subject.label} requires {name}{spec}", row, "requires")),
                              (Remedy(f"install {name}{spec}"),))


def _other_soname(case: Case, subject: Subject) -> Iterator[Outcome]:
    cuda = subject.field("cuda").known
    if not cuda or versions.parse(cuda).minor is None or not _takes_system_cuda(case, subject):
        return
    kits = [(f"toolkits[{index}].version", kit.version) for index, kit in enumerate(case.machine.toolkits or ()) if kit.version]
    same_major = [(path, kit) for path, kit in kits if versions.same_line(kit, cuda, 1)]
    system = "windows" if case.is_windows else "linux"
    wanted = case.matrix.libraries.soname_for("cudart", cuda=versions.major_minor(cuda), system=system)
    if not kits or not same_major or wanted is None or _carried(case, cuda):
        return
    offered = [case.matrix.libraries.soname_for("cudart", cuda=versions.major_minor(kit), system=system) for _, kit in same_major]
    if all(row is not None and row["soname"] != wanted["soname"] for row in offered):
        path, kit = same_major[0]
        yield Finding("cuda-library-too-old", "cuda",
                      f"{subject.label} opens {wanted['soname']} of CUDA {cuda}; CUDA {kit} does not have it.",
                      (case.read(path, kit), case.cite(f"{wanted['soname']} is CUDA {wanted.get('cuda')}", wanted)),
                      (Remedy(f"install the CUDA {versions.major_minor(cuda)} toolkit beside it", "system"),))


def _takes_system_cuda(case: Case, subject: Subject) -> bool:
    """Does the package leave its CUDA libraries to the machine? One whose metadata pins CUDA's parts brings them."""
    if case.matrix.packages.about(subject.component).get("cuda_from") not in ("system", "either"):
        return False
    return not subject.candidates or not all(
        any(name.startswith(("nvidia-cublas", "nvidia-cuda-runtime", "cuda-toolkit")) for name, _, marker
            in case.matrix.packages.pins(row) if "extra" not in marker) for row in subject.candidates)


def _carried(case: Case, cuda: str) -> bool:
    """Are CUDA parts of this major installed as packages or libraries?"""
    major = versions.parse(cuda).major
    tags = (f"-cu{major}", f"cu{major}0") if major < 13 else (f"-cu{major}",)
    for name, version in (case.machine.packages or {}).items():
        plain = normal(name)
        if plain.startswith("nvidia-") and version is not False and (plain.endswith(tags) or (
                version and plain in _UNSUFFIXED and versions.parse(version).major == major)):
            return True
        if plain in ("cudatoolkit", "cuda-version", "cuda-cudart") and version and versions.parse(version).major == major:
            return True
    return any(library.name == "cudart" and library.version and versions.parse(library.version).major == major
               for library in case.machine.libraries or ())


_UNSUFFIXED = ("nvidia-cuda-runtime", "nvidia-cublas")  # CUDA 13's parts have no suffix


@rule("cuda-major-mismatch", masks=("library-not-found",))
def cuda_major_mismatch(case: Case) -> Iterator[Outcome]:
    """A package built for one CUDA major meets only libraries of another.

    The sonames of CUDA's libraries carry the major: libcublasLt.so.11 is not in CUDA 12. A package that takes CUDA from the
    machine (ONNX Runtime, TensorFlow without [and-cuda], CuPy) needs the toolkit, or the pip parts, of its own major.

    Shows as: "libcublasLt.so.11: cannot open shared object file", a provider that falls back to the CPU.

    Remedy: the build for the CUDA major that is there, or the CUDA parts of the build's major beside it.
    """
    for subject in case.subjects:
        cuda = subject.field("cuda")
        if not cuda.values or not _takes_system_cuda(case, subject):
            continue
        majors = {versions.parse(value).major for value, _ in cuda.values if value}
        if len(majors) != 1 or not cuda.complete or any(value is False for value, _ in cuda.values):
            continue
        major = majors.pop()
        sources = _cuda_sources(case)
        if not sources or _carried(case, str(major)):
            continue
        facts = (*(case.read(path, found) for path, found, _ in sources), Evidence(f"{subject.label} is built for CUDA {major}",
                                                                                cuda.source))
        if any(versions.parse(found).major == major for _, found, _ in sources):
            yield Holds("cuda-major-mismatch", subject.component, f"CUDA {major} is there for {subject.label}", facts)
        else:
            there = " and ".join(dict.fromkeys(text for _, _, text in sources))
            yield Finding("cuda-major-mismatch", subject.component,
                          f"{subject.label} is built for CUDA {major}; this machine has {there}.", facts,
                          (Remedy(f"install the build of {subject.distribution} for the CUDA that is there"),
                           Remedy(f"install the CUDA {major} libraries beside it")))


def _cuda_sources(case: Case) -> list[tuple[str, str, str]]:
    """(field, CUDA, how it is called) of what could bring CUDA libraries to a process of this environment."""
    found = [(f"toolkits[{index}].version", kit.version, f"CUDA {kit.version}")
             for index, kit in enumerate(case.machine.toolkits or ()) if kit.version]
    if case.machine.toolkits is None:
        torch = case.subject("torch")
        cuda = torch.field("cuda").known
        if cuda:
            found.append((torch.field("cuda").source, cuda, f"the CUDA {cuda} that {torch.label} brings"))
    return found


@rule("mixed-cuda-majors")
def mixed_cuda_majors(case: Case) -> Iterator[Outcome]:
    """Parts of several CUDA releases are installed together and do not fit.

    Packages that share one process must be built for one CUDA major: vllm for CUDA 13 links libcudart.so.13, a torch for
    CUDA 12 brings libcudart.so.12. The cu12 and cu13 parts of cuDNN and NCCL also write the same files: whichever was
    installed last is there, and the other's users get it.

    Remedy: all of one CUDA major; reinstall the parts of that major last.
    """
    subjects = [subject for subject in case.subjects if subject.state == "installed" and subject.component != "tensorrt"]
    known = [(subject, subject.field("cuda")) for subject in subjects]
    told = [(subject, cuda, str(cuda.values[0][0])) for subject, cuda in known
            if cuda.complete and cuda.values and all(value for value, _ in cuda.values)
            and len({versions.parse(value).major for value, _ in cuda.values}) == 1]
    if len(told) > 1:
        (first, first_cuda, one), (second, second_cuda, other) = told[0], told[1]
        facts = (Evidence(f"{first.label}: CUDA {one}", first_cuda.source), Evidence(f"{second.label}: CUDA {other}", second_cuda.source))
        if versions.parse(one).major != versions.parse(other).major:
            yield Finding("mixed-cuda-majors", first.component,
                          f"{first.label} is built for CUDA {one} and {second.label} for CUDA {other}: one process cannot serve both.",
                          facts, (Remedy(f"install {second.component} for CUDA {versions.parse(one).major}"),
                                  Remedy(f"or {first.component} for CUDA {versions.parse(other).major}")))
        else:
            yield Holds("mixed-cuda-majors", first.component, f"{first.label} and {second.label} are of one CUDA major", facts)
    if case.subjects:
        yield from _same_paths(case)


_SAME_PATHS = ("nvidia-cudnn", "nvidia-nccl", "nvidia-nvshmem", "nvidia-cusparselt")


def _same_paths(case: Case) -> Iterator[Outcome]:
    installed = {normal(name): name for name, version in (case.machine.packages or {}).items() if version is not False}
    for stem in _SAME_PATHS:
        both = [installed[name] for name in (f"{stem}-cu12", f"{stem}-cu13") if name in installed]
        if len(both) == 2 and _belongs_any(case, both):
            yield Finding("mixed-cuda-majors", both[0], f"{both[0]} and {both[1]} write the same files; the one installed last is there.",
                          tuple(case.read(f"packages.{name}", (case.machine.packages or {})[name]) for name in both),
                          (Remedy("uninstall both, then install the one that the framework pins"),), severity="warning")


def _belongs_any(case: Case, names: list[str]) -> bool:
    return any(_belongs(case, name) for name in names)


@rule("glibc-too-old")
def glibc_too_old(case: Case) -> Iterator[Outcome]:
    """The package needs a newer glibc.

    A binary built against one glibc does not load on an older one. The platform tag of a wheel names the oldest that it
    takes (manylinux_2_28); installers skip files that are too new, so an installation takes an older release or fails.

    Shows as: "version `GLIBC_2.33' not found". Remedy: a newer distribution or container, or an older release.
    """
    yield from _needs_at_least(case, "glibc-too-old", "glibc", case.machine.glibc)


@rule("libstdcxx-too-old")
def libstdcxx_too_old(case: Case) -> Iterator[Outcome]:
    """The package needs a newer libstdc++ than the one that loads.

    Compiled C++ code asks for symbol versions (GLIBCXX_3.4.30) that the libstdc++ in front must have. conda environments
    and old distributions put an older one there.

    Shows as: "version `GLIBCXX_3.4.30' not found". Remedy: a newer libstdc++ (conda: libstdcxx-ng), or take the folder
    with the older one off LD_LIBRARY_PATH.
    """
    yield from _needs_at_least(case, "libstdcxx-too-old", "glibcxx", case.machine.glibcxx)


def _needs_at_least(case: Case, name: str, field: str, have: str | None) -> Iterator[Outcome]:
    if case.machine.os not in (None, "linux"):
        return
    for subject in _wants(case):
        rows = [row for row in subject.candidates if row["os"] in ("linux", "any")]
        needs = [row[field] for row in rows if field in row]
        if not needs or len(needs) != len(rows):
            continue
        if have is None:
            yield Untold(name, subject.component, (field,))
            continue
        answers = {versions.at_least(have, need) for need in needs}
        row = next(row for row in rows if field in row)
        facts = (case.read(field, have), case.cite(f"{subject.label} needs {field} {row[field]}", row, field))
        if answers == {False}:
            yield Finding(name, field, f"{subject.label} needs {field} {row[field]} or newer; this machine has {have}.", facts,
                          (Remedy("use a newer distribution, or a container of one", "container"),
                           Remedy(f"install an older release of {subject.distribution}")))
        elif answers == {True}:
            yield Holds(name, subject.component, f"{field} {have} is new enough for {subject.label}", facts)
