"""Proof by execution, only when asked for: a small real computation for each goal (docs/install.md)."""
