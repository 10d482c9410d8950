"""What each object of the Storybook world is made of: plain shapes in the object's own unit square."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from studio.storybook.world import Thing

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A polygon in object units: x right from the centre, y up from the foot, 1 = the object's height.

    `tone` says how the shape is coloured: "main", "dark" and "light" follow the object's colour, every other tone
    is a fixed one of `render.TONES`.
    """

    points: tuple[Point, ...]
    tone: str = "main"


def ellipse(x: float, y: float, rx: float, ry: float | None = None, tone: str = "main") -> Shape:
    """An ellipse as a polygon of 28 points."""
    angles = (2 * math.pi * step / 28 for step in range(28))
    ry = rx if ry is None else ry
    return Shape(tuple((x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles), tone)


def box(left: float, bottom: float, right: float, top: float, tone: str = "main") -> Shape:
    """An upright rectangle."""
    return Shape(((left, bottom), (right, bottom), (right, top), (left, top)), tone)


def limb(start: Point, end: Point, width: float, tone: str = "main") -> Shape:
    """A straight bar with round ends."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    ends = []
    for (x, y), turn in ((start, angle + math.pi / 2), (end, angle - math.pi / 2)):
        arc = (turn + math.pi * step / 6 for step in range(7))
        ends.extend((x + width / 2 * math.cos(a), y + width / 2 * math.sin(a)) for a in arc)
    return Shape(tuple(ends), tone)


def house(_: Thing) -> list[Shape]:
    return [
        box(0.24, 0.66, 0.38, 0.96, "dark"),
        box(-0.48, 0, 0.48, 0.58),
        Shape(((-0.62, 0.54), (0, 1.0), (0.62, 0.54)), "dark"),
        box(-0.11, 0, 0.11, 0.34, "wood"),
        box(-0.38, 0.26, -0.2, 0.44, "glass"),
        box(0.2, 0.26, 0.38, 0.44, "glass"),
    ]


def tree(_: Thing) -> list[Shape]:
    return [
        Shape(((-0.1, 0), (-0.06, 0.5), (0.06, 0.5), (0.1, 0)), "wood"),
        ellipse(-0.22, 0.56, 0.22, 0.2),
        ellipse(0.22, 0.56, 0.22, 0.2),
        ellipse(0, 0.7, 0.32, 0.3),
        ellipse(-0.1, 0.78, 0.13, 0.1, "light"),
    ]


def car(_: Thing) -> list[Shape]:
    return [
        Shape(((-0.6, 0.55), (-0.4, 1.0), (0.32, 1.0), (0.62, 0.55))),
        Shape(
            (
                (-0.95, 0.18),
                (0.95, 0.18),
                (0.98, 0.3),
                (0.94, 0.54),
                (0.6, 0.62),
                (-0.9, 0.62),
                (-0.98, 0.5),
            )
        ),
        Shape(((-0.46, 0.6), (-0.33, 0.9), (-0.07, 0.9), (-0.07, 0.6)), "glass"),
        Shape(((0.04, 0.6), (0.04, 0.9), (0.27, 0.9), (0.46, 0.6)), "glass"),
        ellipse(-0.52, 0.2, 0.2, 0.2, "tyre"),
        ellipse(0.52, 0.2, 0.2, 0.2, "tyre"),
        ellipse(-0.52, 0.2, 0.09, 0.09, "metal"),
        ellipse(0.52, 0.2, 0.09, 0.09, "metal"),
        box(0.84, 0.38, 0.96, 0.5, "lamp"),
    ]


def ball(_: Thing) -> list[Shape]:
    band = [(0.5 * math.cos(a), 0.5 + 0.5 * math.sin(a)) for a in _arc(-0.5, 0.1)]
    band += [(0.5 * math.cos(a), 0.5 + 0.5 * math.sin(a)) for a in _arc(math.pi - 0.1, math.pi + 0.5)]
    return [ellipse(0, 0.5, 0.5), Shape(tuple(band), "dark"), ellipse(-0.17, 0.74, 0.14, 0.1, "light")]


def person(thing: Thing) -> list[Shape]:
    joints = person_joints(thing)
    return [
        limb(joints["neck"], joints["left hand"], 0.1),
        limb(joints["neck"], joints["right hand"], 0.1),
        ellipse(*joints["left hand"], 0.055, tone="skin"),
        ellipse(*joints["right hand"], 0.055, tone="skin"),
        limb(joints["hip"], joints["left foot"], 0.12, "trousers"),
        limb(joints["hip"], joints["right foot"], 0.12, "trousers"),
        Shape(((-0.11, 0.7), (0.11, 0.7), (0.16, 0.36), (-0.16, 0.36))),
        ellipse(0, 0.86, 0.125, 0.13, "skin"),
        Shape(tuple((0.14 * math.cos(a), 0.88 + 0.13 * math.sin(a)) for a in _arc(-0.1, math.pi + 0.1)), "hair"),
    ]


def person_joints(thing: Thing) -> dict[str, Point]:
    """Joints of a person in object units; `thing.limbs` holds the swing (−1 … 1) of arms and legs."""
    left, right, step, _ = thing.limbs or (0.0, 0.0, 0.0, 0.0)
    arm, leg = 0.32, 0.36
    lift = {"left": -0.9 + 1.1 * left, "right": -0.9 + 1.1 * right}
    spread = 0.16 + 0.16 * abs(step)
    return {
        "head": (0.0, 0.86),
        "neck": (0.0, 0.66),
        "hip": (0.0, 0.38),
        "left hand": (-arm * math.cos(lift["left"]), 0.66 + arm * math.sin(lift["left"])),
        "right hand": (arm * math.cos(lift["right"]), 0.66 + arm * math.sin(lift["right"])),
        "left foot": (-leg * math.sin(spread * 1.4), 0.06),
        "right foot": (leg * math.sin(spread * 1.4), 0.06),
    }


def boat(_: Thing) -> list[Shape]:
    return [
        box(-0.025, 0.25, 0.025, 1.0, "wood"),
        Shape(((0.05, 0.96), (0.05, 0.36), (0.56, 0.36)), "light"),
        Shape(((-0.05, 0.86), (-0.05, 0.36), (-0.42, 0.36))),
        Shape(((-0.7, 0.29), (0.7, 0.29), (0.46, 0), (-0.46, 0))),
        Shape(((-0.7, 0.29), (0.7, 0.29), (0.65, 0.22), (-0.65, 0.22)), "dark"),
    ]


def cat(_: Thing) -> list[Shape]:
    tail = [limb(a, b, 0.1) for a, b in zip(_TAIL, _TAIL[1:], strict=False)]
    return [
        *tail,
        ellipse(0, 0.26, 0.28, 0.27),
        ellipse(0, 0.2, 0.15, 0.17, "light"),
        Shape(((-0.25, 0.7), (-0.23, 1.0), (-0.03, 0.86))),
        Shape(((0.25, 0.7), (0.23, 1.0), (0.03, 0.86))),
        ellipse(0, 0.68, 0.26, 0.22),
        ellipse(-0.1, 0.71, 0.065, 0.065, "white"),
        ellipse(0.1, 0.71, 0.065, 0.065, "white"),
        ellipse(-0.1, 0.7, 0.032, 0.045, "tyre"),
        ellipse(0.1, 0.7, 0.032, 0.045, "tyre"),
        Shape(((-0.04, 0.61), (0.04, 0.61), (0, 0.56)), "nose"),
    ]


def flower(thing: Thing) -> list[Shape]:
    turns = (2 * math.pi * step / 6 for step in range(6))
    heart = "wood" if thing.colour in ("yellow", "white") else "lamp"
    return [
        limb((0, 0.02), (0, 0.6), 0.06, "leaf"),
        Shape(((0, 0.12), (0.3, 0.3), (0.12, 0.3)), "leaf"),
        Shape(((0, 0.08), (-0.3, 0.24), (-0.12, 0.26)), "leaf"),
        *(ellipse(0.2 * math.sin(a), 0.68 + 0.2 * math.cos(a), 0.13) for a in turns),
        ellipse(0, 0.68, 0.12, tone=heart),
    ]


def mushroom(_: Thing) -> list[Shape]:
    cap = [(0.52 * math.cos(a), 0.46 + 0.54 * math.sin(a)) for a in _arc(0, math.pi)]
    return [
        Shape(((-0.15, 0), (-0.12, 0.5), (0.12, 0.5), (0.15, 0)), "cream"),
        Shape(tuple(cap) + ((-0.4, 0.4), (0.4, 0.4))),
        ellipse(-0.26, 0.64, 0.08, 0.08, "light"),
        ellipse(0.04, 0.8, 0.1, 0.08, "light"),
        ellipse(0.28, 0.6, 0.075, 0.075, "light"),
    ]


def rocket(_: Thing) -> list[Shape]:
    side = [(0.19 * math.cos(a), 0.5 + 0.5 * math.sin(a)) for a in _arc(-0.75, math.pi + 0.75)]
    return [
        Shape(((-0.12, 0.2), (0.12, 0.2), (0, -0.03)), "flame"),
        Shape(((-0.15, 0.42), (-0.31, 0.06), (-0.1, 0.18)), "dark"),
        Shape(((0.15, 0.42), (0.31, 0.06), (0.1, 0.18)), "dark"),
        Shape(tuple(side)),
        Shape(tuple(p for p in side if p[1] > 0.78), "dark"),
        ellipse(0, 0.6, 0.09, 0.09, "glass"),
    ]


_TAIL = ((0.2, 0.08), (0.36, 0.14), (0.39, 0.3), (0.33, 0.42))


def _arc(start: float, end: float) -> list[float]:
    return [start + (end - start) * step / 14 for step in range(15)]


SHAPES: dict[str, Callable[[Thing], list[Shape]]] = {
    "house": house,
    "tree": tree,
    "car": car,
    "ball": ball,
    "person": person,
    "boat": boat,
    "cat": cat,
    "flower": flower,
    "mushroom": mushroom,
    "rocket": rocket,
}
