"""Which copy of each library each framework's process gets, and what none of them finds.

The loader's rules are in ``loader``, what the packages do beside it in ``processes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from compat.machine import Build, Library
from compat.probe import libnames
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.layers.distributions import Installed
from compat.probe.layers.python import Interpreter
from compat.probe.libcopy import Copy, header_version
from compat.probe.loading.loader import Loader
from compat.probe.loading.processes import RECIPES, View
from compat.probe.loading.search import loader_of
from compat.records import replace

WHERE = {
    "missing_libraries": "the loader's search for what each package opens",
    "builds.missing": "the loader's search for what this package opens",
}

COMPONENTS = {
    "jax-cuda12-plugin": "jax",
    "jax-cuda13-plugin": "jax",
    "onnxruntime-gpu": "onnxruntime",
    "tensorflow-gpu": "tensorflow",
    "tf-nightly": "tensorflow",
}
"""Distribution to the package that it is the CUDA part or another build of; `loaded_by` names both."""


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``libraries`` with who loads each, ``builds`` with what each misses, and ``missing_libraries``."""
    reading = Reading()
    copies: tuple[Copy, ...] = so_far.aside.get("copies", ())
    builds: dict[str, Build] = dict(so_far.aside.get("builds", {}))
    processes = list(run(host, so_far, builds))
    users: dict[str, set[str]] = {}
    missing: dict[str, str] = {}
    for view in processes:
        name = view.distribution.name
        for real in counted(view):
            users.setdefault(real, set()).update((name, COMPONENTS.get(name, name)))
        builds[name] = replace(builds.get(name, Build()), missing=tuple(sorted(view.missing)))
        missing.update({**view.optional, **view.missing})
    found = marked(host, copies, users)
    reading.put("libraries", tuple(copy.library for copy in found))
    for index, copy in enumerate(found):
        reading.sources[f"libraries[{index}]"] = copy.source
    if "builds" in so_far.aside:
        reading.put("builds", builds)
    if processes:
        reading.put("missing_libraries", tuple(sorted(missing)))
        for index, soname in enumerate(sorted(missing)):
            reading.sources[f"missing_libraries[{index}]"] = f"needed by {missing[soname]}"
    return reading


def run(host: Host, so_far: Reading, builds: Mapping[str, Build]) -> Iterator[View]:
    """The process of every installed framework that has, or may have, a CUDA build."""
    python: Interpreter | None = so_far.aside.get("python")
    installed: Installed | None = so_far.aside.get("installed")
    if python is None or installed is None or so_far.get("os") not in (None, "linux"):
        return
    loader: Loader | None = None
    copies: tuple[Copy, ...] = so_far.aside.get("copies", ())
    releases = {
        copy.real.rpartition("/")[0]: copy.library.version
        for copy in copies
        if copy.library.name == "cudnn" and copy.library.version
    }
    for name, distribution in installed.winners.items():
        recipe = RECIPES.get(name)
        build = builds.get(name, Build())
        if recipe is None or build.cuda is False:
            continue
        loader = loader or loader_of(host, so_far, Reading())
        view = View(host, python, distribution, build, loader.start(_program(host, python)), releases)
        recipe(view)
        yield view


def _program(host: Host, python: Interpreter) -> str | None:
    """The interpreter, if it is a program and not a script that starts one."""
    if python.executable is None:
        return None
    real = host.realpath(python.executable)
    reader = host.open_at(real) if isinstance(real, str) else None
    if not reader:
        return None
    with reader:
        return real if isinstance(real, str) and reader.read(0, 4) == b"\x7fELF" else None


def marked(host: Host, copies: Iterable[Copy], users: Mapping[str, Iterable[str]]) -> tuple[Copy, ...]:
    """The copies with `loaded_by`, and those that a process loads from where none was looked for.

    `loaded` is True with a user, False where only other copies of the library have users. `users` has the packages by
    the real path of what they load; of cuDNN it names the parts (see `counted`).
    """
    folders = {copy.real.rpartition("/")[0] for copy in copies if copy.library.name == "cudnn"}
    known = {copy.real for copy in copies}
    found = list(copies)
    for real in users:
        folder, _, file = real.rpartition("/")
        if file.startswith("libcudnn"):
            if folder not in folders:
                folders.add(folder)
                found.append(_further(host, "cudnn", real))
        elif real not in known and libnames.library_of(file):
            found.append(_further(host, libnames.library_of(file) or "", real))
    by_copy: dict[str, set[str]] = {}
    for real, packages in users.items():
        by_copy.setdefault(_place(real), set()).update(packages)
    found = [_with_users(copy, by_copy.get(_place(copy.real), set())) for copy in found]
    used = {copy.library.name for copy in found if copy.library.loaded_by}
    return tuple(
        replace(copy, library=replace(copy.library, loaded=copy.library.loaded_by is not None))
        if copy.library.name in used
        else copy
        for copy in found
    )


def _place(real: str) -> str:
    """What makes two files one copy: the file itself, for cuDNN and its parts the folder."""
    folder, _, file = real.rpartition("/")
    return f"{folder}/cudnn" if file.startswith("libcudnn") else real


def _with_users(copy: Copy, packages: Iterable[str]) -> Copy:
    return replace(copy, library=replace(copy.library, loaded_by=tuple(sorted(packages)) or None))


def _further(host: Host, name: str, real: str) -> Copy:
    """A copy in a folder that only a search path of an object names."""
    version = libnames.version_of(real.rpartition("/")[2])
    header = header_version(host, name, real)
    if header is not None and (version is None or version.count(".") < 2):
        return Copy(Library(name, header[0], "system", real), real, header[1])
    return Copy(Library(name, version, "system", real), real, real)


def counted(view: View) -> Iterator[str]:
    """Real paths of what a process has loaded. Of cuDNN its parts count and not the shim that opens them.

    Measured: cudnnGetVersion, by which torch and JAX judge, answers from libcudnn_graph; the shim only forwards.
    """
    parts = [o.real for o in view.process.objects if o.real.rpartition("/")[2].startswith("libcudnn_")]
    for loaded in view.process.objects:
        parsed = libnames.split(loaded.real.rpartition("/")[2])
        if not (parts and parsed and parsed[0] == "libcudnn"):
            yield loaded.real
