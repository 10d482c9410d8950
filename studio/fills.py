"""What stands in the masked area before noise is laid on it: the picture, its surroundings, or a quiet colour."""

from collections.abc import Callable

import numpy as np
from PIL import Image

GREY = 128.0
# Around a thing lie its outline and its shadow: within this share of the shorter side the picture is hardly trusted.
_RIM, _RIM_TRUST = 1 / 40, 1e-3
# What is filled smoothly needs no more pixels than that on the longer side.
_LARGEST = 512
# What is neutral has the mean colour of a ring this wide, half-way to grey.
_RING, _CONTRAST = 1 / 16, 0.5

# How far the colour of what was painted may be off its surroundings' and still be meant as them, of 255 a channel.
_SAME = 40.0

# Pixels (height, width, 3) and where they are kept (height, width), both float32 → pixels for the whole picture.
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def filled(image: Image.Image, mask: np.ndarray, how: str) -> Image.Image:
    """The RGB picture, filled by a fill of FILLS wherever the mask is above 0; all else is kept bit for bit.

    Nothing is taken from where the mask is above 0, but by "original"; if nothing is kept, the others fill with grey.
    """
    hole = mask > 0
    if not hole.any():
        return image.copy()
    laid = FILLS[how](np.asarray(image, np.float32), (~hole).astype(np.float32))
    whole = np.rint(np.clip(laid, 0, 255)).astype(np.uint8)
    return Image.composite(Image.fromarray(whole), image, Image.fromarray(hole))


def matched(painted: Image.Image, expected: Image.Image, mask: np.ndarray) -> Image.Image:
    """The painted RGB picture with its background brought to the tone of its surroundings, wherever mask is above 0.

    `expected` is the picture filled by "surroundings". Near the mask's border what is close to it tells how far the
    tone is off; that is made up for in all that is close to it, and nowhere else: what was asked for keeps its colours.
    """
    pixels, wanted = np.asarray(painted, np.float32), np.asarray(expected, np.float32)
    off = wanted - pixels
    likeness = np.exp(-(off**2).sum(axis=2) / (2 * 3 * _SAME**2)).astype(np.float32)
    rim = _near_hole((mask > 0).astype(np.float32), _RING)
    weights = np.where(rim & (mask > 0), likeness**2, 0).astype(np.float32)
    if not weights.any():
        return painted
    shift = _pulled(off * weights[..., None], weights)
    moved = pixels + shift * (likeness * (mask > 0))[..., None]
    return Image.fromarray(np.rint(np.clip(moved, 0, 255)).astype(np.uint8))


def _original(pixels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return pixels


def _surroundings(pixels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    import cv2

    height, width = kept.shape
    weights = np.where(_near_hole(kept, _RIM), kept * np.float32(_RIM_TRUST), kept)
    share = min(1, _LARGEST / max(height, width))
    small = max(1, round(width * share)), max(1, round(height * share))
    known, seen = (
        cv2.resize(values, small, interpolation=cv2.INTER_AREA)
        for values in ((pixels - GREY) * weights[..., None], weights)
    )
    smooth = _pulled(known.reshape(*small[::-1], 3), seen.reshape(small[::-1]))
    return GREY + cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def _neutral(pixels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    ring = _near_hole(kept, _RING) & (kept > 0)
    mean = (pixels[ring] - GREY).sum(axis=0) / max(1, np.count_nonzero(ring))
    return np.broadcast_to(GREY + mean * _CONTRAST, pixels.shape)


def _pulled(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Push-pull (Gortler et al., The Lumigraph, 1996) of pixels times weights, across rows first.

    Sky, ground and horizon go on sideways, so rows are halved until nothing is left to halve; then columns.
    """
    import cv2

    height, width = weights.shape
    if (height, width) == (1, 1):
        return pixels / np.maximum(weights, 1e-12)[..., None]
    smaller = ((width + 1) // 2, height) if width > 1 else (1, (height + 1) // 2)
    seen = cv2.resize(weights, smaller, interpolation=cv2.INTER_AREA).reshape(smaller[::-1])
    # What two pixels are worth together; less than whole, it is made up from further away.
    gain = np.minimum(2, 1 / np.maximum(seen, 1e-12))
    halves = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA).reshape(*seen.shape, 3)
    far = _pulled(halves * gain[..., None], seen * gain)
    far = cv2.resize(far, (width, height), interpolation=cv2.INTER_LINEAR).reshape(pixels.shape)
    return pixels + far * (1 - weights)[..., None]


def _near_hole(kept: np.ndarray, share: float) -> np.ndarray:
    """True in the hole and up to a share of the shorter side around it, at least a pixel."""
    import cv2

    reach = max(1, round(min(kept.shape) * share))
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.dilate((kept == 0).astype(np.uint8), square) > 0


FILLS: dict[str, Fill] = {"original": _original, "surroundings": _surroundings, "neutral": _neutral}
