"""What an Inpaint comes to: the whole picture with its mask, and the part of it that is painted."""

from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from studio import algebra, catalog, masks
from studio.catalog import Family, Verb
from studio.errors import InvalidField
from studio.images import LARGEST_AREA, LARGEST_SIDE
from studio.masks import Box
from studio.requests.kinds import RULES, FindMask, ImageToImage, Inpaint
from studio.requests.sizes import size_like

# A picture of not much more than the pixels a model is at home with is seen whole.
WHOLE = 1.5
LEAST_PADDING = 32
# A shape that is off by no more than that, as by rounding to a family's steps, is not seen to be.
NEARLY = 1.08
SIDES = ("left", "top", "right", "bottom")


class Canvas(NamedTuple):
    """The picture at its full size, RGB or RGBA, the share of each pixel that is repainted, and the box painted."""

    image: Image.Image
    mask: np.ndarray
    box: Box


def canvas(request: Inpaint) -> Canvas:
    """The picture with the sides added, and the mask grown and feathered, of a resolved request.

    Where the mask is 0 the picture stays as it is.
    """
    image, mask = _extended(request), _mask(request)
    mask = masks.feathered(masks.grown(mask, request.grow), request.feather)
    bounds = masks.bounds(mask)
    if bounds is None:
        message = f"Grow: narrowed by {-request.grow} pixels nothing is left of the mask."
        raise InvalidField("grow", f"{message} Narrow it less.")
    size = (request.width, request.height)
    if request.padding_mask_crop < 0:
        return Canvas(image, mask, _widest(bounds, image.size, size))
    return Canvas(image, mask, masks.region(bounds, request.padding_mask_crop, image.size, size))


def completed(request: Inpaint, default: tuple[int, int], family: Family) -> Inpaint:
    """The request with what follows from its verb, its picture and its mask; `default` is the checkpoint's own size.

    InvalidField if there is no mask that can be used, its words name nothing, or a field is given that an edit does not
    use.
    """
    _check_unused(request)
    verb = catalog.verb(request.verb)
    if verb.negative and request.words.strip():
        algebra.terms(request.words)
    bounds, size = _bounds(request), _size(request)
    filled = {"strength": verb.strength, **shape(verb, size)}
    request = replace(request, **{name: value for name, value in filled.items() if getattr(request, name) is None})
    around = max(0, request.grow) + request.feather
    left, top, right, bottom = bounds
    masked = min(size[0], right - left + 2 * around), min(size[1], bottom - top + 2 * around)
    if request.padding_mask_crop is None:
        is_whole = size[0] * size[1] <= WHOLE * default[0] * default[1]
        padding = -1 if is_whole else max(LEAST_PADDING, max(masked) // 4)
        request = replace(request, padding_mask_crop=padding)
    padding = request.padding_mask_crop
    seen = size if padding < 0 else tuple(min(size[side], masked[side] + 2 * padding) for side in (0, 1))
    width, height = size_like(seen, default, family)
    return replace(request, width=request.width or width, height=request.height or height)


def words_of(find: FindMask, verb: str) -> str:
    """The words that name what an edit by this verb keeps or changes; "" if its mask is found otherwise."""
    is_named = find.source == "words" and find.combine != "subtract" and find.invert == catalog.verb(verb).keeps
    return find.words if is_named else ""


def shape(verb: Verb, size: tuple[int, int]) -> dict[str, int]:
    """How far a verb grows and feathers the mask of a picture of that size: pixels, no more than the fields take."""
    shares = {"grow": verb.grow, "feather": verb.feather}
    return {name: min(round(share * min(size)), RULES[name].maximum) for name, share in shares.items()}


def _widest(bounds: Box, size: tuple[int, int], shape: tuple[int, int]) -> Box:
    """All of a picture of this size; if painted at `shape` it would be squashed, the most that is not, about the mask.

    A mask that is longer than that is squashed all the same, as little as can be.
    """
    left, top, right, bottom = bounds
    squash = size[0] * shape[1] / (size[1] * shape[0])
    if 1 / NEARLY <= squash <= NEARLY:
        return 0, 0, *size
    across = (left, 0, right, size[1]) if squash > 1 else (0, top, size[0], bottom)
    return masks.region(across, 0, size, shape)


def _check_unused(request: Inpaint) -> None:
    usual = {field.name: field.default for field in fields(ImageToImage)}
    for name in ("second_pass_scale", "resize_mode"):
        if getattr(request, name) != usual[name]:
            raise InvalidField(
                name, f"{RULES[name].label}: an edit has none, the picture keeps its size. Leave it out."
            )
    if request.verb != "extend" and any(getattr(request, side) for side in SIDES):
        message = f"Sides: {catalog.verb(request.verb).label} adds none. Choose Extend, or leave them at 0."
        raise InvalidField(next(side for side in SIDES if getattr(request, side)), message)


def _bounds(request: Inpaint) -> Box:
    """The box around the mask; InvalidField if the mask is missing, of another size, empty or full."""
    given, size = request.mask_image, request.image.size
    if request.verb == "extend" and not any(getattr(request, side) for side in SIDES):
        raise InvalidField("right", "Sides: Extend needs a side to add to. Give at least one of them some pixels.")
    if given is None and request.verb != "extend":
        raise InvalidField("mask_image", "Mask: there is none. Find what to change by words, or paint over it.")
    if given is not None and given.size != size:
        width, height = given.size
        message = f"Mask: {width}×{height} pixels where the picture has {size[0]}×{size[1]}."
        raise InvalidField("mask_image", f"{message} Make it of the picture's size, or paint it here.")
    width, height = _size(request)
    if max(width, height) > LARGEST_SIDE or width * height > LARGEST_AREA:
        most = f"at most {LARGEST_SIDE:,} a side and {LARGEST_AREA / 1e6:.0f} megapixels"
        raise InvalidField("right", f"Sides: {width:,}×{height:,} pixels are too many; {most}. Add less.")
    mask = _mask(request)
    bounds = masks.bounds(mask)
    if bounds is None:
        raise InvalidField("mask_image", "Mask: it is empty. Find what to change by words, or paint over it.")
    if mask.min() > 0:
        message = "Mask: it covers the whole picture, so that nothing would stay. Narrow it, or use Generate."
        raise InvalidField("mask_image", message)
    return bounds


def _size(request: Inpaint) -> tuple[int, int]:
    width, height = request.image.size
    return request.left + width + request.right, request.top + height + request.bottom


def _extended(request: Inpaint) -> Image.Image:
    image = request.image.image
    image = image if image.mode == "RGBA" else image.convert("RGB")
    if request.verb != "extend":
        return image
    extended = Image.new(image.mode, _size(request))
    extended.paste(image, (request.left, request.top))
    return extended


def _mask(request: Inpaint) -> np.ndarray:
    """The mask as it was given; what is added at the sides is part of it."""
    width, height = request.image.size
    given = request.mask_image
    mask = np.zeros((height, width), np.float32) if given is None else masks.read(given)
    around = ((request.top, request.bottom), (request.left, request.right))
    return np.pad(mask, around, constant_values=1) if request.verb == "extend" else mask
