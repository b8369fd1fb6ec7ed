"""From wheel names to builds."""

from __future__ import annotations

import pytest

from scripts.harvest import builds
from scripts.harvest.index import IndexFile


def file(name: str, **more: str | None) -> IndexFile:
    return IndexFile(name.partition("-")[0], name, "", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("manylinux1_x86_64", [("linux", "x86_64", "2.5")]),
        ("manylinux2014_aarch64", [("linux", "aarch64", "2.17")]),
        ("manylinux_2_28_x86_64", [("linux", "x86_64", "2.28")]),
        ("linux_x86_64", [("linux", "x86_64", None)]),
        ("win_amd64", [("windows", "x86_64", None)]),
        ("macosx_11_0_arm64", [("macos", "aarch64", None)]),
        ("macosx_10_9_universal2", [("macos", "x86_64", None), ("macos", "aarch64", None)]),
        ("any", [("any", "any", None)]),
        ("musllinux_1_1_x86_64", []),
        ("manylinux2014_ppc64le", []),
        ("win32", []),
    ],
)
def test_platforms(tag: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert builds.platforms(tag) == expected


@pytest.mark.parametrize(
    ("name", "requires", "expected"),
    [
        ("t-1-cp39-cp39-win_amd64.whl", None, ["3.9"]),
        ("t-1-cp313-cp313t-win_amd64.whl", None, ["3.13t"]),
        ("t-1-cp38-abi3-win_amd64.whl", "<3.11,>=3.9", ["3.9", "3.10"]),
        ("t-1-py3-none-any.whl", ">=3.13", ["3.13", "3.14", "3.15"]),
        ("t-1-py312-none-any.whl", None, ["3.12", "3.13", "3.14", "3.15"]),
        ("t-1-cp27-cp27mu-manylinux1_x86_64.whl", None, ["2.7"]),
        ("t-1-py2-none-any.whl", None, []),
        ("t-1-py3-none-any.whl", "no specifier", builds.PYTHONS),
    ],
)
def test_pythons(name: str, requires: str | None, expected: list[str]) -> None:
    assert builds.pythons(file(name, requires_python=requires)) == expected


def test_group_joins_a_release_by_platform() -> None:
    names = [
        "t-1.10-cp39-cp39-manylinux2014_x86_64.whl",
        "t-1.10-cp310-cp310-manylinux_2_28_x86_64.whl",
        "t-1.10-cp313-cp313t-manylinux_2_28_x86_64.whl",
        "t-1.10-cp39-cp39-win_amd64.whl",
        "t-1.9-cp39-cp39-win_amd64.whl",
        "t-1.11rc1-cp39-cp39-win_amd64.whl",
        "t-1.10.tar.gz",
    ]
    groups = builds.group([file(name, uploaded=f"2024-01-{9 - n:02}") for n, name in enumerate(names)])
    assert [(str(g.version), g.os) for g in groups] == [("1.9", "windows"), ("1.10", "linux"), ("1.10", "windows")]
    row = groups[1].row(variant="cu1")
    assert row["python"] == ["3.9", "3.10", "3.13t"]
    assert (row["glibc"], row["date"], row["file"], row["variant"]) == ("2.17", "2024-01-07", names[0], "cu1")
    assert len(builds.group([file(n) for n in names], prereleases=True)) == 4


def test_a_group_is_yanked_when_all_its_files_are() -> None:
    names = ["t-1-cp39-cp39-win_amd64.whl", "t-1-cp310-cp310-win_amd64.whl"]
    (both,) = builds.group([file(n, yanked="broken") for n in names])
    (one,) = builds.group([file(names[0], yanked="broken"), file(names[1])])
    assert (both.row()["yanked"], one.row()["yanked"]) == ("broken", None)


def test_requirements_that_bear_on_the_gpu() -> None:
    requires, extras = builds.requirements(
        "Metadata-Version: 2.1\nName: x\n"
        "Requires-Dist: filelock\n"
        'Requires-Dist: nvidia-cudnn-cu12==9.1.0.70; platform_system == "Linux" and\n  platform_machine == "x86_64"\n'
        "Requires-Dist: triton (==2.0.0)\n"
        'Requires-Dist: tensorrt>=10; extra == "trt" or extra == "all"\n'
        "Requires-Dist: not a requirement ===\n"
        "Requires-Dist: typing-extensions>=4.10\n"
        "Requires-Dist: typing-extensions (<4.6.0,>=3.6.6)\n"
        "Requires-Dist: numpy<2\n\nnumpy in the text\n"
    )
    cudnn = 'nvidia-cudnn-cu12==9.1.0.70; platform_system == "Linux" and platform_machine == "x86_64"'
    shared = ["typing-extensions>=4.10", "typing-extensions (<4.6.0,>=3.6.6)"]
    assert requires == [cudnn, "triton (==2.0.0)", *shared, "numpy<2"]
    line = 'tensorrt>=10; extra == "trt" or extra == "all"'
    assert extras == {"trt": [line], "all": [line]}
