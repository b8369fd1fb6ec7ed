"""What PyTorch's own lines and people's requirements have asked of its index for years is not called unpublished."""

import pytest

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix

MATRIX = Matrix.load()
ASKED = {
    "torch": "1.3.0+cu100 1.3.1+cu92 1.3.1+cu100 1.4.0+cu100 1.5.1+cu101 1.6.0+cu101 1.7.1+cu110 1.8.0+cu101 "
    "1.8.1+cu101 1.8.1+cu111 1.9.1+cu111 1.10.1+cu113 1.11.0+cu115 1.12.1+cu116 1.13.1+cu117 2.0.1+cu118 2.5.1+cu121",
    "torchvision": "0.4.1+cu100 0.4.2+cu100 0.5.0+cu100 0.7.0+cu101 0.9.0+cu101 0.9.1+cu101 0.10.1+cu111 0.14.1+cu117",
    "torchaudio": "0.7.0 0.7.2 0.8.1 0.9.0 0.10.1+cu113 0.13.1+cu117 2.0.2+cu118",
}


@pytest.mark.parametrize(("name", "version"), [(name, one) for name, told in ASKED.items() for one in told.split()])
def test_it_is_published(name: str, version: str) -> None:
    machine = {"os": "linux", "arch": "x86_64", "request": {name: f"=={version}"}}
    report = check(description.from_dict(machine), goals.parse(f"install:{name}"), MATRIX)
    assert (report.verdict, report.findings) == ("compatible", ())
