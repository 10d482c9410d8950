"""Words, or a picture and words, to pictures."""

import inspect
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from studio import images
from studio.errors import Cancelled, RunError, StudioError
from studio.pipelines.manager import PipelineManager
from studio.requests import ImageToImage, TextToImage, count, resolved, second_size, single, steps_of
from studio.results import Report, Result
from studio.tasks.watch import Watch

log = logging.getLogger(__name__)


def generate(request: TextToImage, manager: PipelineManager, report: Report) -> Result:
    """Paint the request's pictures one by one, picture i with seed + i, so that each can be had again alone.

    Whatever ends it half-way, the pictures that are finished are kept, and the note says why there are no more.
    """
    started = time.monotonic()
    request = resolved(request, manager.row(request.checkpoint))
    painted: list[Image.Image] = []
    watch, note = Watch(request, manager, report), ""
    try:
        for index in range(count(request)):
            painted.append(_painted(single(request, index), manager, watch, index))
    except StudioError as error:
        if not painted:
            raise
        why = "" if isinstance(error, Cancelled) else f" {error}"
        note = f"Stopped after {len(painted)} of {count(request)} pictures.{why}"
        if not request.prompt_per_line:  # of several prompts no request for a part is sure to be short enough
            request = replace(request, num_images_per_prompt=len(painted))
    return Result(images=tuple(painted), request=request, seconds=time.monotonic() - started, note=note)


def _painted(request: TextToImage, manager: PipelineManager, watch: Watch, index: int) -> Image.Image:
    """One picture of a request for one, painted in one pass or two."""
    first, second = passes(request)
    start, size = {}, (request.width, request.height)
    if isinstance(request, ImageToImage):
        start = {"image": images.resized(request.image, *size, request.resize_mode), "strength": request.strength}
    with manager.pipeline(request, on_load=watch.on_load) as pipe:
        watch.begin(index, (first, second))
        picture = _run(pipe, request, manager, watch, **start | _size(size, pipe))
    if second:
        watch.next_pass(second)
        size = second_size(request, manager.family(request.checkpoint))
        start = {"image": picture.resize(size, Image.Resampling.LANCZOS), "strength": request.second_pass_strength}
        with manager.pipeline(request, kind=ImageToImage.kind) as pipe:
            picture = _run(pipe, request, manager, watch, **start | _size(size, pipe))
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


def _run(
    pipe: Callable[..., Any], request: TextToImage, manager: PipelineManager, watch: Watch, **where: object
) -> Image.Image:
    """One call of the pipeline; RunError if memory ran out, the numbers did, or a library failed."""
    try:
        words = manager.encodings.of(
            pipe,
            request.checkpoint,
            request.prompt,
            request.negative_prompt,
            clip_skip=request.clip_skip,
            guided=request.guidance_scale > 1,
        )
        made = pipe(
            **words,
            **where,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(request.seed),
            callback_on_step_end=watch.on_step_end,
            output_type="np",
        )
    except torch.OutOfMemoryError:
        message = f"Size: {request.width}×{request.height} needs more memory than there is. Choose a smaller size."
        raise RunError(message) from None
    except StudioError:
        raise
    except Exception:  # pictures finished before must not go with it
        log.exception("a picture failed")
        raise RunError("Studio: something went wrong inside; the log has the details. Try again.") from None
    if any(getattr(made, "nsfw_content_detected", None) or ()):
        held = "Prompt: the checkpoint's own safety checker held the picture back"
        raise RunError(f"{held}. Change the words or the seed.")
    pixels = made.images[0]
    if not np.isfinite(pixels).all() or np.ptp(pixels) == 0:
        raise RunError(
            "Guidance (CFG): the picture came out empty, its numbers overflowed. "
            "Choose lower guidance or another sampler."
        )
    return Image.fromarray((pixels * 255).round().astype(np.uint8))
