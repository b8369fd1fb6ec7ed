"""What the matrix does not tell of releases and builds whose like it does."""

from __future__ import annotations

from pathlib import Path

from compat.matrix.claims import collect
from scripts.matrix_readme import MATRIX, holes

SOURCE = '[source.page]\ntitle = "t"\nwhere = "https://example.org"\ndate = 2026-01-01\nlevel = "vendor"\n'


def told(tmp_path: Path, *rows: str) -> list[str]:
    for name in ("schema.toml", "matrix.toml"):
        (tmp_path / name).write_text((MATRIX / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "torch.toml").write_text("\n".join(('component = "torch"', SOURCE, *rows)), encoding="utf-8")
    return list(holes(collect(str(tmp_path)).values()))


def build(version: str, facts: str, os: str = "linux") -> str:
    return (
        f'[[build]]\npackage = "torch"\nversion = "{version}"\nos = "{os}"\narch = "x86_64"\nindex = "pypi"\n'
        f'variant = ""\n{facts}\nsource = "page"\n'
    )


def test_a_fact_that_others_of_the_distribution_have_is_missed(tmp_path: Path) -> None:
    rows = [build("2.1", 'cuda = "12.1"\ncudnn = "8.9"'), build("2.2", 'cuda = "12.1"'), build("2.10", 'cuda = "12.8"')]
    assert told(tmp_path, *rows) == ["build torch linux pypi of 3: cudnn 2 (2.2 to 2.10)"]


def test_a_fact_that_none_has_is_senseless_and_one_of_linux_is_not_asked_of_windows(tmp_path: Path) -> None:
    rows = [build("2.1", 'cuda = "12.1"\nglibc = "2.17"'), build("2.1", 'cuda = "12.1"', "windows")]
    assert told(tmp_path, *rows) == []


def test_what_is_built_without_cuda_has_no_facts_of_it(tmp_path: Path) -> None:
    rows = [build("2.1", 'cuda = "12.1"\nsass = ["8.0"]'), build("2.2", "cuda = false")]
    assert told(tmp_path, *rows) == []
