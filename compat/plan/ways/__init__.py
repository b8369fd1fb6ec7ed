"""Ways out where packages alone do not do: what may be moved besides them, to what, and other plans to weigh."""
