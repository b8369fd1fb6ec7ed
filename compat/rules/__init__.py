"""The rules: one directory a family, each rule stated once.

What every rule is asked with stands here: the ``case`` with its ``gpus`` and ``runtimes``, each ``subject`` with the
published builds that it can be (``candidates``). A directory holds the rules of one layer of the stack. ``CATALOGUE``
lists them nearest to the cause first; reports show findings in this order. A new rule is one function with
``@rule(name)`` in a file of its family and one line here; a new file has its name in ``FAMILIES``.
"""

from importlib import import_module

from compat.rules.base import REGISTRY, Rule

# Family -> the modules of its rules, below compat/rules/.
FAMILIES = {
    "driver and kernel": ("driver.kernel", "driver.driver", "driver.served", "driver.halves", "driver.devices"),
    "CUDA": ("cuda.forward", "cuda.compilers", "cuda.release"),
    "libraries and loader": (
        "libraries.found",
        "libraries.system",
        "libraries.damage",
        "libraries.shadowed",
        "libraries.cudnn",
        "libraries.majors",
    ),
    "packages": (
        "packages.presence",
        "packages.removed",
        "packages.pairs",
        "packages.doubles",
        "packages.builds",
        "packages.cpu_only",
        "packages.platforms",
        "packages.pythons",
        "packages.jetson",
    ),
    "TensorRT, ONNX, engines": ("tensorrt.release", "tensorrt.models", "tensorrt.precisions", "tensorrt.engines"),
    "containers, WSL": ("containers", "wsl"),
    "how far the matrix knows": ("known",),
}
for _file in (file for files in FAMILIES.values() for file in files):
    import_module(f"compat.rules.{_file}")  # enters its rules into the registry

CATALOGUE: tuple[str, ...] = (
    "wsl-setup",
    "container-without-gpu",
    "gpu-missing",
    "container-needs-newer-driver",
    "other-driver-bound",
    "kernel-module-rejected",
    "kernel-module-flavor",
    "driver-missing",
    "stub-library",
    "compat-library-older-than-driver",
    "forward-compat-unsupported",
    "driver-library-mismatch",
    "driver-dropped-gpu",
    "device-node-missing",
    "fabric-manager",
    "gpus-hidden",
    "mig-single-instance",
    "package-missing",
    "package-unknown",
    "package-removed",
    "no-gpu-build-for-platform",
    "jetson-build-mismatch",
    "python-unsupported",
    "duplicate-install",
    "cpu-only-build",
    "driver-too-old",
    "gpu-not-in-build",
    "cuda-older-than-gpu",
    "ptx-newer-than-driver",
    "ptxas-too-old",
    "gpu-unsupported-by-tensorrt",
    "library-damaged",
    "library-shadowed",
    "cudnn-mismatch",
    "cuda-library-too-old",
    "cuda-major-mismatch",
    "mixed-cuda-majors",
    "library-not-found",
    "glibc-too-old",
    "libstdcxx-too-old",
    "package-versions-mismatch",
    "numpy-abi",
    "protobuf-conflict",
    "toolkit-mismatch-for-build",
    "onnx-version-unsupported",
    "precision-unsupported",
    "engine-unreadable",
    "engine-from-other-gpu",
    "engine-from-other-tensorrt",
    "engine-from-other-os",
    "newer-than-known",
)

__all__ = ["CATALOGUE", "FAMILIES", "every_rule", "family_of"]


def every_rule() -> tuple[Rule, ...]:
    """All rules, nearest to the cause first."""
    return tuple(REGISTRY[name] for name in CATALOGUE)


def family_of(name: str) -> str:
    """The family that a rule belongs to."""
    file = REGISTRY[name].judge.__module__.removeprefix(f"{__name__}.")
    return next(family for family, files in FAMILIES.items() if file in files)
