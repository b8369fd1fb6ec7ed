"""Python packages: there, published, built for this machine, fit for each other."""
