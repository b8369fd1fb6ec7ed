"""Says which file a process would get for each library, the way glibc's ld.so decides (ld.so(8), elf/dl-load.c).

A `Process` starts from a program and takes `Step`s: objects that are opened in order, by path or by name.
Each opened object brings its needed libraries, breadth first. A name that is already loaded is not looked
for again; that is what lets a package preload its own copies. What packages do beyond the loader (torch
opens its nvidia/*/lib first, cuDNN 9 opens its parts) is written as steps by those who know the package.

Measured on glibc 2.36 and kept here: a file of another class or machine is passed over, but a file that is
no ELF file (empty, text, cut short in its headers, a directory, other byte order) ends the search in an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, NamedTuple

from compat.probe.binary.elf import Broken, Elf, read_elf
from compat.probe.binary.ldcache import Cache, configured_directories, read_cache
from compat.probe.host import ABSENT, DENIED, Host, Unreadable
from compat.probe.loading.hwcaps import ROOTS, levels, subdirectories

NOT_FOUND = "not found"
NO_CALLER = "the object that would ask for it is not loaded"
ALREADY = "already loaded"

_TRIPLETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
_OBJECT_LIMIT = 4096


class Step(NamedTuple):
    """One thing that a process does.

    `load` opens `path` and `dlopen` opens `name`, both on behalf of the object `by` (its path or soname; the
    program where empty). `preload` is a `load` whose failure nobody minds.
    """

    kind: Literal["load", "dlopen", "preload"]
    path: str = ""
    name: str = ""
    by: str = ""


class Resolution(NamedTuple):
    """Where a library comes from: `path` as the loader writes it, or None; `why` names the rule or the fault.

    `searched` are the files that were there and did not serve, with the reason.
    """

    name: str
    path: str | None
    why: str
    searched: tuple[tuple[str, str], ...] = ()


class Loaded(NamedTuple):
    """An object of a process: its path as the loader writes it and resolved, and who asked for it."""

    name: str
    path: str
    real: str
    elf: Elf
    by: Loaded | None
    why: str

    @property
    def origin(self) -> str:
        """What $ORIGIN means in it: its directory, links in the last part not followed (dl-origin.c)."""
        return self.path.rpartition("/")[0] or "/"


class Failed(NamedTuple):
    """A library that a step could not get: who needed it, and the fault. The whole step was undone."""

    step: Step
    needed_by: str
    resolution: Resolution


class _Search:
    """The state of one search: what has been passed over, and what ended it."""

    __slots__ = ("fault", "passed")

    def __init__(self) -> None:
        self.passed: list[tuple[str, str]] = []
        self.fault = ""


class Loader:
    """The loader's view of one system: its cache, default directories and environment variables."""

    def __init__(self, host: Host, environ: Mapping[str, str] | None = None, machine: str = "x86_64") -> None:
        self.host = host
        self.environ = host.environ if environ is None else environ
        self.machine = machine
        self.bits = 32 if machine in ("i386", "arm") else 64
        self.cache: Cache = read_cache(host)
        triplet = _TRIPLETS.get(machine, f"{machine}-linux-gnu")
        self.multiarch = host.is_dir(f"/usr/lib/{triplet}") or host.is_dir(f"/lib/{triplet}")
        self.lib = f"lib/{triplet}" if self.multiarch else "lib64" if self.bits == 64 else "lib"
        self._elves: dict[str, Elf | Broken | Unreadable] = {}
        self._subdirectories: dict[str, tuple[str, ...]] = {}
        self.defaults = self._defaults()

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The glibc-hwcaps levels of the processor, best first; rarely needed."""
        return levels(self.host, self.machine)

    def elf(self, path: str) -> Elf | Broken | Unreadable:
        """The headers that loading needs, of each file read once."""
        if path not in self._elves:
            self._elves[path] = read_elf(self.host, path, full=False)
        return self._elves[path]

    def start(self, program: str | None = None) -> Process:
        """A process of `program` with everything that it needs from the start; an empty one without."""
        return Process(self, program)

    def expand(self, text: str, origin: str) -> str:
        """`text` with $ORIGIN, $LIB and $PLATFORM replaced (ld.so(8), dynamic string tokens)."""
        if "$" not in text:
            return text
        for token, value in (("ORIGIN", origin), ("LIB", self.lib), ("PLATFORM", self.machine)):
            text = text.replace(f"${{{token}}}", value).replace(f"${token}", value)
        return text

    def directories(self, text: str | None, origin: str, separators: str = ":") -> tuple[str, ...]:
        """The directories of a search path, doubles left out; an empty element is the working directory."""
        if not text:
            return ()
        for separator in separators[1:]:
            text = text.replace(separator, separators[0])
        found: dict[str, None] = {}
        for element in text.split(separators[0]):
            directory = self.expand(element, origin)
            if not directory.startswith("/"):
                directory = f"{self.host.cwd.rstrip('/')}/{directory}".removesuffix("/.")
            found.setdefault(directory.rstrip("/") or "/")
        return tuple(found)

    def search(self, name: str, by: Loaded | None, program: Loaded | None) -> Resolution:
        """Look for a name without a slash as the loader does for the object `by`."""
        state = _Search()
        for rule, directories in self._paths(by, program):
            path = self._in_directories(name, directories, state)
            if path or state.fault:
                return Resolution(name, path, state.fault or rule, tuple(state.passed))
        requester = by or program
        nodeflib = bool(requester and requester.elf.dynamic and requester.elf.dynamic.nodeflib)
        path = self._in_cache(name, nodeflib, state)
        if path or state.fault:
            return Resolution(name, path, state.fault or "ld.so.cache", tuple(state.passed))
        if not nodeflib:
            path = self._in_directories(name, self.defaults, state)
        return Resolution(name, path, state.fault or ("default directory" if path else NOT_FOUND), tuple(state.passed))

    def _paths(self, by: Loaded | None, program: Loaded | None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The search paths before the cache, each with the name of its rule, in order."""
        if by is None or _runpath(by) is None:
            chain: Loaded | None = by
            seen_program = False
            while chain is not None:
                seen_program |= chain is program
                yield f"RPATH of {chain.path}", self.directories(_rpath(chain), chain.origin)
                chain = chain.by
            if program is not None and not seen_program:
                yield f"RPATH of {program.path}", self.directories(_rpath(program), program.origin)
        origin = program.origin if program else ""
        yield "LD_LIBRARY_PATH", self.directories(self.environ.get("LD_LIBRARY_PATH"), origin, ":;")
        if by is not None:
            yield f"RUNPATH of {by.path}", self.directories(_runpath(by), by.origin)

    def _in_directories(self, name: str, directories: tuple[str, ...], state: _Search) -> str | None:
        for directory in directories:
            if not self.host.is_dir(directory):
                continue
            for subdirectory in (*self._present(directory), ""):
                path = f"{directory.rstrip('/')}/{subdirectory}{name}"
                if self.serves(path, state):
                    return path
                if state.fault:
                    return None
        return None

    def _present(self, directory: str) -> tuple[str, ...]:
        """The hwcaps subdirectories to try in a directory: nearly always none are there."""
        known = self._subdirectories.get(directory)
        if known is None:
            roots = [name for name in ROOTS if self.host.is_dir(f"{directory.rstrip('/')}/{name}")]
            known = ()
            if roots:
                wanted = subdirectories(self.levels, self.machine, self._glibc())
                known = tuple(name for name in wanted if name.partition("/")[0] in roots)
            self._subdirectories[directory] = known
        return known

    def _in_cache(self, name: str, nodeflib: bool, state: _Search) -> str | None:
        if self.cache.reason not in ("", ABSENT):  # it is there, but we cannot read it: the next best guess
            return self._in_directories(name, configured_directories(self.host), state)
        hwcaps = any(entry.hwcaps for entry in self.cache.entries.get(name, ()))
        path = self.cache.lookup(name, self.machine, self.levels if hwcaps else ())
        if path is None or (nodeflib and path.rpartition("/")[0] in self.defaults):
            return None
        return path if self.serves(path, state) else None

    def serves(self, path: str, state: _Search) -> bool:
        """Whether the loader takes this file; what it passes over or fails at goes into `state`."""
        found = self.host.stat(path)
        if isinstance(found, Unreadable):
            if found.reason != ABSENT:
                state.passed.append((path, found.reason))
            return False
        elf = self.elf(path)
        if isinstance(elf, Unreadable) and elf.reason == DENIED:
            state.passed.append((path, DENIED))
        elif not isinstance(elf, Elf):
            state.fault = f"{path}: {elf.reason}"
        elif elf.bits != self.bits or elf.machine != self.machine:
            if elf.bits == self.bits and not elf.little:
                state.fault = f"{path}: wrong byte order"
            else:
                state.passed.append((path, f"for {elf.machine}, {elf.bits} bits"))
        elif elf.kind != 3:
            state.fault = f"{path}: not a shared object"
        else:
            return True
        return False

    def _defaults(self) -> tuple[str, ...]:
        """The directories built into the loader: Debian's family has its own, the others lib64."""
        bases = (self.lib, "lib") if self.multiarch else (self.lib,)
        return tuple(f"{prefix}/{base}" for base in bases for prefix in ("", "/usr"))

    def _glibc(self) -> tuple[int, ...] | None:
        """The version of the system's glibc, from the symbol versions that its libc offers."""
        path = self.cache.lookup("libc.so.6", self.machine)
        candidates = [path] if path else [f"/{self.lib}/libc.so.6", f"/usr/{self.lib}/libc.so.6"]
        for candidate in candidates:
            elf = read_elf(self.host, candidate)
            newest = elf.newest_defined("GLIBC") if isinstance(elf, Elf) else None
            if newest:
                return tuple(map(int, newest.split(".")))
        return None


class Process:
    """The objects of one process in the order in which they were loaded, and the steps that failed."""

    def __init__(self, loader: Loader, program: str | None = None) -> None:
        self.loader = loader
        self.objects: list[Loaded] = []
        self.failures: list[Failed] = []
        self.program: Loaded | None = None
        if program is not None:
            self._start(program)

    def find(self, name: str) -> Loaded | None:
        """The loaded object of that soname, requested name or path."""
        for loaded in self.objects:
            if name in (loaded.elf.soname, loaded.name, loaded.path, loaded.real):
                return loaded
        return None

    def do(self, step: Step) -> Loaded | None:
        """Take one step; None where it failed, and then nothing of it stays loaded (see `failures`)."""
        by = self.find(step.by) if step.by else self.program
        name = step.path or step.name
        if step.by and by is None:
            self._fail(step, step.by, Resolution(name, None, NO_CALLER))
            return None
        before = len(self.objects)
        loaded = self._open(step, name, by)
        if loaded is not None and not self._open_needed(step, before):
            loaded = None
        if loaded is None:
            del self.objects[before:]
        return loaded

    def _start(self, program: str) -> None:
        step = Step("load", path=program)
        elf = self.loader.elf(program)
        real = self.loader.host.realpath(program)
        if not isinstance(elf, Elf) or not isinstance(real, str):
            reason = NOT_FOUND if isinstance(elf, Elf) else elf.reason
            self._fail(step, "", Resolution(program, None, reason))
            return
        self.program = Loaded(program, real, real, elf, None, "program")
        self.objects.append(self.program)
        if elf.interpreter:
            self._open(step, elf.interpreter, self.program)
        for name in self._preloads():
            self._open(Step("preload", path=name), name, self.program)
        self._open_needed(step, 0)

    def _fail(self, step: Step, needed_by: str, resolution: Resolution) -> None:
        if step.kind != "preload":
            self.failures.append(Failed(step, needed_by, resolution))

    def _preloads(self) -> list[str]:
        variable = self.loader.environ.get("LD_PRELOAD", "").replace(":", " ").split()
        text = self.loader.host.read_text("/etc/ld.so.preload", 1 << 20) or ""
        lines = (line.partition("#")[0] for line in text.splitlines())
        return variable + " ".join(lines).replace(":", " ").split()

    def _open_needed(self, step: Step, start: int) -> bool:
        """Open what the objects from `start` on need, breadth first, whatever they bring included."""
        complete = True
        index = start
        while index < min(len(self.objects), _OBJECT_LIMIT):
            for name in self.objects[index].elf.needed:
                if self._open(step, name, self.objects[index]) is None:
                    complete = False
            index += 1
        return complete

    def resolve(self, name: str, by: Loaded | None = None) -> Resolution:
        """Where `name` would come from if `by` asked for it now; nothing is loaded."""
        known = self._known(name)
        if known is not None:
            return Resolution(name, known.path, ALREADY)
        name = self.loader.expand(name, by.origin if by else "")
        if "/" not in name:
            return self.loader.search(name, by, self.program)
        state = _Search()
        path = name if name.startswith("/") else f"{self.loader.host.cwd.rstrip('/')}/{name}"
        if self.loader.serves(path, state):
            return Resolution(name, path, "path")
        return Resolution(name, None, state.fault or NOT_FOUND, tuple(state.passed))

    def _known(self, name: str) -> Loaded | None:
        for loaded in self.objects:
            if name == loaded.name or name == loaded.path or (name == loaded.elf.soname and loaded is not self.program):
                return loaded
        return None

    def _open(self, step: Step, name: str, by: Loaded | None) -> Loaded | None:
        known = self._known(name)
        if known is not None:
            return known
        found = self.resolve(name, by)
        real = self.loader.host.realpath(found.path) if found.path else None
        elf = self.loader.elf(found.path) if found.path else None
        if found.path is None or not isinstance(real, str) or not isinstance(elf, Elf):
            self._fail(step, by.path if by else "", found)
            return None
        for other in self.objects:  # one file is loaded once, whatever its names
            if other.real == real:
                return other
        loaded = Loaded(name, found.path, real, elf, by, found.why)
        self.objects.append(loaded)
        return loaded


def _rpath(loaded: Loaded) -> str | None:
    """DT_RPATH, which counts for nothing where there is a DT_RUNPATH."""
    dynamic = loaded.elf.dynamic
    return dynamic.rpath if dynamic and dynamic.runpath is None else None


def _runpath(loaded: Loaded) -> str | None:
    return loaded.elf.dynamic.runpath if loaded.elf.dynamic else None
