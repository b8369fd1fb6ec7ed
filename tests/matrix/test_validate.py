"""`matrix validate`: the real matrix is sound, and each kind of mistake is found where it stands."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from compat.compiled import data_folder
from compat.matrix.consistency import file_is_of
from compat.matrix.validate import Problem, check_folder, fix, is_registry

INDEX_HOST = ".".join(["pypi", "org"])


def problems(folder: Any) -> list[str]:
    """What is wrong, but for the order in which a test wrote its rows."""
    return [found.message for found in check_folder(str(folder)) if "canonical form" not in found.message]


@pytest.fixture(scope="module")
def real() -> tuple[list[Problem], float]:
    begun = time.process_time()
    return check_folder(data_folder()), time.process_time() - begun


def test_the_matrix_is_sound(real: tuple[list[Problem], float]) -> None:
    assert "\n".join(map(str, real[0])) == ""


def test_validation_is_quick(real: tuple[list[Problem], float]) -> None:
    assert real[1] < 10


def test_a_small_matrix_is_sound(folder: Any) -> None:
    assert check_folder(str(folder)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "cuda.toml",
            'version = "12.4.0"\ndriver',
            'version = "twelve"\ndriver',
            "toolkit, version: not a version: 'twelve'",
        ),
        ("cuda.toml", "[[toolkit]]", "[[toolkits]]", "unknown table 'toolkits'"),
        (
            "cuda.toml",
            'driver_linux = "520.61.05"',
            'driver_lunix = "520.61.05"',
            "toolkit, driver_lunix: unknown field",
        ),
        ("cuda.toml", 'version = "11.8.0"\n', "", "toolkit has no version"),
        ("cuda.toml", 'source = "notes"\n', "", "toolkit has no source"),
        ("cuda.toml", 'source = "notes"', 'source = "memory"', "toolkit: no [source.memory] in this file"),
        (
            "cuda.toml",
            'source = "notes"',
            'level = "certain"\nsource = "notes"',
            "toolkit, level: 'certain' is none of",
        ),
        (
            "cuda.toml",
            'source = "notes"\n',
            'source = "notes"\nsources = { gcc = "notes" }\n',
            "'gcc' is no field of this",
        ),
        (
            "cuda.toml",
            'source = "notes"\n',
            'source = "notes"\nsources = { version = "notes" }\n',
            "'version' is no field",
        ),
        ("cuda.toml", 'source = "notes"\n', 'source = "notes"\nsources = { driver_linux = "x" }\n', "no [source.x]"),
        ("cuda.toml", "date = 2024-01-02\n", "", "source 'notes' has no date"),
        ("cuda.toml", "date = 2024-01-02\n", 'date = "lately"\n', "source 'notes', date: not a date: 'lately'"),
        ("cuda.toml", 'title = "release notes"', 'title = ""', "source 'notes', title: empty"),
        ("cuda.toml", 'component = "cuda"', 'component = "cudax"', "has to be called cudax.toml"),
        (
            "cuda.toml",
            'version = "12.4.0"',
            'version = "11.8.0"',
            "toolkit 11.8.0 is stated twice by the same source (line 9)",
        ),
        ("cuda.toml", "550.54.14", "510.54.14", "toolkit 12.4.0, driver_linux: 510.54.14 is below 520.61.05 of 11.8.0"),
        (
            "cuda.toml",
            '"https://docs.nvidia.com/cuda/"',
            f'"https://{INDEX_HOST}/project/x"',
            "names the host of a package registry",
        ),
        (
            "cuda.toml",
            "[[toolkit]]",
            '[source.unused]\ntitle = "x"\nwhere = "y"\ndate = 2024-01-02\nlevel = "vendor"\n\n[[toolkit]]',
            "source 'unused' is cited by no row",
        ),
        ("cuda.toml", '"11.8.0"', "'11.8.0'", "not in canonical form from here on"),
        ("cuda.toml", "[[toolkit]]", "[[toolkit", "cannot be read"),
        ("observed/torch.toml", 'sass = ["9.0"]', 'sass = ["sm_90"]', "build, sass: not a compute capability: 'sm_90'"),
        ("observed/torch.toml", 'sass = ["9.0"]', 'sass = ["8.0"]', "build, sass: 8.0 has no row in architecture.toml"),
        ("observed/torch.toml", 'sass = ["9.0"]', 'sass = "9.0"', "build, sass: not a list"),
        ("observed/torch.toml", 'cuda = "12.4"', "cuda = true", "build, cuda: not a version: True"),
        (
            "observed/torch.toml",
            'os = "linux"',
            'os = "beos"',
            "build, os: 'beos' is none of linux, windows, macos, any",
        ),
        (
            "observed/torch.toml",
            'file = "torch-2.4.1',
            'file = "torch-2.4.0',
            "build torch 2.4.1 cites torch-2.4.0-cp312",
        ),
        (
            "observed/torch.toml",
            'file = "torch-2.4.1-cp312-cp312-manylinux1_x86_64.whl"\n',
            "",
            "build torch 2.4.1 cites no file",
        ),
        (
            "observed/torch.toml",
            "[[build]]",
            '[package]\n\n[package.distributions]\npypi = ["torch"]\n\n[[build]]',
            "[package] belongs in the reviewed file",
        ),
        (
            "observed/torchvision.toml",
            "torch==2.4.0",
            "torch==2.4.7",
            "torchvision 0.19.0 pins torch==2.4.7, a release that",
        ),
        (
            "observed/torchvision.toml",
            'range = "==0.19.0"',
            'range = ">=0.19,<0.18"',
            "pair, range: '>=0.19,<0.18' admits no version",
        ),
        ("breaks.toml", "numpy-abi", "numpy-abbey", "break torch-numpy2: there is no rule 'numpy-abbey'"),
        ("breaks.toml", 'range = "<2.3"', 'range = "<two"', "break, range: not a version range: '<two'"),
        (
            "symptom.toml",
            "gpu-not-in-build",
            "gpu-not-there",
            "symptom no-kernel-image: there is no rule 'gpu-not-there'",
        ),
        (
            "symptom.toml",
            '"no kernel image',
            '"no colonel image',
            "symptom no-kernel-image: the pattern misses its example",
        ),
        (
            "symptom.toml",
            '"no kernel image is available"',
            '"no (kernel"',
            "symptom no-kernel-image: the pattern is wrong",
        ),
        (
            "architecture.toml",
            'architecture = "Hopper"',
            'architecture = "Hoover"',
            "'Hoover' has no row in architecture.toml",
        ),
    ],
)
def test_a_mistake_is_found(folder: Any, file: str, old: str, new: str, message: str) -> None:
    folder.replace(file, old, new)
    found = check_folder(str(folder))
    assert any(message in problem.message and problem.file.endswith(file) for problem in found), found


def test_a_problem_names_the_line(folder: Any) -> None:
    folder.replace("cuda.toml", "550.54.14", "510.54.14")
    (problem,) = check_folder(str(folder))
    line = folder.text("cuda.toml").splitlines()[problem.line - 1]
    assert line == 'driver_linux = "510.54.14"'
    assert re.fullmatch(r".*cuda\.toml:\d+: toolkit 12\.4\.0, driver_linux: .*", str(problem))


PAIR = '\n[[pair]]\npackage = "torchvision"\nrange = "{}"\nother = "torch"\nfits = "{}"\nsource = "metadata"\n'


def test_two_answers_for_one_release_are_found(folder: Any) -> None:
    text = folder.text("observed/torchvision.toml")
    folder.write("observed/torchvision.toml", text + PAIR.format(">=0.19,<0.20", "==2.5.0"))
    assert "pair torchvision >=0.19,<0.20 overlaps ==0.19.0 and says another torch" in problems(folder)


def test_the_same_answer_twice_is_no_problem(folder: Any) -> None:
    text = folder.text("observed/torchvision.toml")
    folder.write("observed/torchvision.toml", text + PAIR.format(">=0.19,<0.20", "==2.4.0"))
    assert problems(folder) == []


def test_a_hole_between_pairs_is_found(folder: Any) -> None:
    text = folder.text("observed/torchvision.toml")
    build = text[text.index("[[build]]") : text.index("[[pair]]")].replace("0.19.0", "0.19.1")
    folder.write("observed/torchvision.toml", text.replace("[[pair]]", build + "[[pair]]"))
    assert problems(folder) == ["pair torchvision, torch: no row for torchvision 0.19.1"]


def test_a_yanked_release_needs_no_pair(folder: Any) -> None:
    text = folder.text("observed/torchvision.toml")
    build = text[text.index("[[build]]") : text.index("[[pair]]")].replace("0.19.0", "0.19.1")
    build = build.replace("file =", 'yanked = "broken"\nfile =')
    folder.write("observed/torchvision.toml", text.replace("[[pair]]", build + "[[pair]]"))
    assert problems(folder) == []


def test_one_finding_from_two_advisories_is_found(folder: Any) -> None:
    text = folder.text("breaks.toml")
    second = text[text.index("[[break]]") :].replace("torch-numpy2", "torch-numpy20").replace(">=2", ">=2.1")
    folder.write("breaks.toml", text + "\n" + second)
    assert problems(folder) == ["break torch-numpy20 overlaps torch-numpy2: the same finding would come twice"]


def test_advisories_that_share_no_version_are_two(folder: Any) -> None:
    text = folder.text("breaks.toml")
    second = text[text.index("[[break]]") :].replace("torch-numpy2", "torch-numpy20").replace('"<2.3"', '">=2.3,<2.4"')
    folder.write("breaks.toml", text + "\n" + second)
    assert problems(folder) == []


def test_a_pin_to_what_was_never_published_may_stand_where_that_is_said(folder: Any) -> None:
    folder.replace("observed/torchvision.toml", "torch==2.4.0", "torch==2.4.7")
    folder.write(
        "names.toml",
        """component = "names"

[source.files]
title = "torch: files"
where = "package index: torch"
date = 2024-09-05
level = "declared"

[[name]]
distribution = "torch"
range = "==2.4.7"
state = "never-published"
source = "files"
""",
    )
    assert problems(folder) == []


def test_a_distribution_has_one_state(folder: Any) -> None:
    row = '\n[[name]]\ndistribution = "torchx"\nrange = "{}"\nstate = "{}"\nsource = "files"\n'
    folder.write(
        "names.toml",
        'component = "names"\n\n[source.files]\ntitle = "t"\nwhere = "package index: torchx"\n'
        'date = 2024-09-05\nlevel = "declared"\n' + row.format("<2", "stub") + row.format("==1.5", "removed"),
    )
    assert problems(folder) == ["name torchx ==1.5 is removed, but <2 is stub"]


def test_the_stronger_claim_decides_whether_minima_rise(folder: Any) -> None:
    folder.write(
        "observed/cuda.toml",
        """component = "cuda"

[source.installer]
title = "installer"
where = "https://developer.download.nvidia.com/"
date = 2024-03-05
level = "read"

[[toolkit]]
version = "12.4.0"
driver_linux = "510.1"
source = "installer"
""",
    )
    assert problems(folder) == ["toolkit 12.4.0, driver_linux: 510.1 is below 520.61.05 of 11.8.0"]


def test_fix_writes_the_canonical_form_and_loses_nothing(folder: Any) -> None:
    text = folder.text("cuda.toml")
    head, first, second = (
        text.partition("[[toolkit]]")[0],
        *(f"[[toolkit]]{part}" for part in text.split("[[toolkit]]")[1:]),
    )
    folder.write("cuda.toml", f"# about\n{head}{second}\n\n{first}\n# the end\n")
    assert [Path(path).name for path in fix(str(folder))] == ["cuda.toml"]
    assert folder.text("cuda.toml") == f"# about\n{text}\n# the end\n"
    assert fix(str(folder)) == []


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        (INDEX_HOST, True),
        (f"files.{INDEX_HOST}", True),
        ("pypi.nvidia.com", False),
        ("download.pytorch.org", False),
        ("github.com", False),
    ],
)
def test_registry_hosts(host: str, answer: bool) -> None:
    assert is_registry(host) is answer


@pytest.mark.parametrize(
    ("file", "package", "version", "answer"),
    [
        ("onnxruntime_gpu-1.20.0-cp310-cp310-win_amd64.whl", "onnxruntime-gpu", "1.20.0", True),
        ("torch-2.4.0+cu121-cp312-cp312-linux_x86_64.whl", "torch", "2.4.0", True),
        ("tensorrt_cu12-10.3.0.post1.tar.gz", "tensorrt-cu12", "10.3.0.post1", True),
        ("torch-1.10.0.post2-cp36-none-any.whl", "torch", "1.10.0", False),
        ("torchvision-0.19.0-cp312-cp312-linux_x86_64.whl", "torch", "0.19.0", False),
        ("torch-2.4.10-cp312-cp312-linux_x86_64.whl", "torch", "2.4.1", False),
    ],
)
def test_whose_file_it_is(file: str, package: str, version: str, answer: bool) -> None:
    assert file_is_of(file, package, version) is answer
