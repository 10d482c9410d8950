"""The controls of a run: their control images at the size painted, and how far each picture obeys them."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from studio import catalog, grids, images, obedience
from studio.config import Settings
from studio.errors import StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.masks import Box
from studio.pipelines import adapters, references, sources
from studio.requests import Canvas, Control, Inpaint, Preprocess, TextToImage, canvas, is_steered
from studio.results import Obeyed, Preprocessed, Report, Result
from studio.skeletons import Skeleton
from studio.tasks.preprocess import Preprocessing
from studio.vision import controls, palettes, poses, preprocessors
from studio.vision.palettes import Colour
from studio.vision.preprocessors import Preprocessor

log = logging.getLogger(__name__)

# Lines are white on black.
IS_LINE = 127
# What is followed on the overlay, and what is not.
FOLLOWED, MISSED = (46, 158, 91), (214, 38, 40)
BLEND = 0.5

Size = tuple[int, int]


class Drawn(NamedTuple):
    """A control image, RGB; of a pose the people in it too, None if they are not known. A note if it shows nothing."""

    image: Image.Image
    people: tuple[Skeleton, ...] | None = None
    note: str = ""


class Controls:
    """The controls of one resolved request; without any it does nothing.

    Of an edit they are of its `whole` picture, and what is painted and measured is the box of that. `settings` say
    where nets lie: nothing is fetched only to measure.
    """

    def __init__(
        self,
        request: TextToImage,
        family: str,
        preprocessing: Preprocessing,
        report: Report,
        *,
        settings: Settings,
        whole: Canvas | None = None,
    ) -> None:
        self._request, self._family, self._settings, self._whole = request, family, settings, whole
        self._preprocessing, self._report = preprocessing, report
        self._obeyed: list[tuple[Obeyed, ...]] = []
        self._overlays: list[Image.Image] = []
        self._notes: dict[str, None] = {}

    def arguments(self, pipe: object, size: Size) -> dict[str, object]:
        """What the pipeline is called with to follow them, at the size that it paints.

        Their images are made even if nothing follows them, so that what is wrong with one is said before it paints.
        """
        control_images = [drawn.image for drawn in self.drawn(size)]
        return adapters.arguments(pipe, self._request, control_images) if is_steered(self._request) else {}

    def drawn(self, size: Size) -> list[Drawn]:
        """The control images at a size; the same size again runs no net."""
        return [self._drawn(control, size) for control in self._request.controls]

    def measure(self, picture: Image.Image) -> None:
        """Tell how far a finished picture obeys, for `told`; nothing that happens here costs the picture."""
        if not self._request.controls:
            return
        wanted = self.drawn(picture.size)
        made = [self._seen(control, picture) for control in self._request.controls]
        pairs = list(zip(self._request.controls, made, wanted, strict=True))
        self._obeyed.append(tuple(self._compared(*pair) for pair in pairs))
        self._overlays.append(_overlay(picture, *pairs[0]))

    def told(self, result: Result) -> Result:
        """The result with how far its pictures obey, and what is to be said of the control images."""
        note = " ".join(filter(None, (result.note, *self._notes)))
        return replace(result, note=note, obeyed=tuple(self._obeyed), overlays=tuple(self._overlays))

    def _drawn(self, control: Control, size: Size) -> Drawn:
        full = self._whole.image.size if self._whole else size
        if control.skeleton:
            people = tuple(controls.people(control, full))
            drawn = Drawn(poses.drawn(people, full), people)
        else:
            picture = images.picture(images.resized(control.image, *full, control.resize_mode))
            drawn = self._preprocessed(replace(control.made_of, image=picture))
        if drawn.note:
            self._notes[drawn.note] = None
        if self._whole is None:
            return drawn
        return _cropped(drawn, self._whole.box, size, preprocessors.default(control.kind, self._family).resampling)

    def _seen(self, control: Control, picture: Image.Image) -> Drawn | None:
        """The picture as its control's preprocessor sees it, or the usual one of its kind if the control had none.

        None if it cannot be measured by that, or cannot be looked at without fetching something.
        """
        asked = control.made_of
        if asked is None or preprocessors.preprocessor(asked.preprocessor).is_drawn:
            usual = preprocessors.default(control.kind, self._family)
            asked = Preprocess(image=images.picture(picture), preprocessor=usual.id)
        is_asked = catalog.kind(control.kind).measure and _is_here(asked.preprocessor, self._settings)
        try:
            return self._preprocessed(replace(asked, image=images.picture(picture))) if is_asked else None
        except StudioError as error:  # a Stop too: the picture is finished
            log.info("not measured: %s", error)
            return None

    def _preprocessed(self, asked: Preprocess) -> Drawn:
        row, people = preprocessors.preprocessor(asked.preprocessor), None
        if row.find:
            how = {"detect_resolution": asked.detect_resolution}
            people = tuple(self._preprocessing.people(asked.image, row.id, self._report, **how))
        if people is not None and _draws_people_alone(row):
            return Drawn(poses.drawn(people, asked.image.size), people, "" if people else row.blank)
        made = self._preprocessing.preprocess(asked, self._report)
        return Drawn(images.flattened(made.image), people, made.note)

    def _compared(self, control: Control, made: Drawn | None, wanted: Drawn) -> Obeyed:
        measure = catalog.kind(control.kind).measure
        palette = preprocessors.default(control.kind, self._family).palette
        value = MEASURES[measure](made, wanted, palette) if made else None
        return Obeyed(kind=control.kind, measure=measure, value=None if value is None else round(value, 4))


def made_ready(
    request: TextToImage | Grid | Preprocess, report: Report, *, settings: Settings, preprocessing: Preprocessing
) -> Preprocessed:
    """The control image that is asked for; or of a resolved request all that it needs before it is painted.

    Nets are fetched and control images made, and kept for the run: gives the first of them, without any the first
    reference. A grid needs what its cells need.
    """
    if isinstance(request, Preprocess):
        return _looked_at(request, preprocessing, report)
    started = time.monotonic()
    find = partial(sources.find, settings=settings)
    asked = [cell.request for cell in grids.cells(request, find)] if isinstance(request, Grid) else [request]
    for one in asked:
        adapters.bring(one, settings, report)
        references.bring(one, settings, report)
    first, *_ = [_first_drawn(one, find(one.checkpoint).family, report, settings, preprocessing) for one in asked]
    return Preprocessed(image=first, note="", seconds=time.monotonic() - started)


def _first_drawn(
    request: TextToImage, family: str, report: Report, settings: Settings, preprocessing: Preprocessing
) -> Picture:
    """The first of a request's control images, once all of them are made; of one without, its first reference."""
    request = controls.resolved(request, family)
    whole = canvas(request) if isinstance(request, Inpaint) else None
    made = Controls(request, family, preprocessing, report, settings=settings, whole=whole)
    drawn = made.drawn((request.width, request.height))
    return images.picture(drawn[0].image) if drawn else request.references[0].image


def _looked_at(request: Preprocess, preprocessing: Preprocessing, report: Report) -> Preprocessed:
    """The control image with the people that it is drawn of."""
    made = preprocessing.preprocess(request, report)
    if preprocessors.preprocessor(request.preprocessor).find is None:
        return made
    how = {"detect_resolution": request.detect_resolution}
    return replace(made, people=tuple(preprocessing.people(request.image, request.preprocessor, report, **how)))


def _is_here(preprocessor: str, settings: Settings) -> bool:
    """Whether a preprocessor can look without anything being fetched."""
    row = preprocessors.preprocessor(preprocessor)
    if row.read is None or row.source.startswith("assets/"):
        return True
    which = {"names": row.files} if row.files else {}
    return sources.network(row.source, settings, row.revision, **which) is not None


def _draws_people_alone(row: Preprocessor) -> bool:
    """Whether its drawing is of the people that it finds, with no hands or faces that the net would be asked for."""
    return isinstance(row.draw, partial) and row.draw.keywords.get("find") is row.find


def _cropped(drawn: Drawn, box: Box, size: Size, resampling: Image.Resampling) -> Drawn:
    """The box of a control image at another size."""
    left, top, right, bottom = box
    width, height = drawn.image.size
    people = (
        None
        if drawn.people is None
        else tuple(
            Skeleton(
                joints={
                    name: ((x * width - left) / (right - left), (y * height - top) / (bottom - top))
                    for name, (x, y) in person.joints.items()
                }
            )
            for person in drawn.people
        )
    )
    return Drawn(drawn.image.crop(box).resize(size, resampling), people)


def _edges(made: Drawn, wanted: Drawn, palette: object) -> float | None:
    return obedience.edges(*(np.asarray(one.image.convert("L")) > IS_LINE for one in (made, wanted)))


def _depth(made: Drawn, wanted: Drawn, palette: object) -> float | None:
    return obedience.depth(*(np.asarray(one.image.convert("L"), np.float32) for one in (made, wanted)))


def _pose(made: Drawn, wanted: Drawn, palette: object) -> float | None:
    if wanted.people is None or made.people is None:
        return None
    return obedience.pose(made.people, wanted.people, wanted.image.size)


def _regions(made: Drawn, wanted: Drawn, palette: Sequence[Colour]) -> float | None:
    return obedience.regions(*(palettes.parts(one.image, palette) for one in (made, wanted)))


MEASURES: Mapping[str, Callable[..., float | None]] = {
    "edges": _edges,
    "depth": _depth,
    "pose": _pose,
    "regions": _regions,
}


def _overlay(picture: Image.Image, control: Control, made: Drawn | None, wanted: Drawn) -> Image.Image:
    """What was to be followed, over the picture: lines green where they were, and red where not; areas half through."""
    measure = catalog.kind(control.kind).measure
    if made is None or measure in ("depth", "regions"):
        return Image.blend(picture.convert("RGB"), wanted.image, BLEND)
    pixels = np.asarray(Image.blend(picture.convert("RGB"), Image.new("RGB", picture.size, "white"), BLEND)).copy()
    if measure == "edges":
        lines = np.asarray(wanted.image.convert("L")) > IS_LINE
        is_kept = obedience.followed(lines, np.asarray(made.image.convert("L")) > IS_LINE)
        pixels[lines & is_kept], pixels[lines & ~is_kept] = FOLLOWED, MISSED
    else:
        drawn = np.asarray(wanted.image)
        is_drawn = drawn.any(2)
        pixels[is_drawn] = drawn[is_drawn]
    return Image.fromarray(pixels)
