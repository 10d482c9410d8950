"""Pictures to lines without any net: hard edges, and strokes as of a felt pen."""

import numpy as np
from PIL import Image

# A felt pen's stroke, and what it leaves out, as shares of the picture's shorter side.
PEN, DETAIL = 0.022, 0.01
# Of the outline of what is drawn: a shorter one is a speck.
SHORTEST = 0.15


def canny(image: Image.Image, *, low_threshold: float, high_threshold: float) -> Image.Image:
    """Edges as white lines of one pixel on black (Canny 1986), L; the thresholds are steps of brightness, 0 to 255.

    What reaches the higher one is an edge, and what reaches the lower one and hangs together with it.
    """
    import cv2

    low, high = sorted((low_threshold, high_threshold))
    return Image.fromarray(cv2.Canny(np.asarray(image.convert("RGB")), low, high))


def scribble(image: Image.Image, *, low_threshold: float, high_threshold: float) -> Image.Image:
    """The edges of what is large as strokes of a felt pen, white on black, L; thresholds as of `canny`."""
    import cv2

    side = min(image.size)
    smooth = Image.fromarray(cv2.GaussianBlur(np.asarray(image.convert("RGB")), (0, 0), DETAIL * side))
    edges = np.asarray(canny(smooth, low_threshold=low_threshold, high_threshold=high_threshold))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    is_long = stats[:, cv2.CC_STAT_AREA] >= SHORTEST * side
    is_long[0] = False  # what is no edge
    width = max(2, round(PEN * side))
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return Image.fromarray(cv2.dilate(np.where(is_long[parts], 255, 0).astype(np.uint8), pen))


def blurred(image: Image.Image, *, reduction: float) -> Image.Image:
    """The picture without its fine detail, RGB: `reduction` times smaller, and back."""
    small = tuple(max(1, round(side / reduction)) for side in image.size)
    return image.convert("RGB").resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
