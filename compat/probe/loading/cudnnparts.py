"""Which copies of its parts a cuDNN takes: its shim opens some, the graph part opens the rest.

Measured with the wheels of 9.13 and 9.19 (LD_DEBUG, on the CPU and on an H200): ``libcudnn.so.9`` opens graph, ops, cnn
and adv, ``libcudnn_graph.so.9`` opens the engines and the heuristics, each on its own behalf and under four names in
order: ``.so.9.19.0``, ``.so.9.19``, ``.so.9`` and ``.so``. A file that does not load ends the search for one name only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from compat.probe import libnames
from compat.probe.binary.elf import Elf, read_elf
from compat.probe.host import Host, Unreadable
from compat.probe.loading.loader import Loaded, Process, Step

OTHER_RELEASE = "of another release than the cuDNN that opens it"

REQUIRED = ("graph", "engines_runtime_compiled")
"""Parts of cuDNN 9 without which its first use fails: without graph "Cannot load symbol cudnnGetVersion", without the
run-time engines CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED (both measured)."""

_OF_GRAPH = ("engines_", "heuristic")
_SYMBOLS_LIMIT = 4 << 20


def shim_of(process: Process) -> tuple[Loaded, int] | None:
    """The shim in a process, and its major."""
    for loaded in process.objects:
        parsed = libnames.split(_file(loaded))
        if parsed and parsed[0] == "libcudnn" and parsed[1]:
            return loaded, int(parsed[1].partition(".")[0])
    return None


def opener_of(process: Process, part: str, shim: Loaded) -> Loaded:
    """What opens a part: the graph part where it is loaded and the part is one of its engines, else the shim."""
    graph = next((one for one in process.objects if _file(one).startswith("libcudnn_graph.so")), None)
    return graph if graph is not None and part.startswith(_OF_GRAPH) else shim


def names(part: str, major: int, opener: Loaded, releases: Mapping[str, str]) -> Iterator[str]:
    """The names under which a part is opened, in order; the first two only where the opener's release is known.

    `releases` has the release of the cuDNN of each folder.
    """
    stem = f"libcudnn_{part}.so"
    of_name = libnames.version_of(_file(opener)) or ""
    release = of_name if of_name.count(".") >= 2 else releases.get(opener.real.rpartition("/")[0], "")
    numbers = release.split(".")[:3]
    if len(numbers) == 3 and numbers[0] == str(major) and major >= 9:
        yield f"{stem}.{'.'.join(numbers)}"
        yield f"{stem}.{'.'.join(numbers[:2])}"
    yield f"{stem}.{major}"
    if major >= 9:
        yield stem


def opened(process: Process, part: str, major: int, opener: Loaded, releases: Mapping[str, str]) -> str:
    """Open a part as cuDNN does; why the one found does not serve, "" where it does or none is found."""
    why = ""
    for name in names(part, major, opener, releases):
        before = len(process.objects)
        loaded = process.do(Step("preload", name=name, by=opener.path))
        if loaded is None:
            continue
        if loaded in process.objects[:before] or _links(process, loaded):
            return ""
        del process.objects[before:]
        why = OTHER_RELEASE
    return why


def _links(process: Process, part: Loaded) -> bool:
    """Whether the cuDNN in the process has every symbol of cuDNN's that a part asks for.

    The parts share C++ symbols that change with each minor, so a part does not load beside those of another one
    ("undefined symbol: ... version libcudnn_graph.so.9", measured). Parts of one folder are taken for one release.
    """
    others = [one for one in process.objects if one is not part and _file(one).startswith("libcudnn_")]
    folder = part.real.rpartition("/")[0]
    if all(one.real.rpartition("/")[0] == folder for one in others):
        return True
    host = process.loader.host
    wanted, _ = symbols(host, part.real)
    offered: set[bytes] = set()
    for one in others:
        defined = symbols(host, one.real)[1]
        if not defined:
            return True  # it cannot be told
        offered |= defined
    return wanted <= offered


def symbols(host: Host, path: str) -> tuple[set[bytes], set[bytes]]:
    """cuDNN's own symbols (``cudnn`` in the name) that a file wants from others, and those that it defines.

    Both are empty where the file has no section headers. Source: the gABI's symbol table (Elf64_Sym).
    """
    elf = read_elf(host, path)
    reader = host.open_at(path)
    if not isinstance(elf, Elf) or elf.bits != 64 or isinstance(reader, Unreadable):
        return set(), set()
    table, strings = elf.section(".dynsym"), elf.section(".dynstr")
    if table is None or strings is None or max(table.size, strings.size) > _SYMBOLS_LIMIT:
        return set(), set()
    with reader:
        rows, text = reader.read(table.offset, table.size), reader.read(strings.offset, strings.size)
    wanted: set[bytes] = set()
    defined: set[bytes] = set()
    rows = rows[: len(rows) - len(rows) % 24]
    for name, info, _, section, _, _ in struct.iter_unpack("<IBBHQQ" if elf.little else ">IBBHQQ", rows):
        symbol = text[name : text.find(b"\0", name)]
        if b"cudnn" in symbol and (section or info >> 4 == 1):  # an absent weak symbol is none that is missed
            (defined if section else wanted).add(symbol)
    return wanted, defined


def _file(loaded: Loaded) -> str:
    return loaded.real.rpartition("/")[2]
