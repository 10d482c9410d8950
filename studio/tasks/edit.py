"""A part of a picture painted anew, the rest of it kept bit for bit."""

from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image

from studio import algebra, catalog, fills, images, masks, prompts
from studio.pipelines import inpainting, loras
from studio.pipelines.manager import PipelineManager
from studio.requests import Canvas, Inpaint, canvas, resolved, steps_of
from studio.results import Report, Result
from studio.tasks.control import Controls
from studio.tasks.painting import in_turn, noted, painted
from studio.tasks.preprocess import Preprocessing
from studio.tasks.watch import Watch
from studio.vision import controls

# Of what lies around the box so much of its shorter side is seen by the fill: a mask may leave nothing in the box.
AROUND = 1 / 8


def edit(
    request: Inpaint, manager: PipelineManager, report: Report, preprocessing: Preprocessing | None = None
) -> Result:
    """Paint the masked part of the picture, as often as the request says; where the mask is 0 not a bit changes.

    Controls are of the whole picture, and are followed in the part that is painted.
    """
    row = manager.row(request.checkpoint)
    request = loras.resolved(controls.resolved(resolved(request, row), row.family), row, manager.settings)
    whole = canvas(request)
    part, mask = _part(whole, request)
    watch = Watch(request, manager, report)
    preprocessing = preprocessing or Preprocessing(manager.settings)
    steering = Controls(request, row.family, preprocessing, report, settings=manager.settings, whole=whole)
    notes: list[str] = []

    def paint(one: Inpaint, index: int) -> Image.Image:
        with manager.pipeline(one, on_load=watch.on_load) as pipe:
            steered = steering.arguments(pipe, part.size) | {"strength": one.strength}
            watch.begin(index, (steps_of(one.num_inference_steps, one.strength),))
            where = partial(inpainting.arguments, pipe, one.checkpoint, part, mask, manager.latents)
            new = painted(pipe, _helped(one), manager, watch, lambda: where() | steered)
        watch.end()
        notes.extend(manager.leases.notes(one.checkpoint))
        if catalog.verb(one.verb).fill == "surroundings":
            new = fills.matched(new, part, mask.astype(np.float32))
        steering.measure(new)
        return masks.pasted(whole.image, new, whole.mask, whole.box)

    return noted(steering.told(in_turn(request, paint)), notes)


def _part(whole: Canvas, request: Inpaint) -> tuple[Image.Image, np.ndarray]:
    """The box at the size painted at, filled under the mask after the verb; and where it is painted, as bool.

    All that is blended in is painted, so that new and old overlap where they meet.
    """
    left, top, right, bottom = whole.box
    box_size, size = (right - left, bottom - top), (request.width, request.height)
    around = masks.region(whole.box, round(AROUND * min(box_size)), whole.image.size, box_size)
    image, mask = whole.image.crop(around), whole.mask[around[1] : around[3], around[0] : around[2]]
    filled = fills.filled(images.opaque(image), mask, catalog.verb(request.verb).fill)
    hole = Image.fromarray(np.where(mask > 0, 255, 0).astype(np.uint8))
    box = (left - around[0], top - around[1], right - around[0], bottom - around[1])
    return (
        filled.crop(box).resize(size, Image.Resampling.LANCZOS),
        np.asarray(hole.crop(box).resize(size, Image.Resampling.BOX)) > 0,
    )


def _helped(request: Inpaint) -> Inpaint:
    """The request with what its verb adds to the words: what the mask shows, not what was taken away from it."""
    help = catalog.verb(request.verb).negative
    if not help or not request.words.strip():
        return request
    shown = ", ".join(prompts.literal(term.words) for term in algebra.terms(request.words) if term.sign > 0)
    said = (help.format(words=shown), request.negative_prompt)
    return replace(request, negative_prompt=", ".join(filter(None, said)))
