"""Reads this machine, or a directory that holds one, layer by layer; `host.py` is the only door."""
