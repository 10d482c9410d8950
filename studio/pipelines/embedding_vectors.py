"""The vectors of embedding files, each read once while it stays as it is, and checked before any is used."""

from functools import lru_cache
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from studio.errors import LoadError
from studio.pipelines.embeddings import EmbeddingFile
from studio.pipelines.shelf import Stamp

KEPT = 64


class Embedding(NamedTuple):
    """A word by its name: for each text encoder its vectors (count, width), and what changes when its file does."""

    name: str
    vectors: tuple[Tensor, ...]
    stamp: Stamp


def read(file: EmbeddingFile) -> Embedding:
    """The embedding of a file that is sound by its header; LoadError if it cannot be read or holds no numbers."""
    return _read(file, file.stamp)


@lru_cache(maxsize=KEPT)
def _read(file: EmbeddingFile, stamp: Stamp) -> Embedding:
    """`stamp` makes it read anew when the file has changed."""
    named = f"Embedding: {file.path.name}"
    try:
        with safe_open(file.path, framework="pt") as opened:
            vectors = tuple(torch.atleast_2d(opened.get_tensor(name)) for name in file.tensors)
    except (OSError, SafetensorError) as error:
        raise LoadError(f"{named} cannot be read: {error}. Fetch it again.") from None
    for some in vectors:
        if not some.float().isfinite().all():
            message = f"{named} holds numbers that are none (NaN) or infinite, and would paint nothing."
            raise LoadError(f"{message} Fetch it again, or choose another.")
    return Embedding(file.name, vectors, stamp)
