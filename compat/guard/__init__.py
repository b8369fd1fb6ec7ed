"""The gates before an install: requirement and lock files, Dockerfiles, pip, uv and apt."""
