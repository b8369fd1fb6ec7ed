"""A plain progress line on stderr, for a person who waits."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def over(items: Sequence[Item], label: str) -> Iterator[Item]:
    """The items, with a line saying how far along they are: redrawn on a terminal, else one at the end."""
    live = sys.stderr.isatty()
    for number, item in enumerate(items, 1):
        if live:
            filled = 30 * number // len(items)
            print(f"\r{label:24} [{'#' * filled:30}] {number}/{len(items)}", end="", file=sys.stderr, flush=True)
        yield item
    print(f"\r{label:24} {len(items)} done{' ' * 40 if live else ''}", file=sys.stderr)
