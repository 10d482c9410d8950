"""Skeletons drawn as OpenPose draws them, which is what its ControlNets follow."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from studio.skeletons import BONES, JOINTS, Skeleton

# Shorter side of the picture they are drawn in, where bones and joints are as thick as ControlNets saw them.
DRAWN_AT = 512
RADIUS = 4
BONE_LIGHT = 0.6
COLOURS = (
    (255, 0, 0),
    (255, 85, 0),
    (255, 170, 0),
    (255, 255, 0),
    (170, 255, 0),
    (85, 255, 0),
    (0, 255, 0),
    (0, 255, 85),
    (0, 255, 170),
    (0, 255, 255),
    (0, 170, 255),
    (0, 85, 255),
    (0, 0, 255),
    (85, 0, 255),
    (170, 0, 255),
    (255, 0, 255),
    (255, 0, 170),
    (255, 0, 85),
)


def drawn(people: Sequence[Skeleton], size: tuple[int, int]) -> Image.Image:
    """The people on black, RGB; to the pixel as OpenPose draws bodies if the shorter side is 512."""
    scale = DRAWN_AT / min(size)
    width, height = (round(side * scale) for side in size)
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in people:
        _draw(canvas, {name: (x * width, y * height) for name, (x, y) in person.joints.items()})
    image = Image.fromarray(canvas)
    return image if image.size == size else image.resize(size, Image.Resampling.BOX if scale > 1 else Image.BICUBIC)


def _draw(canvas: np.ndarray, joints: dict[str, tuple[float, float]]) -> None:
    import cv2

    for (one, other), colour in zip(BONES, COLOURS, strict=False):
        if one in joints and other in joints:
            (x, y), (wide, high) = joints[one], joints[other]
            middle = int((x + wide) / 2), int((y + high) / 2)
            axes = int(math.hypot(x - wide, y - high) / 2), RADIUS
            angle = int(math.degrees(math.atan2(y - high, x - wide)))
            bone = cv2.ellipse2Poly(middle, axes, angle, 0, 360, 1)
            cv2.fillConvexPoly(canvas, bone, [int(part * BONE_LIGHT) for part in colour])
    for name, colour in zip(JOINTS, COLOURS, strict=True):
        if name in joints:
            x, y = joints[name]
            cv2.circle(canvas, (int(x), int(y)), RADIUS, colour, thickness=-1)
