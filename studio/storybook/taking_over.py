"""How far pictures take over what they should of a reference, and nothing else of it, beside words."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from studio.storybook import ip_adapter, judge
from studio.storybook.bundled import FOLDER, SEGMENTATION
from studio.storybook.captions import plain_caption
from studio.storybook.data import UNSEEN, pictures, scenes
from studio.storybook.queries import FIRST_THING
from studio.storybook.render import segmentation
from studio.storybook.words import LOOKS
from studio.storybook.world import Mix, Scene
from studio.vision import geometry

COUNT = 100
FIRST_SEED = UNSEEN + 130_000
SIDE = 128
AT_ONCE = 10
# diffusers' scales of the layers that `ip_adapter` teaches each way.
STYLE = {"down": {"block_1": [1.0]}, "up": 1.0}
COMPOSITION = {"down": {"block_2": [1.0]}, "mid": 1.0}
# Fewer pixels are no thing but a stray patch.
LEAST = 60

Figures = dict[str, float | int]


def measured(pipe: StableDiffusionPipeline) -> Figures:
    """Shares in percent of 100 unseen pairs of a reference and another scene's words, which name no look.

    By the trained judge: the look is the reference's, the object and its colour those of the words. Of the
    composition: how far the centre of what stands there is from the reference's, and how its height differs, in
    percent of the side, by the parts that the segmentation net finds. Beside each what comes without a reference.
    """
    some = scenes(FIRST_SEED, COUNT, Mix(two_things=0.0, looks=0.0))
    looks = [LOOKS[index % len(LOOKS)] for index in range(COUNT)]
    others = scenes(FIRST_SEED + COUNT, COUNT, Mix(two_things=0.0, looks=0.0))
    references = [replace(scene, look=look) for scene, look in zip(others, looks, strict=True)]
    alone = _painted(pipe, some, references, None)
    pipe.load_ip_adapter(FOLDER, subfolder=ip_adapter.NAME, weight_name=ip_adapter.FILE, image_encoder_folder=None)
    styled = _painted(pipe, some, references, STYLE)
    composed = _painted(pipe, some, references, COMPOSITION)
    pipe.unload_ip_adapter()
    return {
        **_judged(styled, some, references, "style: "),
        **_judged(composed, some, references, "composition: "),
        **_placed(composed, references, "composition: "),
        **_judged(alone, some, references, "without: "),
        **_placed(alone, references, "without: "),
        "pairs": COUNT,
    }


def _painted(
    pipe: StableDiffusionPipeline, some: Sequence[Scene], references: Sequence[Scene], scales: dict | None
) -> np.ndarray:
    """(n, 128, 128, 3) uint8: one picture a pair, in 20 steps with guidance 4."""
    pipe.set_progress_bar_config(disable=True)
    if scales:
        pipe.set_ip_adapter_scale(scales)
        nothing = ip_adapter.blank(pipe.image_encoder).expand(AT_ONCE, 1, -1, -1)
        states = ip_adapter.seen(pipe.image_encoder, pictures(references, SIDE)).float()
    made = []
    for start in range(0, len(some), AT_ONCE):
        few = range(start, min(start + AT_ONCE, len(some)))
        seen = [torch.cat([nothing[: len(few)], states[few.start : few.stop, None]])] if scales else None
        made += pipe(
            [plain_caption(some[index]) for index in few],
            ip_adapter_image_embeds=seen,
            width=SIDE,
            height=SIDE,
            num_inference_steps=20,
            guidance_scale=4.0,
            generator=[torch.Generator().manual_seed(index) for index in few],
        ).images
    return np.stack([np.asarray(one) for one in made])


def _judged(made: np.ndarray, some: Sequence[Scene], references: Sequence[Scene], prefix: str) -> Figures:
    opinions, looks = judge.opinions(_judge(), made), judge.looks(_judge(), made)
    objects = [judge.objects_right(there, scene.things) for (there, _), scene in zip(opinions, some, strict=True)]
    colours = [judge.colours_right(named, scene.things) for (_, named), scene in zip(opinions, some, strict=True)]
    taken = [look == reference.look for look, reference in zip(looks, references, strict=True)]
    shares = {"reference's look": taken, "asked object": objects, "asked colour": colours}
    return {f"{prefix}{name}": round(100 * float(np.mean(hits)), 1) for name, hits in shares.items()}


def _placed(made: np.ndarray, references: Sequence[Scene], prefix: str) -> Figures:
    """Median distance of centres and difference of heights, in percent of the side, over what is found in both."""
    pairs = [
        (_box(geometry.parts(Image.fromarray(seen), _parts_net())), _box(segmentation(reference, SIDE)))
        for seen, reference in zip(made, references, strict=True)
    ]
    found = [(one, other) for one, other in pairs if one is not None and other is not None]
    centres = [float(np.hypot(*(one[:2] - other[:2]))) for one, other in found]
    heights = [abs(float(one[2] - other[2])) for one, other in found]
    return {
        f"{prefix}centre off": round(100 * float(np.median(centres)), 1),
        f"{prefix}height off": round(100 * float(np.median(heights)), 1),
    }


def _box(classes: np.ndarray) -> np.ndarray | None:
    """Centre x, centre y and height of the things, as shares of the side; None if there are none."""
    rows, columns = np.nonzero(classes >= FIRST_THING)
    if len(rows) < LEAST:
        return None
    top, bottom = rows.min(), rows.max() + 1
    return np.array([(columns.min() + columns.max() + 1) / 2, (top + bottom) / 2, bottom - top]) / len(classes)


_judge = cache(partial(judge.trained, torch.device("cpu")))
_parts_net = cache(partial(geometry.parts_net, SEGMENTATION))
