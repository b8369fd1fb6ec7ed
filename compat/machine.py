"""The machine description: what is known of one machine (docs/machine.md).

None means unknown, an empty tuple or mapping means known to be empty. Everything is frozen; a changed
machine is a new one (``dataclasses.replace``). Reading and writing it is in ``compat.description``; the form that
a value has to have is its field's type (``compat.shapes.FORMS``), so a new fact is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from compat.records import dataclass, field

SCHEMA = "compatcheck.machine/1"

# Text of a certain form, each with its reader in ``compat.shapes.FORMS``.
Version = str
VersionRange = str
Capability = str  # "8.6"
OsName = str  # linux, windows, macos
ArchName = str  # x86_64, aarch64
Problem = str  # missing, empty, truncated, overwritten
Precision = str  # fp32, int8 ...
Device = str  # gpu or dla


def steers(text: str) -> bool:
    """Has it control characters (C0, C1) other than those that part lines and words? Shown, they steer a terminal."""
    return not text.isprintable() and any(
        (code < 32 and code not in (9, 10, 13)) or 127 <= code < 160 for code in map(ord, text)
    )


@dataclass(frozen=True)
class Gpu:
    """One GPU that the goal is to use, unless it is said not to be visible."""

    name: str | None = None
    compute_capability: Capability | None = None
    mig: str | Literal[False] | None = None  # profile, "enabled", or False
    pci_id: str | None = None  # "10de:2335"
    visible: bool | None = None  # false: CUDA_VISIBLE_DEVICES leaves it out


@dataclass(frozen=True)
class FabricManager:
    """NVSwitch's service."""

    installed: bool | None = None
    running: bool | None = None
    version: Version | None = None


@dataclass(frozen=True)
class Driver:
    """Kernel module and user-mode driver; ``version`` is the user-mode release."""

    version: Version | None = None
    cuda: Version | None = None  # highest CUDA it offers
    kernel_module_version: Version | None = None
    kernel_module: str | None = None  # open, proprietary, nouveau, nova_core ...
    kernel_module_loaded: bool | None = None
    kernel_module_signed: bool | None = None
    signer_enrolled: bool | None = None
    nvidia_smi_version: Version | None = None


@dataclass(frozen=True)
class Libcuda:
    """The libcuda.so.1 that the loader finds."""

    version: Version | None = None
    path: str | None = None
    compat: bool | None = None  # from a cuda-compat package
    compat_drivers: tuple[Version, ...] | None = None  # driver branches that its note allows
    stub: bool | None = None  # the toolkit's link-time stub


@dataclass(frozen=True)
class Toolkit:
    """An installed CUDA toolkit."""

    version: Version | None = None
    origin: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class Library:
    """A copy of a shared library; ``loaded`` marks the one that the goal's process gets."""

    name: str
    version: Version | None = None
    origin: str | None = None  # system, pip, conda, container, bundled
    path: str | None = None
    loaded: bool | None = None
    loaded_by: tuple[str, ...] | None = None  # packages whose process gets this copy


@dataclass(frozen=True)
class Build:
    """What is known of a package's build. ``cuda`` False is a CPU-only build."""

    cuda: Version | Literal[False] | None = None
    cudnn: Version | None = None
    tensorrt: Version | None = None
    architectures: tuple[str, ...] | None = None
    python_tag: str | None = None
    source: str | None = None  # the index it is from: pypi, pytorch, conda-forge, jetson ...
    missing: tuple[str, ...] | None = None  # sonames that this package opens and the loader does not find


@dataclass(frozen=True)
class Duplicate:
    """A further copy of a package on the same path."""

    name: str
    version: Version | None = None
    origin: str | None = None


@dataclass(frozen=True)
class Damage:
    """A file that an installed package lists and that is not as listed."""

    package: str
    path: str
    problem: Problem
    by: str | None = None  # the package whose file lies there now


@dataclass(frozen=True)
class Container:
    """The container that the goal runs in, or that is to be started."""

    image: str | None = None
    gpu_access: bool | None = None
    toolkit_installed: bool | None = None
    driver_capabilities: str | None = None
    requires: str | None = None  # NVIDIA_REQUIRE_CUDA


@dataclass(frozen=True)
class Jetson:
    """A Jetson module and its software."""

    module: str | None = None
    jetpack: Version | None = None
    l4t: Version | None = None


@dataclass(frozen=True)
class Model:
    """A model to be converted or run."""

    format: str | None = None
    opset: Version | None = None
    ir_version: Version | None = None
    operators: tuple[str, ...] | None = None
    writer: str | None = None
    precision: Precision | None = None
    device: Device | None = None
    target: Capability | None = None  # sm_121a, for code that is compiled
    domains: Mapping[str, Version] | None = None  # opset of each further operator domain
    types: tuple[str, ...] | None = None  # element types in it, as ONNX names them: float, float16, int64 ...
    quantized: bool | None = None  # has Q/DQ nodes
    operator_types: Mapping[str, tuple[str, ...]] | None = None  # operator -> element types that its data have
    attributes: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None  # operator -> attribute -> values
    input_types: tuple[str, ...] | None = None  # element types of the graph's inputs
    file: str | None = None  # the file that the other fields are from


@dataclass(frozen=True)
class Engine:
    """A serialized TensorRT engine."""

    tensorrt: Version | None = None
    compute_capability: Capability | None = None
    gpu: str | None = None
    os: str | None = None
    serialization: Version | None = None
    version_compatible: bool | None = None
    hardware_compatible: bool | None = None
    platform: str | None = None  # platform tag of a plan of TensorRT 10: rtrt, utrt
    file: str | None = None  # the file whose header the other fields are from; a flag that it does not tell is None
    damaged: str | None = None  # why the file cannot be loaded anywhere: cut short, or no engine at all


@dataclass(frozen=True)
class Machine:
    """Everything known of one machine."""

    name: str | None = None
    os: OsName | None = None
    distribution: str | None = None
    distribution_version: str | None = None
    arch: ArchName | None = None
    kernel: str | None = None
    glibc: Version | None = None
    glibcxx: Version | None = None
    environment: tuple[str, ...] | None = None
    secure_boot: bool | None = None
    gpus: tuple[Gpu, ...] | None = None
    nvswitch: bool | None = None
    fabric_manager: FabricManager = FabricManager()
    driver: Driver = Driver()
    libcuda: Libcuda = Libcuda()
    device_nodes: tuple[str, ...] | None = None
    toolkits: tuple[Toolkit, ...] | None = None
    libraries: tuple[Library, ...] | None = None
    missing_libraries: tuple[str, ...] | None = None
    python: Version | None = None
    interpreter: str | None = None  # path of the interpreter that `python` and `packages` belong to
    packages: Mapping[str, Version | Literal[False] | None] | None = None
    builds: Mapping[str, Build] = field(default_factory=dict)
    duplicates: tuple[Duplicate, ...] | None = None
    damaged: tuple[Damage, ...] | None = None
    variables: Mapping[str, str] | None = None
    loader_configuration: str | None = None
    container: Container = Container()
    jetson: Jetson = Jetson()
    request: Mapping[str, VersionRange] | None = None
    model: Model = Model()
    engine: Engine = Engine()
    sources: Mapping[str, str] = field(default_factory=dict)  # field path -> where it was read
    # Keys that this version does not know, each by its way from the top: ("gpus", 0, "nmae"). They are kept.
    unknown: Mapping[tuple[str | int, ...], Any] = field(default_factory=dict)

    @property
    def is_jetson(self) -> bool:
        """Is anything said that only a Jetson has? Its builds come from JetPack's own indexes."""
        return bool(self.in_environment("jetson")) or any((self.jetson.module, self.jetson.jetpack, self.jetson.l4t))

    def in_environment(self, *kinds: str) -> bool | None:
        """Is the machine one of these kinds? None where its environment is unknown."""
        return None if self.environment is None else any(kind in self.environment for kind in kinds)
