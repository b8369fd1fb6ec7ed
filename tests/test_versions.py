"""Versions and ranges against the packaging library, and the three values that it does not have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from compat import capability, versions

_number = st.integers(0, 40)
_release = st.lists(_number, min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
_whole = st.lists(_number, min_size=4, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
_tail = st.sampled_from(["", "a1", "b2", "rc1", ".dev3", ".post1", "rc1.dev2", ".post2.dev1"])
_version = st.builds("{}{}".format, _release, _tail)
_bound = st.builds("{}{}".format, st.sampled_from(["<", ">="]), _whole)
_clause = st.builds("{}{}".format, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _whole)


@given(_version, _version)
def test_order_is_that_of_pep_440(one: str, other: str) -> None:
    assert (versions.parse(one) < versions.parse(other)) == (Version(one) < Version(other))
    assert versions.parse(one).same_as(versions.parse(other)) == (Version(one) == Version(other))


@given(st.lists(_clause, min_size=1, max_size=3), _whole)
def test_ranges_are_specifier_sets(clauses: list[str], version: str) -> None:
    text = ",".join(clauses)
    assert versions.parse_range(text).admits(version) is SpecifierSet(text).contains(version)


@given(_release, _whole)
def test_a_line_is_told_only_where_all_its_releases_agree(line: str, need: str) -> None:
    first, last = line, line + ".99" * (5 - line.count("."))
    answers = {versions.at_least(first + ".0" * (3 - line.count(".")), need), versions.at_least(last, need)}
    told = versions.at_least(line, need)
    assert told is None or answers == {told}


@given(_release, st.lists(_bound, min_size=1, max_size=2))  # of `==` a short text is the release itself, as in PEP 440
def test_what_a_range_says_of_a_line_it_says_of_each_release(line: str, clauses: list[str]) -> None:
    wanted = versions.parse_range(",".join(clauses))
    told = wanted.admits(line)
    if told is not None and line.count(".") < 3:
        assert wanted.admits(line + ".41" * (3 - line.count("."))) is told


@pytest.mark.parametrize("text", ["", "abc", "1.x", "1..2", "-1", "1.0+", "v"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(versions.BadVersion):
        versions.parse(text)
    assert versions.try_parse(text) is None


@pytest.mark.parametrize(
    ("tag", "cuda"),
    [("cu118", "11.8"), ("cu92", "9.2"), ("cu130", "13.0"), ("cuda12", "12"), ("cuda112", "11.2"), ("cpu", None)],
)
def test_variant_tags(tag: str, cuda: str | None) -> None:
    assert versions.cuda_of_tag(tag) == cuda


@pytest.mark.parametrize(
    ("number", "release"),
    [
        ("31.0.15.2686", "526.86"),
        ("27.21.14.5671", "456.71"),
        ("526.86", None),
        ("35.4.1", None),
        ("540.3.0", None),
        ("1.2.3.4", None),
    ],
)
def test_a_drivers_number_in_windows(number: str, release: str | None) -> None:
    assert versions.of_device_manager(number) == release


@pytest.mark.parametrize(
    ("target", "gpu", "sass", "ptx"),
    [
        ("8.0", "8.6", True, True),
        ("8.6", "8.0", False, False),
        ("9.0", "12.0", False, True),
        ("9.0a", "12.0", False, False),
        ("9.0a", "9.0", True, True),
        ("10.0", "11.0", False, True),
        ("12.0", "12.1", True, True),
        # Jetson's GPUs and discrete ones run nothing of each other's; PTX is compiled for either.
        ("8.0", "8.7", False, True),
        ("8.7", "8.7", True, True),
        ("8.7", "8.9", False, True),
        ("7.0", "7.2", False, True),
        ("5.0", "5.3", False, True),
        ("6.2", "6.2", True, True),
    ],
)
def test_code_and_gpus(target: str, gpu: str, sass: bool, ptx: bool) -> None:
    code, chip = capability.parse(target), capability.parse(gpu)
    assert (capability.sass_runs(code, chip), capability.ptx_runs(code, chip)) == (sass, ptx)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (">=4.10", "<4.10", False),
        (">=4.8,<5", "<4.10", True),
        (">=1.22,<=1.24.3", ">=2", False),
        (">1,<3", ">1.5,<2", True),
        ("*", ">=2", True),
        ("==1.2.*", ">=1.3", False),
        (">=1.20", ">=2", True),
        (">=0.5.0", "<0.5", False),
        ("<=1.24.3", ">=1.24", True),
    ],
)
def test_whether_two_ranges_have_a_release_in_common(one: str, other: str, meet: bool) -> None:
    first, second = versions.parse_range(one), versions.parse_range(other)
    assert (first.meets(second), second.meets(first)) == (meet, meet)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cu12torch2.6cxx11abiFALSE", "cu12torch2.6cxx11abifalse", True),
        ("nv22.01", "nv22.1", True),
        ("ab-1_2", "ab.1.2", True),
        ("cu118", "cu121", False),
    ],
)
def test_local_parts_compare_as_installers_compare_them(one: str, other: str, same: bool) -> None:
    assert versions.same_local(one, other) is same
    assert (versions.parse_range(f"==1.0+{one}").admits(f"1.0+{other}") is True) is same
