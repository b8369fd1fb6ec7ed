"""The stack of a machine, layer by layer from the GPU to the frameworks, each with a mark and the reason.

A layer's mark is the worst that the reports say of its components: an error there, a warning, something that could
not be told, or fine where a mechanism about it holds. A layer that no rule spoke of has no mark.
"""

from collections.abc import Iterable, Iterator, Sequence

from compat.check import Report
from compat.machine import Machine
from compat.matrix import Matrix
from compat.matrix.packages import normal
from compat.records import dataclass
from compat.rules.case import Case

# Layer -> components of outcomes that belong to it; a package's own component is its own layer.
_COMPONENTS = {
    "GPU": ("gpu", "gpus", "jetson"),
    "kernel": ("kernel",),
    "driver": ("driver", "fabric-manager"),
    "libcuda": ("libcuda",),
    "container": ("container",),
    "environment": ("environment",),
    "CUDA": ("cuda", "cudart", "cublas", "ptxas"),
    "cuDNN": ("cudnn",),
    "TensorRT": ("tensorrt",),
    "Python": ("python", "numpy", "protobuf"),
    "system": ("glibc", "glibcxx"),
    "engine": ("engine", "dla"),
}
_WORST = ("error", "warning", "note", "unknown", "ok", "none")


@dataclass(frozen=True)
class Layer:
    """One line of the stack."""

    name: str
    value: str
    mark: str  # error, warning, note, unknown, ok, none
    reason: str


def layers(machine: Machine, reports: Sequence[Report], matrix: Matrix) -> tuple[Layer, ...]:
    """The stack of one machine, as its reports judge it."""
    values = [
        *_system(machine),
        *_hardware(machine, reports, matrix),
        *_libraries(machine),
        *_packages(machine, matrix),
    ]
    return tuple(_judged(name, value, component, reports) for name, value, component in values)


def _judged(name: str, value: str, component: str | None, reports: Iterable[Report]) -> Layer:
    mine = (component,) if component else _COMPONENTS.get(name, ())
    said = [entry for report in reports for entry in _said(report, mine)]
    if not said:
        return Layer(name, value, "none", "")
    mark, reason = min(said, key=lambda entry: _WORST.index(entry[0]))
    return Layer(name, value, mark, reason)


def _said(report: Report, components: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for found in report.findings:
        if found.component.partition("[")[0] in components:
            yield found.severity, f"{found.rule} ({report.goal})"
    for untold in report.untold:
        if untold.component.partition("[")[0] in components:
            yield "unknown", f"{untold.rule}: needs {untold.needs[0]}"
    for holds in report.holds:
        if holds.component.partition("[")[0] in components:
            yield "ok", holds.because


Value = tuple[str, str, str | None]


def _system(machine: Machine) -> Iterator[Value]:
    parts = [machine.distribution, machine.distribution_version, machine.arch]
    text = " ".join(part for part in parts if part) or machine.os or "unknown"
    if machine.glibc:
        text += f", glibc {machine.glibc}"
    yield "system", text, None
    if machine.environment:
        yield "environment", ", ".join(machine.environment), None
    if machine.container.image or machine.container.requires:
        yield "container", machine.container.image or "an image", None


def _hardware(machine: Machine, reports: Sequence[Report], matrix: Matrix) -> Iterator[Value]:
    gpus = Case(machine, reports[0].goal, matrix).gpus if reports else ()
    names = [f"{gpu.name} ({gpu.capability or 'capability unknown'})" for gpu in gpus]
    for name in dict.fromkeys(names):
        count = names.count(name)
        yield "GPU", name if count == 1 else f"{count} x {name}", None
    if not gpus:
        yield "GPU", "none" if machine.gpus == () else "unknown", None
    driver = machine.driver
    if driver.kernel_module or driver.kernel_module_version:
        yield "kernel", " ".join(part for part in (driver.kernel_module, driver.kernel_module_version) if part), None
    offered = f" (CUDA {driver.cuda})" if driver.cuda else ""
    jetson = machine.jetson
    own = f"part of Jetson Linux {jetson.l4t}" if jetson.l4t else f"part of JetPack {jetson.jetpack}"
    untold = own if machine.is_jetson and (jetson.l4t or jetson.jetpack) else "unknown"
    yield "driver", f"{driver.version or untold}{offered}", None
    if machine.libcuda.path or machine.libcuda.version:
        compat = ", cuda-compat" if machine.libcuda.compat else ""
        yield "libcuda", f"{machine.libcuda.version or ''} {machine.libcuda.path or ''}{compat}".strip(), None


def _libraries(machine: Machine) -> Iterator[Value]:
    for kit in machine.toolkits or ():
        yield "CUDA", f"toolkit {kit.version or 'of unknown version'} ({kit.path or kit.origin or 'somewhere'})", None
    for layer, name in (("cuDNN", "cudnn"), ("TensorRT", "tensorrt")):
        copies = [
            f"{copy.version or 'unknown'} ({copy.origin or copy.path or 'somewhere'})"
            for copy in machine.libraries or ()
            if copy.name == name
        ]
        if copies:
            yield layer, ", ".join(dict.fromkeys(copies)), None


def _packages(machine: Machine, matrix: Matrix) -> Iterator[Value]:
    if machine.python:
        yield "Python", machine.python + (f" ({machine.interpreter})" if machine.interpreter else ""), None
    for name, version in sorted((machine.packages or {}).items()):
        component = matrix.packages.component(name)
        if (
            version is False
            or component is None
            or matrix.packages.about(component).get("accelerator") in (None, "none")
        ):
            continue
        build = machine.builds.get(name) or machine.builds.get(normal(name))
        cuda = (
            ""
            if build is None or build.cuda is None
            else (", no CUDA" if build.cuda is False else f", CUDA {build.cuda}")
        )
        yield name, f"{version or 'version unknown'}{cuda}", component
