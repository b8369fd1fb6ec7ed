"""What is fuzzed: every parser of a file that somebody else may have written, with its seeds and its ways of change.

A target's function takes the bytes and must give an answer or the one error that its parser documents; whatever else
it raises is a crash.
"""

from scripts.fuzz.target import Target
from scripts.fuzz.targets import artifacts, described, files, probe

TARGETS: tuple[Target, ...] = (*artifacts.TARGETS, *described.TARGETS, *files.TARGETS, *probe.TARGETS)
