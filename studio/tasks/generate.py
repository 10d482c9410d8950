"""Words to pictures."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from studio.errors import Cancelled, RunError
from studio.pipelines import previews
from studio.pipelines.manager import Pace, PipelineManager, pace_key
from studio.requests import TextToImage, resolved
from studio.results import Preview, Progress, Report, Result

PREVIEW_EVERY = 0.2  # seconds
PREVIEW_SHARE = 0.01  # of the run time


def text_to_image(request: TextToImage, manager: PipelineManager, report: Report) -> Result:
    """Paint the request's pictures one by one, picture i with seed + i, so that each can be had again alone.

    Cancelled half-way, the pictures that are finished are kept.
    """
    started = time.monotonic()
    request = resolved(request, manager.family(request.checkpoint))
    images: list[Image.Image] = []
    watch = _Watch(request, manager, report)
    try:
        with manager.pipeline(request, on_load=watch.on_load) as pipe:
            for index in range(request.num_images_per_prompt):
                watch.begin(index)
                images.append(_painted(pipe, request, index, watch))
                watch.end()
    except Cancelled:
        if not images:
            raise
        note = f"Stopped after {len(images)} of {request.num_images_per_prompt} pictures."
        request = replace(request, num_images_per_prompt=len(images))
        return Result(images=tuple(images), request=request, seconds=time.monotonic() - started, note=note)
    return Result(images=tuple(images), request=request, seconds=time.monotonic() - started)


class _Watch:
    """Tells of each step of a job, and now and then shows it."""

    def __init__(self, request: TextToImage, manager: PipelineManager, report: Report) -> None:
        self._request, self._manager, self._report = request, manager, report
        self._family = manager.family(request.checkpoint)
        self._started = self._began = self._stepped = time.monotonic()
        self._index, self._preview_due = 0, 0.0

    def on_load(self, done: int, parts: int) -> None:
        """Report a part of the checkpoint that is about to be read."""
        elapsed = time.monotonic() - self._started
        self._report(Progress(phase="loading", step=done, steps=parts, elapsed=elapsed))

    def begin(self, index: int) -> None:
        """Report that picture `index` begins, and how long it took last time."""
        self._index = index
        self._began = self._stepped = time.monotonic()
        self._preview_due = self._began + PREVIEW_EVERY
        self._tell(0, self._request.num_inference_steps)

    def on_step_end(self, pipe: Any, step: int, timestep: object, tensors: dict) -> dict:  # noqa: ANN401
        """Report, and stop the run by what `report` raises; called by the pipeline."""
        self._stepped = time.monotonic()
        done, steps = step + 1, pipe.num_timesteps
        self._tell(done, steps)
        if self._stepped >= self._preview_due and done < steps:
            latents = previews.estimate(pipe.scheduler, tensors["latents"])
            self._report(Preview(image=previews.rough(latents, self._family)))
            shown = time.monotonic()
            self._preview_due = shown + max(PREVIEW_EVERY, (shown - self._stepped) / PREVIEW_SHARE)
        return {}

    def end(self) -> None:
        """Remember what the picture took."""
        step = (self._stepped - self._began) / self._request.num_inference_steps
        self._manager.paces[pace_key(self._request)] = Pace(step, time.monotonic() - self._stepped)

    def _tell(self, done: int, steps: int) -> None:
        count = self._request.num_images_per_prompt
        word = "decoding" if done == steps else "painting"
        progress = Progress(
            phase=word if count == 1 else f"{word} picture {self._index + 1} of {count}",
            step=done,
            steps=steps,
            elapsed=self._stepped - self._started,
            remaining=self._remaining(done, steps, count - self._index),
        )
        self._report(progress)

    def _remaining(self, done: int, steps: int, pictures: int) -> float | None:
        """Seconds to the end: by this picture's own steps, before the first one by the last picture of the kind."""
        known = self._manager.paces.get(pace_key(self._request))
        if not done and known is None:
            return None
        painting = (self._stepped - self._began) / done * steps if done else known.step * steps
        rest = known.rest if known else 0.0
        return painting * (pictures - done / steps) + rest * pictures


def _painted(pipe: Callable[..., Any], request: TextToImage, index: int, watch: _Watch) -> Image.Image:
    """One picture; RunError if memory ran out or the numbers did."""
    try:
        pixels = pipe(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(request.seed + index),
            callback_on_step_end=watch.on_step_end,
            output_type="np",
        ).images[0]
    except torch.OutOfMemoryError:
        message = f"Size: {request.width}×{request.height} needs more memory than there is. Choose a smaller size."
        raise RunError(message) from None
    if not np.isfinite(pixels).all() or np.ptp(pixels) == 0:
        raise RunError(
            "Guidance (CFG): the picture came out empty, its numbers overflowed. "
            "Choose lower guidance or another sampler."
        )
    return Image.fromarray((pixels * 255).round().astype(np.uint8))
