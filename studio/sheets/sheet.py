"""The sheet of a grid, drawn."""

from collections.abc import Mapping

from PIL import Image, ImageDraw
from PIL.ImageDraw import ImageDraw as Pen

from studio.axes import FIELDS, text_of
from studio.grids import Grid
from studio.sheets import lettering
from studio.sheets.plan import MOST_LINES, Lines, Plan, Size, fitting, spelled

PAPER, MATTE, LINE, INK, SUBDUED = "#faf7f2", "#f0e9df", "#d6cbbc", "#23201c", "#756a5e"
NARROWEST, HEADING_SHARE = 420, 90
# Told below the prompt unless an axis changes it.
FACTS = ("checkpoint", "width", "height", "scheduler", "num_inference_steps", "guidance_scale", "strength", "seed")
EMPTY = "not painted"


def drawn(grid: Grid, pictures: Mapping[tuple[int, int, int], Image.Image]) -> tuple[Image.Image, float]:
    """The sheet of a resolved grid, and the scale it shows the cells at; a very large grid's is below 1.

    Pictures are found by block, row and column, one at least; a place without one stays empty.
    """
    sizes = [picture.size for picture in pictures.values()]
    plan, scale = fitting(grid, (max(width for width, _ in sizes), max(height for _, height in sizes)))
    heading = _heading(grid, plan, max(plan.size[0], NARROWEST))
    margin, apart = 2 * plan.text, 2 * plan.gap
    size = heading.width + 2 * margin, heading.height + apart + plan.size[1] + 2 * margin
    sheet = Image.new("RGB", size, PAPER)
    sheet.paste(heading, (margin, margin))
    sheet.paste(_blocks(grid, plan, pictures, scale), (margin, margin + heading.height + apart))
    return sheet, scale


def _heading(grid: Grid, plan: Plan, width: int) -> Image.Image:
    """The prompt, and the settings that no axis changes."""
    compared = {axis.field for axis in grid.axes.values()}
    values = {name: getattr(grid.base, name, None) for name in FACTS if name not in compared}
    facts = " · ".join(f"{FIELDS[name]} {text_of(value)}" for name, value in values.items() if value is not None)
    text = max(plan.text, width // HEADING_SHARE)
    title = round(text * 1.4)
    prompt = lettering.wrapped(grid.base.prompt, lettering.font(title), width, MOST_LINES)
    settings = lettering.wrapped(facts, lettering.font(text), width, MOST_LINES)
    middle = lettering.height(title, len(prompt)) + plan.gap // 2
    part = Image.new("RGB", (width, middle + lettering.height(text, len(settings))), PAPER)
    _write(ImageDraw.Draw(part), (0, 0), prompt, title)
    _write(ImageDraw.Draw(part), (0, middle), settings, text, fill=SUBDUED)
    return part


def _blocks(grid: Grid, plan: Plan, pictures: Mapping[tuple[int, int, int], Image.Image], scale: float) -> Image.Image:
    """The part of the sheet that the plan speaks of."""
    part = Image.new("RGB", plan.size, PAPER)
    pen = ImageDraw.Draw(part)
    columns, rows, blocks = plan.shape
    for block in range(blocks):
        _write_names(pen, grid, plan, block)
        _write_labels(pen, plan, block)
        for place in [(block, row, column) for row in range(rows) for column in range(columns)]:
            _put(part, plan, plan.cell_at(*place), pictures.get(place), scale)
    return part


def _write_names(pen: Pen, grid: Grid, plan: Plan, block: int) -> None:
    """The block's own value, and the names of what goes across and down."""
    x, y = plan.block_at(block)
    if grid.z:
        letters = lettering.font(plan.text)
        indent = round(letters.getlength(f"{grid.z.label}  "))
        room = max(plan.block_size[0] - indent, plan.text)
        _write(pen, (x, y), [grid.z.label], plan.text, fill=SUBDUED)
        _write(pen, (x + indent, y), lettering.wrapped(spelled(grid.z)[block], letters, room, 1), plan.text)
    _write(pen, (x + plan.gutter, y + plan.heading), [grid.x.label], plan.small, fill=SUBDUED)
    if grid.y:
        _write(pen, (x, y + plan.heading), [grid.y.label], plan.small, fill=SUBDUED)


def _write_labels(pen: Pen, plan: Plan, block: int) -> None:
    """The value of each column right above it, and that of each row beside its middle, in every band."""
    for column, lines in enumerate(plan.column_labels):
        x, y = plan.cell_at(block, 0, column)
        _write(pen, (x, y - plan.gap // 2 - lettering.height(plan.text, len(lines))), lines, plan.text)
    for first in range(0, plan.shape[0], plan.across):
        for row, lines in enumerate(plan.row_labels):
            x, y = plan.cell_at(block, row, first)
            middle = y + (plan.cell[1] - lettering.height(plan.text, len(lines))) // 2
            _write(pen, (x - plan.gutter, middle), lines, plan.text)


def _put(part: Image.Image, plan: Plan, corner: Size, picture: Image.Image | None, scale: float) -> None:
    """A picture in the middle of its cell, or the outline of what is missing."""
    (x, y), (width, height) = corner, plan.cell
    pen, box = ImageDraw.Draw(part), (x, y, x + width - 1, y + height - 1)
    if picture is None:
        pen.rectangle(box, outline=LINE)
        letters = lettering.font(plan.small)
        if letters.getlength(EMPTY) < width:
            pen.text((x + width / 2, y + height / 2), EMPTY, SUBDUED, letters, anchor="mm")
        return
    pen.rectangle(box, fill=MATTE)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    shown = picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)
    part.paste(shown, (x + (width - size[0]) // 2, y + (height - size[1]) // 2))


def _write(pen: Pen, corner: Size, lines: Lines, size: int, *, fill: str = INK) -> None:
    x, y = corner
    for number, line in enumerate(lines):
        pen.text((x, y + number * lettering.height(size)), line, fill, lettering.font(size))
