"""Several demands on one package as one range that says no more than it has to."""

from collections.abc import Iterable

from compat import versions


def joined(texts: Iterable[str]) -> str:
    """The clauses of all, each once; of upper bounds the least, of lower ones the greatest. ``*`` where none bounds."""
    clauses = dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part.strip() not in ("", "*"))
    uppers = {text: found for text in clauses if (found := _bound(text, "<")) is not None}
    lowers = {text: found for text in clauses if (found := _bound(text, ">")) is not None}
    kept = {min(uppers, key=lambda text: (uppers[text], text[1:2] == "="))} if uppers else set()
    kept |= {max(lowers, key=lambda text: (lowers[text], text[1:2] != "="))} if lowers else set()
    return ",".join(text for text in clauses if text in kept or text not in {**uppers, **lowers}) or "*"


def admits_line(range_: versions.Range, line: str) -> bool:
    """Is some release of a line of Python (``3.9``, ``3.13t``) inside the range?"""
    plain = line.rstrip("t")
    return range_.admits(f"{plain}.99") is True or range_.admits(plain) is True


def _bound(text: str, sign: str) -> versions.Version | None:
    return versions.try_parse(text.lstrip("<>= ")) if text.startswith(sign) else None
