"""Scenes to pictures and to everything true of them (masks, boxes, depth, key points), at any resolution."""

import numpy as np
from PIL import Image, ImageDraw

from studio.storybook import looks
from studio.storybook.shapes import SHAPES, Point, person_joints
from studio.storybook.words import COLOURS, OBJECTS, PLACES
from studio.storybook.world import Scene, Thing

Colour = tuple[int, int, int]
SUPERSAMPLING = 2

TONES: dict[str, Colour] = {
    "wood": (112, 72, 42),
    "glass": (178, 222, 246),
    "tyre": (38, 36, 40),
    "metal": (196, 198, 204),
    "lamp": (255, 214, 84),
    "skin": (244, 198, 160),
    "hair": (92, 58, 36),
    "trousers": (62, 70, 110),
    "white": (250, 250, 250),
    "nose": (222, 120, 130),
    "leaf": (58, 128, 54),
    "cream": (244, 230, 204),
    "flame": (255, 168, 50),
}
SKIES: dict[str, tuple[Colour, Colour]] = {
    "sunny day": ((92, 172, 236), (206, 234, 250)),
    "sunset": ((238, 112, 84), (255, 200, 120)),
    "night": ((18, 22, 62), (54, 60, 116)),
}
GROUNDS: dict[str, tuple[Colour, Colour]] = {
    "on the grass": ((156, 204, 92), (112, 172, 68)),
    "in the snow": ((240, 244, 250), (208, 220, 236)),
    "on the sand": ((240, 212, 148), (222, 184, 116)),
    "on the sea": ((84, 168, 204), (48, 126, 172)),
}
# Light of the hour on the ground and on things: multiplied in, kept bright enough that a colour is still its own.
GROUND_LIGHT = {"sunny day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.84, 0.78), "night": (0.4, 0.46, 0.64)}
THING_LIGHT = {"sunny day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.96, 0.93), "night": (0.84, 0.86, 0.94)}


def picture(scene: Scene, height: int) -> Image.Image:
    """The scene as an RGB picture `height` pixels high; the same scene looks the same at every height."""
    look = looks.LOOKS[scene.look]
    canvas = Image.fromarray(_backdrop(scene, height * SUPERSAMPLING, look))
    draw = ImageDraw.Draw(canvas)
    _paint_sky(draw, scene, canvas.height, look)
    for thing in scene.things:
        _paint_thing(draw, thing, scene, canvas.height, look)
    small = canvas.reduce(SUPERSAMPLING)
    return look.finish(small, scene.grain)


def segmentation(scene: Scene, height: int) -> np.ndarray:
    """(height, width) uint8: 0 sky, 1 mountains, 2–5 the place as in `PLACES`, then 6 + index in `OBJECTS`."""
    canvas = Image.new("L", _size(scene, height), 0)
    draw = ImageDraw.Draw(canvas)
    if scene.has_mountains:
        for ridge in _mountains(scene):
            draw.polygon(_scaled(ridge, height), fill=1)
    draw.rectangle((0, scene.horizon * height, canvas.width, height), fill=2 + PLACES.index(scene.place))
    for thing in scene.things:
        for points in outlines(thing):
            draw.polygon(_scaled(points, height), fill=6 + OBJECTS.index(thing.kind))
    return np.asarray(canvas)


def mask(scene: Scene, index: int, height: int) -> np.ndarray:
    """(height, width) bool: where thing `index` is seen (things later in the scene stand in front)."""
    canvas = Image.new("L", _size(scene, height), 0)
    draw = ImageDraw.Draw(canvas)
    for order, thing in enumerate(scene.things):
        for points in outlines(thing):
            draw.polygon(_scaled(points, height), fill=255 if order == index else 0)
    return np.asarray(canvas) > 0


def depth(scene: Scene, height: int) -> np.ndarray:
    """(height, width) float32 nearness: 0 sky, 0.1 mountains, then the ground from 0.2 (horizon) to 1 (front)."""
    rows = (np.arange(height) + 0.5) / height
    ground = np.clip(0.2 + 0.8 * (rows - scene.horizon) / (1 - scene.horizon), 0, 1)
    classes = segmentation(scene, height)
    near = np.where(classes >= 2, ground[:, None], np.where(classes == 1, 0.1, 0.0))
    for index, thing in enumerate(scene.things):
        foot = 0.2 + 0.8 * (thing.y - scene.horizon) / (1 - scene.horizon)
        near = np.where(mask(scene, index, height), foot, near)
    return near.astype(np.float32)


def bounds(thing: Thing) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a thing, as shares of the picture's height."""
    points = [point for outline in outlines(thing) for point in outline]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def keypoints(thing: Thing) -> dict[str, Point]:
    """Joints of a person as shares of the picture's height; empty for every other kind."""
    if thing.kind != "person":
        return {}
    return {name: _place(point, thing) for name, point in person_joints(thing).items()}


def outlines(thing: Thing) -> list[list[Point]]:
    """The thing's shapes as polygons in shares of the picture's height, back to front."""
    return [[_place(point, thing) for point in shape.points] for shape in SHAPES[thing.kind](thing)]


def tone(name: str, thing: Thing, time: str) -> Colour:
    """The colour of a tone of `thing` by the light of the hour."""
    main = COLOURS[thing.colour]
    if name == "dark":
        base = _mixed(main, (200, 200, 200) if thing.colour == "black" else (0, 0, 0), 0.28)
    elif name == "light":
        base = _mixed(main, (200, 205, 215) if thing.colour == "white" else (255, 255, 255), 0.42)
    elif name == "glass" and time == "night":
        return (255, 222, 120)
    else:
        base = TONES.get(name, main)
    return _lit(base, THING_LIGHT[time])


def _paint_thing(draw: ImageDraw.ImageDraw, thing: Thing, scene: Scene, height: int, look: looks.Look) -> None:
    shapes = SHAPES[thing.kind](thing)
    polygons = [_scaled(points, height) for points in outlines(thing)]
    ink = look.ink(tone("main", thing, scene.time), True)
    width = max(1, round(look.line * height))
    for points in polygons:
        draw.line([*points, points[0], points[1]], fill=ink, width=width, joint="curve")
    for shape, points in zip(shapes, polygons, strict=True):
        draw.polygon(points, fill=look.fill(tone(shape.tone, thing, scene.time), True))
        if look.has_inner_lines:
            draw.line([*points, points[0]], fill=ink, width=max(1, width // 2), joint="curve")


def _backdrop(scene: Scene, height: int, look: looks.Look) -> np.ndarray:
    """(height, width, 3) uint8: sky above and ground below the horizon."""
    width, horizon = round(height * scene.aspect), round(scene.horizon * height)
    sky = [look.fill(colour, False) for colour in SKIES[scene.time]]
    light = GROUND_LIGHT[scene.time]
    ground = [look.fill(_lit(colour, light), False) for colour in GROUNDS[scene.place]]
    column = np.concatenate([_gradient(*sky, horizon), _gradient(*ground, height - horizon)])
    return np.repeat(column[:, None], width, axis=1).round().astype(np.uint8)


def _paint_sky(draw: ImageDraw.ImageDraw, scene: Scene, height: int, look: looks.Look) -> None:
    light = GROUND_LIGHT[scene.time]
    if scene.time == "night":
        rng = np.random.default_rng(scene.grain)
        for x, y in rng.uniform(0.02, 0.98, (14, 2)):
            _disc(draw, (x * scene.aspect, y * scene.horizon * 0.9), 0.007, height, look.fill((255, 250, 220), False))
    disc = {"sunny day": (255, 226, 92), "sunset": (255, 240, 170), "night": (246, 244, 222)}[scene.time]
    _disc(draw, scene.sun, 0.075, height, look.fill(disc, False))
    line = look.ink((90, 90, 100), False)
    width = max(1, round(look.line * height * 0.7))
    if scene.has_mountains:
        for ridge, shade in zip(_mountains(scene), ((142, 150, 176), (112, 122, 152)), strict=True):
            points = _scaled(ridge, height)
            draw.polygon(points, fill=look.fill(_lit(shade, light), False))
            if look.has_inner_lines:
                draw.line(points, fill=line, width=width, joint="curve")
    if look.has_inner_lines:
        y = round(scene.horizon * height)
        draw.line([(0, y), (height * scene.aspect, y)], fill=line, width=width)


def _mountains(scene: Scene) -> list[list[Point]]:
    """Two ridges, the far one first."""
    rng = np.random.default_rng(scene.grain + 1)
    foot, span = scene.horizon, scene.aspect
    ridges = []
    for centre, peak in ((rng.uniform(0.15, 0.4), 0.3), (rng.uniform(0.6, 0.85), 0.24)):
        top = foot - peak * rng.uniform(0.8, 1.1)
        ridges.append([((centre - 0.45) * span, foot), (centre * span, top), ((centre + 0.45) * span, foot)])
    return ridges


def _disc(draw: ImageDraw.ImageDraw, centre: Point, radius: float, height: int, fill: Colour) -> None:
    (x, y), r = (centre[0] * height, centre[1] * height), radius * height
    draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _place(point: Point, thing: Thing) -> Point:
    side = -1 if thing.is_mirrored else 1
    return thing.x + side * point[0] * thing.height, thing.y - point[1] * thing.height


def _scaled(points: list[Point], height: int) -> list[Point]:
    return [(x * height, y * height) for x, y in points]


def _size(scene: Scene, height: int) -> tuple[int, int]:
    return round(height * scene.aspect), height


def _gradient(top: Colour, bottom: Colour, rows: int) -> np.ndarray:
    share = np.linspace(0, 1, rows)[:, None]
    return np.asarray(top) * (1 - share) + np.asarray(bottom) * share


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    return tuple(round(a * (1 - share) + b * share) for a, b in zip(colour, other, strict=True))


def _lit(colour: Colour, light: tuple[float, float, float]) -> Colour:
    return tuple(min(255, round(channel * factor)) for channel, factor in zip(colour, light, strict=True))
