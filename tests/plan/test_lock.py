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
from compat.description import to_dict
from compat.guard.files.pylock import read as read_pylock
from compat.guard.files.requirements import read as read_requirements
from compat.lock.uv import platform
from compat.plan.model import Plan

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


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
    ("offline", "said"),
    [
        ("1", "there is no version of torch[cuda]==2.4"),
        ("", "hint: Packages were unavailable because the network was disabled."),
    ],
)
def test_uv_off_the_network_has_no_hashes(box, capsys, monkeypatch, offline, said):
    tools = box / "tools"
    tools.mkdir()
    (tools / "uv").write_text(f"#!{sys.executable}\nimport sys\nsys.exit('error: No solution found\\n' + {said!r})\n")
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("UV_OFFLINE", offline)
    assert lock("--torch", ">=2.4", "--installer", "uv", "--lock", "pylock.toml") == 1
    assert "the hashes are missing" in capsys.readouterr().err


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
