"""compatcheck: what fits together on an NVIDIA machine, why not, and how to fix it."""

__version__ = "0.1.0"
