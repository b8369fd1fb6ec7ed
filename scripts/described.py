"""Described machines that scripts and tests start from: one wall, of which each takes what it is about."""

from typing import Any

from compat.machine import Driver, Gpu, Libcuda, Machine
from compat.records import replace

UBUNTU = Machine(
    os="linux",
    distribution="ubuntu",
    distribution_version="22.04",
    arch="x86_64",
    glibc="2.35",
    environment=(),
    packages={},
    libraries=(),
    toolkits=(),
)
"""Ubuntu 22.04 without any part of CUDA; what GPU and driver it has is not said."""


def with_gpu(gpu: str, driver: str, **more: Any) -> Machine:
    """The same with one GPU and a driver that is whole: its kernel module is loaded, its libcuda the driver's own."""
    return replace(
        UBUNTU,
        glibcxx="3.4.30",
        gpus=(Gpu(name=gpu),),
        driver=Driver(version=driver, kernel_module_version=driver, kernel_module_loaded=True),
        libcuda=Libcuda(version=driver, compat=False, stub=False),
        **more,
    )
