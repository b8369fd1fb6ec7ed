"""Make the PyTorch and HDF5 files of tests/artifacts/data/models.

    python -m scripts.model_fixtures torch    # in an environment with torch
    python -m scripts.model_fixtures hdf5     # in one with h5py

Neither is needed to run compatcheck or its tests; the files were made with torch 2.13.0 and h5py 3.16.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "tests" / "artifacts" / "data" / "models"


def with_torch() -> None:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.linear(x))

    model = Model().eval()
    torch.save(model.state_dict(), FOLDER / "checkpoint.pt")
    torch.save(model.state_dict(), FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.jit.trace(model, torch.zeros(1, 4)).save(str(FOLDER / "script.pt"))
    torch.export.save(torch.export.export(model, (torch.zeros(1, 4),)), FOLDER / "export.pt2")


def with_h5py() -> None:
    import h5py

    for name, version, options in (("old.h5", b"2.11.0", {}), ("latest.h5", "2.15.0", {"libver": "latest"})):
        with h5py.File(FOLDER / name, "w", **options) as file:
            file.attrs["keras_version"] = version
            file.attrs["backend"] = "tensorflow"
            file.attrs["model_config"] = '{"class_name": "Sequential"}'


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    {"torch": with_torch, "hdf5": with_h5py}[sys.argv[1]]()
