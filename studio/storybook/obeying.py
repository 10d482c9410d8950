"""How far pictures follow the nets of `steering`, with words that do not name what the control shows."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionAdapterPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionPipeline,
    T2IAdapter,
)
from PIL import Image

from studio import obedience
from studio.storybook import pose, steering
from studio.storybook.bundled import DEPTH, POSE, SEGMENTATION
from studio.storybook.captions import random_setting
from studio.storybook.data import UNSEEN, scenes
from studio.storybook.render import depth, segmentation
from studio.storybook.world import Scene
from studio.vision import geometry, preprocessors

COUNT = 100
FIRST_SEED = UNSEEN + 110_000
SIDE = 128
AT_ONCE = 10
IS_LINE = 127

Figures = dict[str, float | int]
# A picture made, and the scene whose control it was to follow, to how far it does.
Score = Callable[[Image.Image, Scene], float | None]


def measured(pipe: StableDiffusionPipeline, *, kind: str, is_adapter: bool = False) -> Figures:
    """The mean score of 100 unseen scenes' controls, and of what the same words and seeds give without them."""
    some = _some(kind)
    nets = [_net(kind, is_adapter=is_adapter)]
    followed = [_scored([kind], *pair) for pair in zip(_painted(pipe, some, [kind], nets), some, strict=True)]
    alone = [_scored([kind], *pair) for pair in zip(_alone(pipe, tuple(some)), some, strict=True)]
    name = NAMES[kind]
    return {
        name: _mean(followed, kind),
        f"{name}, without control": _mean(alone, kind),
        "scenes": len(some),
    }


def together(pipe: StableDiffusionPipeline, *, kinds: Sequence[str]) -> Figures:
    """The scores of several controls at once, and of each alone, on 100 unseen scenes with a person."""
    some = _some("pose")
    figures: Figures = {}
    for used in (kinds, *([kind] for kind in kinds)):
        made = _painted(pipe, some, used, [_net(kind) for kind in used])
        scores = [_scored(kinds, *pair) for pair in zip(made, some, strict=True)]
        for kind in kinds if len(used) > 1 else used:
            word = "together" if len(used) > 1 else "alone"
            figures[f"{NAMES[kind]}, {word}"] = _mean(scores, kind)
    return figures | {"scenes": len(some)}


def _some(kind: str) -> list[Scene]:
    return pose.with_people(FIRST_SEED, COUNT) if kind == "pose" else scenes(FIRST_SEED, COUNT)


def _net(kind: str, *, is_adapter: bool = False) -> ControlNetModel | T2IAdapter:
    folder = steering.folder_of(kind, is_adapter=is_adapter)
    return (T2IAdapter if is_adapter else ControlNetModel).from_pretrained(folder, dtype=torch.float32).eval()


def _painted(
    pipe: StableDiffusionPipeline, some: Sequence[Scene], kinds: Sequence[str], nets: Sequence[torch.nn.Module]
) -> list[Image.Image]:
    """One picture a scene, in 20 steps with guidance 4."""
    parts = pipe.components | {"requires_safety_checker": False}
    if nets and isinstance(nets[0], T2IAdapter):
        del parts["image_encoder"]
        pipe = StableDiffusionAdapterPipeline(**parts, adapter=nets[0])
    elif nets:
        pipe = StableDiffusionControlNetPipeline(**parts, controlnet=nets[0] if len(nets) == 1 else list(nets))
    pipe.set_progress_bar_config(disable=True)
    made = []
    for start in range(0, len(some), AT_ONCE):
        few = some[start : start + AT_ONCE]
        shown = [[steering.KINDS[kind](scene, SIDE).convert("RGB") for kind in kinds] for scene in few]
        control = {"image": shown if len(kinds) > 1 else [image for [image] in shown]} if kinds else {}
        made += pipe(
            [random_setting(scene, start + index) for index, scene in enumerate(few)],
            **control,
            width=SIDE,
            height=SIDE,
            num_inference_steps=20,
            guidance_scale=4.0,
            generator=[torch.Generator().manual_seed(start + index) for index in range(len(few))],
        ).images
    return made


@cache
def _alone(pipe: StableDiffusionPipeline, some: tuple[Scene, ...]) -> list[Image.Image]:
    """The same without any control, which several kinds are held against."""
    return _painted(pipe, some, [], [])


def _scored(kinds: Sequence[str], made: Image.Image, scene: Scene) -> dict[str, float | None]:
    return {kind: SCORES[kind](made, scene) for kind in kinds}


def _mean(scores: Sequence[Mapping[str, float | None]], kind: str) -> float:
    """Over the pictures that can be compared; nobody where somebody should be is as wrong as can be."""
    worst = WORST[kind]
    return round(float(np.mean([worst if one[kind] is None else one[kind] for one in scores])), 3)


def _edges(made: Image.Image, scene: Scene, *, kind: str) -> float | None:
    row = preprocessors.preprocessor(kind)
    found, wanted = row.draw(made, **row.settings), steering.KINDS[kind](scene, SIDE)
    return obedience.edges(*(np.asarray(one.convert("L")) > IS_LINE for one in (found, wanted)))


def _depth(made: Image.Image, scene: Scene) -> float | None:
    return obedience.depth(geometry.nearness(made, _depth_net()), depth(scene, SIDE))


def _pose(made: Image.Image, scene: Scene) -> float | None:
    return obedience.pose(geometry.people(made, _pose_net()), pose.people(scene), (SIDE, SIDE))


def _regions(made: Image.Image, scene: Scene) -> float | None:
    return obedience.regions(geometry.parts(made, _parts_net()), segmentation(scene, SIDE))


_depth_net = cache(partial(geometry.depth_net, DEPTH))
_pose_net = cache(partial(geometry.pose_net, POSE))
_parts_net = cache(partial(geometry.parts_net, SEGMENTATION))

SCORES: Mapping[str, Score] = {
    "canny": partial(_edges, kind="canny"),
    "scribble": partial(_edges, kind="scribble"),
    "depth": _depth,
    "pose": _pose,
    "segmentation": _regions,
}
NAMES = {"canny": "F1", "scribble": "F1", "depth": "rank correlation", "pose": "joint error", "segmentation": "mIoU"}
WORST = {"canny": 0.0, "scribble": 0.0, "depth": 0.0, "pose": 100.0, "segmentation": 0.0}
