"""Every figure of the model card, from scenes and prompts never trained on; masks are found as users find them."""

import json
import logging
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer

from studio import images, obedience
from studio.config import Settings
from studio.images import Picture
from studio.results import Preview, Progress
from studio.storybook import (
    clip,
    embedding,
    export,
    foreground,
    ip_adapter,
    judge,
    lora,
    obeying,
    pose,
    queries,
    steering,
    taking_over,
    taught,
    vae,
)
from studio.storybook.bundled import (
    BASE,
    CLIP,
    CLIPSEG,
    DEPTH,
    EMBEDDINGS,
    FIGURES,
    FOLDER,
    IP_ADAPTER,
    LORAS,
    POSE,
    SEGMENTATION,
    part,
)
from studio.storybook.captions import plain_caption, random_caption
from studio.storybook.data import UNSEEN, depths, pictures, regions, scenes
from studio.storybook.vae import to_tensor
from studio.storybook.world import Mix, Scene
from studio.vision import geometry, registry
from studio.vision.foreground import Foregrounds
from studio.vision.regions import Regions

log = logging.getLogger(__name__)

PROMPTS = 200
CPU = torch.device("cpu")

Figures = dict[str, float | int]


def evaluate(parts: list[str]) -> dict[str, Figures]:
    """Measure the named parts, or all there are, and keep their figures in `FIGURES`; KeyError on others."""
    pipe = StableDiffusionPipeline.from_pretrained(BASE, dtype=torch.float32)
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for name in parts or [name for name in MEASURES if NETS.get(name, FOLDER).exists()]:
        figures[name] = MEASURES[name](pipe)
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def base(pipe: StableDiffusionPipeline) -> Figures:
    """Shares of 200 prompts whose objects, colours and both are right, by the trained judge and by counted pixels.

    The prompts are captions of unseen scenes in the mix trained on (one in five with two things, one in four in
    another look), half in the words shown on screen and half as people vary them. Prompts with two things count as
    right only if both are.
    """
    asked = _asked()
    painted = export.paint(pipe, [prompt for prompt, _ in asked])
    figures = _shares(painted, [scene for _, scene in asked], "")
    _keep_failures(painted, asked)
    for name, belongs in SUBSETS.items():
        rows = [row for row, (_, scene) in enumerate(asked) if belongs(scene)]
        figures |= _shares(painted[rows], [asked[row][1] for row in rows], f"{name}: ")
    return figures


def autoencoder(pipe: StableDiffusionPipeline) -> Figures:
    """PSNR of 300 unseen scenes, a quarter of them in another look."""
    return {"psnr": round(vae.psnr(pipe.vae, pictures(scenes(UNSEEN, 300), 128)), 2)}


def judges(pipe: StableDiffusionPipeline) -> Figures:
    """What the judges say of 500 true pictures: the ceiling of what they can say of painted ones."""
    some = list(scenes(UNSEEN + 10_000, 500))
    return _shares(pictures(some, 128), some, "")


def text_and_pictures(pipe: StableDiffusionPipeline) -> Figures:
    """How often CLIP finds the right one of 100 pictures for a caption, and of 100 captions for a picture."""
    some = scenes(UNSEEN + 20_000, 1000, clip.TRAINED_ON)
    towers = part(CLIPModel, CLIP, CPU)
    hits = np.array([_retrieved(towers, pipe.tokenizer, some[at : at + 100]) for at in range(0, 1000, 100)])
    return {"picture of a caption": _percent(hits[:, 0]), "caption of a picture": _percent(hits[:, 1])}


def words_to_masks(pipe: StableDiffusionPipeline) -> Figures:
    """Mean IoU of what CLIPSeg marks at a threshold of 0.5 in 200 unseen scenes, one in five with two things.

    And how often it marks anything for words of what is not there, and for a thing in another colour than it has.
    """
    some = scenes(UNSEEN + 40_000, 200)
    model, nets = registry.model("storybook-words"), Regions()
    hits: dict[str, list[float]] = {"thing": [], "background": [], "not there": [], "another colour": []}
    for scene, shown, classes in zip(some, _shown(some), regions(some, 128), strict=True):
        asked = {"thing": queries.things(scene, classes), "background": [queries.background(scene, classes)]}
        *asked["not there"], other = queries.absent(scene, classes)
        asked["another colour"] = [other]
        for name, rows in asked.items():
            scores = nets.scores(shown, [words for words, _ in rows], model, CLIPSEG, report=_quietly)
            pairs = [(score >= 0.5, mask) for score, (_, mask) in zip(scores, rows, strict=True)]
            overlaps = [_iou(marked, mask) if mask.any() else marked.any() for marked, mask in pairs]
            hits[name] += map(float, overlaps)
    return {
        "thing, IoU": round(float(np.mean(hits["thing"])), 3),
        "background, IoU": round(float(np.mean(hits["background"])), 3),
        "marked though not there": _percent(hits["not there"]),
        "marked in another colour": _percent(hits["another colour"]),
        "scenes": len(some),
    }


def foregrounds(pipe: StableDiffusionPipeline) -> Figures:
    """Mean IoU of what the foreground net marks at a threshold of 0.5 in 200 unseen scenes.

    And how much of 100 places without any thing it marks.
    """
    some = scenes(UNSEEN + 40_000, 200)
    truth = regions(some, 128) >= queries.FIRST_THING
    model, nets = registry.model("storybook-foreground"), Foregrounds(Settings())
    marked = [nets.matte(shown, model, _quietly) >= 0.5 for shown in _shown(some)]
    found = [_iou(*pair) for pair in zip(marked, truth, strict=True)]
    bare = [nets.matte(shown, model, _quietly) >= 0.5 for shown in _shown(foreground.empty(UNSEEN + 50_000, 100))]
    return {
        "IoU": round(float(np.mean(found)), 3),
        "worst of ten": round(float(np.quantile(found, 0.1)), 3),
        "of an empty place, marked": _percent(np.array(bare)),
    }


def nearness(pipe: StableDiffusionPipeline) -> Figures:
    """Mean rank correlation of the depth net's maps with the true ones in 200 unseen scenes."""
    some, net = scenes(UNSEEN + 60_000, 200), geometry.depth_net(DEPTH)
    found = [
        obedience.depth(geometry.nearness(shown.image, net), near)
        for shown, near in zip(_shown(some), depths(some, 128), strict=True)
    ]
    return _spread(found, "rank correlation")


def joints(pipe: StableDiffusionPipeline) -> Figures:
    """Mean error of the pose net's joints, in percent of the height, in 200 unseen scenes with a person.

    And how often it finds nobody there, and somebody in 100 scenes without anybody.
    """
    some, net = pose.with_people(UNSEEN + 70_000, 200), geometry.pose_net(POSE)
    found = [geometry.people(shown.image, net) for shown in _shown(some)]
    errors = [obedience.pose(made, pose.people(scene), (128, 128)) for made, scene in zip(found, some, strict=True)]
    alone = [scene for scene in scenes(UNSEEN + 80_000, 200) if not pose.people(scene)][:100]
    return {
        **_spread([error for error in errors if error is not None], "joint error"),
        "nobody found": _percent([not made for made in found]),
        "somebody where nobody is": _percent([bool(geometry.people(shown.image, net)) for shown in _shown(alone)]),
    }


def parts(pipe: StableDiffusionPipeline) -> Figures:
    """Mean IoU of what the segmentation net says of 200 unseen scenes, over the classes in each."""
    some, net = scenes(UNSEEN + 60_000, 200), geometry.parts_net(SEGMENTATION)
    found = [
        obedience.regions(geometry.parts(shown.image, net), classes)
        for shown, classes in zip(_shown(some), regions(some, 128), strict=True)
    ]
    return _spread(found, "mIoU")


def speed(pipe: StableDiffusionPipeline) -> Figures:
    """Median seconds of a 128×128 picture in 20 steps with guidance, on the processor."""
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        export.paint(pipe, ["a red house in the snow, sunset"])
        seconds.append(time.perf_counter() - started)
    return {"seconds": round(float(np.median(seconds[1:])), 2), "threads": torch.get_num_threads()}


MEASURES: dict[str, Callable[[StableDiffusionPipeline], Figures]] = {
    "base": base,
    "vae": autoencoder,
    "clip": text_and_pictures,
    "judges": judges,
    "clipseg": words_to_masks,
    "rembg": foregrounds,
    "depth": nearness,
    "pose": joints,
    "segmentation": parts,
    "speed": speed,
    **{f"controlnet-{kind}": partial(obeying.measured, kind=kind) for kind in steering.KINDS},
    "t2i-adapter-canny": partial(obeying.measured, kind="canny", is_adapter=True),
    "pose-and-depth": partial(obeying.together, kinds=("pose", "depth")),
    ip_adapter.NAME: taking_over.measured,
    lora.NAME: taught.blueprint,
    embedding.NAME: taught.lumiboat,
}
# Those that are trained after the rest.
NETS = {
    "depth": DEPTH,
    "pose": POSE,
    "segmentation": SEGMENTATION,
    **{f"controlnet-{kind}": steering.folder_of(kind) for kind in steering.KINDS},
    "t2i-adapter-canny": steering.folder_of("canny", is_adapter=True),
    "pose-and-depth": steering.folder_of("pose"),
    ip_adapter.NAME: IP_ADAPTER,
    lora.NAME: LORAS,
    embedding.NAME: EMBEDDINGS,
}
SUBSETS: dict[str, Callable[[Scene], bool]] = {
    "one thing, plain": lambda scene: len(scene.things) == 1 and scene.look == "plain",
    "one thing, other looks": lambda scene: len(scene.things) == 1 and scene.look != "plain",
    "two things": lambda scene: len(scene.things) == 2,
}


def _quietly(event: Progress | Preview) -> None:
    """Hears and says nothing: what takes long is known."""


def _shown(some: list[Scene]) -> list[Picture]:
    return [images.picture(Image.fromarray(pixels)) for pixels in pictures(some, 128)]


def _asked() -> list[tuple[str, Scene]]:
    """Prompts that name a colour for every thing, with the scenes they describe."""
    asked = []
    for index, scene in enumerate(scenes(UNSEEN + 30_000, 2 * PROMPTS, Mix())):
        prompt = plain_caption(scene) if index % 2 else random_caption(scene, UNSEEN + index, is_complete=True)
        asked.append((prompt, scene))
    return asked[:PROMPTS]


def _keep_failures(painted: np.ndarray, asked: list[tuple[str, Scene]]) -> None:
    """The first twelve pictures judged wrong go on a page of the model card, their prompts into the log."""
    objects, colours = _judged(painted, [scene for _, scene in asked])
    wrong = [row for row in range(len(asked)) if not (objects[row] and colours[row])][:12]
    export.sheet(painted[wrong]).save(BASE / "failures.png")
    for row in wrong:
        log.info("judged wrong: %s", asked[row][0])


def _judged(painted: np.ndarray, some: list[Scene]) -> tuple[list[bool], list[bool]]:
    seen = judge.opinions(judge.trained(CPU), painted)
    objects = [judge.objects_right(there, scene.things) for (there, _), scene in zip(seen, some, strict=True)]
    colours = [judge.colours_right(named, scene.things) for (_, named), scene in zip(seen, some, strict=True)]
    return objects, colours


def _shares(painted: np.ndarray, some: list[Scene], prefix: str) -> Figures:
    objects, colours = _judged(painted, some)
    plain = [row for row, scene in enumerate(some) if scene.look == "plain"]
    figures = {
        f"{prefix}prompts": len(some),
        f"{prefix}object": _percent(objects),
        f"{prefix}colour": _percent(colours),
        f"{prefix}both": _percent(np.logical_and(objects, colours)),
    }
    if plain:
        counted = [judge.pixels_right(painted[row], some[row]) for row in plain]
        figures[f"{prefix}colour by pixels, plain look"] = _percent(counted)
    return figures


def _spread(found: list[float], name: str) -> Figures:
    """The mean, and what the worst tenth is worse than."""
    worst = np.quantile(found, 0.9 if "error" in name else 0.1)
    return {name: round(float(np.mean(found)), 3), "worst of ten": round(float(worst), 3), "scenes": len(found)}


@torch.inference_mode()
def _retrieved(towers: CLIPModel, tokenizer: CLIPTokenizer, some: list[Scene]) -> tuple[float, float]:
    captions = [random_caption(scene, UNSEEN + index, is_complete=True) for index, scene in enumerate(some)]
    tokens = tokenizer(captions, padding=True, truncation=True, return_tensors="pt")
    pixels = clip.normalised(to_tensor(pictures(some, 128)))
    scores = towers(input_ids=tokens["input_ids"], pixel_values=pixels).logits_per_text
    same = torch.arange(len(some))
    return float((scores.argmax(1) == same).float().mean()), float((scores.argmax(0) == same).float().mean())


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two bool masks."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _percent(hits: object) -> float:
    return round(100 * float(np.mean(hits)), 1)
