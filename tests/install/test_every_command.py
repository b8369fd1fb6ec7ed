"""Every command that the planner can write, for each row of the matrix that yields one, is read back."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import tiny

from compat.description import load
from compat.install import known, planfile, templates
from compat.install.templates import Fetch, Install, Start, System, Workspace
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands import container, driver, jetson
from compat.plan.commands import python as installers
from compat.plan.commands.managers import KINDS, MANAGERS, Manager
from compat.plan.commands.template import Value, fill
from compat.plan.model import Command
from compat.plan.offers.jetson import choice
from compat.plan.offers.places import ALONE, place
from compat.plan.offers.published import JETSON
from compat.plan.ways import images
from compat.plan.ways.several import plan_for
from compat.report.plan import as_data

PLANNER = tiny.ROOT / "compat" / "plan"
LINUX = Machine(os="linux", interpreter="/env/bin/python", environment=())


def same(commands: tuple[Command, ...]) -> object:
    return templates.same_action([one.argv for one in commands])


def test_the_installers_are_those_that_the_planner_writes() -> None:
    written = {one.name for one in MANAGERS}
    for path in PLANNER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Command":
                who = node.args[0]
                if getattr(who, "attr", "") in ("installer", "name"):
                    continue  # another command's, in a new form; a manager's
                assert isinstance(who, ast.Constant), path
                written.add(who.value)
    assert written == set(planfile.INSTALLERS)


# A value for each place of a package manager's templates.
SAID: dict[str, Value] = {
    "python": "/env/bin/python",
    "line": "3.12",
    "py": "3.12",
    "folder": ".venv-torch",
    "requirements": ("torch==2.6.0", "tensorflow[and-cuda]", "numpy>=1.26,<3"),
    "names": ("onnxruntime", "nvidia-cudnn-cu12"),
    "index": f"{installers.PYTORCH}cu126",
    "extra": installers.NVIDIA,
    "page": installers.JAX,
    "address": f"{jetson.REDIST}/v51/pytorch/torch-1.whl",
    "parts": ("pytorch=2.6.0=cuda126*", "cudnn=8.1"),
    "platform": "linux-64",
    "cuda": "12",
}
POETRY = Manager(
    "poetry", install=("poetry add {requirements} [--source {index}]",), uninstall=("poetry remove {names}",)
)


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another manager is one entry in the list."""
    for user in (installers, templates):
        monkeypatch.setattr(user, "MANAGERS", (*MANAGERS, POETRY))


@pytest.mark.usefixtures("one_more")
@pytest.mark.parametrize("manager", [*MANAGERS, POETRY], ids=lambda one: one.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_template_is_read_back(manager: Manager, kind: str) -> None:
    """With all of its values, and with those alone that it cannot do without; each changed word is refused."""
    for text in getattr(manager, kind):
        for line in text.split(" && "):
            needed = {name: value for name, value in SAID.items() if f"{{{name}}}" in re.sub(r"\[[^]]*\]", "", line)}
            for values in (SAID, needed):
                words = fill(line, values)
                assert words is not None
                action = templates.read(words)
                assert isinstance(action, Workspace) == (manager.workspace or kind == "forge_remove")
                for at in range(len(words)):
                    with pytest.raises(templates.BadPlan):
                        templates.read((*words[:at], "-evil", *words[at + 1 :]))


@pytest.mark.usefixtures("one_more")
def test_a_manager_that_is_added_says_what_the_others_say() -> None:
    commands = installers.install(LINUX, "", ("torch==2.6.0",), f"{installers.PYTORCH}cu126")
    assert commands[-1].argv == ("poetry", "add", "torch==2.6.0", "--source", f"{installers.PYTORCH}cu126")
    assert same(commands) == Install(("torch==2.6.0",), f"{installers.PYTORCH}cu126")
    beside = installers.install(LINUX, "", ("torch==2.6.0",), None, installers.NVIDIA)
    assert {"pip", "uv"} <= {one.installer for one in beside}
    assert "poetry" not in {one.installer for one in beside}  # it has no place for an index beside another


def test_every_jetson_wheel(matrix: Matrix) -> None:
    seen = 0
    for component in matrix.components("build"):
        for rows in matrix.builds(component).values():
            for row in (row for row in rows if row["index"] in JETSON):
                for one in choice(row, component, Machine(os="linux", arch="aarch64"), matrix):
                    commands = jetson.install(LINUX, "", one)
                    seen += bool(commands)
                    assert not commands or isinstance(same(commands), Fetch | Install)
    assert seen > 20
    assert isinstance(same((jetson.jetpack(),)), System)


def test_every_place_of_a_publisher(matrix: Matrix) -> None:
    """The addresses that the matrix's own-index, own-page and own-file stand for, and none beside them."""
    seen = set()
    for component in matrix.components("build"):
        for row in (row for rows in matrix.builds(component).values() for row in rows):
            at = place(row, matrix)
            if at is None or at in seen:
                continue
            seen.add(at)
            address = at.replace("{python}", "cp312")
            if address.endswith(".whl"):
                assert same(installers.fetch(LINUX, "", address)) == Fetch(address)
            elif row["index"] == ALONE:
                assert same(installers.install(LINUX, "", ("a==1",), address)) == Install(("a==1",), address)
            else:
                found = same(installers.install(LINUX, "", ("a==1",), None, address))
                assert found == Install(("a==1",), None, address)
    assert {"html", "whl"} <= {at.rpartition(".")[2] for at in seen}
    assert len(seen) > 50


@pytest.mark.parametrize(
    "address",
    [
        "https://www.paddlepaddle.org.cn/packages/stable/../",
        "https://www.paddlepaddle.org.cn/packages/stable/cu126/../../evil/",
        "https://data.pyg.org/whl/torch-2.8.0+cu128.html/x.html",
        "https://data.pyg.org.evil.example/whl/torch-2.8.0+cu128.html",
        "https://evil.example/whl/torch-2.8.0+cu128.html",
        "http://data.pyg.org/whl/torch-2.8.0+cu128.html",
    ],
)
def test_no_place_beside_those(address: str) -> None:
    for commands in (installers.install(LINUX, "", ("a==1",), None, address), installers.fetch(LINUX, "", address)):
        for command in commands:
            with pytest.raises(templates.BadPlan):
                templates.read(command.argv)


def test_every_image(matrix: Matrix) -> None:
    seen = 0
    for row in matrix.rows("container", "container"):
        if "cuda" in row:
            try:
                name = images.reference(row, matrix)
            except (KeyError, ValueError):
                continue  # not one that the planner offers
            assert isinstance(same(container.run(name)), Start), name
            seen += 1
    assert seen > 100


def test_every_driver_branch(matrix: Matrix) -> None:
    systems = [("ubuntu", "22.04"), ("debian", "11"), ("debian", "12"), ("debian", "13"), ("rocky", "9"), ("rhel", "8")]
    seen = set()
    for row in matrix.drivers.branches:
        for distribution, release in systems:
            machine = Machine(os="linux", distribution=distribution, distribution_version=release, environment=())
            for newest in (None, driver.OPEN_ONLY):
                commands = driver.install(machine, str(row["branch"]), newest, matrix)
                assert not commands or isinstance(same(commands), System)
                seen |= {(distribution, command.argv[-1].rstrip("*.0123456789=:")) for command in commands}
    assert {one for one, _ in seen} == {"ubuntu", "debian", "rocky", "rhel"}
    assert ("debian", "cuda-drivers-") in seen
    assert ("debian", "nvidia-driver") in seen
    assert ("debian", "nvidia-tesla-470-driver") in seen


def test_every_cuda_compat(matrix: Matrix) -> None:
    for row in matrix.every("forward"):
        name = f"cuda-compat-{row['cuda'].replace('.', '-')}"
        for distribution in ("ubuntu", "debian", "rhel", "amzn"):
            commands = driver.cuda_compat(Machine(os="linux", distribution=distribution), name)
            assert isinstance(same(commands), System)


def test_every_variant_of_torchs_index(matrix: Matrix) -> None:
    variants = {row["variant"] for rows in matrix.builds("torch").values() for row in rows if row["index"] == "pytorch"}
    assert len(variants) > 10
    for variant in variants:
        index = f"{installers.PYTORCH}{variant}"
        assert same(installers.install(LINUX, "", ("torch==2.6.0",), index)) == Install(("torch==2.6.0",), index)


def test_a_plan_that_leads_into_a_container_is_told_and_not_run(matrix: Matrix, tmp_path: Path) -> None:
    machine = next(iter(load(str(tiny.ROOT / "tests/machines/described/a100-driver450.toml"))))
    (plan,) = plan_for(
        [machine], requests({"torch": "1.6"}), matrix, None, frozenset({"container"}), "installed", False
    )
    data = json.loads(json.dumps(as_data(plan, matrix)))
    read = planfile.from_data(data, known.names(matrix))
    assert read.elsewhere
    assert not read.changes_environment
    file = tiny.write_plan(tmp_path / "plan.json", data)
    for more in ((), ("--into", str(tmp_path / "new"), "--yes"), ("--system", "--yes")):
        done = tiny.compatcheck("install", str(file), *more)
        assert done.returncode == 1
        assert "$ docker run --rm -it --gpus all nvcr.io/nvidia/pytorch:20.06-py3" in done.stdout
        assert "nothing here is changed" in done.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    "argv",
    [
        ("docker", "run", "--rm", "-it", "--gpus", "all", "evil.example/pytorch:24.03-py3"),
        ("docker", "run", "--rm", "-it", "--gpus", "all", "nvcr.io/evil/pytorch:24.03-py3"),
        ("docker", "run", "--rm", "-it", "--gpus", "all", "nvcr.io/nvidia/../x:1"),
        ("docker", "run", "--rm", "-it", "--privileged", "nvcr.io/nvidia/pytorch:24.03-py3"),
        ("docker", "run", "-v", "/:/host", "nvcr.io/nvidia/pytorch:24.03-py3"),
        ("docker", "run", "--rm", "-it", "--gpus", "all", "nvcr.io/nvidia/pytorch:24.03-py3", "sh"),
    ],
    ids=" ".join,
)
def test_other_containers_are_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(templates.BadPlan):
        templates.read(argv)


def test_where_every_step_is_a_persons_nothing_is_recorded(env: Path, tmp_path: Path) -> None:
    """A driver step alone, without --system: no copy of the environment is made for it."""
    argv = ["sudo", "apt-get", "install", "--yes", "nvidia-driver-580"]
    step = {
        **tiny.step("driver", None, "580", "install", "x"),
        "kind": "driver",
        "commands": [{"installer": "apt", "argv": argv, "shell": " ".join(argv)}],
        "needs_root": True,
    }
    done = tiny.compatcheck(
        "install", str(tiny.write_plan(tmp_path / "p.json", tiny.plan(step))), "--python", str(env), "--yes"
    )
    assert "left to you: driver 580: sudo apt-get install --yes nvidia-driver-580" in done.stdout
    assert "installed into" not in done.stdout
    assert not Path(f"{env}.compatcheck").exists()
