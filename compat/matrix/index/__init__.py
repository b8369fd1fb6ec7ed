"""The package index: which files a project has and what their metadata says (`matrix update` and the harvesters).

Imports requests and packaging, so nothing that has to start quickly imports it.
"""
