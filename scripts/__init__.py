"""Programs of the project's own workshop, which write and check `matrix/`; `compat/` imports none of them."""
