"""What is asked for: read from options, files and whole checkouts."""
