"""What is locked and how it is written, without a resolver."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from compat.description import load
from compat.lock import File, Locked, NoLock, Package, module_of
from compat.lock.judged import chain, machine_of, wrong
from compat.lock.resolve import without_credentials
from compat.lock.wanted import missing, wanted
from compat.machine import Machine
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.records import replace

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def test_what_is_there_and_works_is_locked_too(planned, real):
    done = plan(planned.result, requests({"torch": ">=2.4"}), real)
    assert done.outcome == "nothing-to-do"
    asked = wanted(done, (), False, real)
    (torch,) = planned.choices
    assert asked.requirements == (f"torch=={torch.version}",)
    assert all(one.endswith(f"/{torch.variant}") for one in asked.indexes)
    assert len(asked.indexes) == ("+" in torch.version)


def test_a_file_without_a_hash_is_not_locked(planned, real):
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
    line = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = next(form.render(locked, asked, planned, "2026-01-01"))
    assert here == f"# Made by compatcheck (matrix of 2026-01-01) with uv 1, for Python {line} linux x86_64."
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
