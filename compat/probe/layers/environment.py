"""Layer: what kind of machine this is (container, WSL, conda, cluster), the container's settings, Secure Boot."""

from __future__ import annotations

import re

from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.layers.python import configuration

WHERE = {
    "environment": "/.dockerenv, /run/.containerenv, control groups and mounts; the kernel's name and /dev/dxg (WSL); "
    "conda-meta; /etc/nv_tegra_release (Jetson); variables (Colab, Kubernetes, Slurm)",
    "secure_boot": "efivars SecureBoot-* and shim's MokSBStateRT-*; off where the firmware is no UEFI",
    "container.gpu_access": "GPU nodes under /dev, NVIDIA_VISIBLE_DEVICES",
    "container.toolkit_installed": "nvidia-container-runtime, nvidia-ctk, nvidia-container-cli or "
    "nvidia-container-toolkit among the host's programs",
    "container.driver_capabilities": "NVIDIA_DRIVER_CAPABILITIES",
    "container.requires": "NVIDIA_REQUIRE_CUDA",
    "container.image": "NVIDIA_TRITON_SERVER_VERSION, NVIDIA_PYTORCH_VERSION, NVIDIA_TENSORFLOW_VERSION, which its "
    "images set",
}

_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_APPTAINER_FOLDER = "/.singularity.d"
# Control groups that Docker, Podman, containerd, CRI-O and Kubernetes give to a container's processes.
_CONTAINER_GROUP = re.compile(r"/docker[-/][0-9a-f]{8}|/kubepods|/libpod-|cri-containerd|/crio-")
_CONTAINER_MOUNT = re.compile(
    r"^\d+ \d+ \S+ \S+ / .* - (?:overlay|fuse-overlayfs|btrfs|zfs) .*/(?:docker|containers|containerd)/", re.M
)

_SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
# shim's mirror of "mokutil --disable-validation": the kernel then treats Secure Boot as off (arch/x86 and efi stub,
# drivers/firmware/efi/libstub/secureboot.c).
_SHIM_STATE = "/sys/firmware/efi/efivars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"

_TOOLKIT_PROGRAMS = ("nvidia-container-runtime", "nvidia-ctk", "nvidia-container-cli", "nvidia-container-toolkit")

_OF_PYTHON = {"conda", "uv", "pixi", "pipx", "poetry", "externally-managed"}
"""Kinds that say something of a Python environment and not of where it runs."""

_IMAGES = (
    ("NVIDIA_TRITON_SERVER_VERSION", "tritonserver"),
    ("NVIDIA_PYTORCH_VERSION", "pytorch"),
    ("NVIDIA_TENSORFLOW_VERSION", "tensorflow"),
)
"""Variables that NVIDIA's images set to their own release."""


def read(host: Host, so_far: Reading) -> Reading:
    """environment, container, secure_boot."""
    found = Reading()
    kinds = {
        "docker": container_evidence(host),
        "apptainer": _APPTAINER_FOLDER if host.is_dir(_APPTAINER_FOLDER) else None,
        **_wsl(host, so_far),
        **_services(host),
        "conda": _conda(host, so_far),
        **_of_python(host, so_far),
    }
    sources = {kind: source for kind, source in kinds.items() if source}
    # An image that nobody runs says nothing of where it will run; a system with its /proc does.
    running = host.is_dir("/proc/sys") or so_far.get("os") in ("windows", "macos")
    if running or sources.keys() - _OF_PYTHON:
        found.put("environment", tuple(sources), ", ".join(sources.values()) or "/proc")
    for index, source in enumerate(sources.values()):
        found.sources[f"environment[{index}]"] = source
    if "docker" in sources:
        _container(host, so_far, found)
    elif found.get("environment") is not None and host.is_dir("/usr/bin"):
        _toolkit(host, found)
    _secure_boot(host, found, contained="docker" in sources)
    return found


def container_evidence(host: Host) -> str | None:
    """What shows that this is a container (Docker, Podman, containerd ...)."""
    for path in _CONTAINER_FILES:
        if host.exists(path):
            return path
    if host.environ.get("container") in ("docker", "podman", "oci", "containerd"):
        return "variable container"
    for path, sign in (("/proc/1/cgroup", _CONTAINER_GROUP), ("/proc/self/mountinfo", _CONTAINER_MOUNT)):
        text = host.read_text(path, 1 << 20)
        if isinstance(text, str) and sign.search(text):
            return path
    return None


def _wsl(host: Host, so_far: Reading) -> dict[str, str | None]:
    """WSL 1 is a kernel that calls itself 4.4.0-N-Microsoft; WSL 2 is Microsoft's Linux, or has its node."""
    kernel = str(so_far.get("kernel") or "")
    source = so_far.sources.get("kernel", "")
    if re.search(r"-Microsoft$", kernel):
        return {"wsl1": source}
    if "microsoft" in kernel.lower():
        return {"wsl2": source}
    node = next((path for path in ("/dev/dxg", "/run/WSL") if host.exists(path)), None)
    return {"wsl2": node}


def _services(host: Host) -> dict[str, str | None]:
    """Colab, Kubernetes, Slurm: by what they set for every process that they start."""

    def first(*names: str) -> str | None:
        return next((f"variable {name}" for name in names if name in host.environ), None)

    account = "/var/run/secrets/kubernetes.io"
    return {
        "colab": first("COLAB_RELEASE_TAG", "COLAB_BACKEND_VERSION", "COLAB_GPU"),
        "kubernetes": first("KUBERNETES_SERVICE_HOST") or (account if host.is_dir(account) else None),
        "slurm": first("SLURM_JOB_ID", "SLURM_JOBID"),
    }


def _conda(host: Host, so_far: Reading) -> str | None:
    interpreter = so_far.get("interpreter")
    prefixes = [interpreter.rpartition("/")[0].rpartition("/")[0], interpreter] if interpreter else []
    if not interpreter and "CONDA_PREFIX" in host.environ:
        prefixes.append(host.environ["CONDA_PREFIX"])
    return next((f"{prefix}/conda-meta" for prefix in prefixes if host.is_dir(f"{prefix}/conda-meta")), None)


def _of_python(host: Host, so_far: Reading) -> dict[str, str | None]:
    """Who made and keeps the goal's Python environment, where commands other than pip's are the right ones; PEP 668's
    mark, behind which neither pip nor uv install anything. uv writes itself into ``pyvenv.cfg``, pixi keeps its
    environments in ``.pixi/envs``, pipx leaves a receipt, Poetry has a folder of its own or its lock file beside."""
    python = so_far.aside.get("python")
    if python is None or python.kind == "folder":
        return {}
    prefix = python.prefix
    if python.kind != "venv":
        marks = (f"{prefix}/{lib}/python{python.line}/EXTERNALLY-MANAGED" for lib in ("lib", "lib64"))
        pixi = re.search(r"/\.pixi/envs/[^/]+$", prefix)
        return {"pixi": prefix if pixi else None, "externally-managed": next(filter(host.exists, marks), None)}
    config, receipt = f"{prefix}/pyvenv.cfg", f"{prefix}/pipx_metadata.json"
    beside = f"{prefix.rpartition('/')[0]}/poetry.lock"
    return {
        "uv": config if "uv" in (configuration(host, prefix) or {}) else None,
        "pipx": receipt if host.exists(receipt) else None,
        "poetry": prefix if "/pypoetry/virtualenvs/" in prefix else beside if host.exists(beside) else None,
    }


_GPU_NODE = re.compile(r"/dev/(?:nvidia\d+|dxg|nvhost-gpu|nvmap)$")


def _container(host: Host, so_far: Reading, found: Reading) -> None:
    """What the container was started with; its variables are those that NVIDIA's container toolkit reads."""
    variables = host.environ
    nodes = so_far.get("device_nodes")
    refused = variables.get("NVIDIA_VISIBLE_DEVICES") in ("none", "void")
    if nodes is not None:
        given = (*nodes, *so_far.aside.get("closed_nodes", ()))
        if any(_GPU_NODE.match(node) for node in given):
            found.put("container.gpu_access", True, "/dev")
        elif refused or not any(node.startswith("/dev/nvidia") for node in given):
            # The control nodes alone are either a container without GPUs or one that lost a node: left unknown.
            found.put("container.gpu_access", False, "/dev")
    elif variables.get("NVIDIA_VISIBLE_DEVICES") == "none":
        found.put("container.gpu_access", False, "variable NVIDIA_VISIBLE_DEVICES")
    for field, name in (("driver_capabilities", "NVIDIA_DRIVER_CAPABILITIES"), ("requires", "NVIDIA_REQUIRE_CUDA")):
        found.put(f"container.{field}", variables.get(name) or None, f"variable {name}")
    for name, image in _IMAGES:
        release = variables.get(name)
        if release and found.get("container.image") is None:
            found.put("container.image", f"{image}:{release}", f"variable {name}")


def _toolkit(host: Host, found: Reading) -> None:
    program = next((path for name in _TOOLKIT_PROGRAMS if (path := host.exists_program(name))), None)
    found.put("container.toolkit_installed", program is not None, program or "/usr/bin")


def _secure_boot(host: Host, found: Reading, contained: bool) -> None:
    """Four bytes of attributes, one of state (UEFI specification, 3.3)."""
    state = host.read_bytes(_SECURE_BOOT, 64) if host.exists(_SECURE_BOOT) else None
    if isinstance(state, bytes) and len(state) == 5:
        shim = host.read_bytes(_SHIM_STATE, 64) if state[4] == 1 and host.exists(_SHIM_STATE) else None
        if isinstance(shim, bytes) and len(shim) == 5 and shim[4] == 1:
            found.put("secure_boot", False, _SHIM_STATE)
        else:
            found.put("secure_boot", state[4] == 1, _SECURE_BOOT)
    elif not contained and host.listdir("/sys/firmware") and not host.exists("/sys/firmware/efi"):
        found.put("secure_boot", False, "/sys/firmware")  # not started by UEFI; a container sees this folder empty
