"""Which builds of a component could be installed on a machine.

Most components need nothing but their entry in the matrix: listed.py offers them. Those whose builds are put together
from several distributions, extras or indexes have a file of their own.

Each file has ``offers(machine, matrix, wanted)``: every published build for this platform that the range admits,
newest first, whether or not the rules accept it. What is offered says how it is installed; the rules say if it fits.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from compat.machine import Gpu, Jetson, Library, Machine, Toolkit
from compat.names import OF_TORCH
from compat.plan.model import Choice

if TYPE_CHECKING:
    from compat.matrix import Matrix

Offers = Callable[[Machine, "Matrix", str, bool], Iterator[Choice]]

OWN = {
    "torch": "compat.plan.offers.torch",
    "tensorflow": "compat.plan.offers.tensorflow",
    "jax": "compat.plan.offers.jax",
    "onnxruntime": "compat.plan.offers.onnxruntime",
    "tensorrt": "compat.plan.offers.tensorrt",
}


def offers(component: str, machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> tuple[Choice, ...]:
    """The builds of a component; ``gpu`` False where the goal needs no GPU."""
    libraries = machine.libraries
    if libraries is not None:
        libraries = tuple([Library(one.name, one.version, one.origin) for one in libraries])
    system = (machine.os, machine.arch, machine.python, machine.environment, machine.jetson)
    return _offers(component, matrix, wanted, gpu, system, machine.gpus, machine.toolkits, libraries)


@lru_cache(maxsize=96)
def _offers(
    component: str,
    matrix: "Matrix",
    wanted: str,
    gpu: bool,
    system: tuple[str | None, str | None, str | None, tuple[str, ...] | None, Jetson],
    gpus: tuple[Gpu, ...] | None,
    toolkits: tuple[Toolkit, ...] | None,
    libraries: tuple[Library, ...] | None,
) -> tuple[Choice, ...]:
    """The same. What is offered hangs on nothing else of a machine: many scenes are offered the same."""
    machine = Machine(
        os=system[0],
        arch=system[1],
        python=system[2],
        environment=system[3],
        jetson=system[4],
        gpus=gpus,
        toolkits=toolkits,
        libraries=libraries,
    )
    if component in OWN:
        found: Offers = import_module(OWN[component]).offers
        return tuple(found(machine, matrix, wanted, gpu))
    if component in OF_TORCH:
        from compat.plan.offers.companion import of as companion_of

        return tuple(companion_of(component, machine, matrix, wanted))
    from compat.plan.offers.listed import offers as listed

    return tuple(listed(component, machine, matrix, wanted, gpu))
