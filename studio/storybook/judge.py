"""The judges: a classifier trained apart on the world, and a counter of coloured pixels that is no network at all."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from studio.storybook.bundled import JUDGE
from studio.storybook.clip import FACTS, fact_loss, facts
from studio.storybook.data import pictures, scenes, worn
from studio.storybook.render import GROUND_LIGHT, GROUNDS, SKIES, TONES, tone
from studio.storybook.training import Losses, Run, load_state
from studio.storybook.vae import to_tensor
from studio.storybook.words import COLOURS, LOOKS, OBJECTS
from studio.storybook.world import Mix, Scene, Thing

SEES = 64
BATCH = 128
POOL = 30_000
# Judges learn from scenes that no part of the family was trained on.
FIRST_SEED = 500_000_000


class Judge(nn.Module):
    """Names the facts of pictures of 64 × 64 pixels in −1 … 1; output (n, sum(FACTS)) logits."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        layers: list[nn.Module] = []
        for before, after in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
            layers += [nn.Conv2d(after, after, 3, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(128 * 16, 192), nn.SiLU(), nn.Linear(192, sum(FACTS)))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.body(pixels).flatten(1))


def train(minutes: float, device: torch.device) -> Judge:
    """Train on clean, blurred, noisy and re-tinted scenes, so that a soft edge or a pale tint does not mislead it."""
    model = Judge()
    some = scenes(FIRST_SEED, POOL, Mix(two_things=0.3, looks=0.35))
    seen, truth = pictures(some, SEES), torch.tensor([facts(scene) for scene in some])
    rng = np.random.default_rng()

    def losses(step: int) -> Losses:
        picked = rng.integers(len(some), size=BATCH)
        pixels = worn(to_tensor(seen[picked]).to(device))
        return {"facts": fact_loss(model(pixels), truth[picked].to(device))}

    return Run(name="judge", model=model, losses=losses, device=device, weight_decay=0.05).fit(minutes)


def trained(device: torch.device) -> Judge:
    """The averaged judge of the saved state, else the bundled one, in evaluation mode."""
    state = load_state("judge", device)
    model = Judge().to(device)
    model.load_state_dict(state["averages"] if state else load_file(JUDGE))
    return model.eval()


@torch.inference_mode()
def opinions(model: Judge, seen: np.ndarray) -> list[tuple[dict[str, float], dict[str, str]]]:
    """For each (h, w, 3) uint8 picture: how sure it is that each kind is there, and the colour that kind would have."""
    parts = [part.softmax(1) for part in _said(model, seen)[: len(OBJECTS)]]
    names = list(COLOURS)
    return [
        (
            {kind: 1 - float(part[row, 0]) for kind, part in zip(OBJECTS, parts, strict=True)},
            {kind: names[int(part[row, 1:].argmax())] for kind, part in zip(OBJECTS, parts, strict=True)},
        )
        for row in range(len(seen))
    ]


@torch.inference_mode()
def looks(model: Judge, seen: np.ndarray) -> list[str]:
    """The look of each (h, w, 3) uint8 picture."""
    return [LOOKS[int(index)] for index in _said(model, seen)[-1].argmax(1)]


def objects_right(presence: dict[str, float], things: Sequence[Thing]) -> bool:
    """True if the kinds asked for are there and are the likeliest of all kinds."""
    asked = {thing.kind for thing in things}
    likeliest = sorted(presence, key=presence.__getitem__, reverse=True)[: len(asked)]
    return set(likeliest) == asked and all(presence[kind] > 0.5 for kind in asked)


def colours_right(colours: dict[str, str], things: Sequence[Thing]) -> bool:
    """True if each kind asked for, were it there, would have the colour asked for."""
    return all(colours[thing.kind] == thing.colour for thing in things)


def pixels_right(seen: np.ndarray, scene: Scene) -> bool:
    """True if each colour asked for is among the most frequent ones of the (h, w, 3) uint8 picture.

    Pixels near the sky's and the ground's own colours and near fixed tones (wood, skin, glass …) are set aside;
    each other pixel votes for the nearest colour by the light of the hour. Only for the plain look.
    """
    pixels = seen.reshape(-1, 3).astype(np.float32)
    thing = scene.things[0]
    lit = np.array([_main(thing, colour, scene.time) for colour in COLOURS], np.float32)
    aside = [tone(name, thing, scene.time) for name in TONES] + _backdrop(scene)
    to_lit = np.linalg.norm(pixels[:, None] - lit, axis=-1)
    to_aside = np.linalg.norm(pixels[:, None] - np.array(aside, np.float32), axis=-1).min(1)
    votes = np.bincount(to_lit.argmin(1)[(to_lit.min(1) < 60) & (to_lit.min(1) < to_aside)], minlength=len(COLOURS))
    asked = {list(COLOURS).index(thing.colour) for thing in scene.things}
    likeliest = np.argsort(votes)[::-1][: len(asked)]
    return set(likeliest.tolist()) == asked and all(votes[index] > 0.01 * len(pixels) for index in asked)


def _said(model: Judge, seen: np.ndarray) -> tuple[Tensor, ...]:
    """Logits of each of `FACTS`, on the CPU."""
    pixels = to_tensor(seen).to(next(model.parameters()).device)
    return torch.split(model(F.interpolate(pixels, size=(SEES, SEES), mode="area")).cpu(), FACTS, dim=1)


def _main(thing: Thing, colour: str, time: str) -> tuple[int, int, int]:
    return tone("main", Thing(kind=thing.kind, colour=colour, x=0, y=0, height=1), time)


def _backdrop(scene: Scene) -> list[np.ndarray]:
    """Sixteen colours of the sky's and the ground's gradients."""
    sky = np.linspace(*SKIES[scene.time], 8)
    ground = np.linspace(*GROUNDS[scene.place], 8) * GROUND_LIGHT[scene.time]
    return [*sky, *ground]
