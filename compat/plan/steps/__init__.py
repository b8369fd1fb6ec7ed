"""From what was found to ordered steps: what changes, why, at what cost."""
