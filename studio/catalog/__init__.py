"""What the studio knows by heart, as tables: families, checkpoints, samplers, recipes and their defaults."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from studio.catalog.checkpoints import CHECKPOINTS
from studio.catalog.controls import CONTROLNETS, KINDS, PRESETS
from studio.catalog.families import FAMILIES
from studio.catalog.rows import Checkpoint, ControlNet, Family, Kind, Preset, Recipe, Sampler
from studio.catalog.samplers import RECIPES, SAMPLERS
from studio.catalog.verbs import VERBS, Verb
from studio.errors import NotFound

__all__ = [
    "CHECKPOINTS",
    "CONTROLNETS",
    "FAMILIES",
    "KINDS",
    "PRESETS",
    "RECIPES",
    "SAMPLERS",
    "VERBS",
    "Checkpoint",
    "ControlNet",
    "Family",
    "Kind",
    "Preset",
    "Recipe",
    "Sampler",
    "Verb",
    "checkpoint",
    "controlnet",
    "controlnets",
    "default_size",
    "defaults",
    "family",
    "kind",
    "named",
    "recipes",
    "sampler",
    "samplers",
    "verb",
]

Row = TypeVar("Row")


def family(name: str) -> Family:
    """The family of that name; NotFound names the nearest ones."""
    return named(name, {row.name: row for row in FAMILIES}, "Family")


def checkpoint(id: str) -> Checkpoint:
    """The checkpoint of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in CHECKPOINTS}, "Checkpoint")


def sampler(label: str) -> Sampler:
    """The sampler of that label; NotFound names the nearest ones."""
    return named(label, {row.label: row for row in SAMPLERS}, "Sampler")


def verb(name: str) -> Verb:
    """The verb of that name; NotFound names the nearest ones."""
    return named(name, {row.name: row for row in VERBS}, "Change")


def kind(name: str) -> Kind:
    """The kind of control of that name; NotFound names the nearest ones."""
    return named(name, {row.name: row for row in KINDS}, "Control")


def controlnet(id: str) -> ControlNet:
    """The ControlNet or adapter of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in CONTROLNETS}, "ControlNet")


def controlnets(family: str, *, kind: str | None = None, method: str | None = None) -> tuple[ControlNet, ...]:
    """Those that fit a family, the one meant by default first: of one kind, of one method, or all."""
    return tuple(
        row
        for row in CONTROLNETS
        if row.family == family and (kind is None or kind in row.kinds) and method in (None, row.method)
    )


def samplers(family: Family) -> tuple[Sampler, ...]:
    """The samplers that fit a family."""
    return tuple(row for row in SAMPLERS if row.flow or not family.is_flow)


def recipes(family: Family) -> tuple[Recipe, ...]:
    """The recipes for a family, each with all the fields it sets; the first is the family's own way."""
    fitting = (row for row in RECIPES if family.name in row.families)
    return tuple(row if row.values else replace(row, values=family.defaults) for row in fitting)


def defaults(row: Checkpoint) -> Mapping[str, object]:
    """What the fields left open are for this checkpoint, width and height among them."""
    kind = family(row.family)
    width, height = kind.sizes[0]
    return {"width": width, "height": height, **kind.defaults, **row.defaults}


def default_size(row: Checkpoint) -> tuple[int, int]:
    """Width and height that this checkpoint paints by default."""
    filled = defaults(row)
    return filled["width"], filled["height"]


def named(key: str, rows: Mapping[str, Row], what: str) -> Row:
    """The row of that key; NotFound says `what` there is none of, and names the nearest ones."""
    if key in rows:
        return rows[key]
    near = get_close_matches(key, rows, n=3, cutoff=0.3) or list(rows)[:3]
    raise NotFound(f"{what}: there is no '{key[:80]}'. Choose one of the list, such as {', '.join(near)}.")
