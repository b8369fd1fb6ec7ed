"""The client of the package index; it ships with the package (`matrix update`), see `compat.matrix.index.client`."""

from compat.matrix.index.client import (
    Index,
    IndexFile,
    NotCachedError,
    NotFoundError,
    cache_folder,
    configured_url,
    metadata_fields,
    parse_page,
)

__all__ = [
    "Index",
    "IndexFile",
    "NotCachedError",
    "NotFoundError",
    "cache_folder",
    "configured_url",
    "metadata_fields",
    "parse_page",
]
