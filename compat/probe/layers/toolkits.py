"""CUDA toolkits, and every copy of ``ptxas`` that a process may start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from compat import versions
from compat.machine import Library, Toolkit
from compat.probe import dpkg
from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading
from compat.probe.layers.distributions import Installed
from compat.probe.layers.python import DEFAULT_PATH, Interpreter

WHERE = {
    "toolkits": "version.json, version.txt, cuda.h of /usr/local/cuda*, CUDA_HOME, /opt/cuda, the HPC SDK; dpkg; conda",
}

DEBIAN = "/usr/lib/nvidia-cuda-toolkit"
_TEXT_LIMIT = 256 << 10
_HEADER_LIMIT = 4 << 20  # cuda.h has about a megabyte
_JSON_VERSION = r'"{name}"\s*:\s*\{{[^{{}}]*?"version"\s*:\s*"([^"]+)"'


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``toolkits``, and the copies of ptxas in ``libraries`` (``loaded``: first on PATH)."""
    reading = Reading()
    debian = dpkg.table(host, so_far, reading)
    origin = system_origin(so_far)
    found = list(find(host, so_far.aside.get("python"), so_far.aside.get("installed"), debian, origin))
    reading.put("toolkits", tuple(toolkit for toolkit, _ in found))
    for index, (_, source) in enumerate(found):
        reading.sources[f"toolkits[{index}]"] = source
    copies = tuple(ptxas(host, [t for t, _ in found], so_far.aside.get("installed")))
    if copies:
        reading.put("libraries", copies)
    reading.aside["toolkits"] = tuple(toolkit for toolkit, _ in found)
    return reading


def system_origin(so_far: Reading) -> str:
    """What lies outside of an environment belongs to the image inside a container, else to the system."""
    environment = so_far.get("environment") or ()
    return "container" if {"docker", "kubernetes"} & set(environment) else "system"


def find(
    host: Host, python: Interpreter | None, installed: Installed | None, debian: dpkg.Table, origin: str = "system"
) -> Iterator[tuple[Toolkit, str]]:
    """Each toolkit once, with the file that its version was read from."""
    seen: set[str] = set()
    for path in _candidates(host):
        real = host.realpath(path)
        if isinstance(real, Unreadable) or real in seen or not _is_toolkit(host, path):
            continue
        seen.add(real)
        version, source = version_of(host, path)
        yield Toolkit(version, origin, real), source
    if host.is_file("/usr/bin/nvcc") or host.is_dir(DEBIAN):
        packaged = debian.get("nvidia-cuda-toolkit")
        if packaged:
            parsed = versions.try_parse(dpkg.upstream(packaged))
            yield Toolkit(parsed.text if parsed else None, origin, DEBIAN), dpkg.STATUS
    if python is not None and installed is not None:
        yield from _conda(host, python, installed)


def _candidates(host: Host) -> Iterator[str]:
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"):
        value = host.environ.get(name, "").rstrip("/")
        if value.startswith("/"):
            yield value
    yield from (f"/usr/local/{name}" for name in host.listdir("/usr/local") if name.startswith("cuda"))
    yield from ("/usr/lib/cuda", "/opt/cuda")
    base = "/opt/nvidia/hpc_sdk"
    for system in host.listdir(base):
        for release in host.listdir(f"{base}/{system}"):
            folder = f"{base}/{system}/{release}/cuda"
            yield from (f"{folder}/{name}" for name in host.listdir(folder) if name[:1].isdigit())


def _is_toolkit(host: Host, path: str) -> bool:
    """A compiler, a record of the version, or libraries: a bare folder of samples or licences is none."""
    marks = ("bin/nvcc", "version.json", "version.txt", "include/cuda.h", "nvvm/bin/cicc")
    return any(host.exists(f"{path}/{mark}") for mark in marks) or any(
        name.startswith("libcudart.so") for name in host.listdir(f"{path}/lib64")
    )


def version_of(host: Host, path: str) -> tuple[str | None, str]:
    """The release of the toolkit in a folder and the file that says it.

    ``version.json`` (since 11.1) and ``version.txt`` (before) have the exact release, ``cuda.h`` major and minor, and
    the folder's own name is what is left (CUDA installation guide).
    """
    exact = _of_json(host, path, "cuda")
    if exact is None:
        text = host.read_text(f"{path}/version.txt", _TEXT_LIMIT)
        match = re.search(r"CUDA Version (\d+(?:\.\d+)+)", text) if isinstance(text, str) else None
        if match:
            return match[1], f"{path}/version.txt"
    else:
        return exact, f"{path}/version.json"
    for name in ("cuda.h", "cuda_runtime_api.h"):
        number = _defined(host, f"{path}/include/{name}", "CUDA_VERSION" if name == "cuda.h" else "CUDART_VERSION")
        if number is not None:
            return f"{number // 1000}.{number % 1000 // 10}", f"{path}/include/{name}"
    real = host.realpath(path)
    match = re.search(r"cuda-(\d+\.\d+)$", real if isinstance(real, str) else path)
    return (match[1] if match else None), path


def _of_json(host: Host, path: str, name: str) -> str | None:
    text = host.read_text(f"{path}/version.json", _TEXT_LIMIT)
    if isinstance(text, Unreadable):
        return None
    match = re.search(_JSON_VERSION.format(name=name), text)
    return match[1] if match and versions.try_parse(match[1]) else None


def _defined(host: Host, path: str, name: str) -> int | None:
    """The number that a header defines; cuda.h has it some way down, so it is read piece by piece."""
    reader = host.open_at(path)
    if isinstance(reader, Unreadable):
        return None
    pattern = re.compile(rb"#define\s+" + name.encode() + rb"\s+(\d+)\b")
    with reader:
        for offset in range(0, min(reader.size, _HEADER_LIMIT), 1 << 16):
            match = pattern.search(reader.read(offset, (1 << 16) + 64))
            if match:
                return int(match[1])
    return None


def _conda(host: Host, python: Interpreter, installed: Installed) -> Iterator[tuple[Toolkit, str]]:
    """The toolkit that conda put into the environment: its compiler, or the old all-in-one ``cudatoolkit``."""
    records = {record.name: record for record in installed.conda}
    for name in ("cuda-toolkit", "cuda-nvcc", "cudatoolkit-dev", "cudatoolkit"):
        record = records.get(name)
        if record is not None and versions.try_parse(record.version):
            yield Toolkit(record.version, "conda", python.prefix), record.path
            return


def ptxas(host: Host, toolkits: Iterable[Toolkit], installed: Installed | None) -> Iterator[Library]:
    """Every copy: the toolkits', the pip packages' and Triton's own."""
    first = next(
        (
            f"{folder}/ptxas"
            for folder in host.environ.get("PATH", DEFAULT_PATH).split(":")
            if folder.startswith("/") and host.is_file(f"{folder}/ptxas")
        ),
        None,
    )
    meant = host.realpath(first) if first else None
    seen: set[str] = set()
    places = [(f"{t.path}/bin/ptxas", t.origin, _compiler_version(host, t)) for t in toolkits if t.path]
    places += [*_of_pip(host, installed)] if installed is not None else []
    if first:
        places.append((first, "system", None))
    for path, origin, version in places:
        real = host.realpath(path)
        if isinstance(real, Unreadable) or real in seen or not host.is_file(path):
            continue
        seen.add(real)
        yield Library("ptxas", version, origin, path, loaded=True if real == meant else None)


def _compiler_version(host: Host, toolkit: Toolkit) -> str | None:
    """The compiler's own number (12.4.131) where the toolkit's record has it, else the toolkit's release."""
    return _of_json(host, toolkit.path or "", "cuda_nvcc") or toolkit.version


def _of_pip(host: Host, installed: Installed) -> Iterator[tuple[str, str, str | None]]:
    winners = installed.winners
    for name, distribution in winners.items():
        if name.startswith("nvidia-cuda-nvcc"):
            match = re.search(r"-cu(\d+)$", name)
            folder = "cuda_nvcc" if match else f"cu{(distribution.version or '').partition('.')[0]}"
            yield f"{distribution.folder}/nvidia/{folder}/bin/ptxas", "pip", distribution.version
        elif name in ("triton", "pytorch-triton"):
            yield f"{distribution.folder}/triton/backends/nvidia/bin/ptxas", "bundled", None
            yield f"{distribution.folder}/triton/common/../third_party/cuda/bin/ptxas", "bundled", None
