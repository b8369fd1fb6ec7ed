"""What a terminal is taken to show."""

import io

import pytest

from compat.report.style import Style


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of which the size cannot be asked."""

    encoding = "UTF-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "stream", "colour"),
    [
        ({}, Terminal(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Terminal(), False),
        ({"TERM": "dumb"}, Terminal(), False),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Terminal(), False),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], stream: io.StringIO, colour: bool) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    style = Style.of(stream)
    assert (style.colour, style.width) == (colour, 80)
    assert style.utf8 is stream.isatty()
    assert ("\x1b[" in style.paint("broken", "error")) is colour


def test_lines_fit_and_long_words_stay_whole() -> None:
    lines = Style(width=20).wrap("a word and " + "x" * 30 + " more", "    ", "  - ")
    assert lines == ["  - a word and", "    " + "x" * 30, "    more"]
