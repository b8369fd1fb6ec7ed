"""TensorRT's messages about engines, as public threads have them."""

import pytest

from compat.convert import messages
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "The engine plan file is not compatible with this version of TensorRT, expecting library version "
            "8.5.1.7 got 8.5.3.1, please rebuild.",
            ("runtime is TensorRT 8.5.1.7", "engine is of 8.5.3.1"),
        ),
        ("expecting library version 8.6.1.6 got 0.0.0.0, please rebuild", ("no engine of a known form",)),
        (
            "Version tag does not match. Note: Current Version: 213, Serialized Engine Version: 205)",
            ("213 (TensorRT 8.4.0 to 8.4.3)", "205 (TensorRT 8.2.0 to 8.2.5)"),
        ),
        (
            "safeVersionRead == safeSerializationVersion failed. Version tag does not match. Note: Current Version: 0, "
            "Serialized Engine Version: 43)",
            ("8.2 or newer", "tag 43: TensorRT 8.0.0 to 8.0.3"),
        ),
        ("expecting compute 7.5 got compute 8.6, please rebuild", ("capability 7.5", "built on 8.6")),
        ("Serialization assertion plan->header.magicTag == rt::kPLAN_MAGIC_TAG failed.", ("JSON stands in front",)),
        ("plan->header.pad == expectedPlatformTag failed", ("another platform",)),
    ],
)
def test_what_a_message_says(text, parts):
    (found,) = messages.read(text, MATRIX)
    for part in parts:
        assert part in found.text


def test_other_texts_say_nothing():
    assert messages.read("CUDA out of memory, Version 8.6", MATRIX) == ()
