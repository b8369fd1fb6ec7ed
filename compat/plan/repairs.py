"""Faults of the machine that no package mends: what a setting, a reboot or a service brings back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compat.goals import Goal
from compat.plan.scene import Scene

if TYPE_CHECKING:
    from compat.matrix import Matrix


def repaired(scene: Scene, goals: Iterable[Goal], matrix: "Matrix", allow: frozenset[str]) -> Scene:
    """The scene with such faults mended, one step each."""
    return scene
