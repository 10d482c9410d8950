"""A picture made into the control image that steers another."""

import time
from collections import OrderedDict

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
# Of pictures and what was made of them.
MADE_BYTES = 64 * 2**20


class Preprocessing:
    """Holds what was made lately; for one thread alone."""

    def __init__(self, made_bytes: int = MADE_BYTES) -> None:
        self._made_bytes = made_bytes
        self._made: OrderedDict[Preprocess, Preprocessed] = OrderedDict()

    def preprocess(self, request: Preprocess, report: Report) -> Preprocessed:
        """The control image, as large as the picture; a note if it shows nothing. The same request makes it once.

        InvalidField for a setting that the preprocessor does not take. `report` is told what takes long, and may raise
        to stop it.
        """
        if request not in self._made:
            self._made[request] = self._preprocessed(request, report)
        self._made.move_to_end(request)
        while sum(map(_held_bytes, self._made.items())) > self._made_bytes and len(self._made) > 1:
            self._made.popitem(last=False)
        return self._made[request]

    @staticmethod
    def _preprocessed(request: Preprocess, report: Report) -> Preprocessed:
        started = time.monotonic()
        row = preprocessors.preprocessor(request.preprocessor)
        settings = _settings(request, row)
        report(Progress(phase="preprocessing"))
        image = images.flattened(request.image)
        drawn = row.draw(_seen(image, request.detect_resolution), **settings)
        if drawn.size != image.size:
            drawn = drawn.resize(image.size, Image.Resampling.LANCZOS)
        note = row.blank if np.ptp(np.asarray(drawn)) == 0 else ""
        return Preprocessed(image=images.picture(drawn), note=note, seconds=time.monotonic() - started)


def _held_bytes(made: tuple[Preprocess, Preprocessed]) -> int:
    request, result = made
    return len(request.image.data) + len(result.image.data)


def _settings(request: Preprocess, row: Preprocessor) -> dict[str, float]:
    given = {name: getattr(request, name) for name in SETTINGS if getattr(request, name) is not None}
    for name in given.keys() - row.settings.keys():
        raise InvalidField(name, f"{RULES[name].label}: {row.label} takes none. Leave it out.")
    return {**row.settings, **given}


def _seen(image: Image.Image, resolution: int | None) -> Image.Image:
    """The picture with no more than so many pixels at its shorter side; as it is if nothing is said."""
    if resolution is None or resolution >= min(image.size):
        return image
    scale = resolution / min(image.size)
    return image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.Resampling.LANCZOS)
