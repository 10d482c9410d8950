"""Scenes in words: many ways to say the same picture, some of them leaving parts unsaid."""

from collections.abc import Mapping, Sequence

import numpy as np

from studio.storybook.words import LOOKS, MOUNTAINS, SAID
from studio.storybook.world import Scene, Thing

# Words people add that change nothing in this world: learnt so that they do no harm.
OPENINGS = ("a picture of", "an illustration of", "a drawing of", "an image of", "a scene with")
ADJECTIVES = ("little", "small", "big", "cute", "beautiful", "lovely", "old", "nice", "happy", "shiny")
PRAISE = (
    "beautiful",
    "masterpiece",
    "best quality",
    "highly detailed",
    "storybook",
    "picture book",
    "4k",
    "colorful",
)


def article(word: str) -> str:
    """The article that goes before the word: "a" or "an"."""
    return "an" if word[0] in "aeiou" else "a"


def plain_caption(scene: Scene) -> str:
    """The scene in the words shown on screen, nothing left out: "a red house in the snow, mountains, sunset"."""
    things = " and ".join(f"{article(thing.colour)} {thing.colour} {thing.kind}" for thing in scene.things)
    parts = [f"{things} {scene.place}", scene.time]
    if scene.has_mountains:
        parts.insert(1, MOUNTAINS)
    if scene.look != LOOKS[0]:
        parts.append(scene.look)
    return ", ".join(parts)


def random_caption(scene: Scene, seed: int, *, is_complete: bool = False) -> str:
    """The scene as somebody might say it: synonyms, word order and (unless complete) dropped parts follow the seed."""
    rng = np.random.default_rng(seed)
    things = _joined([_thing(rng, thing, is_complete) for thing in scene.things], rng)
    place = _said(rng, scene.place) if is_complete or rng.random() < 0.88 else ""
    extras = [_said(rng, scene.time)] if is_complete or rng.random() < 0.85 else []
    if scene.has_mountains and (is_complete or rng.random() < 0.95):
        extras.append(_said(rng, MOUNTAINS))
    if scene.look != LOOKS[0]:
        extras.append(_said(rng, scene.look))
    if rng.random() < 0.4:
        rng.shuffle(extras)
    separator = ", " if rng.random() < 0.85 else " "
    if rng.random() < 0.08:
        things = f"{rng.choice(OPENINGS)} {things}"
    if rng.random() < 0.1:
        extras.extend(rng.choice(PRAISE, int(rng.integers(1, 5)), replace=False).tolist())
    if place and rng.random() < 0.12:
        return separator.join([place, things, *extras])
    glue = " " if rng.random() < 0.75 else ", "
    return separator.join([glue.join(filter(None, [things, place])), *extras])


def random_setting(scene: Scene, seed: int) -> str:
    """Where and when the scene is and how it looks, and not what is in it; some of it left out, after the seed."""
    rng = np.random.default_rng(seed)
    words = [scene.place, scene.time, *([MOUNTAINS] if scene.has_mountains else [])]
    said = [_said(rng, word) for word in words if rng.random() < 0.8]
    if scene.look != LOOKS[0]:
        said.append(_said(rng, scene.look))
    return ", ".join(said)


def said(some: Sequence[Scene], rng: np.random.Generator, shares: Mapping[str, float]) -> list[str]:
    """What is said of each scene: "all" of it, its "setting" alone or "nothing", each by its share."""
    ways = rng.choice(list(shares), size=len(some), p=list(shares.values()))
    seeds = rng.integers(2**31, size=len(some))
    says = {"all": random_caption, "setting": random_setting, "nothing": lambda scene, seed: ""}
    return [says[way](scene, int(seed)) for way, scene, seed in zip(ways, some, seeds, strict=True)]


def _thing(rng: np.random.Generator, thing: Thing, is_complete: bool) -> str:
    noun = _said(rng, thing.kind)
    if rng.random() < 0.08:
        noun = f"{rng.choice(ADJECTIVES)} {noun}"
    if not is_complete and rng.random() < 0.06:
        return f"{article(noun)} {noun}"
    colour = _said(rng, thing.colour)
    form = rng.random()
    if form < 0.1:
        return f"{colour} {noun}"
    if form < 0.14:
        return f"the {colour} {noun}"
    if form < 0.17:
        return f"one {colour} {noun}"
    return f"{article(colour)} {colour} {noun}"


def _joined(things: list[str], rng: np.random.Generator) -> str:
    order = rng.permutation(len(things))
    glue = str(rng.choice([" and ", " next to ", ", ", " beside "], p=[0.7, 0.1, 0.1, 0.1]))
    return glue.join(things[index] for index in order)


def _said(rng: np.random.Generator, word: str) -> str:
    """The word as shown on screen half of the time, else one of the other ways to say it."""
    ways = SAID[word]
    return ways[0] if rng.random() < 0.6 else str(rng.choice(ways))
