"""A picture made into the control image that steers another."""

import time

import numpy as np
from PIL import Image

from studio import images
from studio.errors import InvalidField
from studio.requests import Preprocess
from studio.results import Preprocessed, Progress, Report
from studio.rules import Rule, of
from studio.vision import preprocessors
from studio.vision.preprocessors import Preprocessor

RULES: dict[str, Rule] = of(Preprocess)
# What some preprocessors take and others do not.
SETTINGS = ("low_threshold", "high_threshold", "reduction")
BLANK = "Control: it is blank, so there is nothing to follow. Choose other settings, or a picture with more in it."


def preprocess(request: Preprocess, report: Report) -> Preprocessed:
    """The control image, as large as the picture; a note if it shows nothing.

    InvalidField for a setting that the preprocessor does not take.
    """
    started = time.monotonic()
    row = preprocessors.preprocessor(request.preprocessor)
    settings = _settings(request, row)
    report(Progress(phase="preprocessing"))
    image = images.flattened(request.image)
    drawn = row.draw(_seen(image, request.detect_resolution), **settings)
    if drawn.size != image.size:
        drawn = drawn.resize(image.size, Image.Resampling.LANCZOS)
    note = BLANK if np.ptp(np.asarray(drawn)) == 0 else ""
    return Preprocessed(image=images.picture(drawn), note=note, seconds=time.monotonic() - started)


def _settings(request: Preprocess, row: Preprocessor) -> dict[str, float]:
    given = {name: getattr(request, name) for name in SETTINGS if getattr(request, name) is not None}
    for name in given.keys() - row.settings.keys():
        raise InvalidField(name, f"{RULES[name].label}: {row.label} takes none. Leave it out.")
    return {**row.settings, **given}


def _seen(image: Image.Image, resolution: int | None) -> Image.Image:
    """The picture with so many pixels at its shorter side; as it is if nothing is said."""
    if resolution is None:
        return image
    scale = resolution / min(image.size)
    return image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.Resampling.LANCZOS)
