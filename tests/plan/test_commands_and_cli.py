"""Commands are closed templates; the command line says what is wrong with its input and exits as documented."""

import json
import shlex
from pathlib import Path

import pytest

from compat.capability import Capability
from compat.check import check
from compat.cli.app import run
from compat.description import from_dict
from compat.goals import parse
from compat.install import templates
from compat.install.templates import System
from compat.machine import Machine
from compat.plan.commands import UnsafeArgument, driver, interpreter, python, requirement

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"
H100 = str(DESCRIBED / "h100-driver535.toml")
RTX3090 = str(DESCRIBED / "rtx3090-driver470.toml")


@pytest.mark.parametrize("name", ["a b", "-r", "x;y", "$(x)", "", "x[", "https://x", "--index-url"])
def test_what_is_no_name_goes_on_no_command_line(name):
    with pytest.raises(UnsafeArgument):
        requirement(name, "*")


@pytest.mark.parametrize("spec", ["==1 --pre", "==$(x)", "@ file:///x", "==;"])
def test_what_is_no_range_goes_on_no_command_line(spec):
    with pytest.raises(UnsafeArgument):
        requirement("torch", spec)


def test_requirements():
    assert requirement("tensorflow", "==2.15.1", ("and-cuda",)) == "tensorflow[and-cuda]==2.15.1"
    assert requirement("numpy", "<2") == "numpy<2"


def test_interpreters():
    assert interpreter(Machine(), "") == "python"
    assert interpreter(Machine(interpreter="/opt/venv/bin/python"), "") == "/opt/venv/bin/python"
    assert interpreter(Machine(os="linux", interpreter="/x"), ".venv") == ".venv/bin/python"
    assert interpreter(Machine(os="windows"), ".venv") == r".venv\Scripts\python.exe"


def test_environments_of_another_python():
    found = {one.installer: one.argv for one in python.environment(Machine(os="linux"), "3.11", ".venv")}
    assert found["pip"] == ("python3.11", "-m", "venv", ".venv")
    assert found["uv"][:4] == ("uv", "venv", "--python", "3.11")
    assert found["conda"][:2] == ("conda", "create")
    assert python.environment(Machine(os="windows"), "3.11", ".venv")[0].argv[:2] == ("py", "-3.11")


@pytest.mark.parametrize(
    ("machine", "argv"),
    [
        (Machine(os="linux", distribution="ubuntu"), "sudo apt-get install --yes nvidia-driver-580"),
        (Machine(os="linux", distribution="debian"), "sudo apt-get install --yes cuda-drivers-580"),
        (
            Machine(os="linux", distribution="debian", distribution_version="13"),
            "sudo apt-get install --yes cuda-drivers-580",
        ),
        (
            Machine(os="linux", distribution="rocky", distribution_version="9.4"),
            "sudo dnf module install --assumeyes nvidia-driver:580-dkms",
        ),
        (
            Machine(os="linux", distribution="amzn", distribution_version="2023"),
            "sudo dnf module install --assumeyes nvidia-driver:580-dkms",
        ),
    ],
)
def test_driver_commands(machine, argv, real):
    assert [one.shell for one in driver.install(machine, "580", None, real)] == [argv]


@pytest.mark.parametrize(("distribution", "release"), [("fedora", "44"), ("rhel", "10.1")])
def test_a_version_lock_holds_the_branch_where_there_are_no_streams(distribution, release, real):
    machine = Machine(os="linux", distribution=distribution, distribution_version=release)
    made = driver.install(machine, "580", Capability(8, 0), real, is_open=True)
    assert [one.argv[1:] for one in made] == [
        ("dnf", "versionlock", "add", "*nvidia*580*"),
        ("dnf", "install", "--assumeyes", "nvidia-open"),
    ]
    assert all(isinstance(templates.read(one.argv), System) for one in made)
    assert "branch 580" in driver.packaged(machine, "580", made[0])[0]
    assert driver.install(machine, "580", Capability(7, 0), real) == ()  # nvidia-open does not drive Volta


def test_debian_has_a_branch_of_its_own(real):
    here = Machine(os="linux", distribution="debian", distribution_version="12")
    assert driver.install(here, "535", None, real)[0].argv[-1] == "nvidia-driver=535.*"
    assert driver.install(here, "550", None, real)[0].argv[-1] == "cuda-drivers-550"
    assert driver.install(here, "595", None, real) == ()  # the package names have lost the branch
    assert driver.install(here, "580", Capability(12, 0), real) == ()  # the proprietary module does not drive Blackwell


@pytest.mark.parametrize(
    ("distribution", "release", "branch", "gpu", "package"),
    [
        ("ubuntu", "20.04", "570", Capability(8, 0), "nvidia-driver-570"),
        ("ubuntu", "20.04", "580", Capability(8, 0), None),  # never came to its archive
        ("ubuntu", "22.04.5", "580", Capability(8, 0), "nvidia-driver-580"),
        ("ubuntu", "22.04.5", "535", Capability(8, 0), None),  # only a package that draws 580 is left of it
        ("ubuntu", "22.04.5", "580", Capability(12, 0), "nvidia-driver-580-open"),
        ("ubuntu", "24.04", "615", Capability(8, 0), "nvidia-driver-615-open"),  # has no other kernel module
        ("ubuntu", "26.04", "470", Capability(3, 7), None),
        ("debian", "11", "535", Capability(8, 0), "nvidia-driver=535.*"),
        ("debian", "12.5", "470", Capability(3, 7), "nvidia-tesla-470-driver"),
    ],
)
def test_an_archive_has_some_branches(distribution, release, branch, gpu, package, real):
    machine = Machine(os="linux", distribution=distribution, distribution_version=release)
    made = [one.argv[-1] for one in driver.install(machine, branch, gpu, real)]
    assert made == ([package] if package else [])
    said = driver.by_hand(machine, branch, real)[0]
    assert branch in said
    assert all(isinstance(templates.read(one.argv), System) for one in driver.install(machine, branch, gpu, real))


@pytest.mark.parametrize(
    "machine",
    [
        Machine(os="windows", distribution="windows"),
        Machine(os="linux", distribution="ubuntu", environment=("wsl2",)),
        Machine(os="linux", distribution="ubuntu", environment=("docker",)),
        Machine(os="linux", distribution="arch"),
        Machine(os="linux", distribution="fedora", distribution_version="44"),
        Machine(os="linux", distribution="rhel", distribution_version="10.1"),
    ],
)
def test_no_command_installs_a_driver_where_none_can(machine, real):
    assert driver.install(machine, "580", None, real) == ()


def test_json_is_the_contract(capsys):
    assert run(["plan", "--torch", "2.6", "--tensorrt", "10", "--machine", H100, "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["schema"] == "compatcheck.plan/1"
    assert set(plan) == {
        "schema",
        "outcome",
        "machine",
        "request",
        "goal",
        "matrix",
        "steps",
        "result",
        "conflict",
        "lifts",
        "alternatives",
    }
    assert plan["request"] == {"torch": "==2.6.*", "tensorrt": "==10.*"}
    assert plan["goal"] == "use:torch, use:tensorrt"
    assert set(plan["matrix"]) == {"version", "date"}
    for step in plan["steps"]:
        assert set(step) == {"kind", "component", "from", "to", "why", "commands", "needs_root", "reversible"}
        assert all(set(why) == {"rule", "message", "source"} for why in step["why"])
        for command in step["commands"]:
            assert shlex.split(command["shell"]) == command["argv"]
    result = from_dict(plan["result"])
    assert result.packages is not None
    assert result.packages["torch"] == "2.6.0"


def test_the_result_of_a_printed_plan_passes(capsys, real):
    run(["plan", "--torch", "*", "--machine", RTX3090, "--format", "json"])
    plan = json.loads(capsys.readouterr().out)
    assert check(from_dict(plan["result"]), parse("use:torch"), real).verdict == "compatible"


def test_impossible_exits_1_and_says_what_would_lift_it(capsys):
    assert run(["plan", "--tensorflow", "2.15", "--machine", RTX3090]) == 1
    out = capsys.readouterr().out
    assert "impossible" in out
    assert "--allow driver" in out
    assert all(len(line) <= 80 for line in out.splitlines() if "$" not in line)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--torch", "abc"], "abc"),
        (["--torch", "2.6", "--allow", "gpu"], "--allow gpu"),
        ([], "nothing is asked for"),
        (["--goal", "use:tensorfow"], "unknown package"),
        (["--goal", "nonsense"], "not a goal"),
        (["--paddle", "3"], "paddle"),
        (["--torch", "2.6", "--python", "abc"], "--python abc"),
        (["--goal", "use:transformer-engine"], "planned by hand"),
    ],
)
def test_bad_input_exits_2_with_a_hint(capsys, arguments, said):
    assert run(["plan", *arguments, "--machine", H100]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "hint:" in error
    assert "Traceback" not in error


def test_another_python_than_the_described_one(capsys):
    assert run(["plan", "--tensorflow", "2.20", "--python", "3.14", "--machine", H100]) == 1
    assert "Python 3.14" in capsys.readouterr().out
    assert run(["plan", "--tensorflow", "2.20", "--python", "3.11", "--machine", H100]) == 0


def test_alternatives(capsys):
    assert run(["plan", "--torch", "2.x", "--machine", H100, "--alternatives", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    builds = [one["result"]["packages"]["torch"] for one in (plan, *plan["alternatives"])]
    assert len(set(builds)) == len(builds) == 4


def test_several_machines_get_the_same_builds(capsys):
    assert run(["plan", "--torch", "2.6", "--machine", H100, "--machine", RTX3090, "--format", "json"]) == 0
    plans = json.loads(capsys.readouterr().out)
    assert {plan["result"]["packages"]["torch"] for plan in plans} == {"2.6.0+cu118"}
    said = {
        why["message"] for plan in plans for step in plan["steps"] for why in step["why"] if why["rule"] == "request"
    }
    assert said == {"torch ==2.6.* is asked for."}  # not the one release that the first machine got


def test_one_of_several_machines_without_a_plan(capsys, tmp_path):
    old = tmp_path / "old.toml"
    old.write_text('name = "old"\nos = "linux"\npython = "3.6.9"\ngpus = [{ name = "NVIDIA H100 80GB HBM3" }]\n')
    assert run(["plan", "--torch", "2.6", "--machine", H100, "--machine", str(old)]) == 1
    assert "no one plan serves all: old has none" in capsys.readouterr().err


def test_what_conda_forge_has_not_is_said_not_to_be_condas(capsys):
    assert run(["plan", "--torch", "2.6", "--tensorrt", "10", "--installer", "conda", "--machine", H100]) == 0
    out, err = capsys.readouterr()
    assert "pip install torch" in out
    assert "conda-forge has not all" in err
    assert run(["plan", "--torch", "2.6", "--installer", "conda", "--machine", H100]) == 0
    assert "conda-forge has not" not in capsys.readouterr().err


def test_several_machines_without_a_common_build(capsys):
    machines = [str(DESCRIBED / name) for name in ("rtx5090-driver570.toml", "gtx1080ti-driver535.toml")]
    assert run(["plan", "--torch", "*", "--machine", machines[0], "--machine", machines[1]]) == 1
    out = capsys.readouterr().out
    assert "RTX 5090" in out
    assert "GTX 1080 Ti" in out
