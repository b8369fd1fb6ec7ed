"""Shared libraries and the loader: which copy a process gets, and whether it serves."""
