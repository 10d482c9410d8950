"""What a control costs beside bare diffusers, when its net is first used, and when another takes its place."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import ControlNetModel, DPMSolverMultistepScheduler, StableDiffusionControlNetPipeline

from studio import catalog, images
from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, Preprocess, TextToImage, resolved
from studio.storybook.bundled import BASE, FOLDER
from studio.storybook.render import picture
from studio.storybook.world import random_scene
from studio.tasks import run
from studio.tasks.preprocess import Preprocessing
from studio.vision.preprocessors import preprocessor
from tests.benchmarks.rows import Row, fastest

# What a run with one control may cost beside the same loop in bare diffusers: saying how far it obeys is part of it.
RATIO = 1.05
# Seconds that the first use of a bundled control may take on two cores.
FIRST = 0.5
SCENE = images.picture(picture(random_scene(7), 128))


def measured(outputs: Path) -> list[Row]:
    """On the bundled family."""
    settings = Settings(outputs=outputs, device="cpu")
    manager, preprocessing = PipelineManager(settings), Preprocessing(settings)
    return [*_overhead(manager, preprocessing), *_nets(manager), *_preprocessor(settings)]


def _asked(kind: str, seed: int = 7) -> TextToImage:
    request = TextToImage(prompt="sunset", seed=seed, controls=(Control(kind=kind, image=SCENE),))
    return resolved(request, catalog.checkpoint("storybook"))


def _overhead(manager: PipelineManager, preprocessing: Preprocessing) -> list[Row]:
    request, seeds = _asked("canny"), iter(range(10_000))
    how = {"dtype": torch.float32}
    net = ControlNetModel.from_pretrained(FOLDER / "controlnet-canny", **how)
    bare = StableDiffusionControlNetPipeline.from_pretrained(BASE, controlnet=net, **how)
    bare.set_progress_bar_config(disable=True)
    config, row = bare.scheduler.config, preprocessor("canny")
    shown = row.draw(images.flattened(SCENE), **row.settings).convert("RGB")
    control = request.controls[0]

    def paint_bare() -> None:
        bare.scheduler = DPMSolverMultistepScheduler.from_config(config)
        bare(
            request.prompt,
            image=shown,
            negative_prompt="",
            width=request.width,
            height=request.height,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            controlnet_conditioning_scale=control.controlnet_conditioning_scale,
            control_guidance_start=control.control_guidance_start,
            control_guidance_end=control.control_guidance_end,
            generator=torch.Generator().manual_seed(next(seeds)),
        )

    def paint() -> None:
        # Another seed each time, or the picture would be remembered as looked at.
        run(replace(request, seed=next(seeds)), manager, lambda event: None, preprocessing)

    paint()
    alone, task = fastest(paint_bare, paint, rounds=9)
    # Judged by processor seconds, as the overhead of a plain run.
    alone_cpu, task_cpu = fastest(paint_bare, paint, rounds=15, clock=time.process_time)
    return [
        Row(name="bare diffusers with a ControlNet", figure=alone),
        Row(name="the same in the studio, and measured", figure=task),
        Row(name="with a control / bare diffusers", figure=task_cpu / alone_cpu, unit="", limit=RATIO),
    ]


def _nets(manager: PipelineManager) -> list[Row]:
    first, other = _lend(manager, _asked("canny")), _lend(manager, _asked("depth"))
    plain = _lend(manager, resolved(TextToImage(seed=7), catalog.checkpoint("storybook")))

    def base() -> None:
        manager.close()
        plain()

    def base_and_control() -> None:
        base()
        first()

    without, with_it = fastest(base, base_and_control, rounds=7)
    other()
    (switch,) = fastest(lambda: (first(), other()), rounds=15)
    return [
        Row(name="a bundled control, first used", figure=with_it - without),
        Row(name="another of those in memory", figure=switch / 2),
        Row(name="first use / 0.5 s", figure=(with_it - without) / FIRST, unit="", limit=1),
    ]


def _preprocessor(settings: Settings) -> list[Row]:
    request, preprocessing = Preprocess(image=SCENE, preprocessor="storybook-depth"), Preprocessing(settings)
    preprocessing.preprocess(request, lambda event: None)

    def anew() -> None:
        # Nobody asked for this picture before.
        other = images.picture(images.flattened(SCENE).rotate(next(turns)))
        preprocessing.preprocess(replace(request, image=other), lambda event: None)

    turns = iter(range(1, 360))
    fresh, again = fastest(anew, lambda: preprocessing.preprocess(request, lambda event: None), rounds=9)
    return [
        Row(name="a control image by a net", figure=fresh),
        Row(name="the same once more / at first", figure=again / fresh, unit="", limit=0.1),
    ]


def _lend(manager: PipelineManager, request: TextToImage) -> Callable[[], None]:
    def lend() -> None:
        with manager.pipeline(request):
            return

    return lend
