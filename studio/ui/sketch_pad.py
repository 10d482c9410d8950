"""The sketch pad: lines drawn by hand, on paper or over a picture (`assets/sketch.js`); its value is their JSON."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import gradio as gr
from PIL import Image, ImageDraw

from studio import images
from studio.errors import StudioError
from studio.images import LARGEST_AREA, LARGEST_SIDE, SMALLEST_SIDE, Picture
from studio.ui import skeleton_editor
from studio.vision.lines import PEN

MOST_POINTS = 20_000
LONGEST_JSON = 200_000
# Widths of the brush as shares of the canvas's shorter side, and what a value may hold; the pad goes to less.
THINNEST, BROADEST, WIDEST = 0.005, 0.1, 0.25
# It is painted this much larger, for smooth edges, unless that is more pixels, or more of them one over another.
FINENESS = 4
MOST_PIXELS = 64_000_000
MOST_PAINTED = 1_000_000_000
# How far a line drawn for a piece of a curve may lie from it, in pixels, and how many such lines a piece may take.
FLATNESS, MOST_LINES = 0.1, 8
TEMPLATE = """
<div class="sketch">
  <div class="sketch-row">
    <div class="sketch-row" role="group" aria-label="Tool">
      <button type="button" data-act="draw" aria-pressed="true">Draw</button>
      <button type="button" data-act="erase" aria-pressed="false">Erase</button>
    </div>
    <div class="sketch-row">
      <button type="button" data-act="undo">Undo</button>
      <button type="button" data-act="redo">Redo</button>
      <button type="button" data-act="clear">Clear</button>
    </div>
    <label class="sketch-brush"><span>Brush size</span><input type="range" step="0.001"><output></output></label>
  </div>
  <div class="sketch-sheet">
    <img class="sketch-picture" alt="" hidden>
    <canvas class="sketch-canvas" role="img" aria-label="Drawing" tabindex="-1"></canvas>
  </div>
  <p>Draw the large shapes by mouse, finger or pen. <span class="sketch-keys">Ctrl+Z takes back a line.</span></p>
  <p class="sketch-said" role="status"></p>
</div>
"""

Size = tuple[int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points, in pixels, with round ends; it lays ink, or takes it away."""

    points: Sequence[Point]
    width: float
    erases: bool


def build(value: str = "") -> gr.HTML:
    """The pad; its value is the drawing as JSON, or "" if nothing is drawn:

    {"width": w, "height": h, "strokes": [{"width": px, "points": [x, y, x, y, …]}, …]}, all in pixels of the canvas; a
    stroke with "erases": true takes away what lies below it.
    """
    return gr.HTML(
        value,
        html_template=TEMPLATE,
        # Not as a prop: an update of one of them, before the tab is opened, throws away the others.
        js_on_load=f"easel.sketch({json.dumps(facts())}, element, props, watch)",
        elem_classes="sketch-box",
        apply_default_css=False,
        picture="",
        canvas=None,
    )


def showing(picture: Picture | None, *, size: Size | None = None, value: str | None = None) -> dict[str, object]:
    """The update that lays a picture below the lines, dimmed, or without one plain paper of `size`.

    `value` puts another drawing there, as JSON, or none by ""; without it the lines stay, fitted in.
    """
    update = skeleton_editor.showing(picture, size=size, value=value)
    return update | {"picture": update["picture"] or ""}  # of an update Gradio sends no None


def drawn(value: object, size: Size | None = None) -> Picture | None:
    """The drawing as white lines on black, L, as large as its canvas, or fitted evenly into the middle of `size`.

    None if there is nothing to see. `value` comes from the page; StudioError says what is wrong with it.
    """
    read = _read(value)
    if read is None:
        return None
    canvas, strokes = read
    width, height = size = size or canvas
    scale = min(width / canvas[0], height / canvas[1])
    left, top = (width - canvas[0] * scale) / 2, (height - canvas[1] * scale) / 2
    fitted = [
        Stroke([(left + x * scale, top + y * scale) for x, y in stroke.points], stroke.width * scale, stroke.erases)
        for stroke in strokes
    ]
    image = _painted(fitted, size)
    return images.picture(image) if image.getbbox() else None


def facts() -> dict[str, float]:
    """What `sketch.js` has to know: the brush's widths as shares of the shorter side, and how much a value may hold."""
    return {
        "pen": PEN,
        "thinnest": THINNEST,
        "broadest": BROADEST,
        "mostPoints": MOST_POINTS,
        "longest": LONGEST_JSON,
    }


def _read(value: object) -> tuple[Size, list[Stroke]] | None:
    """The canvas and the strokes of a value, each number of it checked; None for none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _strange("no text came")
    if len(value) > LONGEST_JSON:
        raise _too_many(f"{len(value):,} characters", LONGEST_JSON)
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        raise _strange("this is no JSON") from None
    if not isinstance(read, dict) or read.keys() != {"width", "height", "strokes"}:
        raise _strange('it is not of "width", "height" and "strokes"')
    canvas, strokes = (read["width"], read["height"]), read["strokes"]
    _check_canvas(*canvas)
    if not isinstance(strokes, list):
        raise _strange('its "strokes" are no list')
    found = [_stroke(number, stroke, canvas) for number, stroke in enumerate(strokes, 1)]
    count = sum(len(stroke.points) for stroke in found)
    if count > MOST_POINTS:
        raise _too_many(f"{count:,} points", MOST_POINTS)
    return canvas, found


def _check_canvas(width: object, height: object) -> None:
    is_sound = all(type(side) is int and SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height))
    if not is_sound or width * height > LARGEST_AREA:
        limits = f"{SMALLEST_SIDE} to {LARGEST_SIDE:,} whole pixels a side, and {LARGEST_AREA / 1e6:.1f} megapixels"
        raise _strange(f"its width and height are out of range ({limits})")


def _stroke(number: int, stroke: object, canvas: Size) -> Stroke:
    if not isinstance(stroke, dict) or not {"width", "points"} <= stroke.keys() <= {"width", "points", "erases"}:
        raise _strange(f'stroke {number} is not of "width" and "points"')
    width, numbers, erases = stroke["width"], stroke["points"], stroke.get("erases", False)
    widest = WIDEST * min(canvas)
    if not _is_number(width) or not 0 < width <= widest:
        raise _strange(f"the width of stroke {number} is out of range (more than 0, at most {widest:g})")
    if not isinstance(erases, bool):
        raise _strange(f'"erases" of stroke {number} is neither true nor false')
    if not isinstance(numbers, list) or not numbers or len(numbers) % 2:
        raise _strange(f"stroke {number} has no points of x and y")
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not all(_is_near(x, canvas[0]) and _is_near(y, canvas[1]) for x, y in points):
        raise _strange(f"a point of stroke {number} is no number, or farther from the canvas than that is long")
    return Stroke(points, width, erases)


def _is_near(number: object, side: int) -> bool:
    """Whether it is a place on the canvas, or beside it where a line may end."""
    return _is_number(number) and -side <= number <= 2 * side


def _is_number(value: object) -> bool:
    return type(value) in (int, float)  # True is an int, too


def _strange(what: str) -> StudioError:
    return StudioError(f"Drawing: {what}. Clear the pad, and draw it anew.")


def _too_many(what: str, most: int) -> StudioError:
    return StudioError(f"Drawing: {what} are too many; at most {most:,}. Undo some lines, or clear the pad.")


def _painted(strokes: Sequence[Stroke], size: Size) -> Image.Image:
    """The strokes one after the other, white on black with smooth edges, or black where they erase."""
    curves = [(list(_curve(stroke.points)), stroke) for stroke in strokes]
    area = size[0] * size[1]
    painted = sum(_area(curve, stroke.width) for curve, stroke in curves)
    fineness = min(FINENESS, math.sqrt(MOST_PIXELS / area), math.sqrt(MOST_PAINTED / (painted or 1)))
    across, down = (max(1, round(side * fineness)) / side for side in size)
    image = Image.new("L", (round(size[0] * across), round(size[1] * down)))
    pen = ImageDraw.Draw(image)
    for curve, stroke in curves:
        colour = 0 if stroke.erases else 255
        # Whole pixels and an odd width: of others Pillow's lines and dots differ, and the dots stand out as beads.
        points = [(math.floor(x * across), math.floor(y * down)) for x, y in curve]
        reach = max(0, round((stroke.width * fineness - 1) / 2))
        pen.line(points, fill=colour, width=2 * reach + 1)
        for x, y in points:
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    return image.resize(size, Image.Resampling.HAMMING)


def _area(curve: Sequence[Point], width: float) -> float:
    """How many pixels are painted for it, those that lie over one another counted each time."""
    length = sum(math.dist(*ends) for ends in pairwise(curve))
    return length * width + len(curve) * width**2


def _curve(points: Sequence[Point]) -> Iterator[Point]:
    """Points near enough for straight lines: from middle to middle of the sides, bent to the points between them."""
    yield points[0]
    start = points[0]
    for corner, after in pairwise(points[1:]):
        end = ((corner[0] + after[0]) / 2, (corner[1] + after[1]) / 2)
        bend = math.hypot(*(a - 2 * b + c for a, b, c in zip(start, corner, end, strict=True))) / 4
        lines = max(1, min(MOST_LINES, math.ceil(math.sqrt(bend / FLATNESS))))
        for share in (step / lines for step in range(1, lines + 1)):
            one, two, three = (1 - share) ** 2, 2 * share * (1 - share), share**2
            yield tuple(one * a + two * b + three * c for a, b, c in zip(start, corner, end, strict=True))
        start = end
    if len(points) > 1:
        yield points[-1]
