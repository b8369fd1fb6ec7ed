"""Containers of NVIDIA's registry: ``docker run`` as a closed template.

Only what the container toolkit needs is in it: no privileges, no mounts, no shared namespaces (container toolkit
documentation, https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html).
"""

import re

from compat.plan.commands import UnsafeArgument
from compat.plan.model import Command

REGISTRY = "nvcr.io/nvidia"
TOOLKIT = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"
_TAG = re.compile(r"^[0-9]{2}\.[0-9]{2}(?:\.[0-9]+)?(?:-[a-z0-9]+)*$")
_IMAGE = re.compile(r"^[a-z]+$")
_JETSON = re.compile(r"^l4t-[a-z]+:r[0-9]{2}(?:\.[0-9]+){2}-[a-z]+[0-9.]+-py3$")


def reference(image: str, tag: str, major: str = "") -> str:
    """The image's full name. The notes call an image by its month (24.03); its tag has the Python (24.03-py3).

    ``major``: of the framework, where the tag names it as well (22.10-tf2-py3). Raises UnsafeArgument.
    """
    if _JETSON.match(f"{image}:{tag}"):
        return f"{REGISTRY}/{image}:{tag}"
    if not _IMAGE.match(image) or not _TAG.match(tag):
        raise UnsafeArgument(f"{image}:{tag}")
    if "-" not in tag:
        tag = f"{tag}-tf{major}-py3" if major else f"{tag}-py3"
    return f"{REGISTRY}/{image}:{tag}"


NAME = "compatcheck"  # of the container that is started to be worked in
VENV = "/opt/venv"


def start(image: str) -> tuple[Command, ...]:
    """Start an image with the host's GPUs and keep it running; make an environment of its system's own Python.

    pip is renewed: the one of Ubuntu 20.04 (20.0) does not know wheels tagged ``manylinux_2_28`` (PEP 600, pip 20.3).
    """
    run_it = ("docker", "run", "--detach", "--interactive", "--tty", "--gpus", "all", "--name", NAME, image)
    return (Command("docker", run_it), *map(execute, _PREPARE))


def execute(argv: tuple[str, ...]) -> Command:
    """A command inside the container that was started."""
    return Command("docker", ("docker", "exec", NAME, *argv))


_PREPARE = (
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"),
    ("python3", "-m", "venv", VENV),
    (f"{VENV}/bin/python", "-m", "pip", "install", "--upgrade", "pip"),
)


def run(name: str) -> tuple[Command, ...]:
    """Start it with the host's GPUs, removed when it ends."""
    return (Command("docker", ("docker", "run", "--rm", "-it", "--gpus", "all", name)),)


def run_on_jetson(name: str) -> tuple[Command, ...]:
    """The same on a Jetson, where NVIDIA's runtime is named (the driver is mounted by it)."""
    return (Command("docker", ("docker", "run", "--rm", "-it", "--runtime", "nvidia", name)),)
