"""What a bug report must not hold, and what it must keep."""

import dataclasses
import json
from pathlib import Path

import pytest
from folder import Folder

from compat.description import to_dict
from compat.machine import Gpu, Library, Machine, Toolkit
from compat.probe.host import Host
from compat.probe.redact import redacted


def text(machine: Machine) -> str:
    return json.dumps(to_dict(machine, sources=True))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/home/maria/venv/lib", "/home/<user>/venv/lib"),
        ("/usr/lib:/home/maria/lib:/home/otto/lib", "/usr/lib:/home/<user>/lib:/home/<user>/lib"),
        ("C:\\Users\\Maria Lang\\x", "C:\\Users\\<user>\\x"),
        ("/mnt/c/Users/maria/cuda", "/mnt/c/Users/<user>/cuda"),
        ("GPU-0f1e2d3c-0011-2233-4455-66778899aabb", "GPU-<device>"),
        ("MIG-0f1e2d3c-0011-2233-4455-66778899aabb/7/0", "MIG-<device>/7/0"),
        ("link 00:1A:2b:3c:4d:5e up", "link <device> up"),
        ("https://me:hunter2@host.example/simple", "https://<token>@host.example/simple"),
        ("--token=abc123 --x", "--token=<token> --x"),
        ("x hf_AbCdEfGhIjKlMnOp y", "x <token> y"),
        ("Serial Number: 0321618045231", "Serial Number: <device>"),
    ],
)
def test_what_goes(value: str, expected: str) -> None:
    assert redacted(Machine(variables={"LD_LIBRARY_PATH": value})).variables == {"LD_LIBRARY_PATH": expected}


@pytest.mark.parametrize(
    "value",
    [
        "/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05",
        "10de:2684",
        "/sys/bus/pci/devices/0000:01:00.0",
        "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        "6.8.0-35-generic",
        "0,1,2",
        "cuda>=12.8 brand=tesla,driver>=535",
        "torch-2.11.0+cu130",
        "sha256:0123456789abcdef",
        "/opt/conda/envs/token/lib",
    ],
)
def test_what_stays(value: str) -> None:
    machine = Machine(variables={"LD_LIBRARY_PATH": value})
    assert redacted(machine) == machine


def test_every_string_of_every_record() -> None:
    path = "/home/maria/x"
    machine = Machine(
        name="marias-box",
        interpreter=path,
        toolkits=(Toolkit(path=path),),
        libraries=(Library("cudnn", path=path, loaded_by=("torch",)),),
        gpus=(Gpu(name="NVIDIA H200"),),
        sources={"python": path},
        unknown={"notes": [path, {"deep": path}]},
    )
    cleaned = redacted(machine)
    assert "maria" not in text(cleaned)
    assert cleaned.gpus == machine.gpus
    assert cleaned.libraries == (Library("cudnn", path="/home/<user>/x", loaded_by=("torch",)),)
    assert redacted(cleaned) == cleaned


def test_names_that_the_host_tells(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"USER": "maria", "HOME": "/data/people/maria", "LD_LIBRARY_PATH": "/scratch/maria/lib"})
    folder.linux().file("/etc/hostname", "gpu17.lab.example\n").environ["PYTHONPATH"] = (
        "/nfs/gpu17/x:/nfs/gpu17.lab.example"
    )
    folder.environ["VIRTUAL_ENV"] = "/data/people/maria/venv"
    machine = folder.machine(redact=True)
    assert machine.variables == {
        "LD_LIBRARY_PATH": "/scratch/<user>/lib",
        "PYTHONPATH": "/nfs/<host>/x:/nfs/<host>",
        "VIRTUAL_ENV": "<home of <user>>/venv",
    }


def test_words_that_are_everybodys_names_stay(tmp_path: Path) -> None:
    host = Host(str(tmp_path), {"USER": "ubuntu", "HOSTNAME": "nvidia"})
    machine = Machine(distribution="ubuntu", gpus=(Gpu(name="NVIDIA H200"),), kernel="5.15-nvidia")
    assert redacted(machine, host) == machine


def test_a_name_inside_another_word_stays(tmp_path: Path) -> None:
    host = Host(str(tmp_path), {"USER": "tom", "HOSTNAME": "box"})
    machine = redacted(Machine(variables={"PATH": "/custom/bin:/opt/tom/boxes:/box/tom"}), host)
    assert machine.variables == {"PATH": "/custom/bin:/opt/<user>/boxes:/<host>/<user>"}


def test_nothing_else_changes() -> None:
    machine = Machine(os="linux", glibc="2.35", secure_boot=False, gpus=(), packages={"torch": None, "x": False})
    assert dataclasses.asdict(redacted(machine)) == dataclasses.asdict(machine)
