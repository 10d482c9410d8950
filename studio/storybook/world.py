"""Scenes of the Storybook world: a frozen description, drawn from a seed, that everything else is true to."""

from dataclasses import dataclass

import numpy as np

from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES

# Height of an object as a share of the picture's, and its width as a share of its own height.
HEIGHTS = {
    "house": (0.46, 0.64),
    "tree": (0.55, 0.76),
    "car": (0.30, 0.40),
    "ball": (0.36, 0.54),
    "person": (0.52, 0.74),
    "boat": (0.46, 0.64),
    "cat": (0.46, 0.66),
    "flower": (0.52, 0.72),
    "mushroom": (0.42, 0.60),
    "rocket": (0.54, 0.74),
}
WIDTHS = {
    "house": 1.24,
    "tree": 0.90,
    "car": 1.96,
    "ball": 1.0,
    "person": 0.62,
    "boat": 1.40,
    "cat": 0.86,
    "flower": 0.72,
    "mushroom": 1.04,
    "rocket": 0.62,
}


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One object of a scene; `x` (centre), `y` (foot) and `height` are shares of the picture's height."""

    kind: str
    colour: str
    x: float
    y: float
    height: float
    is_mirrored: bool = False
    limbs: tuple[float, ...] = ()

    @property
    def width(self) -> float:
        """Width as a share of the picture's height."""
        return self.height * WIDTHS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All there is to know of a picture, independent of its resolution."""

    things: tuple[Thing, ...]
    place: str
    time: str
    has_mountains: bool
    look: str
    horizon: float
    sun: tuple[float, float]
    grain: int
    aspect: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How often the rarer kinds of scene are drawn."""

    two_things: float = 0.2
    looks: float = 0.25
    mountains: float = 0.3


def random_scene(seed: int, mix: Mix = Mix(), *, aspect: float = 1.0) -> Scene:
    """Draw a scene; the same seed, mix and aspect (width ÷ height) give the same scene."""
    rng = np.random.default_rng(seed)
    kinds = [str(rng.choice(OBJECTS))]
    if rng.random() < mix.two_things:
        kinds.append(str(rng.choice([kind for kind in OBJECTS if kind != kinds[0]])))
    colours = rng.permutation(list(COLOURS))[: len(kinds)]
    horizon = float(rng.uniform(0.52, 0.66))
    return Scene(
        things=_placed(rng, kinds, [str(colour) for colour in colours], aspect),
        place=str(rng.choice(PLACES)),
        time=str(rng.choice(TIMES)),
        has_mountains=bool(rng.random() < mix.mountains),
        look=str(rng.choice(LOOKS[1:])) if rng.random() < mix.looks else LOOKS[0],
        horizon=horizon,
        sun=(float(rng.choice([rng.uniform(0.1, 0.25), rng.uniform(0.75, 0.9)]) * aspect), rng.uniform(0.1, 0.2)),
        grain=int(rng.integers(2**31)),
        aspect=aspect,
    )


def _placed(rng: np.random.Generator, kinds: list[str], colours: list[str], aspect: float) -> tuple[Thing, ...]:
    """Stand the things side by side on the ground, each as large as its share of the width allows."""
    share = aspect / len(kinds)
    things = []
    for index, (kind, colour) in enumerate(zip(kinds, colours, strict=True)):
        height = min(float(rng.uniform(*HEIGHTS[kind])), 0.96 * share / WIDTHS[kind])
        slack = max(0.0, share - height * WIDTHS[kind]) / 2
        things.append(
            Thing(
                kind=kind,
                colour=colour,
                x=float(share * (index + 0.5) + rng.uniform(-0.7, 0.7) * slack),
                y=float(rng.uniform(0.84, 0.95)),
                height=height,
                is_mirrored=bool(rng.random() < 0.5),
                limbs=tuple(float(angle) for angle in rng.uniform(-1, 1, 4)),
            )
        )
    return tuple(things)
