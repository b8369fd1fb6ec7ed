"""Which file a process gets for each library that it opens: the loader's way, and each framework's own."""
