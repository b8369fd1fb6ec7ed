"""Every copy of the CUDA libraries on the system: where it is, which version it has, who brought it.

Folders: those of the loader's cache, the toolkits, LD_LIBRARY_PATH, conda's prefix, pip's ``nvidia/*/lib`` (since CUDA
13 ``nvidia/cu13/lib``), and the packages that carry copies of their own. A copy that several links name is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compat import versions
from compat.machine import Library, Toolkit
from compat.probe import dpkg, libnames
from compat.probe.binary.ldcache import Cache
from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading
from compat.probe.layers.distributions import Distribution, Installed
from compat.probe.layers.python import Interpreter
from compat.probe.layers.toolkits import system_origin
from compat.probe.libcopy import Copy, header_version
from compat.probe.loading.search import loader_of

WHERE = {
    "libraries": "files of the loader's folders, pip's nvidia/*/lib, packages' own; version by dpkg or rpm, header, "
    "name or symbol",
}

USUAL = (
    "/usr/local/lib",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu/nvidia",
    "/usr/local/cuda/lib64",
    "/usr/local/tensorrt/lib",
    "/opt/tensorrt/lib",
)
"""Folders to look into; those that the loader's cache covers are also listed, for copies that it does not know yet."""

BUNDLES = (
    "torch/lib",
    "tensorrt_libs",
    "tensorrt",
    "onnxruntime/capi",
    "ctranslate2.libs",
    "ctranslate2",
    "cupy/.data/lib",
)
"""Folders of packages that may carry copies of their own."""

PIP = {
    "cudnn": "cudnn",
    "tensorrt": "",
    "cublas": "cublas",
    "cublaslt": "cublas",
    "cudart": "cuda-runtime",
    "cufft": "cufft",
    "curand": "curand",
    "cusolver": "cusolver",
    "cusparse": "cusparse",
    "cusparselt": "cusparselt",
    "cupti": "cuda-cupti",
    "nccl": "nccl",
    "nvrtc": "cuda-nvrtc",
    "nvjitlink": "nvjitlink",
    "nvshmem": "nvshmem",
    "cutensor": "cutensor",
}
"""Library to the part of its pip distribution's name between ``nvidia-`` and ``-cu12``."""

DEBIAN = {
    "cudnn": (r"libcudnn\d+(?:-cuda-\d+)?",),
    "tensorrt": (r"libnvinfer\d+",),
    "nvinfer_plugin": (r"libnvinfer-plugin\d+",),
    "nvonnxparser": (r"libnvonnxparsers?\d+",),
    "nccl": (r"libnccl2?",),
}
"""Library to the packages of Debian, and of rpm, that bring it into the usual folders."""


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``aside['copies']``, which the layer ``loads`` completes and puts into the description."""
    reading = Reading()
    cache = loader_of(host, so_far, reading).cache
    reading.aside["copies"] = tuple(find(host, so_far, dpkg.table(host, so_far, reading), cache))
    return reading


def find(host: Host, so_far: Reading, debian: dpkg.Table, cache: Cache) -> Iterator[Copy]:
    """Each copy once, by the file behind its links."""
    seen: set[tuple[int, int]] = set()
    python: Interpreter | None = so_far.aside.get("python")
    installed: Installed | None = so_far.aside.get("installed")
    for folder, origin in _folders(host, so_far, python, installed, cache):
        for path in _copies_in(host, folder):
            stat = host.stat(path)
            real = host.realpath(path)
            if isinstance(stat, Unreadable) or isinstance(real, Unreadable) or not stat.is_file:
                continue
            if (stat.device, stat.inode) in seen:
                continue
            seen.add((stat.device, stat.inode))
            yield _copy(host, path, real, origin, installed, debian)


def _folders(
    host: Host, so_far: Reading, python: Interpreter | None, installed: Installed | None, cache: Cache
) -> Iterator[tuple[str, str]]:
    """Folders and the origin of what lies in them; the nearer to the environment the earlier."""
    if python is not None:
        for site in python.path:
            for name in host.listdir(f"{site}/nvidia"):
                yield f"{site}/nvidia/{name}/lib", "pip"
            yield from ((f"{site}/{bundle}", "bundled") for bundle in BUNDLES)
        if installed is not None and installed.conda:
            yield f"{python.prefix}/lib", "conda"
    outside = system_origin(so_far)
    for folder in host.environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":"):
        if folder.startswith("/"):
            yield folder.rstrip("/"), "conda" if "/conda" in folder or "/miniconda" in folder else outside
    toolkits: tuple[Toolkit, ...] = so_far.aside.get("toolkits", ())
    for toolkit in toolkits:
        if toolkit.path and toolkit.origin != "conda":
            yield from ((f"{toolkit.path}/{lib}", outside) for lib in ("lib64", "lib"))
    cached = {
        entry.path.rpartition("/")[0]
        for name, entries in cache.entries.items()
        if libnames.library_of(name)
        for entry in entries
    }
    for folder in (*sorted(cached), *USUAL):
        yield folder, outside


def _copies_in(host: Host, folder: str) -> Iterator[str]:
    """The libraries of this stack in a folder, one path each: the name that has a version, not the link-time one."""
    best: dict[tuple[str, str], str] = {}
    for name in host.listdir(folder):
        if libnames.library_of(name) is None:
            continue
        version = libnames.version_of(name)
        key = (name.partition(".so")[0], (version or "").partition(".")[0])
        if key not in best or (version or "").count(".") < (libnames.version_of(best[key]) or "").count("."):
            best[key] = name  # the soname itself, by which it is asked for
    plain = {stem for stem, major in best if major}
    for (stem, major), name in sorted(best.items()):
        if major or stem not in plain:
            yield f"{folder}/{name}"


def _copy(host: Host, path: str, real: str, origin: str, installed: Installed | None, debian: dpkg.Table) -> Copy:
    name = libnames.library_of(path.rpartition("/")[2]) or ""
    version, source = _version(host, name, path, real, origin, installed, debian)
    return Copy(Library(name, version, origin, path), real, source)


def _version(
    host: Host, name: str, path: str, real: str, origin: str, installed: Installed | None, debian: dpkg.Table
) -> tuple[str | None, str]:
    """The version and what told it: the package that owns the file, the file's own name, a header beside it."""
    shown = libnames.version_of(real.rpartition("/")[2]) or libnames.version_of(path.rpartition("/")[2])
    if origin == "pip" and installed is not None:
        owner = owner_of(host, installed, name, path)
        if owner is not None and owner.version is not None:
            return owner.version.partition("+")[0], owner.info
    if origin == "bundled" and "/tensorrt" in path and installed is not None:
        owner = next((d for n, d in installed.winners.items() if re.match(r"^tensorrt(-cu\d+)?-libs$", n)), None)
        if owner is not None and owner.version is not None:
            return owner.version, owner.info
    if origin in ("system", "container"):
        packaged = _packaged(name, debian, shown, real)
        if packaged is not None:
            return packaged, debian.source
    if shown is not None and shown.count(".") >= 2:
        return shown, real
    return header_version(host, name, real) or (shown, real)


def owner_of(host: Host, installed: Installed, name: str, path: str) -> Distribution | None:
    """The pip distribution that the copy at `path` belongs to, where several wrote the same path the surviving one."""
    folder = path.partition("/nvidia/")[0]
    base = PIP.get(name)
    pattern = re.compile(rf"^nvidia-{base}(?:-cu\d+)?$")
    fitting = [d for n, d in installed.winners.items() if base and pattern.match(n) and d.folder == folder]
    new_layout = re.search(r"/nvidia/cu\d+/lib/", path) is not None
    if len(fitting) > 1 and name not in ("cudnn", "nccl", "cusparselt", "nvshmem", "cutensor"):
        fitting = [d for d in fitting if (re.search(r"-cu\d+$", d.name) is None) is new_layout] or fitting
    if len(fitting) > 1:
        from compat.probe.layers.integrity import writers

        fitting = writers(host, fitting, path)
    return fitting[0] if len(fitting) == 1 else None


def _packaged(name: str, debian: dpkg.Table, shown: str | None, real: str) -> str | None:
    """dpkg's version, where it agrees with the file's name and the file lies where packages put it."""
    if not real.startswith("/usr/lib"):
        return None
    for pattern in DEBIAN.get(name, ()):
        for package, version in debian.items():
            upstream = dpkg.upstream(version)
            if (
                re.fullmatch(pattern, package)
                and versions.try_parse(upstream)
                and (shown is None or upstream.split(".")[: shown.count(".") + 1] == shown.split("."))
            ):
                return upstream
    return None
