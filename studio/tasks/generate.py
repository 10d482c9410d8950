"""Words to pictures."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from studio.catalog import Family
from studio.errors import Cancelled, RunError
from studio.pipelines import previews
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage, resolved
from studio.results import Preview, Progress, Result

PREVIEW_EVERY = 0.2

Report = Callable[[Progress | Preview], None]


def text_to_image(request: TextToImage, manager: PipelineManager, report: Report) -> Result:
    """Paint the request's pictures one by one, picture i with seed + i, so that each can be had again alone.

    Cancelled half-way, the pictures that are finished are kept.
    """
    started = time.monotonic()
    request = resolved(request, manager.family(request.checkpoint))
    images: list[Image.Image] = []
    try:
        with manager.pipeline(request, on_load=lambda: report(Progress(phase="loading"))) as pipe:
            for index in range(request.num_images_per_prompt):
                watch = _Watch(request, index, manager.family(request.checkpoint), started, report)
                images.append(_painted(pipe, request, index, watch))
    except Cancelled:
        if not images:
            raise
        note = f"Stopped after {len(images)} of {request.num_images_per_prompt} pictures."
        request = replace(request, num_images_per_prompt=len(images))
        return Result(images=tuple(images), request=request, seconds=time.monotonic() - started, note=note)
    return Result(images=tuple(images), request=request, seconds=time.monotonic() - started)


class _Watch:
    """Tells of each step of one picture, and now and then shows it."""

    def __init__(self, request: TextToImage, index: int, family: Family, started: float, report: Report) -> None:
        self._request, self._index, self._family = request, index, family
        self._started, self._report = started, report
        self._began = self._shown = time.monotonic()

    def on_step_end(self, pipe: DiffusionPipeline, step: int, timestep: object, tensors: dict) -> dict:
        """Report, and stop the run by what `report` raises."""
        now = time.monotonic()
        done, steps = step + 1, pipe.num_timesteps
        pictures_left = self._request.num_images_per_prompt - self._index - 1
        pace = (now - self._began) / done
        self._report(
            Progress(
                phase=self._phase("decoding" if done == steps else "painting"),
                step=done,
                steps=steps,
                elapsed=now - self._started,
                remaining=pace * (steps - done + pictures_left * steps),
            )
        )
        if now - self._shown >= PREVIEW_EVERY and done < steps:
            self._shown = now
            self._report(Preview(image=previews.rough(tensors["latents"], self._family)))
        return {}

    def _phase(self, word: str) -> str:
        count = self._request.num_images_per_prompt
        return word if count == 1 else f"{word} picture {self._index + 1} of {count}"


def _painted(pipe: DiffusionPipeline, request: TextToImage, index: int, watch: _Watch) -> Image.Image:
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
