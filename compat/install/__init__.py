"""Carrying a plan out: closed templates, a record of what was, a journal, and a way back (docs/install.md)."""
