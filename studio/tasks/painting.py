"""Pictures one by one: each painted by one call of a pipeline, the finished ones kept whatever ends a job."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from studio.errors import Cancelled, RunError, StudioError
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage, count, single
from studio.results import Result
from studio.tasks.watch import Watch

log = logging.getLogger(__name__)

# From the request for one picture and its place to the picture.
Paint = Callable[[TextToImage, int], Image.Image]
# What a pipeline is called with beside the words and settings.
Arguments = Callable[[], Mapping[str, object]]


def in_turn(request: TextToImage, paint: Paint) -> Result:
    """The pictures of a resolved request one by one, picture i with seed + i, so that each can be had again alone.

    Whatever ends it half-way, the pictures that are finished are kept, and the note says why there are no more.
    """
    started = time.monotonic()
    finished: list[Image.Image] = []
    note = ""
    try:
        for index in range(count(request)):
            finished.append(paint(single(request, index), index))
    except StudioError as error:
        if not finished:
            raise
        why = "" if isinstance(error, Cancelled) else f" {error}"
        note = f"Stopped after {len(finished)} of {count(request)} pictures.{why}"
        if not request.prompt_per_line:  # of several prompts no request for a part is sure to be short enough
            request = replace(request, num_images_per_prompt=len(finished))
    return Result(images=tuple(finished), request=request, seconds=time.monotonic() - started, note=note)


def noted(result: Result, notes: Iterable[str]) -> Result:
    """The result with what is to be said beside it, each once."""
    return replace(result, note=" ".join(filter(None, dict.fromkeys((result.note, *notes)))))


def painted(
    pipe: Callable[..., Any], request: TextToImage, manager: PipelineManager, watch: Watch, arguments: Arguments
) -> Image.Image:
    """One call of the pipeline, with what `arguments` gives beside the words, the references and the settings.

    RunError if memory ran out, the numbers did, or a library failed.
    """
    try:
        words = manager.encodings.of(pipe, request, manager.embeddings(request))
        made = pipe(
            **words,
            **manager.heard(request),
            **arguments(),
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
