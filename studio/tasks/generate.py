"""Words, or a picture and words, to pictures."""

import inspect

from PIL import Image

from studio import images
from studio.pipelines import loras
from studio.pipelines.manager import PipelineManager
from studio.requests import ImageToImage, TextToImage, resolved, second_size, steps_of
from studio.results import Report, Result
from studio.tasks.control import Controls
from studio.tasks.painting import in_turn, noted, painted
from studio.tasks.preprocess import Preprocessing
from studio.tasks.watch import Watch
from studio.vision import controls


def generate(
    request: TextToImage, manager: PipelineManager, report: Report, preprocessing: Preprocessing | None = None
) -> Result:
    """Paint the request's pictures, as `painting.in_turn`; `preprocessing` makes and keeps control images."""
    row = manager.row(request.checkpoint)
    request = loras.resolved(controls.resolved(resolved(request, row), row.family), row, manager.settings)
    watch = Watch(request, manager, report)
    preprocessing = preprocessing or Preprocessing(manager.settings)
    steering = Controls(request, row.family, preprocessing, report, settings=manager.settings)
    notes: list[str] = []

    def paint(one: TextToImage, index: int) -> Image.Image:
        picture = _painted(one, manager, watch, index, steering)
        notes.extend(manager.leases.notes(one.checkpoint))
        steering.measure(picture)
        return picture

    return noted(steering.told(in_turn(request, paint)), notes)


def _painted(
    request: TextToImage, manager: PipelineManager, watch: Watch, index: int, steering: Controls
) -> Image.Image:
    """One picture of a request for one, painted in one pass or two."""
    first, second = passes(request)
    start, size = {}, (request.width, request.height)
    if isinstance(request, ImageToImage):
        start = {"image": images.resized(request.image, *size, request.resize_mode), "strength": request.strength}
    with manager.pipeline(request, on_load=watch.on_load) as pipe:
        steered = steering.arguments(pipe, size)
        watch.begin(index, (first, second))
        picture = painted(pipe, request, manager, watch, lambda: start | steered | _size(size, pipe))
    if second:
        watch.next_pass(second)
        size = second_size(request, manager.family(request.checkpoint))
        start = {"image": picture.resize(size, Image.Resampling.LANCZOS), "strength": request.second_pass_strength}
        with manager.pipeline(request, kind=ImageToImage.kind) as pipe:
            steered = steering.arguments(pipe, size)
            picture = painted(pipe, request, manager, watch, lambda: start | steered | _size(size, pipe))
    watch.end()
    return picture


def _size(size: tuple[int, int], pipe: object) -> dict[str, int]:
    """Width and height for a pipeline that asks for them; the others take the start image's."""
    asked = inspect.signature(type(pipe).__call__).parameters
    return {name: side for name, side in zip(("width", "height"), size, strict=True) if name in asked}


def passes(request: TextToImage) -> tuple[int, int]:
    """Steps of the first and of the second pass."""
    steps = request.num_inference_steps
    first = steps_of(steps, request.strength) if isinstance(request, ImageToImage) else steps
    return first, steps_of(steps, request.second_pass_strength) if request.second_pass_scale > 1 else 0
