"""Skeletons drawn as OpenPose draws them, which is what its ControlNets follow."""

import colorsys
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from studio.skeletons import BONES, JOINTS, Point, Skeleton

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
# Of a hand's 21 points, the wrist being the first.
FINGERS = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)


def drawn(
    people: Sequence[Skeleton], size: tuple[int, int], *, add: Callable[[np.ndarray], None] = lambda canvas: None
) -> Image.Image:
    """The people on black, RGB; to the pixel as OpenPose draws bodies if the shorter side is 512.

    `add` draws what else there is of them onto the canvas (height, width, 3), whose shorter side is that.
    """
    scale = DRAWN_AT / min(size)
    width, height = (round(side * scale) for side in size)
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in people:
        _draw(canvas, {name: (x * width, y * height) for name, (x, y) in person.joints.items()})
    add(canvas)
    image = Image.fromarray(canvas)
    return image if image.size == size else image.resize(size, Image.Resampling.BOX if scale > 1 else Image.BICUBIC)


def draw_hand(canvas: np.ndarray, points: Sequence[Point]) -> None:
    """Draw a hand onto the canvas of `drawn`: 21 points as shares of it, those that are not seen at 0 or below.

    As controlnet_aux does, which asks a library for its colours that nothing else here needs.
    """
    import cv2

    height, width, _ = canvas.shape
    places = [(int(x * width), int(y * height)) for x, y in points]
    is_seen = [min(place) > 0 for place in places]
    for number, (one, other) in enumerate(FINGERS):
        if is_seen[one] and is_seen[other]:
            colour = [255 * part for part in colorsys.hsv_to_rgb(number / len(FINGERS), 1, 1)]
            cv2.line(canvas, places[one], places[other], colour, thickness=2)
    for place, seen in zip(places, is_seen, strict=True):
        if seen:
            cv2.circle(canvas, place, RADIUS, (0, 0, 255), thickness=-1)


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
