"""Fuzz the parsers: changed files in, an answer or the documented error out, within 1 s and 64 MB each."""
