"""What a user asks for: frozen, checked when made, and resolved before it runs."""

from studio.requests.editing import Canvas, canvas
from studio.requests.kinds import (
    LARGEST_SEED,
    RESIZE_MODES,
    RULES,
    CutOut,
    Fetch,
    FindMask,
    ImageToImage,
    Inpaint,
    Preprocess,
    TextToImage,
    made,
)
from studio.requests.resolving import (
    MOST_PICTURES,
    Wildcards,
    check_fits,
    count,
    lines,
    resolved,
    second_size,
    single,
    steps_of,
)
from studio.requests.sizes import size_like

__all__ = [
    "LARGEST_SEED",
    "MOST_PICTURES",
    "RESIZE_MODES",
    "RULES",
    "Canvas",
    "CutOut",
    "Fetch",
    "FindMask",
    "ImageToImage",
    "Inpaint",
    "Preprocess",
    "TextToImage",
    "Wildcards",
    "canvas",
    "check_fits",
    "count",
    "lines",
    "made",
    "resolved",
    "second_size",
    "single",
    "size_like",
    "steps_of",
]
