"""Whatever stands in a file: contents or a clear error, never a crash. COMPATCHECK_FUZZ=N runs N examples each."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat import requirement, versions
from compat.description import from_dict
from compat.guard.answers import of_report, of_uv
from compat.guard.apt.protocol import BadProtocol
from compat.guard.apt.protocol import read as apt
from compat.guard.files import BadFile, Contents, read
from compat.guard.resolver import NoAnswer
from compat.shapes import BadDescription

bounded = settings(
    max_examples=int(os.environ.get("COMPATCHECK_FUZZ", "150")), deadline=None, suppress_health_check=list(HealthCheck)
)
_WORDS = {
    "requirements.txt": [
        "torch",
        "==2.6.0",
        "-r ",
        "--index-url",
        "-c",
        "#",
        "\\",
        "; python_version",
        "@ http://x/y.whl",
        ">=",
        "[a]",
    ],
    "Dockerfile": [
        "FROM ",
        "a:b",
        "RUN ",
        "pip install ",
        "ARG ",
        "ENV ",
        "${A:-b}",
        "$A",
        "\\",
        "<<EOF",
        "EOF",
        "&&",
        "'",
        '"',
        "[",
    ],
    "environment.yml": [
        "dependencies:",
        "- ",
        "  - pip:",
        "    - ",
        "a=1=b",
        "::",
        "'",
        '"',
        "[",
        "]",
        "#",
        "python=3.1",
    ],
    "pyproject.toml": [
        "[project]",
        "dependencies",
        "=",
        '"torch"',
        "[",
        "]",
        "[tool.poetry.dependencies]",
        '"^1"',
        "{",
        "}",
    ],
    "pylock.toml": [
        'lock-version="1.0"',
        "[[packages]]",
        'name="torch"',
        'version="1"',
        "wheels=[{url=1}]",
        "packages=[1]",
    ],
}


def _is_clear(error: Exception) -> None:
    if not str(error).strip():
        raise AssertionError(f"{type(error).__name__} says nothing")


def _texts(words: list[str]) -> st.SearchStrategy[str]:
    pieces = st.one_of(st.sampled_from([*words, "\n", " ", "\n"]), st.text(max_size=6))
    return st.lists(pieces, max_size=40).map("".join)


@pytest.mark.parametrize("name", sorted(_WORDS))
def test_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    told: list[str] = []

    @bounded
    @given(_texts(_WORDS[name]))
    def run(text: str) -> None:
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
        try:
            found = read(str(path))
        except BadFile as error:
            told.append(str(error))
            return
        assert isinstance(found, Contents)
        assert all(one.line >= 1 and versions.parse_range(one.range) for one in found.requirements)

    run()
    assert all(message.startswith(str(tmp_path)) for message in told)


@bounded
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "VERSION 3",
                    "",
                    "a=b",
                    "libfoo 1 amd64 no < 2 amd64 no /x.deb",
                    "libfoo 1 - none > - - none **REMOVE**",
                ]
            ),
            st.text(max_size=30),
        ),
        max_size=12,
    )
)
def test_apt(lines: list[str]) -> None:
    try:
        changes = apt(lines)
    except BadProtocol:
        return
    assert all(one.name for one in changes)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "os",
                    "gpus",
                    "driver",
                    "version",
                    "packages",
                    "builds",
                    "cuda",
                    "name",
                    "install",
                    "metadata",
                    "download_info",
                    "url",
                    "request",
                    "container",
                    "requires",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@bounded
@given(_JSON)
def test_machine_descriptions(value: object) -> None:
    try:
        from_dict(value)
    except BadDescription as error:
        _is_clear(error)


@bounded
@given(_JSON)
def test_reports_of_pip(value: object) -> None:
    try:
        of_report({"version": "1", "install": value})
    except NoAnswer as error:
        _is_clear(error)


@bounded
@given(st.text(max_size=200))
def test_output_of_uv(text: str) -> None:
    of_uv(text)


@bounded
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["cuda", "driver", "brand", "arch", ">=", "<", "=", "12.6", "535", ",", " ", "tesla"]),
            st.text(max_size=4),
        ),
        max_size=12,
    ).map("".join)
)
def test_container_requirements(text: str) -> None:
    for host in (requirement.Host(), requirement.Host(cuda="12.4", driver="550.54", arch="9.0", brand="tesla")):
        try:
            assert requirement.satisfied(text, host) in (True, False, None)
        except versions.BadVersion as error:
            _is_clear(error)
