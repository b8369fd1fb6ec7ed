"""Python pickles, PyTorch's old checkpoints among them: named, never opened: that would run their code."""

import re

from compat.artifacts.artifact import Artifact, Bytes

# torch.save before 1.6 pickles this number first (0x1950a86a20f9469cfc6c).
_LEGACY_TORCH = bytes.fromhex("8a0a6cfc9c46f9206aa850192e")
_GLOBAL = re.compile(rb"c([a-z_][\w.]{1,60})\n([A-Za-z_]\w{0,60})\n")
_SHORT = re.compile(rb"\x8c.([a-z_][\w.]{1,60})")


def recognise(head: bytes, size: int, name: str) -> bool:
    """Protocol 2 to 5 begins with its number and an opcode that a pickle can begin with."""
    return (
        len(head) > 2
        and head[0] == 0x80
        and 2 <= head[1] <= 5
        and chr(head[2]) in "\x8a\x95}](cXqKMJGN)\x8c\x88\x89CBl"
    )


def read(source: Bytes) -> Artifact:
    """The modules that its beginning names, as text; nothing is evaluated."""
    head = source.read(0, 1 << 16)
    if _LEGACY_TORCH in head[:16]:
        return Artifact(
            "weights",
            "torch-checkpoint-legacy",
            "PyTorch checkpoint of before 1.6: pickled, never opened here",
            facts={"modules": modules(head), **({"whole_module": True} if holds_module(head) else {})},
            remarks=(_WARNING,),
        )
    return Artifact(
        "other", "pickle", "Python pickle, never opened here", facts={"modules": modules(head)}, remarks=(_WARNING,)
    )


_WARNING = "loading a pickle runs the code that it names: load only files that you trust"


def holds_module(head: bytes) -> bool:
    """Does a pickle of torch hold modules (``torch.nn.modules.conv``), and not only their weights?"""
    found = (match.group(1) for each in (_GLOBAL, _SHORT) for match in each.finditer(head))
    return any(name.startswith(b"torch.nn.modules.") for name in found)


def modules(head: bytes) -> list[str]:
    """The top-level modules that a pickle's beginning names."""
    found = {match.group(1).decode().partition(".")[0] for match in _GLOBAL.finditer(head)}
    found |= {match.group(1).decode().partition(".")[0] for match in _SHORT.finditer(head) if b"." in match.group(1)}
    return sorted(found)[:20]
