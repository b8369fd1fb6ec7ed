"""Compiles the matrix when a wheel is built, so that an installation never has to."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileMatrix(BuildHookInterface):
    """Writes compat/matrix/compiled and ships it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from compat.matrix.compile import compile_folder, write
        finally:
            sys.path.pop(0)
        write(compile_folder(str(root / "matrix")), str(root / "compat" / "matrix" / "compiled"))
        build_data["artifacts"].append("compat/matrix/compiled/*.json")
