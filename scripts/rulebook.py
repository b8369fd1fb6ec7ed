"""docs/rules.md: every rule, the facts that it reads, and where they are read on a machine.

``python -m scripts.rulebook`` writes it, ``--check`` says whether it is current (exit 1 if not). The pages are the
rules' own, and so is what each reads, which tests/rules/test_rulebook.py holds against what really decides.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from compat.rules import FAMILIES, every_rule, family_of
from compat.rules.base import OF_BUILD, OF_DRIVER, OF_RUNTIME, OF_SYSTEM

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"

# Fact -> where the probe reads it. "described": no machine tells it, or none can be asked.
WHERE = {
    "os": "/etc/os-release, else uname; on Windows getwindowsversion",
    "arch": "uname; below --root the ELF header of its programs or loader; on Windows PROCESSOR_ARCHITECTURE",
    "python": "pyvenv.cfg, the interpreter's folder and name (it is never run)",
    "distribution": "/etc/os-release; on Windows getwindowsversion",
    "distribution_version": "/etc/os-release; on Windows getwindowsversion",
    "glibc": "the file name of libc.so.6 or the text that it carries",
    "glibcxx": "newest GLIBCXX_ version defined by the libstdc++.so.6 that the loader finds",
    "environment": "/.dockerenv, /run/.containerenv, control groups and mounts; the kernel's name and /dev/dxg (WSL); "
    "conda-meta; /etc/nv_tegra_release (Jetson); variables (Colab, Kubernetes, Slurm)",
    "kernel": "/proc/sys/kernel/osrelease, /proc/version, uname",
    "secure_boot": "efivars SecureBoot-* and shim's MokSBStateRT-*; off where the firmware is no UEFI",
    "gpus.name": "/proc/driver/nvidia/gpus/*/information, else NVML",
    "gpus.compute_capability": "NVML, else the matrix by PCI id or name",
    "gpus.visible": "CUDA_VISIBLE_DEVICES, by UUID, or by bus address where CUDA_DEVICE_ORDER says so",
    "gpus.pci_id": "/sys/bus/pci/devices/*/uevent, or vendor, device and class there",
    "gpus.mig": "/proc/driver/nvidia/capabilities, CUDA_VISIBLE_DEVICES=MIG-...; the profile by NVML",
    "nvswitch": "PCI bridges of NVSwitch, /dev/nvidia-nvswitch*, /proc/driver/nvidia-nvswitch",
    "fabric_manager": "the program, its process in /proc; its release by dpkg's status file, else rpm's database where "
    "that is SQLite",
    "driver.version": "the file that libcuda.so.1 or libnvidia-ml.so.1 leads to, else NVML",
    "driver.cuda": "NVML, else the matrix by driver branch",
    "driver.kernel_module_version": "/proc/driver/nvidia/version, /sys/module/nvidia/version; "
    "nvidia.ko where it is not loaded",
    "driver.kernel_module": "the driver of the PCI device, /proc/driver/nvidia/version, "
    "/sys/module/nvidia/taint, the licence of nvidia.ko, nvgpu",
    "driver.kernel_module_loaded": "/proc/driver/nvidia/version, /sys/module/nvidia, /sys/module/nvgpu, /proc/modules",
    "driver.kernel_module_signed": "the signature behind nvidia.ko, /sys/module/nvidia/taint",
    "driver.signer_enrolled": "key identifiers of MokListRT and db in efivars against the module's signer",
    "libcuda.version": "the file name that libcuda.so.1 leads to, else the release in the file",
    "libcuda.path": "the loader's search: LD_LIBRARY_PATH, ld.so.cache, defaults",
    "libcuda.compat": "the folder; where that and the release are not the driver's, the note "
    ".note.cuda.fwd_compatibility",
    "libcuda.compat_drivers": "the ELF note .note.cuda.fwd_compatibility",
    "libcuda.stub": "a libcuda without the driver's symbols, folder stubs",
    "loader_configuration": "/etc/ld.so.conf.d, where the cache gives a libcuda that is not the driver's",
    "device_nodes": "/dev/nvidia*, /dev/dxg, nvgpu's on Jetson: existence and permission, never opened",
    "toolkits": "version.json, version.txt, cuda.h of /usr/local/cuda*, CUDA_HOME, /opt/cuda, the HPC SDK; dpkg; conda",
    "libraries": "files of the loader's folders, pip's nvidia/*/lib, packages' own; version by dpkg or rpm, header, "
    "name or symbol",
    "missing_libraries": "the loader's search for what each package opens",
    "packages": "names of *.dist-info, *.egg-info and *.egg, conda-meta",
    "builds.cuda": "the package's own files (version.py, build_info.py, build_and_package_info.py), sonames "
    "that it needs, its name and local version, conda-meta",
    "builds.cudnn": "the same files, sonames that it needs, conda's build string",
    "builds.tensorrt": "sonames that it needs; the version of TensorRT's own packages",
    "builds.architectures": "TensorFlow's build_info.py; libtorch_python.so of a torch that nobody published; else "
    "the published build tells it (the matrix)",
    "builds.python_tag": "WHEEL",
    "builds.source": "direct_url.json, local version, conda-meta channel",
    "builds.missing": "the loader's search for what this package opens",
    "duplicates": "a second *.dist-info of the name on the import path, RECORDs that list one path",
    "damaged": "RECORD against the disk: size, absence, another package's file",
    "variables": "the process's environment (a fixed list of names)",
    "container.gpu_access": "GPU nodes under /dev, NVIDIA_VISIBLE_DEVICES",
    "container.toolkit_installed": "nvidia-container-runtime, nvidia-ctk, nvidia-container-cli or "
    "nvidia-container-toolkit among the host's programs",
    "container.driver_capabilities": "NVIDIA_DRIVER_CAPABILITIES",
    "container.requires": "NVIDIA_REQUIRE_CUDA",
    "container.image": "NVIDIA_TRITON_SERVER_VERSION, NVIDIA_PYTORCH_VERSION, NVIDIA_TENSORFLOW_VERSION, "
    "which its images set",
    "jetson": "/etc/nv_tegra_release, the device tree, dpkg's status file",
    "request": "described: what shall be installed is the user's to say (`guard` reads it from pip's command line)",
    "model": "described, or read from the file by `check FILE` and `model FILE` (ONNX, Keras, HDF5)",
    "model.precision": "described: the precision that a run is to use is the user's to say",
    "model.device": "described: whether the GPU or a DLA is to run it is the user's to say",
    "model.target": "described: the target that code is to be compiled for is the user's to say",
    "engine": "described, or read from the plan's header by `check FILE` and `engine FILE`",
}
SHARED = {*OF_SYSTEM, *OF_DRIVER, *OF_RUNTIME}  # groups that are listed as a whole

OF_JETSONS = ("gpus.name", "jetson", "environment")  # what tells a Jetson, and with it the platform
READS = {entry.name: entry.reads for entry in every_rule()}

# Rules that this machine alone never triggers, and why.
ONLY_ASKED = {
    "package-removed": "is about what shall be installed: `plan`, `guard` and `check -r` say what is asked for",
    "precision-unsupported": "the precision of a run is the user's intention (`check FILE` reads a model's own)",
    "onnx-version-unsupported": "is about a model: `check FILE`, `model` and `convert` read the file",
    "engine-unreadable": "is about a file: `check FILE` and `engine` read it",
    "engine-from-other-gpu": "is about a file: `check FILE` and `engine` read its header",
    "engine-from-other-tensorrt": "is about a file: `check FILE` and `engine` read its header",
    "engine-from-other-os": "is about a file: `check FILE` and `engine` read its header",
    "toolkit-mismatch-for-build": "is asked with the goal build:cuda-extension; its facts are read",
    "ptx-newer-than-driver": "with run:cuda-binary the builder's toolkit is named; for packages the facts are read",
}


def _listed(facts: Iterable[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in dict.fromkeys(facts))


def page() -> str:
    """The text of docs/rules.md."""
    lines = [
        "# Rules",
        "",
        "Written by `python -m scripts.rulebook` from the rules themselves; do not edit.",
        "",
        "A rule holds, is violated, or cannot be told for lack of a fact; it never concludes from what is unknown",
        "([docs/machine.md](machine.md#less-is-never-worse) says what that means).",
        "Where a version leaves open which published build is installed, a finding needs that every one of them fails.",
        "",
        "## What each rule reads",
        "",
        f"*The build* stands for what tells which published build is installed: {_listed(OF_BUILD)}.",
        f"Of a Jetson `os` and `arch` follow from {_listed(OF_JETSONS)} where they are not stated.",
        "",
        "| rule | family | facts |",
        "|---|---|---|",
    ]
    for entry in every_rule():
        facts = READS[entry.name]
        builds = set(OF_BUILD) <= set(facts)
        told = _listed(fact for fact in facts if not builds or fact not in OF_BUILD)
        shown = ", ".join(filter(None, (told, "*the build*" if builds else "")))
        lines.append(f"| [`{entry.name}`](#{entry.name}) | {family_of(entry.name)} | {shown} |")
    lines += [
        "",
        "## Where the facts are read",
        "",
        "`compatcheck facts --sources` shows for one machine where each value was read.",
        "",
        "| fact | read from |",
        "|---|---|",
    ]
    lines += [f"| `{fact}` | {place} |" for fact, place in WHERE.items()]
    lines += ["", "## Rules that `doctor` alone does not trigger", "", "| rule | why |", "|---|---|"]
    lines += [f"| `{name}` | {why} |" for name, why in ONLY_ASKED.items()]
    for family in FAMILIES:
        lines += ["", f"## {family[0].upper()}{family[1:]}"]
        for entry in every_rule():
            if family_of(entry.name) == family:
                lines += ["", f"### {entry.name}", "", entry.page]
                if entry.masks:
                    lines += [
                        "",
                        "Violated, it is the cause of, and reported in place of: "
                        + ", ".join(f"`{name}`" for name in entry.masks)
                        + ".",
                    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page()
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            print("docs/rules.md is not current: run python -m scripts.rulebook")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
