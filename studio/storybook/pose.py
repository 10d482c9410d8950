"""ViTPose for the Storybook world: a picture to the joints of the person in it."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import VitPoseConfig, VitPoseForPoseEstimation, VitPoseImageProcessor

from studio.skeletons import JOINTS, Point, Skeleton
from studio.storybook import bundled
from studio.storybook.bundled import POSE
from studio.storybook.data import Pool, normalised, scenes
from studio.storybook.render import keypoints
from studio.storybook.training import Losses, Run, newest, workers
from studio.storybook.world import Mix, Scene, Thing

# The people of this world have a head without a face.
SEEN = JOINTS[:14]
# Where the joints between lie on a straight limb.
ROOT, BEND = 0.12, 0.55
SEES, PATCH, SCALE = 192, 12, 3
HEIGHT = 128
BATCH = 32
COUNT = 3_000
ALONE = 1_200  # of these nobody is in the picture
TRAINED_ON = Mix(two_things=0.4, looks=0.35)
FIRST_SEED = 160_000_000
# As the processor pads what it cuts out, and how far off a cut may be.
PADDING, ZOOM, SHIFT = 1.25, 0.2, 0.1
SPREAD = 1.5


def people(scene: Scene) -> list[Skeleton]:
    """The skeletons of the persons in a scene."""
    return [_skeleton(thing, scene.aspect) for thing in scene.things if thing.kind == "person"]


def with_people(first_seed: int, count: int, *, aspect: float = 1.0) -> list[Scene]:
    """`count` scenes with a person, of the seeds from the first on."""
    found: list[Scene] = []
    while len(found) < count:
        found += [scene for scene in scenes(first_seed, count, TRAINED_ON, aspect=aspect) if people(scene)]
        first_seed += count
    return found[:count]


def make() -> VitPoseForPoseEstimation:
    """A fresh net of 0.5 M parameters: four layers of width 96 over patches of 12 pixels, one heat map a joint."""
    backbone = {
        "model_type": "vitpose_backbone",
        "image_size": [SEES, SEES],
        "patch_size": [PATCH, PATCH],
        "hidden_size": 96,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "out_indices": [4],
    }
    labels = dict(enumerate(SEEN))
    config = VitPoseConfig(
        backbone_config=backbone,
        scale_factor=SCALE,
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
    )
    return VitPoseForPoseEstimation(config)


def train(minutes: float, device: torch.device) -> VitPoseForPoseEstimation:
    """Train on worn scenes, cut out as the processor does but a little off; squared error of the heat maps."""

    def draw(first_seed: int, aspect: float) -> list[Scene]:
        alone = [scene for scene in scenes(first_seed, 2 * ALONE, TRAINED_ON, aspect=aspect) if not people(scene)]
        return [*alone[:ALONE], *with_people(first_seed + 2 * ALONE, COUNT - ALONE, aspect=aspect)]

    pool = Pool(draw, FIRST_SEED, _joints, height=HEIGHT)
    model, batch = trained(device) or make(), BATCH // workers()

    def losses(step: int) -> Losses:
        pixels, joints = pool.batch(batch, device)
        seen, places = _cut(pixels, joints)
        wanted = _heat(places, joints[..., 2])
        guess = model(normalised(seen)).heatmaps.float()
        return {"heat": 10 * ((guess - wanted).square() * (1 + 20 * wanted)).mean()}

    return Run(name="pose", model=model, losses=losses, device=device).fit(minutes)


def trained(device: torch.device) -> VitPoseForPoseEstimation | None:
    """The averaged net of the saved state, else the bundled one, in evaluation mode; None if there is neither."""
    return newest("pose", make, VitPoseForPoseEstimation, POSE, device)


def export(folder: Path = POSE, model: VitPoseForPoseEstimation | None = None) -> None:
    """Write net, the trained one if none is given, and processor in the layout of the published one, float16."""
    (model or trained(torch.device("cpu"))).half().save_pretrained(folder)
    bundled.load_as_float32(folder)
    VitPoseImageProcessor(size={"height": SEES, "width": SEES}).save_pretrained(folder)


def _skeleton(thing: Thing, aspect: float) -> Skeleton:
    """The joints of a person that are in the picture: of each limb the world knows its ends, the rest lies between.

    Nobody here has a front or a back, so right is what would be on the right of somebody who looks at us.
    """
    seen = keypoints(thing)
    sides = ("right", "left") if thing.is_mirrored else ("left", "right")
    joints = {"nose": seen["head"], "neck": seen["neck"]}
    for ours, theirs in zip(sides, ("right", "left"), strict=True):
        for limb, names in (("hand", ("shoulder", "elbow", "wrist")), ("foot", ("hip", "knee", "ankle"))):
            root, end = seen["neck" if limb == "hand" else "hip"], seen[f"{ours} {limb}"]
            for name, share in zip(names, (ROOT, BEND, 1.0), strict=True):
                joints[f"{theirs}_{name}"] = _between(root, end, share)
    places = {name: (x / aspect, y) for name, (x, y) in joints.items()}
    return Skeleton(joints={name: (x, y) for name, (x, y) in places.items() if 0 <= x < 1 and 0 <= y < 1})


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def _joints(some: list[Scene], height: int) -> np.ndarray:
    """(n, 14, 3) float32: x and y as shares of width and height, and 1 if the joint is seen."""
    rows = np.zeros((len(some), len(SEEN), 3), np.float32)
    for row, scene in zip(rows, some, strict=True):
        for person in people(scene):
            row[:] = [(*person.joints[name], 1) if name in person.joints else (0, 0, 0) for name in SEEN]
    return rows


def _cut(pixels: Tensor, joints: Tensor, *, off: float = 1.0) -> tuple[Tensor, Tensor]:
    """What the processor cuts out of pictures (n, 3, h, w), a little off; and where the joints are in it, −1 … 1.

    How far off it may be is multiplied by `off`.
    """
    count, _, height, width = pixels.shape
    longer = torch.tensor([max(height, width) / width, max(height, width) / height], device=pixels.device)
    zoom = PADDING * longer * (1 + off * ZOOM * (2 * torch.rand(count, 1, device=pixels.device) - 1))
    shift = off * SHIFT * (2 * torch.rand(count, 2, device=pixels.device) - 1)
    theta = torch.cat([torch.diag_embed(zoom), shift[..., None]], 2)
    # The processor counts from pixel to pixel, its first and last on the border; `grid_sample` from edge to edge.
    grid = F.affine_grid(theta, [count, 3, SEES, SEES], align_corners=True)
    grid = grid + 1 / torch.tensor([width, height], device=pixels.device)
    seen = F.grid_sample(pixels + 1, grid, mode="bilinear", align_corners=False) - 1  # black around
    places = (2 * joints[..., :2] - 1 - shift[:, None]) / zoom[:, None]
    return seen, places


def _heat(places: Tensor, weights: Tensor) -> Tensor:
    """Heat maps (n, joints, side, side): around each joint a bell of height 1, where it is seen."""
    side = SEES // PATCH * SCALE
    at = torch.linspace(-1, 1, side, device=places.device)
    reach = 2 * SPREAD / (side - 1)
    across = torch.exp(-((at - places[..., :1]) ** 2) / (2 * reach**2))
    down = torch.exp(-((at - places[..., 1:]) ** 2) / (2 * reach**2))
    return down[..., :, None] * across[..., None, :] * weights[..., None, None]
