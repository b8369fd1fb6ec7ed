"""What it may cost to open a file, however large or broken it is."""

import time
import tracemalloc
from pathlib import Path

from compat.artifacts import Artifact, open_artifact


def opened(path: Path, seconds: float, memory: int) -> Artifact:
    """The file opened, within this time and these bytes of memory."""
    tracemalloc.start()
    begin = time.perf_counter()
    artifact = open_artifact(str(path))
    elapsed = time.perf_counter() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed < seconds
    assert peak < memory
    return artifact
