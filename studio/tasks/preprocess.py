"""A picture made into the control image that steers another, or into the people who are in it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from studio import images
from studio.config import Settings
from studio.errors import InvalidField
from studio.images import Picture
from studio.imports import READING
from studio.pipelines import networks
from studio.requests import Preprocess
from studio.results import Preprocessed, Progress, Report
from studio.rules import Rule, of
from studio.skeletons import Skeleton
from studio.vision import preprocessors
from studio.vision.preprocessors import BROKEN, PREPROCESSORS, Preprocessor

RULES: dict[str, Rule] = of(Preprocess)
# What some preprocessors take and others do not.
SETTINGS = ("low_threshold", "high_threshold", "reduction")
# Of pictures and what was made of them.
MADE_BYTES = 64 * 2**20
NETS_BYTES = 2 * 2**30
# A net looks at no more than may be asked for: what it needs grows faster than the picture.
MOST_SEEN = int(RULES["detect_resolution"].maximum)

Made = TypeVar("Made", Preprocessed, tuple[Skeleton, ...])


class Preprocessing:
    """Holds the nets, each read when it is first asked, and what was made lately; several threads may share it.

    The nets stay on the processor, where they take no memory from what paints. They answer one at a time, and while
    one is being fetched the others go on answering.
    """

    def __init__(self, settings: Settings, *, made_bytes: int = MADE_BYTES, nets_bytes: int = NETS_BYTES) -> None:
        self._settings, self._made_bytes, self._nets_bytes = settings, made_bytes, nets_bytes
        self._nets: OrderedDict[tuple[str, ...], tuple[object, int]] = OrderedDict()
        self._made: OrderedDict[Preprocess, Preprocessed] = OrderedDict()
        self._found: OrderedDict[Preprocess, tuple[Skeleton, ...]] = OrderedDict()
        self._keeping, self._fetching, self._asking = threading.Lock(), threading.Lock(), threading.Lock()

    def preprocess(self, request: Preprocess, report: Report) -> Preprocessed:
        """The control image, as large as the picture; a note if it shows nothing. The same request runs no net again.

        InvalidField for a setting that the preprocessor does not take, LoadError if its net is not to be had.
        `report` is told what takes long, and may raise to stop it.
        """
        return self._kept(self._made, request, lambda: self._preprocessed(request, report))

    def people(
        self, image: Picture, preprocessor: str, report: Report, *, detect_resolution: int | None = None
    ) -> list[Skeleton]:
        """The people that a preprocessor finds in a picture; errors and `report` as of `preprocess`.

        InvalidField if it looks for none.
        """
        request = Preprocess(image=image, preprocessor=preprocessor, detect_resolution=detect_resolution)
        return list(self._kept(self._found, request, lambda: self._people(request, report)))

    def _kept(self, made: OrderedDict[Preprocess, Made], request: Preprocess, make: Callable[[], Made]) -> Made:
        with self._keeping:
            found = made.get(request)
        found = make() if found is None else found
        with self._keeping:
            made[request] = found
            made.move_to_end(request)
            while sum(map(_held_bytes, made.items())) > self._made_bytes and len(made) > 1:
                made.popitem(last=False)
        return found

    def _preprocessed(self, request: Preprocess, report: Report) -> Preprocessed:
        started = time.monotonic()
        row = preprocessors.preprocessor(request.preprocessor)
        settings = _settings(request, row)
        net = self._net(row, report)
        report(Progress(phase="preprocessing"))
        image = images.flattened(request.image)
        with self._asking:
            drawn = row.draw(_seen(image, row, request.detect_resolution), *net, **settings)
        if drawn.size != image.size:
            drawn = drawn.resize(image.size, row.resampling)
        note = row.blank if np.ptp(np.asarray(drawn)) == 0 else ""
        return Preprocessed(image=images.picture(drawn), note=note, seconds=time.monotonic() - started)

    def _people(self, request: Preprocess, report: Report) -> tuple[Skeleton, ...]:
        row = preprocessors.preprocessor(request.preprocessor)
        if row.find is None:
            those = ", ".join(row.id for row in PREPROCESSORS if row.find)
            message = f"{RULES['preprocessor'].label}: {row.label} looks for no people. Choose one of {those}."
            raise InvalidField("preprocessor", message)
        net = self._net(row, report)
        report(Progress(phase="preprocessing"))
        image = images.flattened(request.image)
        with self._asking:
            return tuple(row.find(_seen(image, row, request.detect_resolution), *net))

    def _net(self, row: Preprocessor, report: Report) -> tuple[object, ...]:
        """The net that the row asks, or nothing if it asks none; those asked longest ago go where they need much."""
        if row.read is None:
            return ()
        key = (row.source, *row.files)
        net = self._held(key)
        if net is None:
            with self._fetching:
                net = self._held(key) or (self._read(row, report), row.size_bytes)
                self._hold(key, net)
        return net[:1]

    def _held(self, key: tuple[str, ...]) -> tuple[object, int] | None:
        with self._keeping:
            if key in self._nets:
                self._nets.move_to_end(key)
            return self._nets.get(key)

    def _hold(self, key: tuple[str, ...], net: tuple[object, int]) -> None:
        with self._keeping:
            self._nets[key] = net
            while sum(size for _, size in self._nets.values()) > self._nets_bytes and len(self._nets) > 1:
                self._nets.popitem(last=False)

    def _read(self, row: Preprocessor, report: Report) -> object:
        folder = self._folder(row, report)
        report(Progress(phase="reading the preprocessor"))
        with READING:
            return _read(row, folder)

    def _folder(self, row: Preprocessor, report: Report) -> Path:
        where = {"label": row.label, "revision": row.revision}
        if row.files:
            return networks.folder_of_files(row.source, row.files, self._settings, report, **where)
        return networks.folder(row.source, self._settings, report, **where)


def _held_bytes(made: tuple[Preprocess, Preprocessed | tuple[Skeleton, ...]]) -> int:
    request, result = made
    return len(request.image.data) + (len(result.image.data) if isinstance(result, Preprocessed) else 0)


def _read(row: Preprocessor, folder: Path) -> object:
    try:
        return row.read(folder)
    except BROKEN as error:
        raise networks.broken(error, "Preprocessor", row.label, row.source) from error


def _settings(request: Preprocess, row: Preprocessor) -> Mapping[str, float]:
    given = {name: getattr(request, name) for name in SETTINGS if getattr(request, name) is not None}
    for name in given.keys() - row.settings.keys():
        raise InvalidField(name, f"{RULES[name].label}: {row.label} takes none. Leave it out.")
    return {**row.settings, **given}


def _seen(image: Image.Image, row: Preprocessor, resolution: int | None) -> Image.Image:
    """The picture with no more than so many pixels at its shorter side; as it is if nothing is said."""
    resolution = resolution or (MOST_SEEN if row.read else None)
    if resolution is None or resolution >= min(image.size):
        return image
    scale = resolution / min(image.size)
    return image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.Resampling.LANCZOS)
