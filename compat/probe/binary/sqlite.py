"""Tables of an SQLite file, row by row, without SQLite: only the pages that are asked for are read.

https://www.sqlite.org/fileformat2.html: a table is a tree of pages; a leaf holds rows by their number, a row is a
record, and what does not fit into its page goes on in a chain of overflow pages. What stands in a write-ahead log
beside the file and was not carried over yet is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Read = Callable[[int, int], bytes]
"""(offset, length) -> bytes; fewer where the file ends."""

MAGIC = b"SQLite format 3\0"
_LEAF, _INTERIOR = 13, 5
_DEPTH = 20
_EFFORT = 50_000  # pages, and tens of their cells, that are looked at in one file
_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8}  # serial type -> bytes


class Malformed(ValueError):
    """The bytes are no SQLite file, or are damaged."""


class Tables:
    """The tables of a file. Raises Malformed, here and in its methods."""

    def __init__(self, read: Read) -> None:
        head = read(0, 100)
        if len(head) < 100 or not head.startswith(MAGIC):
            raise Malformed("no SQLite file")
        size = int.from_bytes(head[16:18], "big")
        self._size = 65536 if size == 1 else size
        if self._size < 512 or self._size & (self._size - 1):
            raise Malformed("size of pages")
        self._usable = self._size - head[20]
        self._read = read
        self._left = _EFFORT
        self.roots = {  # the first page of each table
            row[1]: row[3]
            for _, row in self.rows(1, 1 << 16)
            if len(row) > 3 and row[0] == "table" and isinstance(row[1], str) and isinstance(row[3], int)
        }

    def rows(self, root: int, most: int) -> Iterator[tuple[int, list[object]]]:
        """(number, columns) of every row of a table, of each the first ``most`` bytes."""
        for page, cell in self._leaves(root, _DEPTH):
            number, start, length = self._cell(page, cell)
            yield number, record(self._payload(page, start, length, most))

    def row(self, root: int, number: int, most: int) -> list[object] | None:
        """The row of this number, its first ``most`` bytes."""
        for _ in range(_DEPTH):
            page, head = self._page(root)
            cells = self._cells(page, head)
            if page[head] == _LEAF:
                for cell in cells:
                    found, start, length = self._cell(page, cell)
                    if found == number:
                        return record(self._payload(page, start, length, most))
                return None
            root = int.from_bytes(page[head + 8 : head + 12], "big")
            for cell in cells:
                if number <= _varint(page, cell + 4)[0]:
                    root = int.from_bytes(page[cell : cell + 4], "big")
                    break
        raise Malformed("depth of a table")

    def _leaves(self, root: int, depth: int) -> Iterator[tuple[bytes, int]]:
        page, head = self._page(root)
        if page[head] == _LEAF:
            yield from ((page, cell) for cell in self._cells(page, head))
            return
        if depth == 0:
            raise Malformed("depth of a table")
        below = [int.from_bytes(page[cell : cell + 4], "big") for cell in self._cells(page, head)]
        for child in (*below, int.from_bytes(page[head + 8 : head + 12], "big")):
            yield from self._leaves(child, depth - 1)

    def _page(self, number: int) -> tuple[bytes, int]:
        """A page and where its header begins: behind the file's own on the first one."""
        self._left -= 1
        if number < 1 or self._left < 0:
            raise Malformed("pages")
        page = self._read((number - 1) * self._size, self._size)
        head = 100 if number == 1 else 0
        if len(page) < self._size or page[head] not in (_LEAF, _INTERIOR):
            raise Malformed(f"page {number}")
        return page, head

    def _cells(self, page: bytes, head: int) -> list[int]:
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        start = head + (8 if page[head] == _LEAF else 12)
        self._left -= count // 10
        cells = [int.from_bytes(page[at : at + 2], "big") for at in range(start, start + 2 * count, 2)]
        if any(cell < start or cell + 4 > self._size for cell in cells):
            raise Malformed("cells")
        return cells

    def _cell(self, page: bytes, cell: int) -> tuple[int, int, int]:
        """(number of the row, where its payload begins, the payload's length)."""
        length, at = _varint(page, cell)
        number, at = _varint(page, at)
        return number, at, length

    def _payload(self, page: bytes, start: int, length: int, most: int) -> bytes:
        """The first bytes of a payload, with its overflow pages as far as they take."""
        usable = self._usable
        local = length
        if length > usable - 35:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (usable - 4)
            local = local if local <= usable - 35 else least
        found = [page[start : start + local]]
        have = local
        following = int.from_bytes(page[start + local : start + local + 4], "big") if local < length else 0
        while following and have < min(length, most):
            self._left -= 1
            if self._left < 0:
                raise Malformed("pages")
            more = self._read((following - 1) * self._size, usable)
            if len(more) < usable:
                raise Malformed("overflow")
            following = int.from_bytes(more[:4], "big")
            found.append(more[4:])
            have += usable - 4
        return b"".join(found)[: min(length, most)]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for index in range(9):
        if at >= len(data):
            raise Malformed("number")
        byte = data[at]
        at += 1
        if index == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def record(data: bytes) -> list[object]:
    """The columns of a record: numbers, text and bytes; those that are cut off are shorter, or left out."""
    size, at = _varint(data, 0)
    types = []
    end = min(size, len(data))
    while at < end:
        kind, at = _varint(data, at)
        types.append(kind)
    at = size
    columns: list[object] = []
    for kind in types:
        length = _SIZES.get(kind, 0) if kind < 12 else (kind - 12) // 2
        part = data[at : at + length]
        at += length
        if length and not part:
            break
        columns.append(_column(kind, part))
    return columns


def _column(kind: int, part: bytes) -> object:
    if kind in (0, 7):  # nothing; a floating-point number, of which no table here has one
        return None
    if kind in (8, 9):
        return kind - 8
    if kind < 12:
        return int.from_bytes(part, "big", signed=True)
    return part.decode("utf-8", "replace") if kind % 2 else part
