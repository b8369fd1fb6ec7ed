"""CUDA between driver and GPU: PTX and its compilers, toolkits to build with."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability, ptx_runs, sass_runs
from compat.matrix.gpus import read_capability
from compat.rules.base import (
    OF_BUILD,
    OF_DRIVER,
    OF_GPUS,
    OF_RUNTIME,
    OF_SYSTEM,
    Evidence,
    Finding,
    Holds,
    Outcome,
    Remedy,
    Untold,
    rule,
)
from compat.rules.case import Case
from compat.rules.cuda.jit import jit, of_server
from compat.rules.cuda.parts import of_parts
from compat.rules.cuda.xla import assembled, assembler_needed
from compat.rules.runtimes import Runtime, of_folder
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule(
    "ptx-newer-than-driver",
    reads=(
        *OF_DRIVER,
        "libcuda.compat",
        "libcuda.version",
        "model.target",
        *OF_SYSTEM,
        *OF_GPUS,
        *OF_RUNTIME,
    ),
)
def ptx_newer_than_driver(case: Case) -> Iterator[Outcome]:
    """Code that must be JIT-compiled comes from a toolkit newer than the driver's compiler.

    PTX is compiled by the driver when the program starts. The driver's compiler takes PTX of its own CUDA release and
    older; minor-version compatibility does not cover it. So code without machine code for this GPU needs a driver of
    the toolkit's own CUDA release or newer. cuda-compat brings the compiler of its own CUDA.

    Measured on an H200 with driver 580 (CUDA 13.0): PTX up to ISA 9.0 loads, 9.1 and newer fails with 222.

    Shows as: "the provided PTX was compiled with an unsupported toolchain" (222).

    Remedy: a driver of that CUDA, or build with machine code for this GPU (-gencode arch=compute_90,code=sm_90).
    """
    if not case.goal.needs_gpu:
        return
    if str(case.goal) == "run:cuda-binary":
        for runtime in () if _has_machine_code(case) else case.runtimes:
            yield jit(case, runtime, "")
        return
    yield from assembled(case)
    yield from of_parts(case)
    yield from of_server(case)
    yield from _compiled_as_it_runs(case)
    for subject in case.subjects:
        for gpu in case.gpus:
            if gpu.capability is None or not _needs_jit(subject, gpu.capability):
                continue
            for runtime in (one for one in case.runtimes if one.component == subject.component):
                yield jit(case, runtime, f" for {gpu.name}", gpu.evidence)


def _compiled_as_it_runs(case: Case) -> Iterator[Outcome]:
    """What a package (Numba) compiles by the toolkit that it finds goes to the driver as PTX, unless a linker for
    CUDA's minor versions is beside it.
    """
    main = case.main
    if main is None or main.state != "installed":
        return
    if case.matrix.packages.about(main.component).get("cuda_from") not in ("system", "either"):
        return
    traits, release = case.matrix.traits, main.version
    told = traits.claim(main.component, "compiles-to-ptx", release) if release else None
    claim = told if release else traits.row(main.component, "compiles-to-ptx")
    found = _toolkit_found(case)
    if claim is None or found is None or any(case.has(linker) for linker in claim.get("value", "").split()):
        return
    version, path, others = found
    kit = "conda's cudatoolkit" if path.startswith("packages") else "CUDA toolkit"
    runtime = Runtime(version, f"{kit} {version}", path, main.component, ("packages",))
    compiles = case.cite(f"{main.label} hands the driver PTX of the toolkit that it finds", claim)
    outcome = jit(case, runtime, f", to which {main.label} compiles,", (compiles, *others))
    if main.version is not None:
        yield outcome
    elif isinstance(outcome, Finding):  # some of its releases do so
        yield Untold(outcome.rule, main.component, (main.path,), decides=True)


def _toolkit_found(case: Case) -> tuple[str, str, tuple[Evidence, ...]] | None:
    """(release, where it is said, the same of others) of the toolkit that is found: conda's before the machine's.

    None where that is not told, or several of different releases are there.
    """
    condas = case.version_of("cudatoolkit")
    if condas is not None:
        return condas, "packages.cudatoolkit", ()
    kits = [(index, kit.version) for index, kit in enumerate(case.machine.toolkits or ())]
    version = kits[0][1] if len({version for _, version in kits}) == 1 else None
    if version is None:
        return None
    others = tuple(case.read(f"toolkits[{other}].version", version) for other, _ in kits[1:])
    return version, f"toolkits[{kits[0][0]}].version", others


def _has_machine_code(case: Case) -> bool:
    """Is the program known to be compiled for every GPU that it is to run on?"""
    target = read_capability(case.machine.model.target)
    return bool(case.gpus) and all(
        target is not None and gpu.capability is not None and sass_runs(target, gpu.capability) for gpu in case.gpus
    )


def _needs_jit(subject: Subject, gpu: Capability) -> bool:
    """Is it known that the build has only PTX for this GPU?"""
    from compat.rules.packages.gpu_code import code_for

    code = code_for(subject)
    return bool(code) and all(
        sass is not None
        and ptx is not None
        and not any(sass_runs(target, gpu) for target in sass)
        and any(ptx_runs(target, gpu) for target in ptx)
        for sass, ptx, _ in code
    )


@rule("ptxas-too-old", reads=("model.target", "toolkits", "variables", *OF_GPUS, *OF_BUILD))
def ptxas_too_old(case: Case) -> Iterator[Outcome]:
    """The ptxas in use does not know the GPU.

    Triton and XLA compile with ptxas, their own copy or the first one on PATH. A ptxas older than the GPU refuses its
    target: "ptxas fatal: Value 'sm_121a' is not defined for option 'gpu-name'".

    Remedy: a newer release of the package, or point it at a newer ptxas (TRITON_PTXAS_PATH; for XLA
    nvidia-cuda-nvcc or --xla_gpu_cuda_data_dir).
    """
    if case.goal.object not in ("triton", "jax", "tensorflow", "torch", "vllm"):
        return
    stated = read_capability(case.machine.model.target)
    if stated is None and case.goal.object not in ("triton", "jax"):
        return
    targets = (
        [(str(stated), stated, (case.read("model.target", case.machine.model.target),))]
        if stated
        else [(gpu.name, gpu.capability, gpu.evidence) for gpu in case.gpus if gpu.capability]
    )
    for name, target, facts in targets:
        variables, which = _triton_takes(case, target)
        copies = [_of_variable(case, *one) for one in variables] or [_ptxas(case, target)]
        told = [copy for copy in copies if copy is not None]
        if len(told) < len(copies):
            if variables or case.usable("ptxas"):
                yield Untold("ptxas-too-old", "ptxas", ("libraries",))
            continue
        version, read = told[0][0], tuple(fact for _, facts_of_it in told for fact in facts_of_it)
        first = case.matrix.cuda.first_for(target)
        if first is None:
            yield Untold("ptxas-too-old", "ptxas", ("model.target",))
            continue
        knows = {versions.at_least(one, first.value) is not False for one, _ in told}
        if False in knows and (True in knows or which is None):
            yield Untold("ptxas-too-old", "ptxas", ("packages.triton",))
        elif False in knows:
            yield Finding(
                "ptxas-too-old",
                "ptxas",
                f"ptxas {version} does not know {name}: CUDA {first.value} is the first.",
                (*read, *(which or ()), *facts, case.claim(f"{target} begins with CUDA {first.value}", first)),
                (Remedy(f"use ptxas of CUDA {first.value} or newer (TRITON_PTXAS_PATH), or a newer release"),),
            )
        else:
            yield Holds("ptxas-too-old", "ptxas", f"ptxas {version} knows {name}", read)


def _triton_takes(case: Case, target: Capability) -> tuple[list[tuple[str, str]], tuple[Evidence, ...] | None]:
    """(variable, path) of the ptxas that Triton is told to take in place of its own, and what tells which it takes:
    None where one of unknown release may read the variable that is not set."""
    if case.goal.object == "jax":
        return [], ()
    own, names = _carried(case), ["TRITON_PTXAS_PATH"]
    which: tuple[Evidence, ...] = ()
    if target.major >= 10 and own is None:
        names.append("TRITON_PTXAS_BLACKWELL_PATH")
    elif target.major >= 10 and own is not None:
        which = case.package(case.subject("triton" if case.subject("triton").version else "torch"))
        names = ["TRITON_PTXAS_BLACKWELL_PATH"] if "ptxas-blackwell" in own.get("built", {}) else names
    set_ = case.machine.variables or {}
    found = [(name, set_[name]) for name in names if set_.get(name)]
    return found, which if not found or len(found) == len(names) else None


def _of_variable(case: Case, name: str, path: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The release of the ptxas at a path: that of the copy or toolkit that is known to lie there, or in its name."""
    known = [(f"{place}.version", copy.path, copy.version) for place, copy in case.libraries("ptxas")]
    known += [(f"toolkits[{at}].version", kit.path, kit.version) for at, kit in enumerate(case.machine.toolkits or ())]
    there = [(field, version) for field, folder, version in known if folder and f"{path}/".startswith(f"{folder}/")]
    named = of_folder(path)
    releases = {version or named for _, version in there} or {named}
    release = releases.pop()
    if releases or release is None:
        return None
    told = (case.read(field, version) for field, version in there if version is not None)
    return release, (case.read(f"variables.{name}", path), *told)


def _ptxas(case: Case, target: Capability) -> tuple[str, tuple[Evidence, ...]] | None:
    """The release of the ptxas that compiles for this target. Triton has a second one, for Blackwell and newer."""
    found = case.loaded("ptxas")
    if found is not None and found[1].version:
        of_copy = case.read(f"{found[0]}.version", found[1].version), *case.of_whom("ptxas")
        return found[1].version, (*of_copy, *(() if found[1].loaded else _no_other(case)))
    if case.goal.object == "jax":
        return assembler_needed(case)
    if case.usable("ptxas"):
        return None  # of several copies one is taken, or one of a release that is not told
    told = case.subject("triton").version
    triton, row = told or _pinned(case, "triton"), _carried(case)
    carried = (row or {}).get("built", {})
    name = "ptxas-blackwell" if target.major >= 10 and "ptxas-blackwell" in carried else "ptxas"
    if row is not None and name in carried:
        by_torch = () if told else case.package(case.subject("torch"))
        alone = (case.assume("libraries", "no other ptxas is taken"),) if case.machine.libraries is None else ()
        own = case.cite(f"triton {triton} carries {name} {carried[name]}", row, "built")
        return carried[name], (own, *by_torch, *alone, *_no_other(case))
    return None


def _no_other(case: Case) -> tuple[Evidence, ...]:
    """That no variable names another ptxas for Triton, where none is told."""
    if case.machine.variables is not None or case.goal.object == "jax":
        return ()
    return (case.assume("variables", "TRITON_PTXAS_PATH names no other ptxas"),)


def _carried(case: Case) -> "Row | None":
    """What the matrix says of the Triton that is here."""
    triton = case.subject("triton").version or _pinned(case, "triton")
    return case.matrix.packages.release("triton", triton) if triton is not None else None


def _pinned(case: Case, package: str) -> str | None:
    """The release of a package that torch's own release pins, where it is installed and its version is not told."""
    torch = case.subject("torch").version
    if torch is None or case.has(package) is not True:
        return None
    rows = case.matrix.packages.builds("torch").get(versions.parse(torch).public, ())
    pins = {
        spec[2:]
        for row in rows
        for name, spec, _ in case.matrix.packages.pins(row)
        if name == package and spec.startswith("==")
    }
    return pins.pop() if len(pins) == 1 else None


@rule("toolkit-mismatch-for-build", reads=(*OF_RUNTIME, "variables"))
def toolkit_mismatch_for_build(case: Case) -> Iterator[Outcome]:
    """nvcc's CUDA and the framework's CUDA differ where an extension is to be compiled.

    An extension is linked to the framework's CUDA runtime, so nvcc has to be of the same CUDA major (torch's extension
    builder stops on a differing major and warns on a differing minor), and without any nvcc nothing is compiled. To run
    wheels the toolkit does not matter, but for what compiles its operators when they are first asked for: DeepSpeed
    refuses a compiler of another major.

    Shows as: "The detected CUDA version (12.9) mismatches the version that was used to compile PyTorch (11.8)",
    "Installed CUDA version 12.2 does not match the version torch was compiled with 11.7",
    "CUDA_HOME environment variable is not set. Please set it to your CUDA install root".

    Remedy: set CUDA_HOME to a toolkit of the framework's CUDA, or install the framework for the toolkit's CUDA.
    """
    later = _compiled_later(case)
    if str(case.goal) != "build:cuda-extension" and not later:
        return
    kits = nvcc(case)
    if later and not kits:
        return
    if case.machine.toolkits is not None and not case.machine.toolkits:
        yield _no_compiler(case)
        return
    if not kits or not case.runtimes:
        yield Untold("toolkit-mismatch-for-build", "cuda", ("toolkits", "builds.torch.cuda"), decides=not kits)
        return
    for runtime in case.runtimes:
        major = versions.parse(runtime.cuda).major
        if len({versions.parse(kit).major == major for _, kit in kits}) > 1:
            yield Untold("toolkit-mismatch-for-build", "cuda", ("variables.CUDA_HOME",))
            continue
        _, toolkit = kits[0]
        facts = (*(case.read(*kit) for kit in kits), *led(case), *case.started(runtime), *later)
        if versions.parse(toolkit).major != major:
            yield Finding(
                "toolkit-mismatch-for-build",
                "cuda",
                f"nvcc is of CUDA {toolkit}, {runtime.of} of CUDA {runtime.cuda}: the majors must agree to build.",
                facts,
                (
                    Remedy(f"set CUDA_HOME to a CUDA {major} toolkit", "setting"),
                    Remedy(f"install {runtime.component} for CUDA {versions.major_minor(toolkit)}"),
                ),
            )
        else:
            yield Holds(
                "toolkit-mismatch-for-build", "cuda", f"nvcc {toolkit} and {runtime.of} are of one CUDA major", facts
            )


def _no_compiler(case: Case) -> Finding:
    """Nothing to compile with: the packages of a framework have CUDA's libraries, and not its compiler."""
    lines = sorted({versions.major_minor(runtime.cuda) or runtime.cuda for runtime in case.runtimes})
    ours = f" {lines[0]}" if len(lines) == 1 else ""
    return Finding(
        "toolkit-mismatch-for-build",
        "cuda",
        "There is no CUDA toolkit here, and so no nvcc: an extension cannot be compiled.",
        (case.read("toolkits", "none"),),
        (Remedy(f"install the CUDA toolkit{ours} and set CUDA_HOME to its folder", "setting"),),
    )


def _compiled_later(case: Case) -> tuple[Evidence, ...]:
    """That what is used compiles its operators for torch while it runs, and is not told to do so with any compiler."""
    main = case.main
    if case.goal.verb != "use" or main is None or not case.machine.toolkits or main.state != "installed":
        return ()
    if case.matrix.packages.about(main.component).get("accelerator") != "none":
        return ()  # what has GPU code of its own has it compiled
    row = case.matrix.traits.row(main.component, "compiles-its-operators")
    if row is None or (case.machine.variables or {}).get(row["value"]) == "1":
        return ()
    told = () if row["value"] in (case.machine.variables or {}) else (_unset(case, row["value"]),)
    return (*case.package(main), case.cite(f"{main.component} compiles its operators with nvcc", row), *told)


def _unset(case: Case, variable: str) -> Evidence:
    return case.assume(f"variables.{variable}", "not set: the compiler's CUDA is looked at")


def nvcc(case: Case) -> list[tuple[str, str]] | None:
    """(field, CUDA) of the compiler that a build takes: the one that a variable leads to, else any that is there.

    None where one of them is of unknown release.
    """
    kits = [(f"toolkits[{index}].version", kit) for index, kit in enumerate(case.machine.toolkits or ())]
    home = _home(case)[1]
    chosen = [(path, kit) for path, kit in kits if home and kit.path is not None and kit.path.rstrip("/") == home]
    named = of_folder(home) if not chosen else None
    if named is not None:
        unplaced = [(path, kit) for path, kit in kits if kit.path is None and kit.version is not None]
        chosen = [(path, kit) for path, kit in unplaced if versions.same_line(kit.version or "", named, 2)]
    told = [(path, kit.version) for path, kit in chosen or kits if kit.version is not None]
    return told if len(told) == len(chosen or kits) else None


def led(case: Case) -> tuple[Evidence, ...]:
    """The variable that leads a build to its compiler, where there are several."""
    name, home = _home(case)
    return (case.read(f"variables.{name}", home),) if home and len(case.machine.toolkits or ()) > 1 else ()


def _home(case: Case) -> tuple[str, str]:
    """(variable, folder) that torch.utils.cpp_extension takes the toolkit from, before it looks for nvcc on PATH."""
    variables = case.machine.variables or {}
    name = "CUDA_HOME" if variables.get("CUDA_HOME") else "CUDA_PATH"
    return name, (variables.get(name) or "").rstrip("/")
