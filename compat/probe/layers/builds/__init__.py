"""What each package's build says of itself, read as text and ELF headers; nothing is evaluated or imported.

One file a framework holds ``read(context) -> Found``; `READERS` says which file reads which distribution, the rest
that the matrix knows go to ``generic``: a framework whose version or name tells its CUDA needs no reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Literal

from compat import versions
from compat.machine import Build
from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading
from compat.probe.layers.distributions import CONDA_NAMES, CondaRecord, Distribution, Installed
from compat.records import dataclass, replace
from compat.spoken import spoken

WHERE = {
    "builds.cuda": "the package's own files (version.py, build_info.py, build_and_package_info.py), sonames that it "
    "needs, its name and local version, conda-meta",
    "builds.cudnn": "the same files, sonames that it needs, conda's build string",
    "builds.tensorrt": "sonames that it needs; the version of TensorRT's own packages",
    "builds.architectures": "TensorFlow's build_info.py; libtorch_python.so of a torch that nobody published; else "
    "the published build tells it (the matrix)",
    "builds.python_tag": "WHEEL",
    "builds.source": "direct_url.json, local version, conda-meta channel",
}

READERS: tuple[tuple[str, str], ...] = (
    # (how the distribution's name begins, module); the first that fits reads it. Behind "=" it is the whole name.
    ("torch-tensorrt", "torch_tensorrt"),
    ("torchvision", "torch"),
    ("torchaudio", "torch"),
    ("torch-", "generic"),
    ("=torch", "torch"),
    ("tensorflow-text", "generic"),
    ("tensorflow-hub", "generic"),
    ("tensorflow-io", "generic"),
    ("tensorflow-estimator", "generic"),
    ("tensorflow", "tensorflow"),
    ("tf-nightly", "tensorflow"),
    ("jax-cuda", "jax"),
    ("=jaxlib", "jax"),
    ("=jax", "jax"),
    ("onnxruntime", "onnxruntime"),
    ("tensorrt", "tensorrt"),
    ("cupy", "cupy"),
    ("paddlepaddle", "paddle"),
)

TEXT_LIMIT = 64 << 10
"""Bytes read of a version file; one that is longer is not what a framework writes."""

_ASSIGNMENT = r"^{name}(?:[ \t]*:[^=\n]+)?[ \t]*=[ \t]*(?:['\"](?P<text>[^'\"\n]*)['\"]|(?P<word>None|True|False))"
_CONDA_CUDA = re.compile(r"(?:^|_)cuda[-_]?(\d+\.\d+(?:\.\d+)?|\d{2,3})(?![\d.])")
_CONDA_CUDNN = re.compile(r"cudnn[-_]?(\d+(?:\.\d+)*)")
_CHANNEL = re.compile(r'"channel":\s*"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader gets: the distribution, everything installed, and the door."""

    host: Host
    distribution: Distribution
    installed: Installed

    @property
    def folder(self) -> str:
        return self.distribution.folder

    @property
    def tag(self) -> str | None:
        """The local part of the version: ``cu118`` of ``2.1.0+cu118``."""
        return (self.distribution.version or "").partition("+")[2] or None

    def text(self, path: str) -> str:
        """A small file below the distribution's folder as text; empty where it is absent, too long or unreadable."""
        found = self.host.read_text(f"{self.folder}/{path}", TEXT_LIMIT)
        return "" if isinstance(found, Unreadable) else found


@dataclass(frozen=True, slots=True)
class Found:
    """A reader's answer; `source` names the file."""

    build: Build
    source: str


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``aside['builds']``, which the layer ``loads`` completes and puts into the description."""
    reading = Reading()
    installed: Installed | None = so_far.aside.get("installed")
    if installed is None:
        return reading
    builds: dict[str, Build] = {}
    for name, distribution in installed.winners.items():
        module = reader_of(name)
        if module is None:
            continue
        context = Context(host, distribution, installed)
        found: Found = import_module(f"compat.probe.layers.builds.{module}").read(context)
        build = _completed(context, found.build)
        if build != Build():
            builds[name] = build
            reading.sources[f"builds.{name}"] = found.source
    _add_conda(host, installed, builds, reading)
    reading.aside["builds"] = builds
    return reading


def reader_of(name: str) -> str | None:
    """The module that reads the distribution of this (normalised) name, None where none needs to."""
    for start, module in READERS:
        if name == start[1:] if start.startswith("=") else name.startswith(start):
            return module
    return "generic" if spoken(name) else None


def assigned(text: str, name: str) -> str | bool | None:
    """What a line ``name = 'text'`` assigns: the text, True, False, or None (also where there is no such line)."""
    match = re.search(_ASSIGNMENT.format(name=re.escape(name)), text, re.MULTILINE)
    if match is None or match["word"] == "None":
        return None
    return match["text"] if match["word"] is None else match["word"] == "True"


def has_assignment(text: str, name: str) -> bool:
    """Is there such a line at all? (None may be written, or absent.)"""
    return re.search(_ASSIGNMENT.format(name=re.escape(name)), text, re.MULTILINE) is not None


def usable(value: str | bool | None) -> str | None:
    """A version as the machine description takes it, None for anything else."""
    return value if isinstance(value, str) and versions.try_parse(value) is not None else None


def cuda_of_local(tag: str | None) -> str | bool | None:
    """CUDA of a local version: ``cu118``, ``cpu``, ``pt28cu128``, ``cuda11.cudnn86``; None where it says nothing."""
    if tag is None:
        return None
    if tag == "cpu" or tag.startswith(("cpu.", "cpu-")):
        return False
    match = re.search(r"(?:^|[^a-z]|pt\d+)(cu(?:da)?\d+(?:\.\d+)?)(?![0-9])", tag)
    return versions.cuda_of_tag(match[1]) if match else None


def as_cuda(value: str | bool | None) -> str | Literal[False] | None:
    """The value as Build.cuda takes it: a version, or False for a build without CUDA."""
    if isinstance(value, str):
        return value
    return False if value is False else None


def _completed(context: Context, build: Build) -> Build:
    """The build with its wheel's Python tag and the place it came from, where a file tells them."""
    if build == Build():
        return build
    wheel = context.host.read_text(f"{context.distribution.info}/WHEEL", TEXT_LIMIT)
    match = re.search(r"^Tag: ([^-\s]+)-", wheel, re.MULTILINE) if isinstance(wheel, str) else None
    return replace(
        build, python_tag=build.python_tag or (match[1] if match else None), source=build.source or _source(context)
    )


def _source(context: Context) -> str | None:
    """The publisher, told by direct_url.json (PEP 610) or by a version that only one of them gives."""
    version = context.distribution.version or ""
    direct = context.host.read_text(f"{context.distribution.info}/direct_url.json", TEXT_LIMIT)
    if isinstance(direct, str):
        return "pytorch" if "download.pytorch.org" in direct else "direct"
    if re.search(r"\bnv\d\d\.\d\d", version):
        return "jetson" if context.host.exists("/etc/nv_tegra_release") else "nvidia"
    if context.distribution.name.startswith("torch") and re.search(r"\+(?:cu\d+|cpu)$", version):
        return "pytorch"
    return None


def _add_conda(host: Host, installed: Installed, builds: dict[str, Build], reading: Reading) -> None:
    """conda's build strings: the channel, and CUDA and cuDNN where nothing nearer told them."""
    for record in installed.conda:
        name = CONDA_NAMES.get(record.name, record.name)
        if reader_of(name) is None and name not in ("pytorch-mutex", "pytorch-cuda", "libtorch"):
            continue
        if name not in installed.winners:
            name = record.name
        build = of_conda(record.build)
        if name in installed.winners and _pip_wrote(host, installed.winners[name]):
            continue  # pip replaced conda's copy
        known = builds.get(name)
        if known is None and build == Build():
            continue
        known = known or Build()
        builds[name] = replace(
            known,
            cuda=build.cuda if known.cuda is None else known.cuda,
            cudnn=known.cudnn or build.cudnn,
            source=_channel(host, record) or known.source,
        )
        reading.sources.setdefault(f"builds.{name}", record.path)


def of_conda(build: str) -> Build:
    """What a conda build string says: ``py3.9_cuda11.3_cudnn8.2.0_0``, ``cuda120py311h...``, ``cpu_py310h..._0``."""
    cuda: str | bool | None = None
    match = _CONDA_CUDA.search(build)
    if match:
        digits = match[1]
        cuda = digits if "." in digits or len(digits) < 3 else f"{digits[:-1]}.{digits[-1]}"
    elif re.search(r"(?:^|_)(?:cpu|mkl|openblas|eigen)(?=_|py|$)", build):
        cuda = False
    cudnn = _CONDA_CUDNN.search(build)
    return Build(cuda=as_cuda(cuda), cudnn=cudnn[1] if cudnn else None)


def _pip_wrote(host: Host, distribution: Distribution) -> bool:
    installer = host.read_text(f"{distribution.info}/INSTALLER", 256)
    return isinstance(installer, str) and installer.strip() in ("pip", "uv")


def _channel(host: Host, record: CondaRecord) -> str | None:
    reader = host.open_at(record.path)
    if isinstance(reader, Unreadable):
        return None
    with reader:
        match = _CHANNEL.search(reader.read(0, 4096).decode("utf-8", "replace"))
    return CHANNELS.get(_channel_name(match[1])) if match else None


def _channel_name(written: str) -> str:
    parts = [p for p in written.rstrip("/").split("/") if p and not re.match(r"^(linux|osx|win|noarch)(-|$)", p)]
    if "pkgs" in parts:
        return "defaults"
    return parts[-1] if parts else ""


CHANNELS: Mapping[str, str] = {
    "conda-forge": "conda-forge",
    "defaults": "anaconda",
    "pytorch": "conda-pytorch",
    "nvidia": "conda-nvidia",
    "pytorch-nightly": "conda-pytorch",
}
"""conda's channel to the name that the matrix has for the place of publication."""
