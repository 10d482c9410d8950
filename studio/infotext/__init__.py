"""A picture's settings as the text A1111 began and every gallery reads, both ways."""

from studio.infotext.checkpoints import checkpoint_id
from studio.infotext.fitting import Read, fitted
from studio.infotext.reading import embeddings, number, read
from studio.infotext.samplers import label as sampler_label
from studio.infotext.writing import UNKNOWN, Hashes, unmarked, written

__all__ = [
    "UNKNOWN",
    "Hashes",
    "Read",
    "checkpoint_id",
    "embeddings",
    "fitted",
    "number",
    "read",
    "sampler_label",
    "unmarked",
    "written",
]
