"""Tells of each step of a job, and now and then shows it."""

import time
from typing import Any

from studio.pipelines import previews
from studio.pipelines.manager import Pace, PipelineManager, pace_key
from studio.requests import TextToImage, count
from studio.results import Preview, Progress, Report

PREVIEW_EVERY = 0.2  # seconds
PREVIEW_SHARE = 0.01  # of the run time


class Watch:
    """From the events of pipelines to those of a job: phase, step, seconds gone and seconds left."""

    def __init__(self, request: TextToImage, manager: PipelineManager, report: Report) -> None:
        self._request, self._manager, self._report = request, manager, report
        self._family = manager.family(request.checkpoint)
        self._count = count(request)
        self._started = self._began = self._stepped = time.monotonic()
        self._index, self._preview_due, self._word = 0, 0.0, ""
        self._before = self._after = 0

    def on_load(self, done: int, parts: int) -> None:
        """Report a part of the checkpoint that is about to be read."""
        elapsed = time.monotonic() - self._started
        self._report(Progress(phase="loading", step=done, steps=parts, elapsed=elapsed))

    def begin(self, index: int, passes: tuple[int, ...]) -> None:
        """Report that picture `index` begins: steps of each of its passes; and how long it took last time."""
        self._index = index
        self._began = self._stepped = time.monotonic()
        self._preview_due = self._began + PREVIEW_EVERY
        self._word, self._before, self._after = "painting", 0, sum(passes[1:])
        self._tell(0, sum(passes))

    def next_pass(self, steps: int) -> None:
        """The picture is painted again, in the last so many of its steps."""
        self._word, self._before, self._after = "refining", self._before + self._done, self._after - steps

    def on_step_end(self, pipe: Any, step: int, timestep: object, tensors: dict) -> dict:  # noqa: ANN401
        """Report, and stop the run by what `report` raises; called by the pipeline."""
        self._stepped = time.monotonic()
        self._done = step + 1
        done, steps = self._before + step + 1, self._before + pipe.num_timesteps + self._after
        self._tell(done, steps)
        if self._stepped >= self._preview_due and done < steps:
            latents = previews.estimate(pipe.scheduler, tensors["latents"])
            self._report(Preview(image=previews.rough(latents, self._family)))
            shown = time.monotonic()
            self._preview_due = shown + max(PREVIEW_EVERY, (shown - self._stepped) / PREVIEW_SHARE)
        return {}

    def end(self) -> None:
        """Remember what the picture took."""
        step = (self._stepped - self._began) / (self._before + self._done)
        self._manager.paces[pace_key(self._request)] = Pace(step, time.monotonic() - self._stepped)

    def _tell(self, done: int, steps: int) -> None:
        word = "decoding" if done == steps else self._word
        progress = Progress(
            phase=word if self._count == 1 else f"{word} picture {self._index + 1} of {self._count}",
            step=done,
            steps=steps,
            elapsed=self._stepped - self._started,
            remaining=self._remaining(done, steps, self._count - self._index),
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
