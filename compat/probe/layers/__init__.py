"""One file a layer: a function ``read(host, so_far)`` that reads one part of a system (compat/probe/layer.py)."""
