"""A grid: one picture painted again and again, two or three of its fields changing, to be seen side by side."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import ClassVar

from studio import prompts, requests
from studio.axes import MOST_CELLS, Axis
from studio.catalog import Checkpoint
from studio.errors import InvalidField, StudioError
from studio.requests import LARGEST_SEED, Control, Reference, TextToImage, Wildcards, references
from studio.rules import shown

FindCheckpoint = Callable[[str], Checkpoint]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A request for one picture, and the fields of it that change: x from column to column, y row, z block."""

    kind: ClassVar[str] = "grid"

    base: TextToImage
    x: Axis
    y: Axis | None = None
    z: Axis | None = None

    def __post_init__(self) -> None:
        _check_base(self.base)
        offered, seen = {field.name for field in fields(self.base)}, set()
        offered |= {"ip_adapter_scale"} if self.base.references else set()
        for name, axis in self.axes.items():
            if axis.field not in offered:
                missing = "references" if axis.field == "ip_adapter_scale" else "a start image"
                raise InvalidField(name, f"{name.upper()} axis: {axis.label} needs {missing}. Choose one.")
            if axis.field in seen:
                raise InvalidField(name, f"{name.upper()} axis: {axis.label} is an axis already. Choose another field.")
            seen.add(axis.field)
        if self.count > MOST_CELLS:
            sizes = " × ".join(str(len(axis.values)) for axis in self.axes.values())
            raise InvalidField("x", f"Grid: {sizes} = {self.count} cells are more than {MOST_CELLS}. Leave values out.")

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes there are, by name."""
        named = {"x": self.x, "y": self.y, "z": self.z}
        return {name: axis for name, axis in named.items() if axis is not None}

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many columns, rows and blocks."""
        return tuple(len(axis.values) if axis else 1 for axis in (self.x, self.y, self.z))

    @property
    def count(self) -> int:
        """How many cells."""
        columns, rows, blocks = self.shape
        return columns * rows * blocks

    # What files and lists tell of every request, a grid has from its base.

    @property
    def prompt(self) -> str:
        """The words of the base."""
        return self.base.prompt

    @property
    def negative_prompt(self) -> str:
        """The negative words of the base."""
        return self.base.negative_prompt

    @property
    def checkpoint(self) -> str:
        """The checkpoint of the base; an axis may name others."""
        return self.base.checkpoint

    @property
    def seed(self) -> int:
        """The seed of the base."""
        return self.base.seed

    @property
    def controls(self) -> tuple[Control, ...]:
        """What the base follows; by which method, an axis may say."""
        return self.base.controls

    @property
    def references(self) -> tuple[Reference, ...]:
        """What the base takes after; how strongly, an axis may say."""
        return self.base.references

    @property
    def embed_metadata(self) -> bool:
        """Whether the settings stand in the files."""
        return self.base.embed_metadata


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One picture of a grid: where it stands on the sheet, counted from 0, and the resolved request that paints it."""

    block: int
    row: int
    column: int
    request: TextToImage

    @property
    def place(self) -> tuple[int, int, int]:
        """Block, row and column: cells sorted by it are in reading order."""
        return self.block, self.row, self.column


def resolved(grid: Grid, find: FindCheckpoint, wildcards: Wildcards | None = None) -> Grid:
    """The grid with nothing left open but what differs from checkpoint to checkpoint.

    Seeds are drawn and choices made once, for all cells alike. Resolving a resolved grid changes nothing.
    InvalidField names the first cell that its checkpoint cannot paint.
    """
    seed = _drawn(grid.base.seed)

    def settled(value: object) -> object:
        return prompts.expanded(value, seed, wildcards or {}) if isinstance(value, str) else value

    try:
        texts = {name: settled(getattr(grid.base, name)) for name in ("prompt", "negative_prompt")}
        axes = {name: _settled(axis, settled) for name, axis in grid.axes.items()}
    except StudioError as error:
        raise InvalidField("prompt", str(error)) from None
    grid = replace(grid, base=replace(grid.base, seed=seed, **texts), **axes)
    first = cells(grid, find)[0].request
    return replace(grid, base=replace(grid.base, **_shared(grid, first)))


def cells(grid: Grid, find: FindCheckpoint) -> tuple[Cell, ...]:
    """The cells of a resolved grid in the order they are painted: each checkpoint once, its cells in reading order.

    InvalidField names the first cell that its checkpoint cannot paint.
    """
    _check_words(grid)
    columns, rows, blocks = grid.shape
    made = [_cell(grid, find, *place) for place in product(range(blocks), range(rows), range(columns))]
    turns = {name: turn for turn, name in enumerate(dict.fromkeys(cell.request.checkpoint for cell in made))}
    return tuple(sorted(made, key=lambda cell: turns[cell.request.checkpoint]))


def checkpoints(grid: Grid) -> tuple[str, ...]:
    """The checkpoints that the grid's cells need."""
    named = [axis.values for axis in grid.axes.values() if axis.field == "checkpoint"]
    return tuple(dict.fromkeys(named[0])) if named else (grid.base.checkpoint,)


def axes_to_json(grid: Grid) -> dict[str, object]:
    """The axes as JSON, by name; an axis there is not is null."""
    return dict.fromkeys(("x", "y", "z")) | {
        name: {"field": axis.field, "values": list(axis.values)} for name, axis in grid.axes.items()
    }


def axes_from_json(values: Mapping[str, object]) -> dict[str, Axis | None]:
    """The axes of `axes_to_json`; StudioError if they are none or out of their limits."""
    return {name: _axis(name, values.get(name)) for name in ("x", "y", "z")}


def _axis(name: str, said: object) -> Axis | None:
    if said is None and name != "x":
        return None
    if not isinstance(said, Mapping) or not isinstance(said.get("values"), list | tuple):
        raise InvalidField(name, f"{name.upper()} axis: needs a field and a list of values.")
    try:
        return Axis(field=said.get("field"), values=tuple(said["values"]))
    except StudioError as error:
        raise InvalidField(name, f"{name.upper()} axis: {error}") from None


def _check_base(base: TextToImage) -> None:
    if base.num_images_per_prompt != 1:
        raise InvalidField("num_images_per_prompt", "Pictures: a grid paints one a cell. Set it to 1.")
    if base.prompt_per_line:
        message = "One prompt a line: a grid takes one prompt. Switch it off, and compare words on an axis."
        raise InvalidField("prompt_per_line", message)


def _drawn(seed: int) -> int:
    return secrets.randbelow(LARGEST_SEED + 1) if seed == -1 else seed


def _settled(axis: Axis, settled: Callable[[object], object]) -> Axis:
    """The axis with its seeds drawn, or the choices in its words made."""
    if axis.field == "seed":
        return replace(axis, values=tuple(_drawn(seed) for seed in axis.values))
    is_words = axis.field in ("prompt", "negative_prompt")
    return replace(axis, values=tuple(map(settled, axis.values))) if is_words else axis


def _shared(grid: Grid, first: TextToImage) -> dict[str, object]:
    """What the first cell took from its checkpoint's defaults, if all cells have that checkpoint."""
    compared = {axis.field for axis in grid.axes.values()}
    if "checkpoint" in compared:
        return {}
    open_fields = {field.name for field in fields(first) if getattr(grid.base, field.name) is None} - compared
    return {name: getattr(first, name) for name in open_fields}


def _cell(grid: Grid, find: FindCheckpoint, block: int, row: int, column: int) -> Cell:
    chosen = {
        axis: axis.values[place]
        for axis, place in zip((grid.x, grid.y, grid.z), (column, row, block), strict=True)
        if axis
    }
    try:
        request = replace(grid.base, **dict(_value(grid.base, axis, value) for axis, value in chosen.items()))
        return Cell(block=block, row=row, column=column, request=requests.resolved(request, find(request.checkpoint)))
    except StudioError as error:
        where = ", ".join(f"{axis.label} {value}" for axis, value in chosen.items())
        raise InvalidField(getattr(error, "field", "checkpoint"), f"Cell {shown(where)}: {error}") from None


def _check_words(grid: Grid) -> None:
    for name, axis in grid.axes.items():
        if axis.field == "prompt" and axis.values[0] not in grid.base.prompt:
            raise InvalidField(
                name,
                f"{name.upper()} axis: {axis.label}: the first, {shown(axis.values[0])}, is searched in the prompt "
                "and is not in it. Write it as the prompt does, capitals too.",
            )


def _value(base: TextToImage, axis: Axis, value: str | int | float) -> tuple[str, object]:
    """The field that changes in a cell and what it holds: the value; of the prompt, the prompt with the value in place
    of the first; of the reference weight, references that together count as much."""
    if axis.field == "prompt":
        return "prompt", base.prompt.replace(axis.values[0], value)
    if axis.field == "ip_adapter_scale":
        return "references", references.weighed(base.references, value)
    return axis.field, value
