"""Which Python, which version, which folders: read from layouts of real kinds, never run."""

from __future__ import annotations

from pathlib import Path

import pytest
from software import Root, library

from compat.probe.host import Unreadable
from compat.probe.layers import python
from compat.probe.layers.python import Interpreter

SITE = "/env/lib/python3.8/site-packages"


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def found(root: Root, given: str | None = None) -> Interpreter:
    interpreter = python.find(root.host(), given)
    assert isinstance(interpreter, Interpreter), interpreter
    return interpreter


def test_venv_of_python_3_8_by_folder_and_by_binary(root: Root) -> None:
    root.venv("/env", "3.8", "18")
    for given in ("/env", "/env/", "/env/bin", "/env/bin/python3"):
        interpreter = found(root, given)
        assert (interpreter.kind, interpreter.version, interpreter.prefix) == ("venv", "3.8.18", "/env")
        assert interpreter.path == (SITE,)
        assert interpreter.base == "/usr"


def test_a_projects_folder_means_its_venv(root: Root) -> None:
    root.venv("/home/me/project/.venv", "3.12", "1")
    assert found(root, "/home/me/project").prefix == "/home/me/project/.venv"


@pytest.mark.parametrize("written", ["version_info = 3.12.1.final.0", "version_info = 3.12.1"])
def test_virtualenv_and_uv_write_version_info(root: Root, written: str) -> None:
    root.system_python("3.12", "9").file("/env/pyvenv.cfg", f"home = /usr/bin\n{written}\n")
    root.folder("/env/lib/python3.12/site-packages").link("/env/bin/python", "/usr/bin/python3.12")
    assert found(root, "/env").version == "3.12.1"


def test_system_site_and_user_site_come_behind_the_venvs_own(root: Root) -> None:
    root.environ = {"HOME": "/home/me", "PYTHONPATH": "/extra::/nowhere"}
    root.venv("/env", "3.8", "18", site=True)
    for folder in ("/usr/lib/python3.8/site-packages", "/home/me/.local/lib/python3.8/site-packages", "/extra"):
        root.folder(folder)
    assert found(root, "/env").path == (
        "/extra",
        SITE,
        "/home/me/.local/lib/python3.8/site-packages",
        "/usr/lib/python3.8/site-packages",
    )


def test_an_isolated_venv_sees_neither(root: Root) -> None:
    root.environ = {"HOME": "/home/me"}
    root.venv("/env", "3.8", "18").folder("/usr/lib/python3.8/site-packages")
    assert found(root.folder("/home/me/.local/lib/python3.8/site-packages"), "/env").path == (SITE,)


def test_user_site_comes_first_without_a_venv_and_can_be_switched_off(root: Root) -> None:
    root.system_python("3.8", "18", "/usr/local").folder("/usr/local/lib/python3.8/site-packages")
    user = "/home/me/.local/lib/python3.8/site-packages"
    root.folder(user).environ = {"HOME": "/home/me"}
    assert found(root, "/usr/local").path == (user, "/usr/local/lib/python3.8/site-packages")
    root.environ = {"HOME": "/home/me", "PYTHONNOUSERSITE": "1"}
    assert found(root, "/usr/local").path == ("/usr/local/lib/python3.8/site-packages",)


def test_debian_has_dist_packages_local_first(root: Root) -> None:
    root.system_python("3.10", "12").file("/etc/debian_version", "12.4\n")
    root.folder("/usr/lib/python3/dist-packages").folder("/usr/local/lib/python3.10/dist-packages")
    root.folder("/usr/lib/python3.10/site-packages")  # nothing on Debian looks there
    assert found(root, "/usr/bin/python3").path == (
        "/usr/local/lib/python3.10/dist-packages",
        "/usr/lib/python3/dist-packages",
    )


def test_fedora_has_lib64_of_its_own_and_a_venv_links_it(root: Root) -> None:
    root.system_python("3.12", "3").folder("/usr/lib64/python3.12/site-packages")
    root.folder("/usr/lib/python3.12/site-packages")
    assert found(root, "/usr/bin/python3").path == (
        "/usr/lib64/python3.12/site-packages",
        "/usr/lib/python3.12/site-packages",
    )
    root.venv("/env", "3.12").link("/env/lib64", "lib")
    assert found(root, "/env").path == ("/env/lib/python3.12/site-packages",)


def test_pth_adds_folders_and_its_code_is_not_run(root: Root) -> None:
    root.venv("/env", "3.8").folder("/src/project").folder(f"{SITE}/vendored")
    marker = root.top / "ran"
    lines = ["# comment", f"import os; open({str(marker)!r}, 'w')", "/src/project", "vendored", "/does/not/exist", ""]
    lines += ["import looks_like_a_folder"]
    root.folder(f"{SITE}/import looks_like_a_folder")
    root.file(f"{SITE}/a.pth", "\n".join(lines)).file(f"{SITE}/.hidden.pth", "/usr\n")
    root.file(f"{SITE}/b.pth", b"\xff\xfe/x")
    assert found(root, "/env").path == (SITE, "/src/project", f"{SITE}/vendored")
    assert not marker.exists()


def test_conda_prefix_tells_its_version_from_the_record(root: Root) -> None:
    root.file("/opt/conda/conda-meta/python-3.9.18-h955ad1f_0.json", "{}").file("/opt/conda/lib/python3.9/os.py")
    root.folder("/opt/conda/lib/python3.9/site-packages").file("/opt/conda/bin/python3", b"\x7fELF")
    interpreter = found(root, "/opt/conda")
    assert (interpreter.kind, interpreter.version) == ("conda", "3.9.18")


def test_the_version_of_a_bare_prefix_from_dpkg_or_the_binary(root: Root) -> None:
    root.file("/usr/lib/python3.10/os.py").file("/usr/bin/python3.10", b"\x7fELF" + b"\0" * 99).link(
        "/usr/bin/python3", "python3.10"
    )
    assert found(root, "/usr/bin/python3").version == "3.10"
    status = "Package: python3.10-minimal\nStatus: install ok installed\nVersion: 3.10.12-1~22.04.3\n\n"
    interpreter = python.find(
        root.file("/var/lib/dpkg/status", status).host(),
        "/usr/bin/python3",
        {"python3.10-minimal": "3.10.12-1~22.04.3"},
    )
    assert isinstance(interpreter, Interpreter)
    assert interpreter.version == "3.10.12"
    root.file("/usr/bin/python3.10", b"\x7fELF" + b"\0" * 2_000_000 + b"\0003.10.14\0")
    assert found(root, "/usr/bin/python3").version == "3.10.14"


def test_several_pythons_in_one_prefix_are_told_apart_by_the_binary(root: Root) -> None:
    root.system_python("3.10", "12").file("/usr/lib/python3.12/os.py")
    root.file("/usr/bin/python3.12", library(needed=("libpython3.12.so.1.0",))).file(
        "/usr/bin/other", library(needed=("libpython3.12.so.1.0",))
    )
    assert found(root, "/usr/bin/python3").line == "3.10"
    assert found(root, "/usr/bin/python3.12").line == "3.12"
    assert found(root, "/usr/bin/other").line == "3.12"


def test_a_free_threaded_python_is_told_by_its_library_folder(root: Root) -> None:
    root.system_python("3.13", "1", "/opt/py").file("/opt/py/lib/python3.13t/os.py")
    root.file("/opt/py/bin/python3.13t", library(kind=3))
    assert (found(root, "/opt/py/bin/python3.13t").version, found(root, "/opt/py/bin/python3").version) == (
        "3.13.1t",
        "3.13.1",
    )
    root.venv("/env", "3.13t", "0").file("/env/pyvenv.cfg", "home = /opt/py/bin\nversion = 3.13.1\n")
    threaded = found(root, "/env")
    assert (threaded.version, threaded.line) == ("3.13.1t", "3.13t")
    assert threaded.path == ("/env/lib/python3.13t/site-packages",)
    root.folder("/target/python3.13t/site-packages/a.dist-info")
    assert found(root, "/target/python3.13t/site-packages").version == "3.13t"


def test_python_2_7(root: Root) -> None:
    root.system_python("2.7", "18", "/opt/old").folder("/opt/old/lib/python2.7/site-packages")
    assert found(root, "/opt/old").version == "2.7.18"


def test_a_pyenv_shim_leads_to_the_version_that_is_set(root: Root) -> None:
    for version in ("3.10.13", "3.11.7"):
        root.system_python(version.rpartition(".")[0], version.rpartition(".")[2], f"/pyenv/versions/{version}")
    root.file("/pyenv/shims/python3", "#!/bin/sh\n").file("/pyenv/version", "3.11.7\n")
    root.environ = {"PATH": "/pyenv/shims:/usr/bin"}
    assert found(root).version == "3.11.7"
    root.environ = {"PATH": "/pyenv/shims:/usr/bin", "PYENV_VERSION": "3.10"}
    assert found(root).prefix == "/pyenv/versions/3.10.13"


def test_the_active_one_is_the_activated_then_path(root: Root) -> None:
    root.venv("/env", "3.8", "18").venv("/other", "3.8", "18").system_python("3.10", "12", "/usr/local")
    root.environ = {"PATH": "/usr/local/bin:/usr/bin"}
    assert found(root).prefix == "/usr/local"
    root.environ = {"PATH": "/other/bin:/env/bin", "VIRTUAL_ENV": "/env", "CONDA_PREFIX": "/other"}
    assert found(root).prefix == "/other"
    root.environ = {"PATH": "/env/bin:/other/bin", "VIRTUAL_ENV": "/env", "CONDA_PREFIX": "/other"}
    assert found(root).prefix == "/env"


def test_a_tools_own_environment_is_not_meant(root: Root) -> None:
    root.venv("/tools/compatcheck", "3.8").system_python("3.10", "12", "/usr/local")
    root.environ = {"PATH": "/usr/local/bin"}
    own = python.find(root.host(), own="/tools/compatcheck")
    assert isinstance(own, Interpreter)
    assert own.prefix == "/tools/compatcheck"
    root.file("/tools/compatcheck/uv-receipt.toml")
    other = python.find(root.host(), own="/tools/compatcheck")
    assert isinstance(other, Interpreter)
    assert other.prefix == "/usr/local"


def test_a_target_folder_has_no_interpreter_but_distributions(root: Root) -> None:
    root.wheel("/opt/app/python3.11/site-packages", "torch", "2.1.0")
    interpreter = found(root, "/opt/app/python3.11/site-packages")
    assert (interpreter.kind, interpreter.executable, interpreter.line) == ("folder", None, "3.11")


@pytest.mark.parametrize("given", ["/nowhere", "/empty", "/loop", "nosuchpython", ""])
def test_what_is_no_python_is_an_answer(root: Root, given: str) -> None:
    root.folder("/empty").link("/loop", "/loop")
    assert isinstance(python.find(root.host(), given), Unreadable)


def test_a_huge_pyvenv_cfg_is_not_read(root: Root) -> None:
    root.venv("/env", "3.8", "18").file("/env/pyvenv.cfg", b"version = 3.8.18\n" * 100_000)
    host = root.host()
    interpreter = python.find(host, "/env")
    assert isinstance(interpreter, Interpreter)
    assert interpreter.line == "3.8"
    assert [trouble.path for trouble in host.trouble] == ["/env/pyvenv.cfg"]


def test_the_layer_answers_with_the_binary_whatever_was_given(root: Root) -> None:
    reading = root.venv("/env", "3.8", "18").reading("/env", ("python",))
    assert reading.values["interpreter"] == "/env/bin/python3"
    assert (reading.values["python"], reading.sources["python"]) == ("3.8.18", "/env/pyvenv.cfg")
