"""What a user asks for: frozen, checked when made, and resolved before it runs."""

from studio.requests.controls import METHODS, MOST_CONTROLS, RESIZE_MODES, Control, Preprocess
from studio.requests.editing import Canvas, canvas
from studio.requests.kinds import (
    LARGEST_SEED,
    RULES,
    CutOut,
    Fetch,
    FindMask,
    ImageToImage,
    Inpaint,
    TextToImage,
    made,
)
from studio.requests.loras import MOST_LORAS, Lora
from studio.requests.references import MOST_REFERENCES, Reference
from studio.requests.resolving import (
    MOST_PICTURES,
    Wildcards,
    check_fits,
    count,
    is_steered,
    lines,
    resolved,
    second_size,
    single,
    steps_of,
    way,
)
from studio.requests.sizes import size_like

__all__ = [
    "LARGEST_SEED",
    "METHODS",
    "MOST_CONTROLS",
    "MOST_LORAS",
    "MOST_PICTURES",
    "MOST_REFERENCES",
    "RESIZE_MODES",
    "RULES",
    "Canvas",
    "Control",
    "CutOut",
    "Fetch",
    "FindMask",
    "ImageToImage",
    "Inpaint",
    "Lora",
    "Preprocess",
    "Reference",
    "TextToImage",
    "Wildcards",
    "canvas",
    "check_fits",
    "count",
    "is_steered",
    "lines",
    "made",
    "resolved",
    "second_size",
    "single",
    "size_like",
    "steps_of",
    "way",
]
