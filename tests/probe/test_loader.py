"""The prediction equals what the real loader does: /proc/self/maps of real processes, on this machine's glibc."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat.probe.binary.elf import Elf, read_elf
from compat.probe.host import Host
from compat.probe.loading.loader import ALREADY, NOT_FOUND, Loader, Process, Step

MACHINE = platform.machine()
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="the loader modelled is glibc's"
)
needs_gcc = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("ld")), reason="builds libraries with gcc and ld"
)

DRIVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {             /* NAME, or CALLER>NAME: CALLER's own function opens NAME */
        char *split = strchr(argv[i], '>');
        if (!split) { dlopen(argv[i], RTLD_NOW); continue; }
        *split = 0;
        void *caller = dlopen(argv[i], RTLD_NOW | RTLD_NOLOAD);
        void *(*opener)(const char *) = caller ? dlsym(caller, "opener") : 0;
        if (opener) opener(split + 1);
    }
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) { char *path = strchr(line, '/'); if (path) fputs(path, stdout); }
    return 0;
}
"""
LIBRARY = "#include <dlfcn.h>\nvoid *opener(const char *name) { return dlopen(name, RTLD_NOW); }\n"


def after(loader: Loader, steps: list[Step], program: str) -> Process:
    """The process of the program after all steps."""
    process = loader.start(program)
    for step in steps:
        process.do(step)
    return process


@dataclass
class Bench:
    """Builds tiny libraries and programs under `top`."""

    top: Path

    def __post_init__(self) -> None:
        self.top.mkdir(parents=True, exist_ok=True)
        (self.top / "driver.c").write_text(DRIVER)
        (self.top / "library.c").write_text(LIBRARY)
        for name in ("driver", "library"):
            subprocess.run(["gcc", "-c", "-fPIC", "-o", f"{name}.o", f"{name}.c"], cwd=self.top, check=True)

    def library(
        self, path: str, needed: tuple[str, ...] = (), rpath: str = "", runpath: str = "", nodeflib: bool = False
    ) -> Path:
        """A library at `path` (soname its name) that needs the named sonames."""
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        command = ["ld", "-shared", "-soname", place.name, "-o", str(place), "library.o", "--no-as-needed"]
        command += ["-z", "nodefaultlib"] if nodeflib else []
        if runpath:
            command += ["--enable-new-dtags", "-rpath", runpath]
        elif rpath:
            command += ["--disable-new-dtags", "-rpath", rpath]
        command += [str(self.placeholder(name)) for name in needed]
        subprocess.run(command, cwd=self.top, check=True)
        return place

    def placeholder(self, soname: str) -> Path:
        """Something to link against, so that the soname is recorded."""
        place = self.top / "placeholders" / soname
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            command = ["ld", "-shared", "-soname", soname, "-o", str(place), "library.o"]
            subprocess.run(command, cwd=self.top, check=True)
        return place

    def program(self, path: str, *flags: str) -> Path:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        command = [
            "gcc",
            "-o",
            str(place),
            "driver.o",
            "-Wl,--no-as-needed",
            "-ldl",
            "-Wl,--unresolved-symbols=ignore-all",
        ]
        subprocess.run([*command, *flags], cwd=self.top, check=True)
        return place

    def real(self, program: Path, arguments: list[str], environ: dict[str, str]) -> set[str]:
        """The files that a real process has mapped; none where it could not start."""
        done = subprocess.run(
            [program, *arguments], env=environ, cwd=self.top, capture_output=True, text=True, check=False, timeout=20
        )
        return set(done.stdout.splitlines()) if done.returncode == 0 else set()

    def predicted(self, program: Path, arguments: list[str], environ: dict[str, str]) -> Process:
        steps = []
        for argument in arguments:
            by, _, name = argument.rpartition(">")
            steps.append(Step("load", path=name, by=by) if "/" in name else Step("dlopen", name=name, by=by))
        loader = Loader(Host(environ=environ), environ, MACHINE)
        return after(loader, steps, str(program))

    def agrees(self, program: Path, arguments: list[str], environ: dict[str, str]) -> Process:
        """The prediction, after it was held against reality."""
        here = Path.cwd()
        os.chdir(self.top)
        try:
            process = self.predicted(program, arguments, environ)
        finally:
            os.chdir(here)
        real = self.real(program, arguments, environ)
        assert {loaded.real for loaded in process.objects} == real
        return process


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("loader"))


def where(process: Process, soname: str) -> str:
    loaded = process.find(soname)
    assert loaded is not None, process.failures
    return Path(loaded.path).parent.name


@needs_gcc
class TestOrder:
    """RPATH, LD_LIBRARY_PATH and RUNPATH, each against a copy at the other place."""

    def test_rpath_wins_over_the_variable_and_runpath_loses(self, bench: Bench) -> None:
        bench.library("order/own/libb.so")
        bench.library("order/path/libb.so")
        bench.library("order/liba_rpath.so", ("libb.so",), rpath="$ORIGIN/own")
        bench.library("order/liba_runpath.so", ("libb.so",), runpath="$ORIGIN/own")
        program = bench.program("order/bin/main")
        environ = {"LD_LIBRARY_PATH": f"{bench.top}/order/path"}
        process = bench.agrees(program, [f"{bench.top}/order/liba_rpath.so"], environ)
        assert where(process, "libb.so") == "own"
        process = bench.agrees(program, [f"{bench.top}/order/liba_runpath.so"], environ)
        assert where(process, "libb.so") == "path"
        process = bench.agrees(program, [f"{bench.top}/order/liba_runpath.so"], {})
        assert where(process, "libb.so") == "own"

    def test_what_is_loaded_already_is_not_looked_for(self, bench: Bench) -> None:
        bench.library("already/one/libb.so")
        bench.library("already/two/libb.so")
        bench.library("already/liba.so", ("libb.so",), rpath="$ORIGIN/two")
        program = bench.program("already/bin/main")
        process = bench.agrees(program, ["already/one/libb.so", "already/liba.so"], {})
        assert where(process, "libb.so") == "one"
        assert process.resolve("libb.so").why == ALREADY

    def test_the_rpath_of_those_who_asked_counts_for_their_libraries(self, bench: Bench) -> None:
        bench.library("chain/deep/libc1.so")
        bench.library("chain/deep/libb.so", ("libc1.so",))
        bench.library("chain/liba.so", ("libb.so",), rpath="$ORIGIN/deep")
        bench.library("chain/libr.so", ("libb.so",), runpath="$ORIGIN/deep")
        program = bench.program("chain/bin/main")
        assert where(bench.agrees(program, ["chain/liba.so"], {}), "libc1.so") == "deep"
        process = bench.agrees(program, ["chain/libr.so"], {})  # a RUNPATH is not handed down
        assert process.find("libb.so") is None
        assert [failed.resolution.name for failed in process.failures] == ["libc1.so"]
        assert process.failures[0].resolution.why == NOT_FOUND

    @pytest.mark.parametrize("kind", ["rpath", "runpath"])
    def test_dlopen_searches_by_its_caller(self, bench: Bench, kind: str) -> None:
        bench.library(f"caller-{kind}/parts/libpart.so")
        bench.library(f"caller-{kind}/libshim.so", **{kind: "$ORIGIN/parts"})
        program = bench.program(f"caller-{kind}/bin/main")
        shim = f"{bench.top}/caller-{kind}/libshim.so"
        assert bench.agrees(program, [shim, "libpart.so"], {}).find("libpart.so") is None
        process = bench.agrees(program, [shim, "libshim.so>libpart.so"], {})
        assert where(process, "libpart.so") == "parts"

    def test_the_program_hands_its_rpath_to_everything(self, bench: Bench) -> None:
        bench.library("whole/lib/libb.so")
        bench.library("whole/else/liba.so", ("libb.so",))
        new = bench.program("whole/bin/new", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib")
        old = bench.program("whole/bin/old", "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib")
        assert where(bench.agrees(old, ["whole/else/liba.so"], {}), "libb.so") == "lib"
        assert bench.agrees(new, ["whole/else/liba.so"], {}).find("liba.so") is None

    def test_origin_is_where_the_link_lies(self, bench: Bench) -> None:
        bench.library("link/real/liba.so", ("libb.so",), runpath="$ORIGIN")
        bench.library("link/real/libb.so")
        bench.library("link/alias/libb.so")
        (bench.top / "link/alias/liba.so").unlink(missing_ok=True)
        (bench.top / "link/alias/liba.so").symlink_to("../real/liba.so")
        program = bench.program("link/bin/main")
        assert where(bench.agrees(program, ["link/alias/liba.so"], {}), "libb.so") == "alias"

    def test_preload_variable_comes_before_needed(self, bench: Bench) -> None:
        bench.library("preload/early/libb.so")
        bench.library("preload/late/libb.so")
        program = bench.program("preload/bin/main", str(bench.placeholder("libb.so")), "-Wl,-rpath,$ORIGIN/../late")
        assert where(bench.agrees(program, [], {}), "libb.so") == "late"
        process = bench.agrees(program, [], {"LD_PRELOAD": f"{bench.top}/preload/early/libb.so:/nowhere.so"})
        assert where(process, "libb.so") == "early"

    def test_nodeflib_leaves_out_the_default_directories(self, bench: Bench) -> None:
        bench.library("nodef/liba.so", ("libz.so.1",), nodeflib=True)
        bench.library("nodef/libd.so", ("libz.so.1",))
        program = bench.program("nodef/bin/main")
        assert bench.agrees(program, ["nodef/liba.so"], {}).find("liba.so") is None
        bench.agrees(program, ["nodef/libd.so"], {})

    def test_the_variable_knows_origin_empty_elements_and_semicolons(self, bench: Bench) -> None:
        bench.library("tokens/lib/libb.so")
        bench.library("libhere.so")
        program = bench.program("tokens/bin/main")
        for value in ("$ORIGIN/../lib", "/nowhere;${ORIGIN}/../lib:", "/nowhere:/nowhere", ":"):
            bench.agrees(program, ["libb.so", "libhere.so"], {"LD_LIBRARY_PATH": value})

    def test_hwcaps_subdirectories_come_first(self, bench: Bench) -> None:
        for part in ("glibc-hwcaps/x86-64-v2/", "glibc-hwcaps/x86-64-v3/", "tls/", ""):
            bench.library(f"caps/{part}libb.so")
        program = bench.program("caps/bin/main")
        bench.agrees(program, ["libb.so"], {"LD_LIBRARY_PATH": f"{bench.top}/caps"})


def damaged(library: bytes, kind: str) -> bytes:
    data = bytearray(library)
    if kind == "class":
        data[4] = 1
    elif kind == "order":
        data[5] = 2
    elif kind == "machine":
        data[18:20] = b"\x00\xf3"
    elif kind == "type":
        data[16] = 1
    return {"empty": b"", "text": b"INPUT(libother.so)", "noise": bytes(range(256)) * 9}.get(kind, bytes(data))


@needs_gcc
@pytest.mark.parametrize("kind", ["class", "machine", "order", "type", "empty", "text", "noise"])
def test_a_bad_file_is_passed_over_or_ends_the_search(bench: Bench, kind: str) -> None:
    good = bench.library("bad/good/libb.so")
    first = bench.top / "bad" / kind
    first.mkdir(parents=True, exist_ok=True)
    (first / "libb.so").write_bytes(damaged(good.read_bytes(), kind))
    program = bench.program("bad/bin/main")
    process = bench.agrees(program, ["libb.so"], {"LD_LIBRARY_PATH": f"{first}:{good.parent}"})
    if kind in ("class", "machine"):
        assert where(process, "libb.so") == "good"
    else:
        assert process.find("libb.so") is None
        assert str(first / "libb.so") in process.failures[0].resolution.why


PLACES = ("one", "two", "three")
NAMES = ("libx.so", "liby.so", "libz9.so")
searches = st.sampled_from(["", "$ORIGIN", "$ORIGIN/../one", "$ORIGIN/../two:$ORIGIN/../three"])
libraries = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(NAMES)),
    st.tuples(st.lists(st.sampled_from(NAMES), max_size=2, unique=True), searches, st.booleans()),
    min_size=2,
    max_size=7,
)


@needs_gcc
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    libraries=libraries,
    variable=st.lists(st.sampled_from(PLACES), max_size=2),
    opened=st.lists(st.sampled_from([*NAMES, "@", *(f"{by}>{name}" for by in NAMES for name in NAMES)]), max_size=4),
    program_rpath=st.booleans(),
)
def test_any_arrangement(
    bench: Bench,
    libraries: dict[tuple[str, str], tuple[list[str], str, bool]],
    variable: list[str],
    opened: list[str],
    program_rpath: bool,
) -> None:
    top = bench.top / "any"
    shutil.rmtree(top, ignore_errors=True)
    for (place, name), (needed, search, new) in libraries.items():
        needs = tuple(other for other in needed if other != name)
        bench.library(f"any/{place}/{name}", needs, **{"runpath" if new else "rpath": search})
    flags = ("-Wl,--disable-new-dtags,-rpath,$ORIGIN/../any/three",) if program_rpath else ()
    program = bench.program(f"anybin/main{program_rpath}", *flags)
    first_place, first_name = next(iter(libraries))
    arguments = [f"any/{first_place}/{first_name}" if name == "@" else name for name in opened]
    environ = {"LD_LIBRARY_PATH": ":".join(str(top / place) for place in variable)} if variable else {}
    bench.agrees(program, arguments, environ)


def test_programs_of_this_machine() -> None:
    """The loader's own listing (LD_TRACE_LOADED_OBJECTS, what ldd uses) for real programs."""
    host = Host(environ={})
    loader = Loader(host, {}, MACHINE)
    checked = 0
    for name in host.listdir("/usr/bin")[::7]:
        path = f"/usr/bin/{name}"
        elf = read_elf(host, path, full=False)
        mode = host.stat(path)
        if not isinstance(elf, Elf) or not elf.interpreter or not mode or mode.mode & 0o6000:
            continue
        listed = subprocess.run(
            [path], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=False, timeout=20
        )
        real = dict(re.findall(r"^\s+(\S+) => (/\S+) \(", listed.stdout, re.MULTILINE))
        process = loader.start(path)
        predicted = {loaded.name: loaded.path for loaded in process.objects[1:] if "/" not in loaded.name}
        assert predicted == real, path
        checked += 1
        if checked == 40:
            break
    assert checked > 5


def test_a_python_process_that_opens_a_library() -> None:
    """ctypes opens the library on behalf of its extension module; the rest follows."""
    code = (
        "import ctypes, _ctypes; ctypes.CDLL('libstdc++.so.6'); print(_ctypes.__file__);"
        "print(*{line[line.index('/'):].strip() for line in open('/proc/self/maps') if '/' in line}, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], env={}, capture_output=True, text=True, check=True)
    module, *maps = done.stdout.splitlines()
    loader = Loader(Host(environ={}), {}, MACHINE)
    steps = [Step("load", path=module), Step("dlopen", name="libstdc++.so.6", by=module)]
    process = after(loader, steps, os.path.realpath(sys.executable))
    assert process.find("libstdc++.so.6") is not None
    assert {loaded.real for loaded in process.objects} <= set(maps)


def test_a_root_without_anything(tmp_path: Path) -> None:
    loader = Loader(Host(str(tmp_path)), None, MACHINE)
    process = after(loader, [Step("dlopen", name="libcuda.so.1")], "/usr/bin/python3")
    assert not process.objects
    assert [failed.resolution.why for failed in process.failures] == ["absent", NOT_FOUND]
