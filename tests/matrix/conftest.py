"""A small matrix that is sound, for tests that break it."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat.compiled import data_folder
from compat.matrix.validate import fix

CUDA = """\
component = "cuda"

[source.notes]
title = "release notes"
where = "https://docs.nvidia.com/cuda/"
date = 2024-01-02
level = "vendor"

[[toolkit]]
version = "11.8.0"
driver_linux = "520.61.05"
source = "notes"

[[toolkit]]
version = "12.4.0"
driver_linux = "550.54.14"
source = "notes"
"""

ARCHITECTURE = """\
component = "architecture"

[source.guide]
title = "programming guide"
where = "https://docs.nvidia.com/cuda/"
date = 2024-01-02
level = "vendor"

[[architecture]]
name = "Hopper"
capabilities = ["9.0"]
source = "guide"

[[capability]]
capability = "9.0"
architecture = "Hopper"
source = "guide"
"""

TORCH = """\
component = "torch"

[source.release-md]
title = "RELEASE.md"
where = "https://github.com/pytorch/pytorch/blob/main/RELEASE.md"
date = 2024-02-01
level = "vendor"

[package]

[package.distributions]
pypi = ["torch"]

[[release]]
version = "2.4.0"
cuda = ["11.8", "12.4"]
source = "release-md"

[[build]]
package = "torch"
version = "2.4.0"
os = "linux"
arch = "x86_64"
index = "pypi"
variant = ""
cuda = "12.1"
source = "release-md"
note = "as the document has it"
"""

OBSERVED_TORCH = """\
component = "torch"

[source.wheels]
title = "torch wheels: version.py"
where = "package index: torch"
date = 2024-07-24
level = "read"

[[build]]
package = "torch"
version = "2.4.0"
os = "linux"
arch = "x86_64"
index = "pypi"
variant = ""
cuda = "12.4"
sass = ["9.0"]
python = ["3.12"]
date = 2024-07-24
file = "torch-2.4.0-cp312-cp312-manylinux1_x86_64.whl"
source = "wheels"

[[build]]
package = "torch"
version = "2.4.1"
os = "linux"
arch = "x86_64"
index = "pypi"
variant = ""
cuda = "12.4"
python = ["3.12"]
date = 2024-09-04
file = "torch-2.4.1-cp312-cp312-manylinux1_x86_64.whl"
source = "wheels"
"""

VISION = """\
component = "torchvision"

[source.metadata]
title = "torchvision wheels: METADATA"
where = "package index: torchvision"
date = 2024-07-24
level = "declared"

[[build]]
package = "torchvision"
version = "0.19.0"
os = "linux"
arch = "x86_64"
index = "pypi"
variant = ""
requires = ["torch==2.4.0"]
file = "torchvision-0.19.0-cp312-cp312-manylinux1_x86_64.whl"
source = "metadata"

[[pair]]
package = "torchvision"
range = "==0.19.0"
other = "torch"
fits = "==2.4.0"
source = "metadata"
"""

BREAKS = """\
component = "breaks"

[source.thread]
title = "a thread"
where = "https://github.com/pytorch/pytorch/issues/1"
date = 2024-06-16
level = "reported"

[[break]]
id = "torch-numpy2"
rule = "numpy-abi"
package = "torch"
range = "<2.3"
other = "numpy"
with = ">=2"
symptom = "_ARRAY_API not found"
why = "built for 1.x"
remedy = "numpy<2"
source = "thread"
"""

SYMPTOM = r"""component = "symptom"

[source.code]
title = "the code"
where = "https://github.com/pytorch/pytorch"
date = 2024-06-16
level = "vendor"

[[symptom]]
id = "no-kernel-image"
pattern = "no kernel image is available"
says = "no code for this GPU"
rules = ["gpu-not-in-build"]
examples = ["CUDA error: no kernel image is available for execution on the device"]
source = "code"
"""

FILES = {
    "cuda.toml": CUDA,
    "architecture.toml": ARCHITECTURE,
    "torch.toml": TORCH,
    "breaks.toml": BREAKS,
    "symptom.toml": SYMPTOM,
    "observed/torch.toml": OBSERVED_TORCH,
    "observed/torchvision.toml": VISION,
    "matrix.toml": 'schema = "compatcheck.matrix/1"\nversion = "2024.9.0"\ndate = 2024-09-05\n',
}


class Folder:
    """A matrix folder that a test may change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "observed").mkdir(parents=True)
        (path / "schema.toml").write_text(
            (Path(data_folder()) / "schema.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
        for name, text in FILES.items():
            self.write(name, text)
        fix(str(path))

    def __str__(self) -> str:
        return str(self.path)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def text(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.text(name)
        assert old in text
        self.write(name, text.replace(old, new, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "matrix")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's overlay or cache."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
