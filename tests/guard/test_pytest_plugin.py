"""The pytest plugin under a pytest of its own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

_TESTS = """
import pytest

@pytest.mark.gpu("use:torch")
def test_marked():
    assert True

@pytest.mark.gpu
def test_suggested():
    assert True

def test_plain():
    assert True
"""
_OLD = """
os = "linux"
arch = "x86_64"
python = "3.11.7"
gpus = [{ name = "NVIDIA A100-SXM4-40GB" }]
driver = { version = "%s", kernel_module_version = "%s" }
packages = { torch = "2.11.0" }
builds = { torch = { cuda = "13.0", source = "pypi" } }
"""


@pytest.fixture
def machine(pytester: pytest.Pytester) -> Path:
    pytester.makepyfile(_TESTS)
    path = pytester.path / "machine.toml"
    path.write_text(_OLD % ("535.183.01", "535.183.01"))
    return path


def _run(pytester: pytest.Pytester, machine: Path, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", *_PLUGIN, "-rs", "--compatcheck-machine", str(machine), *words
    )


def _registered() -> bool:
    from importlib.metadata import entry_points

    return any(one.value == "compat.pytest_plugin" for one in entry_points(group="pytest11"))


_PLUGIN = () if _registered() else ("-p", "compat.pytest_plugin")


def test_it_skips_with_the_reason(pytester: pytest.Pytester, machine: Path) -> None:
    result = _run(pytester, machine, "--compatcheck=skip")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*use:torch: driver-too-old: torch 2.11.0 uses CUDA 13.0*"])


def test_it_fails_with_the_reason(pytester: pytest.Pytester, machine: Path) -> None:
    result = _run(pytester, machine, "--compatcheck=fail")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*driver-too-old*"])


def test_without_the_option_it_does_nothing(pytester: pytest.Pytester, machine: Path) -> None:
    _run(pytester, machine).assert_outcomes(passed=3)


def test_a_machine_that_works_runs_them(pytester: pytest.Pytester, machine: Path) -> None:
    machine.write_text(_OLD % ("580.95.05", "580.95.05"))
    _run(pytester, machine, "--compatcheck=fail").assert_outcomes(passed=3)
