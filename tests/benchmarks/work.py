"""What the studio costs beside bare diffusers: a picture, another seed, a preview."""

import time
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

from studio import catalog
from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.pipelines import previews
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage, resolved
from studio.tasks import run
from tests.benchmarks.rows import Row, fastest

STORYBOOK = catalog.family("storybook")
REQUEST = resolved(TextToImage(prompt="a red house", checkpoint="one", seed=7), catalog.checkpoint("storybook"))

# A job may take 5 ms more than bare diffusers whatever its length, and 2 % of it.
FIXED_SECONDS, RATIO = 0.005, 1.02
PREVIEWS_A_SECOND = 5


def measured(models: Path, outputs: Path) -> list[Row]:
    """Rows of everything that runs in this process."""
    settings = Settings(models=models, outputs=outputs, device="cpu")
    manager = PipelineManager(settings)
    return [*_overhead(manager, settings), *_seeds(manager), *_preview()]


def _overhead(manager: PipelineManager, settings: Settings) -> list[Row]:
    bare = StableDiffusionPipeline.from_pretrained(settings.models / "one", dtype=torch.float32)
    bare.set_progress_bar_config(disable=True)
    config = bare.scheduler.config

    def paint_bare() -> None:
        bare.scheduler = DPMSolverMultistepScheduler.from_config(config)
        bare(
            REQUEST.prompt,
            negative_prompt="",
            width=REQUEST.width,
            height=REQUEST.height,
            num_inference_steps=REQUEST.num_inference_steps,
            guidance_scale=REQUEST.guidance_scale,
            generator=torch.Generator().manual_seed(REQUEST.seed),
        )

    def paint_queued() -> None:
        for _ in engine.events(engine.submit(REQUEST, "bench").id, "bench"):
            continue

    engine = LocalEngine(settings).start()
    paint_queued()
    actions = paint_bare, lambda: run(REQUEST, manager, lambda event: None), paint_queued
    alone, task, job = fastest(*actions, rounds=15)
    # Judged by processor seconds: other processes lengthen the wall clock's by more than the limit allows.
    alone_cpu, task_cpu = fastest(*actions[:2], rounds=25, clock=time.process_time)
    engine.close()
    return [
        Row(name="bare diffusers, 20 steps", figure=alone),
        Row(name="the task, 20 steps", figure=task),
        Row(name="a job in the queue, saved as PNG", figure=job),
        Row(name="task less 5 ms / bare", figure=(task_cpu - FIXED_SECONDS) / alone_cpu, unit="", limit=RATIO),
        Row(name="job / bare", figure=job / alone, unit=""),
    ]


def _seeds(manager: PipelineManager) -> list[Row]:
    """What a second seed is spared: the encoders of a long prompt."""
    words = ", ".join(["a red house in the snow"] * 40)
    long = replace(REQUEST, prompt=words, negative_prompt="")
    with manager.pipeline(REQUEST) as pipe:

        def encode() -> None:
            manager.encodings.of(pipe, long)

        def encode_anew() -> None:
            manager.encodings.forget("one")
            encode()

        first, second = fastest(encode_anew, encode, rounds=9)
    return [
        Row(name="a long prompt, first seed", figure=first),
        Row(name="a long prompt, second seed", figure=second),
        Row(name="second seed / first", figure=second / first, unit="", limit=0.1),
    ]


def _preview() -> list[Row]:
    latents = torch.randn(1, 4, 32, 32)
    (seconds,) = fastest(lambda: previews.rough(latents, STORYBOOK), rounds=50)
    share = seconds * PREVIEWS_A_SECOND
    return [
        Row(name="a preview of 32×32 latents", figure=seconds),
        Row(name="share of a run at 5 previews a second", figure=share, unit="", limit=0.01),
    ]
