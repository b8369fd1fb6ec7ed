"""Patterns of error texts: what they need is told rightly, and no text makes one slow."""

from __future__ import annotations

import re
import time

import pytest

from compat.literals import LIMIT, needed, tail
from compat.matrix import Matrix

ROWS = list(Matrix.load().every("symptom"))
RUNS = ("a", " ", ".", "/", "0", "a ", "a.", "/a", ".so", "a.so.", "error ", "CUDA", "Version ", "12.4 ", "\n", "x\n")


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("abc", ("abc",)),
        ("ABC|x+de", ("abc", "de")),
        ("abc?d", ("ab",)),
        ("ab*cde", ("cde",)),
        (r"a\.so[\w.]*: no", (".so", "a.so", ": no")[1:2]),
        ("(one|three) is", ("one", "three")),
        ("(one|three)? is", (" is",)),
        ("(?P<name>lib[a-z]+): cannot", (": cannot",)),
        (r"(?<![abc])x[]|]yz", ("yz",)),
        ("(?:ab|cd){2}e", ("ab", "cd")),
        (r"\w+", None),
        ("abc|.*", None),
        ("a{0,3}bc", ("bc",)),
    ],
)
def test_the_texts_that_a_pattern_needs(pattern: str, texts: tuple[str, ...] | None) -> None:
    assert needed(pattern) == texts


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_what_a_pattern_matches_has_what_it_needs(row: dict[str, str]) -> None:
    texts = needed(row["pattern"])
    assert texts is not None
    assert min(map(len, texts)) >= 5  # else it is searched in every log
    for example in row.get("examples", ()):
        match = re.search(row["pattern"], example, re.IGNORECASE | re.MULTILINE)
        assert match is None or any(text in match[0].lower() for text in texts)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_no_text_makes_a_pattern_slow(row: dict[str, str]) -> None:
    compiled = re.compile(row["pattern"], re.IGNORECASE | re.MULTILINE)
    pieces = [*RUNS, *(needed(row["pattern"]) or ())]
    for example in row.get("examples", ()):
        pieces += [example[: len(example) // 2], example[:-1], example[len(example) // 2 :], example[1:]]
    for piece in filter(None, pieces):
        text = (piece * (LIMIT // len(piece) + 1))[:LIMIT]
        begin = time.process_time()
        compiled.search(text)
        assert time.process_time() - begin < 0.2, piece[:60]


def test_the_end_of_a_log_is_searched() -> None:
    assert tail("a" * LIMIT + "b").endswith("b")
    assert len(tail("a" * 3 * LIMIT)) == LIMIT
