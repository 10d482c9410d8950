"""Where everything on a sheet stands, in pixels: pure numbers."""

from dataclasses import dataclass
from math import ceil, log

from studio.axes import Axis
from studio.grids import Grid
from studio.sheets import lettering

# Small cells are enlarged by a whole factor, to have room for a label; of very many ones each can still be made out.
LABELLED_SIDE, SMALLEST_SIDE, LARGEST_SIDE = 192, 48, 3840
SHAPE = 1.4  # width by height, as near as may be
# Text grows with the cells: so many pixels for each of a cell's, between two limits.
TEXT_SHARE, SMALLEST_TEXT, LARGEST_TEXT = 1 / 15, 17, 40
MOST_LINES = 3

Size = tuple[int, int]
Lines = list[str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The places of a grid's cells and labels, from the upper left corner of the first block on.

    A block has a heading if there are several, the names of the axes below it, then bands: labels of columns with the
    rows of cells they stand above. `across` is how many columns a band has, `abreast` how many blocks stand abreast.
    """

    cell: Size
    across: int
    abreast: int
    shape: tuple[int, int, int]
    column_labels: tuple[Lines, ...]
    row_labels: tuple[Lines, ...]
    gutter: int
    heading: int

    @property
    def text(self) -> int:
        """The size of labels."""
        return text_size(self.cell)

    @property
    def small(self) -> int:
        """The size of the names of axes."""
        return round(self.text * 0.82)

    @property
    def gap(self) -> int:
        """The room between two cells."""
        return self.text // 2

    @property
    def bands(self) -> int:
        """How many bands a block has."""
        return ceil(self.shape[0] / self.across)

    @property
    def block_size(self) -> Size:
        """Width and height of a block."""
        height = self.heading + self._names + self.bands * self._band - 2 * self.gap
        return self.gutter + self.across * (self.cell[0] + self.gap) - self.gap, height

    @property
    def size(self) -> Size:
        """Width and height of all blocks."""
        width, height = self.block_size
        down, apart = ceil(self.shape[2] / self.abreast), 5 * self.gap
        return self.abreast * (width + apart) - apart, down * (height + apart) - apart

    def block_at(self, block: int) -> Size:
        """Where a block begins."""
        down, across = divmod(block, self.abreast)
        width, height = self.block_size
        return across * (width + 5 * self.gap), down * (height + 5 * self.gap)

    def cell_at(self, block: int, row: int, column: int) -> Size:
        """Where a cell begins; the label of its column ends half a gap above its band."""
        (x, y), (band, place) = self.block_at(block), divmod(column, self.across)
        down = self.heading + self._names + band * self._band + self._header + row * (self.cell[1] + self.gap)
        return x + self.gutter + place * (self.cell[0] + self.gap), y + down

    @property
    def _names(self) -> int:
        return lettering.height(self.small) + self.gap // 2

    @property
    def _header(self) -> int:
        return lettering.height(self.text, max(map(len, self.column_labels))) + self.gap // 2

    @property
    def _band(self) -> int:
        """The height of a band and of the room below it."""
        return self._header + self.shape[1] * (self.cell[1] + self.gap) + self.gap


def fitting(grid: Grid, cell: Size) -> tuple[Plan, float]:
    """The plan for cells of this size that keeps within the largest side, and the scale it shows them at."""
    scale = float(max(1, ceil(LABELLED_SIDE / max(cell))))
    while True:
        plan = made(grid, (max(1, round(cell[0] * scale)), max(1, round(cell[1] * scale))))
        excess = max(plan.size) / LARGEST_SIDE
        if excess <= 1 or max(plan.cell) <= SMALLEST_SIDE:
            return plan, scale
        scale = max(scale * 0.99 / excess, SMALLEST_SIDE / max(cell))


def made(grid: Grid, cell: Size) -> Plan:
    """The plan for cells of this size whose shape is the most pleasant."""
    text = text_size(cell)
    column_labels, row_labels = _labels(grid.x, text, cell[0]), _labels(grid.y, text, 13 * text)

    def plan(across: int, abreast: int) -> Plan:
        return Plan(
            cell=cell,
            across=across,
            abreast=abreast,
            shape=grid.shape,
            column_labels=column_labels,
            row_labels=row_labels,
            gutter=_gutter(grid.y, text, row_labels),
            heading=lettering.height(text) + text // 2 if grid.z else 0,
        )

    columns, _, blocks = grid.shape
    # A row that stands alone may be broken into several; a table only if it is too wide.
    is_broken = grid.y is None or plan(columns, 1).size[0] > LARGEST_SIDE
    breaks = range(1, columns + 1) if is_broken else (columns,)
    across = min(breaks, key=lambda count: _misfit(plan(count, 1).block_size, columns, count))
    return plan(across, min(range(1, blocks + 1), key=lambda count: _misfit(plan(across, count).size, blocks, count)))


def text_size(cell: Size) -> int:
    """The size of labels around such cells."""
    return min(max(SMALLEST_TEXT, round(max(cell) * TEXT_SHARE)), LARGEST_TEXT)


def spelled(axis: Axis) -> tuple[str, ...]:
    """The values of an axis as text, numbered if the font cannot spell them all."""
    if all(map(lettering.is_spelled, axis.labels)):
        return axis.labels
    return tuple(f"{number}: {label}" for number, label in enumerate(axis.labels, start=1))


def _labels(axis: Axis | None, text: int, width: int) -> tuple[Lines, ...]:
    labels = spelled(axis) if axis else ()
    return tuple(lettering.wrapped(label, lettering.font(text), width, MOST_LINES) for label in labels)


def _gutter(axis: Axis | None, text: int, labels: tuple[Lines, ...]) -> int:
    """The room for the labels of rows, and for the axis's name above them."""
    if axis is None:
        return 0
    widths = [lettering.font(text).getlength(line) for lines in labels for line in [*lines, axis.label]]
    return ceil(max(widths)) + text


def _misfit(size: Size, things: int, abreast: int) -> float:
    """How far from pleasant so many things are, so many abreast: by their shape, and by the places left empty."""
    return abs(log(size[0] / size[1] / SHAPE)) - 2 * things / (ceil(things / abreast) * abreast)
