"""Which builds of a component could be installed on a machine.

Most components need nothing but their entry in the matrix: listed.py offers them. Those whose builds are put together
from several distributions, extras or indexes have a file of their own.

Each file has ``offers(machine, matrix, wanted)``: every published build for this platform that the range admits,
newest first, whether or not the rules accept it. What is offered says how it is installed; the rules say if it fits.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.plan.model import Choice

if TYPE_CHECKING:
    from compat.matrix import Matrix

Offers = Callable[[Machine, "Matrix", str, bool], Iterator[Choice]]

COMPANIONS = ("torchvision", "torchaudio")
OWN = {
    "torch": "compat.plan.offers.torch",
    "tensorflow": "compat.plan.offers.tensorflow",
    "jax": "compat.plan.offers.jax",
    "onnxruntime": "compat.plan.offers.onnxruntime",
    "tensorrt": "compat.plan.offers.tensorrt",
}


def offers(component: str, machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """The builds of a component; ``gpu`` False where the goal needs no GPU."""
    if component in OWN:
        found: Offers = import_module(OWN[component]).offers
        yield from found(machine, matrix, wanted, gpu)
    elif component in COMPANIONS:
        from compat.plan.offers.companion import of as companion_of

        yield from companion_of(component, machine, matrix, wanted)
    else:
        from compat.plan.offers.listed import offers as listed

        yield from listed(component, machine, matrix, wanted, gpu)
