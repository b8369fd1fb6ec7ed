"""The parts of an installation by themselves: record, journal, lock, environments that are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from compat.install import commands, system, target, wheelhouse
from compat.install.errors import InstallError, Locked, StepFailed
from compat.install.execute import run
from compat.install.journal import Journal
from compat.install.lock import Lock
from compat.install.planfile import PlanFile, PlannedStep
from compat.install.snapshot import Snapshot
from compat.install.templates import Conda, Install, System
from compat.machine import Driver, Machine


def _tree(folder: Path) -> Path:
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "lib" / "small.py").write_text("one")
    (folder / "lib" / "deep" / "big.so").write_bytes(b"x" * (2 << 20))
    (folder / "lib" / "link").symlink_to("small.py")
    (folder / "bin").mkdir()
    (folder / "bin" / "tool").write_text("#!")
    (folder / "bin" / "tool").chmod(0o755)
    (folder / "lib" / os.fsdecode(b"b\xe4d")).write_text("not UTF-8")
    return folder


@pytest.mark.parametrize("links", [True, False])
def test_every_kind_of_change_is_undone(tmp_path: Path, links: bool) -> None:
    tree = _tree(tmp_path / "env")
    before = tiny.manifest(tree)
    snapshot = Snapshot(str(tmp_path / "record"), str(tree), ("",))
    assert snapshot.take(links) == len(before)
    assert snapshot.restore() == 0
    (tree / "lib" / "small.py").write_text("two")
    big = tree / "lib" / "deep" / "big.so"
    big.unlink()
    big.write_bytes(b"y" * (2 << 20))
    (tree / "bin" / "tool").chmod(0o644)
    (tree / "lib" / "link").unlink()
    (tree / "lib" / "link").mkdir()
    (tree / "new").mkdir()
    (tree / "new" / "file").write_text("new")
    assert snapshot.differences()
    snapshot.restore()
    assert tiny.manifest(tree) == before
    assert snapshot.differences() == []


def test_same_size_and_time_do_not_hide_a_change(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "env")
    snapshot = Snapshot(str(tmp_path / "record"), str(tree), ("",))
    snapshot.take()
    file = tree / "lib" / "small.py"
    times = file.stat()
    file.write_text("eno")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert snapshot.restore() == 1
    assert file.read_text() == "one"


def test_a_record_that_was_written_to_is_told(tmp_path: Path) -> None:
    """A program that writes into a shared library in place writes into a linked record as well: never silently."""
    tree = _tree(tmp_path / "env")
    snapshot = Snapshot(str(tmp_path / "record"), str(tree), ("",))
    snapshot.take(links=True)
    with open(tree / "lib" / "deep" / "big.so", "r+b") as file:
        file.write(b"overwritten")
    if b"overwritten" in (tmp_path / "record" / "files" / "lib" / "deep" / "big.so").read_bytes():
        with pytest.raises(InstallError, match=r"big\.so"):
            snapshot.restore()
    else:  # the file system clones
        snapshot.restore()


def test_only_some_folders(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "env")
    snapshot = Snapshot(str(tmp_path / "record"), str(tree), ("bin", "share"))
    snapshot.take()
    (tree / "lib" / "small.py").write_text("two")
    (tree / "share").mkdir()
    snapshot.restore()
    assert (tree / "lib" / "small.py").read_text() == "two"
    assert not (tree / "share").exists()


def test_pip_replaces_files_and_never_writes_into_them(made: Path, wheels: Path, tmp_path: Path) -> None:
    """What recording by hard links rests on."""
    env = tiny.copy_environment(made, tmp_path / "env")
    library = next(env.glob("lib/*/site-packages/onnx/lib.so"))
    os.link(library, tmp_path / "kept")
    tiny.pip(env, "install", "--no-index", "--find-links", str(wheels), "onnx==1.18.0")
    assert not library.samefile(tmp_path / "kept")
    assert library.read_bytes().startswith(b"new")
    assert (tmp_path / "kept").read_bytes().startswith(b"old")


def test_a_torn_line_was_not_written(tmp_path: Path) -> None:
    journal = Journal.begin(str(tmp_path / "000001"), prefix="/x")
    with open(journal.path, "ab") as file:
        file.write(b'{"entry": "reco')
    assert [one["entry"] for one in journal.entries()] == ["begin"]
    journal.write("recorded")
    assert [one["entry"] for one in journal.entries()] == ["begin", "recorded"]


def test_the_lock(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    with Lock(home), pytest.raises(Locked, match=f"process {os.getpid()}"), Lock(home):
        pass
    with Lock(home) as again:
        assert again.left is None


def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    code = f"import os\nfrom compat.install.lock import Lock\nwith Lock({home!r}): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False, env=tiny.variables_of())
    with Lock(home) as lock:
        assert lock.left is not None
        assert "process" in lock.left


def test_a_linked_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InstallError, match="own folder"), Lock(str(tmp_path / "home")):
        pass


def _system_python(folder: Path) -> Path:
    (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (folder / "lib" / "python3.11" / "os.py").write_text("")
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").write_text("")
    (folder / "bin" / "python3").chmod(0o755)
    return folder


def test_externally_managed_is_refused(tmp_path: Path) -> None:
    prefix = _system_python(tmp_path / "usr")
    found = target.choose(str(prefix / "bin" / "python3"))
    assert found.kind == "system"
    assert found.roots[0] == "lib/python3.11/site-packages"
    (prefix / "lib" / "python3.11" / "EXTERNALLY-MANAGED").write_text("[externally-managed]\n")
    with pytest.raises(InstallError, match="belongs to the operating system"):
        target.choose(str(prefix / "bin" / "python3"))


def test_a_command_that_fails(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(StepFailed) as failed:
        run((sys.executable, "-c", "print('why'); raise SystemExit(3)"), str(tmp_path), said.append)
    assert failed.value.status == 3
    assert said == ["why"]


TARGET = target.Target("/env", "/env/bin/python", "venv", "3.11", ("/env/lib/python3.11/site-packages",), ("",))


def test_commands_for_each_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    action = Install(("tensorrt-cu12==10.9.0.34",), None, "https://pypi.nvidia.com")
    pip = commands.argv_of(action, TARGET, "pip", None)
    assert pip[:4] == ("/env/bin/python", "-I", "-m", "pip")
    assert pip[-3:] == ("tensorrt-cu12==10.9.0.34", "--extra-index-url", "https://pypi.nvidia.com")
    uv = commands.argv_of(action, TARGET, "uv", None)
    assert uv[:5] == ("uv", "pip", "install", "--python", "/env/bin/python")
    assert uv[-2:] == ("--index-strategy", "unsafe-best-match")
    assert commands.argv_of(action, TARGET, "pip", "/w")[-3:] == ("--no-index", "--find-links", "/w")
    monkeypatch.setenv("CONDA_EXE", sys.executable)
    conda = commands.argv_of(Conda((("cudnn", "8.1"),)), TARGET, "pip", None)
    assert conda == (sys.executable, "install", "--yes", "--prefix", "/env", "--channel", "conda-forge", "cudnn=8.1")


PAGE = "https://data.pyg.org/whl/torch-2.8.0+cu128.html"


def test_a_page_of_links_is_no_index(tmp_path: Path) -> None:
    action = Install(("pyg-lib==0.5.0",), None, PAGE)
    for installer in ("pip", "uv"):
        assert commands.argv_of(action, TARGET, installer, None)[-3:] == ("pyg-lib==0.5.0", "--find-links", PAGE)
    step = PlannedStep("package", "pyg-lib", None, "0.5.0", (), action, None, False)
    plan = PlanFile("planned", None, (), (), (step,), Machine(os=None), "", "")
    (argv,) = wheelhouse.downloads(plan, sys.executable, str(tmp_path))
    assert argv[-3:] == ("pyg-lib==0.5.0", "--find-links", PAGE)


DRIVER = PlannedStep("driver", "driver", "470.1", "580.178.04", (), System(("sudo", "apt-get", "install", "--yes",
                     "nvidia-driver-580")), None, True)  # fmt: skip


def test_system_steps_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def confirm(text: str) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("compat.probe.host.Host.exists_program", lambda self, program: f"/usr/bin/{program}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it was run without consent"))
    assert system.run(DRIVER, confirm, asked.append) is False
    assert "apt-get install --yes nvidia-driver-580" in asked[0]


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (Driver(version="580.178.04", kernel_module_version="580.178.04"), "is loaded"),
        (Driver(version="580.178.04", kernel_module_version="470.1"), "restart"),
        (Driver(version="470.1", kernel_module_version="470.1"), "470.1 is still"),
    ],
)
def test_a_driver_is_looked_at_afterwards(driver: Driver, said: str) -> None:
    assert said in system.outcome(DRIVER, Machine(driver=driver))
