"""Damaged and hostile files: any bytes give an artifact, in bounded time and memory."""

from pathlib import Path

import made
from bounds import opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat.artifacts import open_artifact

DATA = Path(__file__).parent / "data"
SEEDS = [path.read_bytes() for path in sorted((*DATA.glob("*.onnx"), *DATA.glob("models/*")))]
SEEDS += [
    made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(8, 6)), more=(b"WGHT",)),
    made.plan((10, 9, 0, 34), made.archive((10, 9, 0, 34), made.p3(8, 7), layout="D"), b"utrt"),
    made.archive((8, 5, 1, 7), made.p2(7, 5), None),
    made.zipped({"metadata.json": b'{"keras_version": "3.8.0"}', "config.json": b"{}"}, 8),
    b"\x10\0\0\0\0\0\0\0" + b'{"dtype": "F16"}' + bytes(8),
]
NAMES = st.sampled_from(["a.onnx", "a.engine", "a.pt", "a.keras", "a.safetensors", "a.pb", "a.h5"])
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_bounds(path: Path) -> None:
    assert opened(path, seconds=1, memory=64 << 20).title


@BOUNDED
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    NAMES,
)
def test_changed_bytes(tmp_path, seed, changes, name):
    data = bytearray(seed)
    for place, value in changes:
        data[int(place * len(data))] = value
    (tmp_path / name).write_bytes(data)
    check_bounds(tmp_path / name)


@BOUNDED
@given(st.sampled_from(SEEDS), st.floats(0, 1), NAMES)
def test_cut_files(tmp_path, seed, share, name):
    (tmp_path / name).write_bytes(seed[: int(len(seed) * share)])
    check_bounds(tmp_path / name)


@BOUNDED
@given(st.sampled_from(SEEDS), st.floats(0, 1, exclude_max=True), NAMES)
def test_length_bombs(tmp_path, seed, place, name):
    """Eight bytes of 0xFF, a length of any form, somewhere."""
    at = int(place * len(seed))
    (tmp_path / name).write_bytes(seed[:at] + b"\xff" * 8 + seed[at + 8 :])
    check_bounds(tmp_path / name)


@BOUNDED
@given(st.binary(max_size=300), NAMES)
def test_any_bytes(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    check_bounds(tmp_path / name)


def test_graphs_in_graphs_without_end(tmp_path):
    graph = b""
    for _ in range(400):
        graph = made.message(1, made.message(5, made.message(6, graph)) + made.message(4, b"If"))
    (tmp_path / "deep.onnx").write_bytes(b"\x08\x08" + made.message(7, graph))
    check_bounds(tmp_path / "deep.onnx")
    assert "not read" in open_artifact(str(tmp_path / "deep.onnx")).remarks[0]


def test_a_compressed_member_that_swells_is_read_to_its_limit(tmp_path):
    (tmp_path / "bomb.keras").write_bytes(made.zipped({"metadata.json": b" " * (200 << 20)}, 8))
    check_bounds(tmp_path / "bomb.keras")
