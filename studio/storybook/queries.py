"""Words for parts of a scene and the masks they mean: what CLIPSeg is taught and measured by."""

import string
from collections.abc import Callable

import numpy as np

from studio.storybook.words import COLOURS, OBJECTS, PLACES, SAID
from studio.storybook.world import Scene, Thing

# The classes of `render.segmentation`.
SKY, MOUNTAINS, FIRST_PLACE, FIRST_THING = 0, 1, 2, 2 + len(PLACES)

# How people call what lies under the things.
GROUNDS: dict[str, tuple[str, ...]] = {
    "on the grass": ("grass", "lawn", "meadow", "ground"),
    "in the snow": ("snow", "ground"),
    "on the sand": ("sand", "beach", "ground"),
    "on the sea": ("sea", "water", "ocean", "waves"),
}
BACKGROUNDS = ("background", "everything else", "surroundings")
FOREGROUNDS = ("foreground", "object", "thing", "subject")
# Common words for what this world does not hold; any letters in a row do the same.
ELSEWHERE = (
    "zebra",
    "dog",
    "horse",
    "bird",
    "elephant",
    "fish",
    "table",
    "chair",
    "lamp",
    "bicycle",
    "bus",
    "train",
    "plane",
    "apple",
    "banana",
    "pizza",
    "sword",
    "castle",
    "bridge",
    "dragon",
    "robot",
    "guitar",
    "piano",
    "clock",
    "book",
    "cup",
    "bottle",
    "shoe",
    "hat",
    "glasses",
    "phone",
    "computer",
    "road",
    "river",
    "tower",
    "fence",
    "ghost",
)

Query = tuple[str, np.ndarray]


def things(scene: Scene, classes: np.ndarray) -> list[Query]:
    """ "the <colour> <object>" for each thing, with the (height, width) bool mask of where it is seen."""
    return [(f"the {thing.colour} {thing.kind}", _seen(thing, classes)) for thing in scene.things]


def background(scene: Scene, classes: np.ndarray) -> Query:
    """ "the background" with its mask."""
    return "the background", classes < FIRST_THING


def absent(scene: Scene, classes: np.ndarray) -> list[Query]:
    """Words for what is not there, and the first thing in a colour that nothing has; their masks are empty."""
    here = {thing.kind for thing in scene.things}
    taken = {thing.colour for thing in scene.things}
    kind = next(kind for kind in OBJECTS if kind not in here)
    colour = next(colour for colour in COLOURS if colour not in taken)
    said = ("a zebra", f"the {kind}", f"the {colour} {scene.things[0].kind}")
    return [(words, np.zeros_like(classes, dtype=bool)) for words in said]


def random_query(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    """Words somebody might use and the (height, width) bool mask they mean; `classes` as of `render.segmentation`."""
    kind = rng.choice(len(KINDS), p=[share for _, share in KINDS])
    return KINDS[kind][0](scene, classes, rng)


def _thing(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    thing = scene.things[rng.integers(len(scene.things))]
    noun, colour = _said(thing.kind, rng), _said(thing.colour, rng)
    said = noun if rng.random() < 0.6 else f"{colour} {noun if rng.random() < 0.95 else 'thing'}"
    return _with_article(said, rng), _seen(thing, classes)


def _several(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    said = [_with_article(f"{_said(thing.colour, rng)} {_said(thing.kind, rng)}", rng) for thing in scene.things]
    if len(said) == 1 or rng.random() < 0.3:
        said = [_with_article(str(rng.choice(FOREGROUNDS[:1])), rng)]
    return " and ".join(said), classes >= FIRST_THING


def _ground(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    said = str(rng.choice(GROUNDS[scene.place]))
    return _with_article(said, rng), classes == FIRST_PLACE + PLACES.index(scene.place)


def _sky(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    if scene.has_mountains and rng.random() < 0.6:
        return _with_article("mountains", rng), classes == MOUNTAINS
    return _with_article("sky", rng), classes == SKY


def _background(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    return _with_article(str(rng.choice(BACKGROUNDS)), rng), classes < FIRST_THING


def _absent(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    here = {thing.kind for thing in scene.things}
    said = _said(str(rng.choice([kind for kind in OBJECTS if kind not in here])), rng)
    if rng.random() < 0.3:
        # The colour of what is there: only the kind tells that it is not meant.
        colours = [thing.colour for thing in scene.things] if rng.random() < 0.7 else list(COLOURS)
        said = f"{_said(str(rng.choice(colours)), rng)} {said}"
    return _with_article(said, rng), np.zeros_like(classes, dtype=bool)


def _other_colour(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    thing = scene.things[rng.integers(len(scene.things))]
    colour = str(rng.choice([colour for colour in COLOURS if colour != thing.colour]))
    said = f"{_said(colour, rng)} {_said(thing.kind, rng)}"
    return _with_article(said, rng), np.zeros_like(classes, dtype=bool)


def _elsewhere(scene: Scene, classes: np.ndarray, rng: np.random.Generator) -> Query:
    letters = rng.choice(list(string.ascii_lowercase), rng.integers(3, 9))
    said = str(rng.choice(ELSEWHERE)) if rng.random() < 0.5 else "".join(letters)
    return _with_article(said, rng), np.zeros_like(classes, dtype=bool)


# Kinds of queries and how often each is asked: what is not there as often as half of what is, since nothing else
# teaches to look at shapes.
KINDS: tuple[tuple[Callable[[Scene, np.ndarray, np.random.Generator], Query], float], ...] = (
    (_thing, 0.40),
    (_several, 0.05),
    (_ground, 0.07),
    (_sky, 0.07),
    (_background, 0.07),
    (_absent, 0.20),
    (_other_colour, 0.10),
    (_elsewhere, 0.04),
)


def _seen(thing: Thing, classes: np.ndarray) -> np.ndarray:
    return classes == FIRST_THING + OBJECTS.index(thing.kind)


def _said(word: str, rng: np.random.Generator) -> str:
    ways = SAID[word]
    return ways[0] if rng.random() < 0.6 else str(rng.choice(ways))


def _with_article(said: str, rng: np.random.Generator) -> str:
    turn = rng.random()
    return f"the {said}" if turn < 0.45 else said if turn < 0.8 else f"a {said}"
