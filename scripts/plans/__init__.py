"""Plans beside what the installers themselves say of them, and carried out for real; most of it makes docs/grid.md."""
