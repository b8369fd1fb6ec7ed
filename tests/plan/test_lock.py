"""``plan --lock``: a real pip resolves against a folder of small wheels; its answer is judged before it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from compat.cli.app import run
from compat.description import load, to_dict
from compat.guard.files.pylock import read as read_pylock
from compat.guard.files.requirements import read as read_requirements
from compat.lock import File, Locked, NoLock, Package, module_of
from compat.lock.judged import chain, machine_of, wrong
from compat.lock.resolve import without_credentials
from compat.lock.uv import platform
from compat.lock.wanted import missing, wanted
from compat.machine import Machine
from compat.plan.asking.request import requests
from compat.plan.model import Plan
from compat.plan.solve import plan
from compat.records import replace

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
H100 = next(iter(load(str(DESCRIBED / "h100-driver535.toml"))))


def wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> Path:
    """A wheel of nothing but its metadata."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    files = {
        f"{stem}.dist-info/METADATA": "\n".join(
            [
                "Metadata-Version: 2.1",
                f"Name: {name}",
                f"Version: {version}",
                *(f"Requires-Dist: {r}" for r in requires),
            ]
        )
        + "\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{where},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
        f"{len(text)}\n"
        for where, text in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for where, text in {**files, f"{stem}.dist-info/RECORD": f"{record}{stem}.dist-info/RECORD,,\n"}.items():
            archive.writestr(where, text)
    return path


@pytest.fixture(scope="module")
def planned(real) -> Plan:
    """torch 2.6 for an H100, in this Python's line."""
    return plan(replace(H100, python=sys.version.split()[0]), requests({"torch": ">=2.4"}), real)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, planned: Plan) -> Path:
    """A folder with what the plan installs, a package that drags a cuDNN of another CUDA major in, and a plain one."""
    folder = tmp_path_factory.mktemp("index")
    (torch,) = planned.choices
    parts = {name: version for name, version in (planned.result.packages or {}).items() if version and name != "torch"}
    for name, version in parts.items():
        wheel(folder, name, version)
    wheel(folder, "torch", torch.version, tuple(f"{name}=={version}" for name, version in parts.items()))
    wheel(folder, "nvidia-cudnn-cu13", "9.20.0.48")
    wheel(folder, "dragger", "1.0", ("nvidia-cudnn-cu13",))
    wheel(
        folder, "plain-thing", "3.1", ("plain-part>=1 ; sys_platform == 'linux'", "no-part ; sys_platform == 'win32'")
    )
    wheel(folder, "plain-part", "1.5")
    return folder


@pytest.fixture
def box(tmp_path: Path, index: Path, planned: Plan, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the machine's description, where pip knows only that index."""
    for name in [one for one in os.environ if one.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "box.json").write_text(json.dumps(to_dict(planned.machine)))
    return tmp_path


def lock(*arguments: str) -> int:
    return run(["plan", "--machine", "box.json", *arguments])


def test_a_pylock_file_of_the_whole_closure(box, planned, capsys):
    (box / "more.in").write_text("plain-thing>=3\ntorch>=2.4\n")
    assert lock("-r", "more.in", "--lock", "pylock.toml") == 0
    said = capsys.readouterr()
    wanted_packages = {name for name, version in planned.result.packages.items() if version}
    found = {one.name: one.exact for one in read_pylock("pylock.toml").requirements}
    assert set(found) == {*wanted_packages, "plain-thing", "plain-part"}
    assert found["torch"] == planned.choices[0].version
    assert f"{len(found)} packages with hashes, resolved by pip" in said.err
    assert "the rules find nothing wrong with use:torch" in said.err
    assert "lock:" not in said.out
    assert read_pylock("pylock.toml").requires_python == f"=={PYTHON}.*"
    assert not [name for name in os.listdir(box) if name.startswith(".compatcheck")]


def test_the_pylock_file_is_valid_by_the_reference(box):
    reference = pytest.importorskip("packaging.pylock")
    from compat import toml

    assert lock("--torch", ">=2.4", "--lock", "pylock.gpu.toml") == 0
    data = toml.loads((box / "pylock.gpu.toml").read_text())
    found = reference.Pylock.from_dict(data)
    found.validate()
    assert all(one.wheels and one.wheels[0].hashes["sha256"] for one in found.packages)
    assert data["tool"]["compatcheck"]["goals"] == ["use:torch"]


def test_a_requirements_file_that_pip_takes_with_hashes(box, index):
    assert lock("--torch", ">=2.4", "--lock", "locked.txt") == 0
    text = (box / "locked.txt").read_text()
    assert text.startswith("# Made by compatcheck ")
    assert all(one.exact for one in read_requirements("locked.txt").requirements)
    argv = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--require-hashes", "-r"]
    assert subprocess.run([*argv, "locked.txt"], capture_output=True, check=False).returncode == 0
    # The very bytes are locked: the same release with another content is refused.
    other = box / "other"
    other.mkdir()
    for one in index.iterdir():
        (other / one.name).write_bytes(one.read_bytes())
    wheel(other, "torch", (next(index.glob("torch-*")).name.split("-")[1]), ("plain-part",))
    done = subprocess.run(
        [*argv, "locked.txt"], capture_output=True, check=False, env={**os.environ, "PIP_FIND_LINKS": str(other)}
    )
    assert done.returncode != 0
    assert b"HASH" in done.stderr.upper()


def test_a_set_that_mixes_cuda_majors_is_refused(box, capsys):
    (box / "more.in").write_text("torch>=2.4\ndragger\n")
    assert lock("-r", "more.in", "--lock", "pylock.toml") == 1
    said = capsys.readouterr().err
    assert "mixed-cuda-majors" in said
    assert "nvidia-cudnn-cu13 <- dragger" in said
    assert "was not written" in said
    assert not (box / "pylock.toml").exists()


def test_a_file_that_was_there_survives_a_refusal(box, capsys):
    assert lock("--torch", ">=2.4", "--lock", "locked.txt") == 0
    before = (box / "locked.txt").read_bytes()
    (box / "more.in").write_text("torch>=2.4\ndragger\n")
    assert lock("-r", "more.in", "--lock", "locked.txt") == 1
    assert (box / "locked.txt").read_bytes() == before
    (box / "locked.txt").chmod(0o640)
    assert lock("--torch", ">=2.4", "--lock", "locked.txt") == 0
    assert stat.S_IMODE((box / "locked.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["locked.txt", "pylock.toml"])
def test_a_file_of_somebody_else_is_not_written_over(box, capsys, name):
    (box / name).write_text("numpy==1.26.4\n")
    assert lock("--torch", ">=2.4", "--lock", name) == 2
    assert (box / name).read_text() == "numpy==1.26.4\n"
    assert "was not made by compatcheck" in capsys.readouterr().err


def test_without_an_index_the_hashes_are_missing(box, capsys, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert lock("--torch", ">=2.4", "--lock", "pylock.toml") == 1
    assert "the hashes are missing" in capsys.readouterr().err
    assert not (box / "pylock.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--torch", ">=2.4", "--lock", "lock.json"), 2, "tells no format"),
        (("--torch", ">=2.4", "--lock", "no/such/folder/pylock.toml"), 2, "folder"),
        (("--torch", ">=2.4", "--installer", "conda", "--lock", "pylock.toml"), 2, "conda"),
        (("--torch", "==99", "--lock", "pylock.toml"), 1, "no plan"),
    ],
)
def test_what_cannot_be_locked(box, capsys, arguments, status, said):
    assert lock(*arguments) == status
    assert said in capsys.readouterr().err


FAKE_UV = """#!{python}
import json, sys
if "--version" in sys.argv:
    print("uv 9.9.9")
    sys.exit()
open({seen!r}, "w").write(json.dumps(sys.argv[1:]))
if "requirements.txt" in sys.argv:
    print("nvidia-cudnn-cu13==9.20.0.48  # via dragger")
else:
    print(open({answer!r}).read())
"""


def test_uv_is_asked_for_the_target(box, planned, capsys, monkeypatch):
    tools = box / "tools"
    tools.mkdir()
    names = FAKE_UV.format(python=sys.executable, seen=str(box / "seen.json"), answer=str(box / "answer.toml"))
    (tools / "uv").write_text(names)
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    packages = [(name, version) for name, version in planned.result.packages.items() if version]
    answer = ['lock-version = "1.0"', 'created-by = "uv"']
    for name, version in packages:
        file = f"{name.replace('-', '_')}-{version.replace('+', '%2B')}-py3-none-any.whl"
        answer += [
            "[[packages]]",
            f'name = "{name}"',
            f'version = "{version}"',
            "[[packages.wheels]]",
            f'url = "https://u:secret@index.example/{file}"',
            "size = 500000000",
            'hashes = { sha256 = "ab" }',
        ]
    (box / "answer.toml").write_text("\n".join(answer))
    assert lock("--torch", ">=2.4", "--installer", "uv", "--lock", "pylock.toml") == 0
    argv = json.loads((box / "seen.json").read_text())
    assert argv[:2] == ["pip", "compile"]
    assert argv[argv.index("--python-platform") + 1] == platform(planned.result)
    assert argv[argv.index("--python-version") + 1] == planned.result.python
    assert argv[argv.index("--only-binary") + 1] == ":all:"
    assert f"{len(packages) / 2:.1f} GB to download" in capsys.readouterr().err
    text = (box / "pylock.toml").read_text()
    assert "secret" not in text
    (box / "answer.toml").write_text(
        "\n".join([*answer, "[[packages]]", 'name = "nvidia-cudnn-cu13"', 'version = "9.20.0.48"', "wheels = []"])
    )
    assert lock("--torch", ">=2.4", "--installer", "uv", "--lock", "pylock.toml") == 1
    assert "nvidia-cudnn-cu13 <- dragger" in capsys.readouterr().err
    assert (box / "pylock.toml").read_text() == text


def test_what_is_there_and_works_is_locked_too(planned, real):
    done = plan(planned.result, requests({"torch": ">=2.4"}), real)
    assert done.outcome == "nothing-to-do"
    asked = wanted(done, (), False, real)
    (torch,) = planned.choices
    assert asked.requirements == (f"torch=={torch.version}",)
    assert all(one.endswith(f"/{torch.variant}") for one in asked.indexes)
    assert len(asked.indexes) == ("+" in torch.version)


def test_a_file_without_a_hash_is_not_locked(box, planned, real):
    from compat.lock.pylock import render

    locked = Locked((Package("x", "1", (File("https://index.example/x-1-py3-none-any.whl", ()),)),), "uv 1")
    asked = wanted(planned, (), False, real)
    with pytest.raises(NoLock, match="no hash"):
        list(render(locked, asked, planned, real.date))


def test_a_package_that_was_asked_for_by_its_address(planned, real):
    """An archive's entry has no name, whatever its address ends in (PEP 751); any other file's has where it must."""
    from compat.lock import pylock

    files = (File("https://files.example/get?id=7", (("sha256", "ab"),)),)
    asked = wanted(planned, (), False, real)
    for direct, entry in ((True, "archive = { url = "), (False, 'sdist = { name = "get", url = ')):
        text = "\n".join(pylock.render(Locked((Package("x", "1", files, direct=direct),), "uv 1"), asked, planned, ""))
        assert entry in text


def test_where_nothing_is_known_of_the_target_the_file_names_none(planned, real):
    from compat.lock import requirements as form

    asked = wanted(planned, (), False, real)
    locked = Locked((), "uv 1")
    here = next(form.render(locked, asked, planned, "2026-01-01"))
    assert here == f"# Made by compatcheck (matrix of 2026-01-01) with uv 1, for Python {PYTHON} linux x86_64."
    nowhere = next(form.render(locked, replace(asked, target=Machine()), planned, "2026-01-01"))
    assert nowhere == "# Made by compatcheck (matrix of 2026-01-01) with uv 1."


@pytest.mark.parametrize(
    ("archive", "hashes"),
    [
        ({"hash": "sha256=ab"}, (("sha256", "ab"),)),  # all that pip 22.2 says
        ({"hash": "sha256=ab", "hashes": {"sha256": "ab", "md5": "cd"}}, (("md5", "cd"), ("sha256", "ab"))),
        ({}, ()),
    ],
)
def test_hashes_in_pips_report(archive, hashes):
    from compat.lock.pip import _package

    item = {"metadata": {"name": "X", "version": "1"}, "download_info": {"url": "u", "archive_info": archive}}
    assert _package(item).files[0].hashes == hashes


def test_markers_are_the_targets():
    windows = Machine(os="windows", arch="x86_64", python="3.12.1")
    requires = {"a": ("b ; sys_platform == 'win32'", "c ; python_version < '3.11'", "d ; extra == 'more'"), "c": ()}
    assert missing(requires, ["a==1"], windows) == ["a needs b there"]
    assert missing(requires, ["a==1"], Machine(os="linux", arch="x86_64", python="3.12.1")) == []
    assert missing(requires, ["a[more]==1"], Machine(os="linux", python="3.12.1")) == ["a needs d there"]
    assert missing(requires, ["z"], windows) == ["z is asked for"]


def test_credentials_stay_out():
    assert without_credentials("https://me:token@host.example/a/b.whl#sha256=ab") == "https://host.example/a/b.whl"


def test_who_brings_a_package():
    assert chain("a", {"a": "b", "b": "c"}) == "a <- b <- c"
    assert chain("a", {"a": "b", "b": "a"}) == "a <- b"
    assert chain("a", {}) == ""


def test_the_name_tells_the_format():
    assert module_of("x/pylock.toml") == module_of("pylock.gpu.toml") == "compat.lock.pylock"
    assert module_of("requirements.lock.txt") == "compat.lock.requirements"
    for name in ("pylock.a.b.toml", "lock.toml", "x.json", "txt"):
        with pytest.raises(NoLock):
            module_of(name)


@pytest.mark.parametrize("path", sorted(DESCRIBED.glob("*.toml")), ids=lambda path: path.stem)
def test_what_a_plan_expects_is_not_refused(path, real):
    """The set that the plan itself describes passes the lock's judgement; so a refusal is the resolver's doing."""
    machine = next(iter(load(str(path))))
    for asked in ({"torch": "*"}, {"tensorflow": "*"}, {"jax": "*"}, {"onnxruntime": "*"}, {"tensorrt": "*"}):
        answer = plan(machine, requests(asked), real)
        if answer.outcome != "planned" or not answer.choices:
            continue  # what conda installs is not locked
        where = {choice.distribution: choice.index for choice in answer.choices}
        hosts = {
            "pytorch": "https://download.pytorch.org/whl",
            "nvidia": "https://pypi.nvidia.com",
            "onnxruntime": "https://aiinfra.pkgs.visualstudio.com/x",
            "jetson": "https://developer.download.nvidia.com/x",
            "jetson-ai-lab": "https://pypi.jetson-ai-lab.io/x",
        }
        locked = Locked(
            tuple(
                Package(name, version, (File(f"{hosts.get(where.get(name, ''), 'https://index.example')}/x.whl", ()),))
                for name, version in (answer.result.packages or {}).items()
                if version
            ),
            "a resolver",
        )
        now = machine_of(locked, answer, real)
        assert wrong(locked, answer, now, real) == (), (machine.name, asked)


def test_every_kind_of_file_is_written_as_the_reference_reads_it(planned, real):
    reference = pytest.importorskip("packaging.pylock")
    from compat import toml
    from compat.lock import pylock, requirements

    digest = (("sha256", "ab" * 32),)
    locked = Locked(
        (
            Package(
                "torch",
                "2.6.0+cu118",
                (File("https://a.example/x/torch-2.6.0%2Bcu118-cp311-cp311-linux_x86_64.whl", digest, 7),),
            ),
            Package(
                "by-address", "1.0", (File("https://a.example/by_address-1.0-py3-none-any.whl", digest),), direct=True
            ),
            Package("source", "3", (File("https://a.example/source-3.tar.gz", digest),), ">=3.8"),
            Package("on-disk", "4", (File("file:///srv/wheels/on_disk-4-py3-none-any.whl", digest),)),
        ),
        "uv 1",
    )
    asked = wanted(planned, (), False, real)
    found = reference.Pylock.from_dict(toml.loads("\n".join(pylock.render(locked, asked, planned, real.date))))
    found.validate()
    by_name = {one.name: one for one in found.packages}
    assert by_name["torch"].wheels[0].name == "torch-2.6.0+cu118-cp311-cp311-linux_x86_64.whl"
    assert by_name["torch"].wheels[0].size == 7
    assert by_name["by-address"].archive.url.endswith("by_address-1.0-py3-none-any.whl")
    assert by_name["source"].sdist.url.endswith(".tar.gz")
    assert str(by_name["source"].requires_python) == ">=3.8"
    assert by_name["on-disk"].wheels[0].path == "/srv/wheels/on_disk-4-py3-none-any.whl"
    lines = list(requirements.render(locked, asked, planned, real.date))
    assert f"by-address @ https://a.example/by_address-1.0-py3-none-any.whl \\\n    --hash=sha256:{'ab' * 32}" in lines


def test_what_files_name_beside_packages(planned, real, tmp_path):
    from compat.guard.files import read

    (tmp_path / "more.in").write_text(
        "--extra-index-url https://me:token@private.example/simple\n-f wheels\n-f https://a.example/page.html\n"
        "--index-url https://download.pytorch.org/whl/cu121\n"
        "torch\ntorchaudio ; sys_platform == 'linux'\nthing[more]>=2 ; python_version > '3.5'\n-c limits.txt\n"
    )
    (tmp_path / "limits.txt").write_text("part<9\n")
    asked = wanted(planned, (read(str(tmp_path / "more.in")),), False, real)
    assert "https://me:token@private.example/simple" in asked.indexes  # the resolver needs the credentials
    assert not [one for one in asked.indexes if "cu121" in one]  # which build of torch is the plan's to say
    assert asked.links == (str(tmp_path / "wheels"), "https://a.example/page.html")
    assert 'thing[more]>=2 ; python_version > "3.5"' in asked.requirements
    assert [one for one in asked.requirements if one.startswith("torch==")] == [f"torch=={planned.choices[0].version}"]
    assert asked.constraints == ("part<9",)
    from compat.lock.requirements import render

    assert "token" not in "\n".join(render(Locked((), "uv 1"), asked, planned, real.date))
