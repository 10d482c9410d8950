"""Masks: float32 arrays (height, width), 1 to repaint, 0 to keep, soft between; made, changed, shown and pasted by."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageColor

from studio import images

Box = tuple[int, int, int, int]  # left, top, right, bottom

COMBINATIONS = {"new": "New", "add": "Add", "subtract": "Subtract", "intersect": "Intersect"}
_COMBINED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "new": lambda one, other: other,
    "add": np.maximum,
    "subtract": lambda one, other: np.minimum(one, 1 - other),
    "intersect": np.minimum,
}

# The two colours of the brush: what it adds to a mask, and what it takes away.
ADD, REMOVE = "#22c55e", "#ef4444"
PAPER, TINT = "#faf7f2", "#c2410c"
_WASHED, _TINTED = 0.6, 0.45
# A stripe of the soft area is this much nearer to "repainted" than the gaps, whatever the mask is.
_STRIPE = 0.4


def read(picture: images.Picture) -> np.ndarray:
    """The mask in a picture: white repaints, black and whatever is transparent is kept."""
    grey = images.flattened(picture, "black").convert("L")
    return np.asarray(grey, np.float32) / 255


def picture(mask: np.ndarray) -> images.Picture:
    """The mask as a grey picture of 8 bits; `read` gives multiples of 1/255 back as they were."""
    return images.picture(Image.fromarray(_bytes(mask * 255)))


def thresholded(scores: np.ndarray, threshold: float) -> np.ndarray:
    """1 where the score reaches the threshold, else 0."""
    return (scores >= threshold).astype(np.float32)


def without_holes(mask: np.ndarray, largest: float = 1) -> np.ndarray:
    """Kept areas that no way up, down, left or right joins to the picture's border become 1; the rest stays.

    `largest` is the most of the picture that one hole may take up, 0 … 1: what is larger is rather a thing.
    """
    import cv2

    kept = np.pad((mask < 0.5).astype(np.uint8), 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(kept, connectivity=4)
    is_hole = stats[:, cv2.CC_STAT_AREA] <= largest * mask.size
    is_hole[labels[0, 0]] = False
    return np.where((is_hole[labels] & (kept > 0))[1:-1, 1:-1], np.float32(1), mask)


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask larger by a disc of so many pixels around its core, or smaller by what is so near to the core's edge.

    The core is all that is at least half as strong as its strongest pixel; what is added is as strong as the core is
    nearest to it. Never below the mask if it grows, never above if it shrinks. What lies beyond the border counts as
    masked when it shrinks, so a mask is not drawn back from the border, and growing then shrinking loses nothing of a
    0/1 mask.
    """
    if pixels == 0:
        return mask
    core = _core(mask)
    if pixels > 0:
        distances, strength = _around(core, mask)
        return np.maximum(mask, np.where(distances <= pixels, strength, 0))
    return np.minimum(mask, (_distances(~core) > -pixels).astype(np.float32))


def feathered(mask: np.ndarray, pixels: int) -> np.ndarray:
    """From the core, as of `grown`, it falls to 0 in a straight line outside; nothing inside or further off changes."""
    if pixels == 0:
        return mask
    distances, strength = _around(_core(mask), mask)
    slope = np.where(distances <= pixels, 1 - distances / (pixels + 1), 0)
    return np.maximum(mask, (slope * strength).astype(np.float32))


def inverted(mask: np.ndarray) -> np.ndarray:
    """What was kept is repainted, and the other way round."""
    return 1 - mask


def combined(one: np.ndarray, other: np.ndarray, how: str) -> np.ndarray:
    """A mask and a newer one as one, by a word of COMBINATIONS."""
    return _COMBINED[how](one, other)


def with_strokes(mask: np.ndarray, added: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The mask after the brush: what is removed wins over what is added, and both over the mask."""
    return np.minimum(np.maximum(mask, added), 1 - removed)


def coverage(mask: np.ndarray) -> float:
    """The share of the picture that is repainted, 0 … 1."""
    return float(mask.mean(dtype=np.float64))


def bounds(mask: np.ndarray) -> Box | None:
    """The smallest box that holds every pixel above 0; None if there is none."""
    columns, rows = (np.flatnonzero((mask > 0).any(axis=axis)) for axis in (0, 1))
    if not columns.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def region(bounds: Box, padding: int, size: tuple[int, int], shape: tuple[int, int]) -> Box:
    """The part of a picture of this size to be painted at `shape`: padded bounds, widened to the aspect of `shape`.

    Always holds what of the bounds is inside the picture, and never leaves it; where the picture is too narrow, the
    aspect is as near as it allows. The idea is `get_crop_region` of diffusers' VaeImageProcessor.
    """
    padded = [(max(0, bounds[side] - padding), min(size[side], bounds[side + 2] + padding)) for side in (0, 1)]
    width, height = (end - start for start, end in padded)
    wanted = (max(width, round(height * shape[0] / shape[1])), max(height, round(width * shape[1] / shape[0])))
    (left, right), (top, bottom) = (_widened(*padded[side], wanted[side], size[side]) for side in (0, 1))
    return left, top, right, bottom


def pasted(original: Image.Image, painted: Image.Image, mask: np.ndarray, box: Box) -> Image.Image:
    """The original with `painted` (RGB) in the box, by the mask (of the whole picture's size): RGBA stays RGBA.

    Outside the box and where the mask is 0 every bit is the original's; where it is 1, the painted one's and opaque.
    """
    pixels = np.array(original if original.mode == "RGBA" else original.convert("RGB"))
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    fresh = painted if painted.size == size else painted.resize(size, Image.Resampling.LANCZOS)
    part = pixels[top:bottom, left:right]  # a view: what is written to it is in `pixels`
    part[:] = _blended(part, np.asarray(fresh.convert("RGB")), mask[top:bottom, left:right, None])
    return Image.fromarray(pixels)


def shown(image: Image.Image, mask: np.ndarray) -> Image.Image:
    """The RGB picture with its mask: kept washed out, repainted tinted and outlined, soft hatched and in between."""
    pixels, grey = image.convert("RGB"), image.convert("L").convert("RGB")
    paper, tint = (Image.new("RGB", image.size, colour) for colour in (PAPER, TINT))
    kept, repainted = Image.blend(grey, paper, _WASHED), Image.blend(pixels, tint, _TINTED)
    hatched = (1 - _STRIPE) * mask + _STRIPE * _stripes(mask.shape)
    strength = np.where((mask > 0) & (mask < 1), hatched, mask)
    mixed = Image.composite(repainted, kept, Image.fromarray(_bytes(strength * 255)))
    mixed.paste(tint, mask=Image.fromarray(_outline(mask)))
    return mixed


def strokes(layer: Image.Image, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What the RGBA layer adds to a mask of this size and what it removes: each pixel goes to the nearer brush colour.

    From half opaque on a stroke counts whole, so that only its smooth edge is soft; what was erased is nothing.
    """
    pixels = np.asarray(layer.convert("RGBA"), np.float32)
    strength = np.minimum(1, pixels[..., 3] * np.float32(2 / 255))
    add, remove = (np.array(ImageColor.getrgb(colour), np.float32) for colour in (ADD, REMOVE))
    # The plane half-way between the two colours tells which is nearer.
    is_added = pixels[..., :3] @ (remove - add) <= (remove @ remove - add @ add) / 2
    return _sized(strength * is_added, size), _sized(strength * ~is_added, size)


def _sized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each stroke's mask is brought to size by itself: a layer of two colours would mix them where they meet."""
    image = Image.fromarray(mask.astype(np.float32))
    resized = image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(resized, np.float32), 0, 1)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _core(mask: np.ndarray) -> np.ndarray:
    return (mask > 0) & (mask >= mask.max(initial=0) / 2)


def _around(core: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel is from the core's nearest pixel, endless if there is none, and how strong the mask is there.

    In the core itself nothing is any distance away, and the strength is its own.
    """
    import cv2

    if not core.any():
        return np.full(core.shape, np.inf, np.float32), mask
    outside = (~core).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    strengths = np.zeros(nearest.max() + 1, np.float32)
    strengths[nearest[core]] = mask[core]
    return _distances(core), strengths[nearest]


def _distances(core: np.ndarray) -> np.ndarray:
    """How far each pixel is from the core's nearest pixel; endless if there is none."""
    import cv2

    if not core.any():
        return np.full(core.shape, np.inf, np.float32)
    return cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _widened(start: int, end: int, wanted: int, limit: int) -> tuple[int, int]:
    """The stretch at the length wanted, if `limit` has room, about its middle as far as 0 … limit allows."""
    length = min(wanted, limit)
    first = min(max(0, start - (length - (end - start)) // 2), limit - length)
    return first, first + length


def _blended(pixels: np.ndarray, fresh: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`fresh` over RGB or RGBA by the mask, as if colours were premultiplied: hidden ones do not shine through."""
    pixels = pixels.astype(np.float32)
    colours, alpha = pixels[..., :3], pixels[..., 3:]
    opacity = alpha / 255 if alpha.size else np.float32(1)
    share = mask / np.maximum(mask + opacity * (1 - mask), 1e-6)
    mixed = colours + (fresh - colours) * share
    return _bytes(np.concatenate([mixed, alpha + (255 - alpha) * mask], axis=2))


def _stripes(shape: tuple[int, int]) -> np.ndarray:
    """Diagonals, as wide as the gaps between them."""
    width = max(2, min(shape) // 96)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return ((rows + columns) // width % 2).astype(np.float32)


def _outline(mask: np.ndarray) -> np.ndarray:
    """The rim of all that is at least 0.5, inside it, a pixel wide or two in a large picture."""
    core = mask >= 0.5
    return core & (_distances(~core) <= (2 if min(mask.shape) >= 512 else 1))
