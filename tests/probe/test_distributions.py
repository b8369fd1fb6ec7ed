"""Distributions by the names of their folders; contents only where those do not tell."""

from __future__ import annotations

import pytest
from software import Root

from compat.machine import Duplicate
from compat.probe.host import Host
from compat.probe.layers import distributions

SITE = "/env/lib/python3.10/site-packages"


def packages(root: Root) -> dict[str, str | None]:
    return distributions.packages(distributions.find(root.host(), [SITE]))


def test_names_are_normalised_and_versions_kept(root: Root) -> None:
    root.wheel(SITE, "torch", "2.1.0+cu118").wheel(SITE, "nvidia-cudnn-cu12", "9.10.2.21")
    root.wheel(SITE, "Ruamel.yaml", "0.18")
    assert packages(root) == {"nvidia-cudnn-cu12": "9.10.2.21", "ruamel-yaml": "0.18", "torch": "2.1.0+cu118"}


def test_two_hundred_distributions_cost_no_look_into_them(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        root.wheel(SITE, f"package{number}", "1.2.3")
    root.wheel(SITE, "torch", "2.1.0")
    opened: list[str] = []
    real = Host.open_at
    monkeypatch.setattr(Host, "open_at", lambda self, path: opened.append(path) or real(self, path))
    assert len(packages(root)) == 201
    assert opened == [f"{SITE}/torch-2.1.0.dist-info/METADATA"]


def test_a_record_without_metadata_has_no_version(root: Root) -> None:
    root.file(f"{SITE}/torch-2.1.0.dist-info/RECORD")
    root.file(f"{SITE}/jax-0.4.1.dist-info/METADATA", b"\xff\xfe\x00Version: 1")
    assert packages(root) == {"torch": None, "jax": None}


def test_what_pip_left_behind_and_odd_names_are_not_installed(root: Root) -> None:
    root.file(f"{SITE}/~orch-2.1.0.dist-info/METADATA", "Name: torch\nVersion: 2.1.0\n")
    odd = (root.top / SITE.lstrip("/")).joinpath("x\udcff-1.0.dist-info")
    odd.mkdir()
    assert packages(root) == {}


def test_metadata_decides_where_the_folder_does_not_tell(root: Root) -> None:
    root.file(f"{SITE}/torch.egg-info/PKG-INFO", "Metadata-Version: 1.0\nName: torch\nVersion: 1.9.0a0\n\nVersion: 7\n")
    root.file(f"{SITE}/apex-0.1-py3.8.egg-info", "Metadata-Version: 1.0\nName: apex\nVersion: 0.1\n")
    root.file(f"{SITE}/horovod-0.28.1-py3.10-linux-x86_64.egg/EGG-INFO/PKG-INFO", "Name: horovod\nVersion: 0.28.1\n")
    assert packages(root) == {"torch": "1.9.0a0", "apex": "0.1", "horovod": "0.28.1"}


def test_a_version_that_is_none_is_unknown(root: Root) -> None:
    root.file(f"{SITE}/torch-2.1.0.dist-info/METADATA", "Name: torch\nVersion: unknown!\n")
    assert packages(root) == {"torch": None}


def test_two_records_in_one_folder_the_later_one_wrote_the_code(root: Root) -> None:
    root.wheel(SITE, "torch", "2.6.0").wheel(SITE, "torch", "2.8.0")
    root.age(f"{SITE}/torch-2.6.0.dist-info", 2_000_000).age(f"{SITE}/torch-2.8.0.dist-info", 1_000_000)
    installed = distributions.find(root.host(), [SITE])
    assert distributions.packages(installed) == {"torch": "2.6.0"}
    assert installed.duplicates() == (Duplicate("torch", "2.8.0", "pip"),)


def test_of_two_records_the_one_that_the_code_names_counts(root: Root) -> None:
    root.wheel(SITE, "torch", "2.6.0")
    root.wheel(SITE, "torch", "2.8.0+cu128", {"torch/version.py": "__version__ = '2.8.0+cu128'\n"})
    root.age(f"{SITE}/torch-2.6.0.dist-info", 2_000_000).age(f"{SITE}/torch-2.8.0+cu128.dist-info", 1_000_000)
    assert packages(root) == {"torch": "2.8.0+cu128"}


def test_two_folders_the_first_on_the_path_wins(root: Root) -> None:
    user, debian = "/home/me/.local/lib/python3.10/site-packages", "/usr/lib/python3/dist-packages"
    root.wheel(user, "torch", "2.1.0").wheel(debian, "torch", "1.8.1").age(f"{user}/torch-2.1.0.dist-info", 1)
    installed = distributions.find(root.host(), [user, debian])
    assert distributions.packages(installed) == {"torch": "2.1.0"}
    assert installed.duplicates() == (Duplicate("torch", "1.8.1", "system"),)


def test_conda_records_count_where_no_python_part_stands_for_them(root: Root) -> None:
    meta = "/env/conda-meta"
    pytorch = "pytorch-1.9.0-py3.9_cuda11.3_cudnn8.2.0_0"
    for name in (pytorch, "cudatoolkit-11.3.1-h2bc3f7f_2", "readline-8.1-h27cfd23_0"):
        root.file(f"{meta}/{name}.json", "{}")
    root.file(f"{meta}/history").wheel(SITE, "torch", "1.9.0")
    found = distributions.packages(distributions.find(root.host(), [SITE], "/env"))
    assert found == {"torch": "1.9.0", "cudatoolkit": "11.3.1"}
    bare = distributions.packages(distributions.find(root.host(), ["/nowhere"], "/env"))
    assert bare == {"pytorch": "1.9.0", "cudatoolkit": "11.3.1"}


def test_the_layer_says_where_it_read(root: Root) -> None:
    root.wheel(SITE, "torch", "2.1.0").wheel(SITE, "zlib-thing", "1.0")
    reading = root.reading("/env", ("python", "distributions"))
    assert reading.values["packages"] == {"torch": "2.1.0", "zlib-thing": "1.0"}
    assert reading.sources["packages.torch"] == f"{SITE}/torch-2.1.0.dist-info"
    assert reading.values["duplicates"] == ()
