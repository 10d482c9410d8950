"""A picture's settings as the text A1111 began and every gallery reads, both ways."""

from studio.infotext.checkpoints import checkpoint_id
from studio.infotext.fitting import Read, fitted
from studio.infotext.reading import number, read
from studio.infotext.samplers import label as sampler_label
from studio.infotext.writing import written

__all__ = ["Read", "checkpoint_id", "fitted", "number", "read", "sampler_label", "written"]
