"""Real faults on a GPU machine, and what compatcheck says of each (python -m scripts.faults)."""
