"""Everything that goes wrong leaves the environment as it was, byte for byte, and says why."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import tiny


def install(env: Path, plan: Path, *more: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return tiny.compatcheck("install", str(plan), "--python", str(env), "--yes", *more, **variables)


def test_installs_checks_and_goes_back(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    before = tiny.manifest(env)
    done = install(env, plan_file, **offline)
    assert done.returncode == 0, done.stderr
    assert "import:onnx: compatible" in done.stdout
    after = tiny.manifest(env)
    assert any("onnx-1.18.0" in name for name in after)
    assert not any("onnx-1.17.0" in name for name in after)
    assert tiny.compatcheck("rollback", str(env), "--yes").returncode == 0
    assert tiny.manifest(env) == before
    assert "nothing to put back" in tiny.compatcheck("rollback", str(env)).stdout


def test_full_copies(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    assert install(env, plan_file, "--backup", "copy", **offline).returncode == 0
    record = Path(f"{env}.compatcheck/000001/files")
    big = next(record.glob("lib/*/site-packages/onnx/lib.so"))
    assert big.stat().st_nlink == 1


def test_dry_run_changes_nothing(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    done = install(env, plan_file, "--dry-run", **offline)
    assert done.returncode == 0
    assert "-m pip" in done.stdout
    assert not os.path.exists(f"{env}.compatcheck")


def test_asks_first(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    done = tiny.compatcheck("install", str(plan_file), "--python", str(env), **offline)
    assert done.returncode == 130
    assert not os.path.exists(f"{env}.compatcheck")


def test_a_step_that_fails(env: Path, as_made: dict[str, str], tmp_path: Path, offline: dict[str, str]) -> None:
    """The first step is done, the second asks for a release that is not there."""
    steps = (
        tiny.step("onnx", "1.17.0", "1.18.0", "install", "onnx==1.18.0"),
        tiny.step("numpy", None, "9.9.9", "install", "onnx==1.18.0", "numpy==9.9.9"),
    )
    done = install(env, tiny.write_plan(tmp_path / "bad.json", tiny.plan(*steps)), **offline)
    assert done.returncode == 1
    assert "the environment is as it was" in done.stderr
    assert "numpy==9.9.9" in done.stderr
    assert tiny.manifest(env, compiled=True) == as_made


def test_wrong_hash(env: Path, as_made: dict[str, str], plan_file: Path, wheels: Path, tmp_path: Path) -> None:
    """The index names the hash of another file than the one that it serves."""
    served = tmp_path / "served"
    shutil.copytree(wheels, served)
    with tiny.index(served, other_hash="onnx-1.18.0-py3-none-any.whl") as address:
        done = install(env, plan_file, PIP_INDEX_URL=address)
    assert done.returncode == 1
    assert "HASH" in done.stderr.upper()
    assert tiny.manifest(env, compiled=True) == as_made


def test_network_lost(env: Path, as_made: dict[str, str], plan_file: Path, wheels: Path) -> None:
    """The first step's wheels come, then the server stops in the middle of one."""
    with tiny.index(wheels, stop_after=2) as address:
        done = install(env, plan_file, PIP_INDEX_URL=address, PIP_TIMEOUT="2")
    assert done.returncode == 1
    assert "step 2" in done.stderr
    assert tiny.manifest(env, compiled=True) == as_made


def test_two_at_once(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    argv = tiny.argv("install", str(plan_file), "--python", str(env), "--yes")
    runs = [
        subprocess.Popen(
            argv, env=tiny.variables_of(**offline), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
        )
        for _ in range(2)
    ]
    said = [run.communicate() for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 2]
    assert any("another compatcheck works on this environment" in errors for _, errors in said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal(
    env: Path, as_made: dict[str, str], plan_file: Path, offline: dict[str, str], number: signal.Signals
) -> None:
    argv = tiny.argv("install", str(plan_file), "--python", str(env), "--yes")
    run = subprocess.Popen(
        argv, env=tiny.variables_of(**offline), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
    )
    journal = Path(f"{env}.compatcheck/000001/journal.jsonl")
    while run.poll() is None and not (journal.exists() and b'"before"' in journal.read_bytes()):
        time.sleep(0.01)
    run.send_signal(number)
    _, errors = run.communicate()
    assert run.returncode == 130
    assert "stopped; the environment is as it was" in errors
    assert tiny.manifest(env, compiled=True) == as_made


def test_an_orphaned_installer_is_waited_for_or_gone(
    env: Path, as_made: dict[str, str], plan_file: Path, offline: dict[str, str]
) -> None:
    """Killing compatcheck ends its pip too: what rollback puts back stays put back."""
    argv = tiny.argv("install", str(plan_file), "--python", str(env), "--yes")
    run = subprocess.Popen(
        argv, env=tiny.variables_of(**offline), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    journal = Path(f"{env}.compatcheck/000001/journal.jsonl")
    while not (journal.exists() and b'"before"' in journal.read_bytes()):
        assert run.poll() is None  # else this would wait for ever
        time.sleep(0.01)
    time.sleep(0.2)
    run.kill()
    run.wait()
    assert tiny.compatcheck("rollback", str(env), "--yes").returncode == 0
    time.sleep(1.5)
    assert tiny.manifest(env, compiled=True) == as_made


_MAY_NOT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root who is bound by modes like anybody


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes")
def test_read_only_site_packages(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    """Found out before any change."""
    root = os.geteuid() == 0
    if root and shutil.which("setpriv") is None:
        pytest.skip("an administrator may write everywhere")
    site = next(env.glob("lib/*/site-packages"))
    site.chmod(0o555)
    try:
        argv = tiny.argv("install", str(plan_file), "--python", str(env), "--yes")
        argv = [*(_MAY_NOT if root else ()), *argv]
        done = subprocess.run(argv, env=tiny.variables_of(**offline), cwd="/", capture_output=True, text=True)
    finally:
        site.chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "site-packages: cannot be written" in done.stderr
    assert not os.path.exists(f"{env}.compatcheck")


def _mount(folder: Path, size: str) -> bool:
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
@pytest.mark.parametrize("option", ["link", "copy"])
@pytest.mark.parametrize("room", [0, 1, 4, 16, 40, 70])
def test_disk_full(
    made: Path, plan_file: Path, offline: dict[str, str], tmp_path: Path, room: int, option: str
) -> None:
    """Little room is left (in steps of 512 KiB): whatever does not fit, the environment is as before or as planned."""
    folder = tmp_path / "small"
    if not _mount(folder, "120m"):
        pytest.skip("a file system can be mounted by an administrator only")
    try:
        env = tiny.copy_environment(made, folder / "env")
        before = tiny.manifest(env)
        free = os.statvfs(folder)
        fill = free.f_bavail * free.f_frsize - room * (512 << 10)
        with open(folder / "ballast", "wb") as file:
            file.write(b"\0" * fill)
        done = install(env, plan_file, "--backup", option, **offline)
        if done.returncode == 0:
            assert any("onnx-1.18.0" in name for name in tiny.manifest(env))
            done = tiny.compatcheck("rollback", str(env), "--yes")
        else:
            assert "is as it was" in done.stderr or "error:" in done.stderr
        assert tiny.manifest(env) == before, done.stderr
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="mount")
def test_read_only_file_system(made: Path, plan_file: Path, offline: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    if not _mount(folder, "120m"):
        pytest.skip("a file system can be mounted by an administrator only")
    try:
        env = tiny.copy_environment(made, folder / "env")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        done = install(env, plan_file, **offline)
        assert done.returncode == 2
        assert "env" in done.stderr
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_new_environment_and_back(tmp_path: Path, wheels: Path) -> None:
    tmp_path = Path(os.path.realpath(tmp_path))
    plan = tiny.plan(tiny.step("onnx", None, "1.18.0", "install", "onnx==1.18.0"))
    file = tiny.write_plan(tmp_path / "plan.json", plan)
    fresh = tmp_path / "fresh"
    options = ("install", str(file), "--into", str(fresh), "--yes")
    done = tiny.compatcheck(*options, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    assert done.returncode == 0, done.stderr
    assert list(fresh.glob("lib/*/site-packages/onnx/new.py"))
    assert tiny.compatcheck(*options).returncode == 2  # it is there already
    assert tiny.compatcheck("rollback", str(fresh), "--yes").returncode == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["plan.json"]


def test_new_environment_that_fails_is_gone(tmp_path: Path) -> None:
    tmp_path = Path(os.path.realpath(tmp_path))
    plan = tiny.plan(tiny.step("onnx", None, "1.18.0", "install", "onnx==1.18.0"))
    file = tiny.write_plan(tmp_path / "plan.json", plan)
    done = tiny.compatcheck("install", str(file), "--into", str(tmp_path / "fresh"), "--yes", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert not (tmp_path / "fresh").exists()


def test_a_new_environment_that_is_killed_half_made(tmp_path: Path, offline: dict[str, str]) -> None:
    """ensurepip starts a pip of its own, which would fill the folder again after it was removed."""
    plan = tiny.write_plan(tmp_path / "p.json", tiny.plan(tiny.step("onnx", None, "1.18.0", "install", "onnx==1.18.0")))
    argv = tiny.argv("install", str(plan), "--into", str(tmp_path / "new"), "--yes")
    run = subprocess.Popen(
        argv, env=tiny.variables_of(**offline), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    while not list(tmp_path.glob("new/lib/python*/site-packages/*")):
        assert run.poll() is None
        time.sleep(0.005)
    run.kill()
    run.wait()
    done = tiny.compatcheck("rollback", str(tmp_path / "new"), "--yes")
    assert done.returncode == 0, done.stderr
    time.sleep(1.5)
    assert not (tmp_path / "new").exists()


def test_bundle_and_offline(env: Path, plan_file: Path, wheels: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with tiny.index(wheels) as address:
        made = tiny.compatcheck("bundle", str(plan_file), "--output", str(store), PIP_INDEX_URL=address)
    assert made.returncode == 0, made.stderr
    assert sorted(one.name for one in (store / "wheels").iterdir()) == [
        "numpy-2.0.0-py3-none-any.whl", "onnx-1.18.0-py3-none-any.whl", "protobuf-5.29.0-py3-none-any.whl"]  # fmt: skip
    done = tiny.compatcheck("install", "--wheelhouse", str(store), "--python", str(env), "--yes")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("attack", ["changed", "added", "list"])
def test_a_bundle_that_was_changed(env: Path, plan_file: Path, wheels: Path, tmp_path: Path, attack: str) -> None:
    store = tmp_path / "store"
    with tiny.index(wheels) as address:
        tiny.compatcheck("bundle", str(plan_file), "--output", str(store), PIP_INDEX_URL=address)
    victim = store / "wheels" / "onnx-1.18.0-py3-none-any.whl"
    if attack == "changed":
        with zipfile.ZipFile(victim, "a") as archive:
            archive.writestr("onnx/evil.py", "raise SystemExit")
    elif attack == "added":
        shutil.copy(victim, store / "wheels" / "onnx-1.18.0-1evil-py3-none-any.whl")
    else:
        (store / "SHA256SUMS").write_text("0" * 64 + "  ../../etc/passwd\n")
    done = tiny.compatcheck("install", "--wheelhouse", str(store), "--python", str(env), "--yes")
    assert done.returncode == 2
    assert not os.path.exists(f"{env}.compatcheck")


def test_stale_plan(env: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    plan = tiny.plan(tiny.step("onnx", "1.16.0", "1.18.0", "install", "onnx==1.18.0"))
    done = install(env, tiny.write_plan(tmp_path / "old.json", plan), **offline)
    assert done.returncode == 2
    assert "made for onnx 1.16.0" in done.stderr


def test_rollback_warns_of_later_changes(env: Path, plan_file: Path, offline: dict[str, str], wheels: Path) -> None:
    assert install(env, plan_file, **offline).returncode == 0
    tiny.pip(env, "uninstall", "--yes", "numpy")
    done = tiny.compatcheck("rollback", str(env), "--yes")
    assert "has changed since" in done.stderr
    assert done.returncode == 0


def test_an_environment_that_is_gone_comes_back(
    env: Path, as_made: dict[str, str], plan_file: Path, offline: dict[str, str]
) -> None:
    """The record holds every file: a rollback makes even what was removed as a whole."""
    assert install(env, plan_file, **offline).returncode == 0
    shutil.rmtree(env)
    assert tiny.compatcheck("rollback", str(env), "--yes").returncode == 0
    assert tiny.manifest(env, compiled=True) == as_made


def test_by_a_link(
    env: Path, as_made: dict[str, str], plan_file: Path, tmp_path: Path, offline: dict[str, str]
) -> None:
    """Installed by a link that leads to the environment, put back by its own name: nothing has changed in between."""
    (tmp_path / "link").symlink_to(env)
    assert install(tmp_path / "link", plan_file, **offline).returncode == 0
    done = tiny.compatcheck("rollback", str(env), "--yes")
    assert done.returncode == 0
    assert "has changed since" not in done.stderr
    assert tiny.manifest(env, compiled=True) == as_made


def test_a_journal_that_was_moved_is_not_followed(
    env: Path, plan_file: Path, offline: dict[str, str], tmp_path: Path
) -> None:
    """A record of one environment is never put back over another."""
    assert install(env, plan_file, **offline).returncode == 0
    other = Path(os.path.realpath(tmp_path)) / "other"
    shutil.copytree(f"{env}.compatcheck", f"{other}.compatcheck")
    done = tiny.compatcheck("rollback", str(other), "--yes")
    assert done.returncode == 2
    assert str(env) in done.stderr
