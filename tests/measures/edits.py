"""Replace and remove, from words to pixels as a user goes: is the new there, the old gone, the rest the same?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from studio import images, tasks
from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import FindMask, Inpaint, canvas
from studio.results import NothingFound
from studio.storybook import judge
from studio.storybook.data import UNSEEN
from studio.storybook.render import picture
from studio.storybook.words import COLOURS, OBJECTS
from studio.storybook.world import Mix, Scene, Thing, random_scene
from studio.tasks.mask import Nets, find_mask

SCENES = 100
FIRST = UNSEEN + 50_000
# A thing alone, as the words name it; what is put in its place is none of this world's looks but the picture's own.
MIX = Mix(two_things=0.0)


@dataclass(frozen=True)
class Edited:
    """A scene, what was put into the place of its thing, and the picture before and after; `changed` counts bits."""

    scene: Scene
    wanted: Thing | None
    before: np.ndarray
    after: np.ndarray
    changed_outside: int


def replaced(count: int = SCENES) -> dict[str, float | int]:
    """Shares of scenes whose thing became the one asked for, by the judge: kind, colour, both; and the old one gone."""
    done = run("replace", count)
    opinions = judge.opinions(judge.trained(torch.device("cpu")), np.stack([one.after for one in done]))
    kinds = [judge.objects_right(there, [one.wanted]) for (there, _), one in zip(opinions, done, strict=True)]
    colours = [judge.colours_right(named, [one.wanted]) for (_, named), one in zip(opinions, done, strict=True)]
    return {
        "scenes": count,
        "new object": _percent(kinds),
        "its colour": _percent(colours),
        "both": _percent(np.logical_and(kinds, colours)),
        "old one gone": _percent(_gone(opinions, done)),
        "bits changed outside": sum(one.changed_outside for one in done),
    }


def removed(count: int = SCENES) -> dict[str, float | int]:
    """Shares of scenes whose thing is gone, and where nothing else took its place, by the judge."""
    done = run("remove", count)
    opinions = judge.opinions(judge.trained(torch.device("cpu")), np.stack([one.after for one in done]))
    return {
        "scenes": count,
        "old one gone": _percent(_gone(opinions, done)),
        "nothing in its place": _percent([max(there.values()) < 0.5 for there, _ in opinions]),
        "bits changed outside": sum(one.changed_outside for one in done),
    }


def run(verb: str, count: int) -> list[Edited]:
    """Edit scenes by words alone: "the house" is found, and becomes "a purple tree" or nothing."""
    settings = Settings(device="cpu", outputs=Path("build/outputs"))
    manager, nets = PipelineManager(settings), Nets(settings)
    rng = np.random.default_rng(FIRST)
    return [_edited(random_scene(FIRST + index, MIX), verb, manager, nets, rng) for index in range(count)]


def _edited(scene: Scene, verb: str, manager: PipelineManager, nets: Nets, rng: np.random.Generator) -> Edited:
    (thing,) = scene.things
    kind = str(rng.choice([kind for kind in OBJECTS if kind != thing.kind]))
    colour = str(rng.choice([colour for colour in COLOURS if colour != thing.colour]))
    before = images.picture(picture(scene, 128))
    words = f"the {thing.kind}"
    wanted = Thing(kind=kind, colour=colour, x=0, y=0, height=1) if verb == "replace" else None
    original = np.asarray(before.image.convert("RGB"))
    try:
        found = find_mask(FindMask(image=before, words=words, mask_model="storybook-words"), nets, lambda _: None)
    except NothingFound:  # counts against the edit: nothing of it was done
        return Edited(scene, wanted, original, original, 0)
    request = Inpaint(
        image=before,
        mask_image=found.mask,
        verb=verb,
        words=words,
        prompt=f"a {colour} {kind}" if verb == "replace" else "",
        seed=int(rng.integers(2**31)),
    )
    result = tasks.run(request, manager, lambda _: None)
    after = np.asarray(result.images[0])
    kept = canvas(result.request).mask == 0
    return Edited(scene, wanted, original, after, int((after[kept] != original[kept]).sum()))


def sheet(done: list[Edited]) -> Image.Image:
    """Before and after in pairs, four to a row."""
    page = Image.new("RGB", (8 * 132, -(-len(done) // 4) * 132), "white")
    for index, one in enumerate(done):
        for half, seen in enumerate((one.before, one.after)):
            page.paste(Image.fromarray(seen), ((index % 4 * 2 + half) * 132 + 2, index // 4 * 132 + 2))
    return page


def _gone(opinions: list, done: list[Edited]) -> list[bool]:
    return [there[one.scene.things[0].kind] < 0.5 for (there, _), one in zip(opinions, done, strict=True)]


def _percent(hits: object) -> float:
    return round(100 * float(np.mean(hits)), 1)
