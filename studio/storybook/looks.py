"""The looks of the Storybook world: how a colour is laid on, how a line is drawn, how a picture is finished."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter

Colour = tuple[int, int, int]
Tint = Callable[[Colour, bool], Colour]  # (colour, is it part of a thing?) → colour on the canvas


@dataclass(frozen=True)
class Look:
    """How one look lays on fills and lines; `line` is the line width as a share of the picture's height."""

    fill: Tint
    ink: Tint
    line: float
    finish: Callable[[Image.Image, int], Image.Image]
    has_inner_lines: bool = False


def _towards(colour: Colour, other: Colour, share: float) -> Colour:
    return tuple(round(a * (1 - share) + b * share) for a, b in zip(colour, other, strict=True))


def _plain_ink(colour: Colour, is_thing: bool) -> Colour:
    return _towards(colour, (30, 24, 30), 0.62)


def _sketch_fill(colour: Colour, is_thing: bool) -> Colour:
    if is_thing:
        return _towards(colour, (255, 255, 255), 0.3)
    grey = round(0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2])
    return _towards((grey, grey, grey), (255, 253, 248), 0.72)


def _neon_fill(colour: Colour, is_thing: bool) -> Colour:
    return _towards(colour, (16, 10, 34), 0.68 if is_thing else 0.86)


def _neon_ink(colour: Colour, is_thing: bool) -> Colour:
    if not is_thing:
        return (96, 72, 140)
    if sum(colour) < 190:
        return (120, 118, 128)
    top = max(colour)
    return tuple(round(channel * 255 / top) for channel in colour)


def _watercolor_fill(colour: Colour, is_thing: bool) -> Colour:
    return _towards(colour, (255, 252, 244), 0.14 if is_thing else 0.42)


def _blueprint_fill(colour: Colour, is_thing: bool) -> Colour:
    light = (0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255
    return _towards(BLUE, CHALK, (0.32 if is_thing else 0.14) * light)


def _as_is(picture: Image.Image, grain: int) -> Image.Image:
    return picture


def _washed(picture: Image.Image, grain: int) -> Image.Image:
    """Soft edges, pigment that gathers at them, and the uneven wash of wet paper."""
    soft = picture.filter(ImageFilter.GaussianBlur(picture.height * 0.008))
    wide = picture.filter(ImageFilter.GaussianBlur(picture.height * 0.03))
    colour = np.asarray(soft, np.float32)
    gathered = np.abs(colour - np.asarray(wide, np.float32)).mean(-1, keepdims=True)
    blotches = np.random.default_rng(grain).uniform(-1, 1, (6, 6)).astype(np.float32)
    wash = np.asarray(Image.fromarray(blotches).resize(picture.size, Image.Resampling.BICUBIC))[..., None]
    return Image.fromarray(np.clip(colour * (1 + 0.1 * wash) - 0.35 * gathered, 0, 255).astype(np.uint8))


def _glowing(picture: Image.Image, grain: int) -> Image.Image:
    """Bright lines bleed light around them."""
    glow = picture.filter(ImageFilter.GaussianBlur(picture.height * 0.03))
    return ImageChops.screen(picture, glow)


# Paper and line of a blueprint; all of its colours lie between the two.
BLUE, CHALK = (30, 74, 150), (236, 242, 250)

# The last has no word: the base never sees it, and a LoRA is taught it.
LOOKS: dict[str, Look] = {
    "plain": Look(lambda colour, _: colour, _plain_ink, 0.022, _as_is),
    "watercolor": Look(_watercolor_fill, lambda colour, _: _towards(colour, (60, 50, 60), 0.5), 0.014, _washed),
    "pencil sketch": Look(_sketch_fill, lambda colour, _: (74, 72, 76), 0.02, _as_is, True),
    "neon": Look(_neon_fill, _neon_ink, 0.03, _glowing, True),
    "blueprint": Look(_blueprint_fill, lambda colour, _: CHALK, 0.018, _as_is, True),
}
