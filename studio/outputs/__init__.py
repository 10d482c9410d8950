"""Pictures on disk: each file whole or not there at all, its settings inside, and an index of them all."""

from pathlib import Path

from studio.outputs.embedding import encoded
from studio.outputs.gallery import Filter, Gallery
from studio.outputs.hashes import ModelHashes
from studio.outputs.index import Index
from studio.outputs.inputs import find_picture, keep_input
from studio.outputs.metadata import Found, found
from studio.outputs.owners import owner_key
from studio.outputs.rows import Row
from studio.outputs.saving import saved, write
from studio.outputs.sweeping import sweep
from studio.outputs.trash import purge

__all__ = [
    "Filter",
    "Found",
    "Gallery",
    "Index",
    "ModelHashes",
    "Row",
    "encoded",
    "find_picture",
    "found",
    "keep_input",
    "opened",
    "owner_key",
    "purge",
    "saved",
    "sweep",
    "write",
]


def opened(folder: Path) -> Index:
    """The index of an output folder, at once and whatever is wrong with it; let `sweep(index)` follow, in a thread."""
    return Index(folder, sweep)
