"""What the studio knows by heart, as tables: families, checkpoints, samplers, recipes and their defaults."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from studio.catalog.checkpoints import CHECKPOINTS
from studio.catalog.controls import CONTROLNETS, KINDS, PRESETS
from studio.catalog.families import FAMILIES
from studio.catalog.ip_adapters import EVERYWHERE, IP_ADAPTERS, LAYERS, STRENGTHS, TRANSFERS
from studio.catalog.rows import Checkpoint, ControlNet, Family, IPAdapter, Kind, Preset, Recipe, Sampler, Strength
from studio.catalog.samplers import RECIPES, SAMPLERS
from studio.catalog.verbs import VERBS, Verb
from studio.errors import NotFound

__all__ = [
    "CHECKPOINTS",
    "CONTROLNETS",
    "FAMILIES",
    "IP_ADAPTERS",
    "KINDS",
    "PRESETS",
    "RECIPES",
    "SAMPLERS",
    "STRENGTHS",
    "TRANSFERS",
    "VERBS",
    "Checkpoint",
    "ControlNet",
    "Family",
    "IPAdapter",
    "Kind",
    "Preset",
    "Recipe",
    "Sampler",
    "Strength",
    "Verb",
    "checkpoint",
    "controlnet",
    "controlnets",
    "default_size",
    "defaults",
    "family",
    "heard",
    "ip_adapter",
    "ip_adapters",
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


def ip_adapter(id: str) -> IPAdapter:
    """The IP-Adapter of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in IP_ADAPTERS}, "IP-Adapter")


def ip_adapters(family: str) -> tuple[IPAdapter, ...]:
    """Those that fit a family, the one meant by default first."""
    return tuple(row for row in IP_ADAPTERS if row.family == family)


def heard(family: str, transfer: str, layer: str) -> float:
    """Which share of a reference's weight counts in a UNet's layer of that name."""
    shares = LAYERS[family].get(transfer, EVERYWHERE)
    return next((share for beginning, share in shares.items() if layer.startswith(beginning)), 0.0)


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
