"""A Git-LFS pointer: a text of three lines where a large file should be (git-lfs/docs/spec.md)."""

from compat.artifacts.artifact import Artifact, Bytes

_MAGIC = b"version https://git-lfs"


def recognise(head: bytes, size: int, name: str) -> bool:
    """Does it begin as a pointer does?"""
    return head.startswith(_MAGIC) and size <= 4096


def read(source: Bytes) -> Artifact:
    """The digest and the size of the file that the pointer stands for."""
    facts: dict[str, object] = {}
    for line in source.read(0, 4096).decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(" ")
        if key == "oid":
            facts["oid"] = value[:80]
        elif key == "size" and value.isascii() and value.isdigit() and len(value) < 20:
            facts["size_of_file"] = int(value)
    return Artifact(
        "other",
        "git-lfs-pointer",
        "Git-LFS pointer, not the file itself",
        facts=facts,
        remarks=("fetch the file with `git lfs pull`",),
    )
