"""CLIP for the Storybook world: captions and pictures in one space; its text tower later drives the UNet."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from studio.storybook import bundled
from studio.storybook import tokenizer as tokenizers
from studio.storybook.captions import random_caption
from studio.storybook.data import pictures, scenes
from studio.storybook.training import Losses, Run, load_state
from studio.storybook.vae import to_tensor
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES
from studio.storybook.world import Mix, Scene

WIDTH = 128
BATCH = 128
POOL = 12_000
TRAINED_ON = Mix(two_things=0.35, looks=0.4)
# Mean and deviation of RGB that CLIP's own image processor uses by default.
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Taught(nn.Module):
    """CLIP with two heads that name what a scene holds; only the CLIP inside is kept.

    Naming every thing's colour teaches the summary of a caption which colour belongs to which thing, which the
    contrastive loss alone hardly asks for.
    """

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.of_text = nn.Linear(WIDTH, sum(FACTS))
        self.of_picture = nn.Linear(WIDTH, sum(FACTS))


# Classes per fact: the colour of each kind of thing (0 = absent), place, time, mountains, look.
FACTS = (*(1 + len(COLOURS) for _ in OBJECTS), len(PLACES), len(TIMES), 2, len(LOOKS))


def facts(scene: Scene) -> list[int]:
    """The class of each of `FACTS` that is true of the scene."""
    colours = {thing.kind: 1 + list(COLOURS).index(thing.colour) for thing in scene.things}
    return [
        *(colours.get(kind, 0) for kind in OBJECTS),
        PLACES.index(scene.place),
        TIMES.index(scene.time),
        int(scene.has_mountains),
        LOOKS.index(scene.look),
    ]


def fact_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean cross entropy over all facts; logits (n, sum(FACTS)), truth (n, len(FACTS))."""
    parts = torch.split(logits.float(), FACTS, dim=1)
    return torch.stack([F.cross_entropy(part, truth[:, i]) for i, part in enumerate(parts)]).mean()


def make(tokenizer: CLIPTokenizer) -> CLIPModel:
    """A fresh CLIP: 3 text layers and 4 image layers of width 128, patches of 16 pixels."""
    tower = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_attention_heads": 4, "projection_dim": WIDTH}
    text = {
        **tower,
        "num_hidden_layers": 3,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": tokenizers.LONGEST,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {**tower, "num_hidden_layers": 4, "image_size": 128, "patch_size": 16}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))


def train(minutes: float, device: torch.device, *, seed: int = 0) -> CLIPModel:
    """Train both towers on pairs of scenes and captions, symmetric InfoNCE (Radford et al. 2021) plus facts."""
    tokenizer = tokenizers.trained()
    model = Taught(make(tokenizer))
    some = scenes(seed, POOL, TRAINED_ON)
    seen, truth = pictures(some, 128), torch.tensor([facts(scene) for scene in some])
    rng = np.random.default_rng()

    def losses(step: int) -> Losses:
        picked = rng.choice(len(some), BATCH, replace=False)
        captions = [random_caption(some[index], int(rng.integers(2**31))) for index in picked]
        tokens = tokenizer(captions, padding=True, truncation=True, return_tensors="pt").to(device)
        return _losses(model, normalised(to_tensor(seen[picked])).to(device), tokens, truth[picked].to(device))

    return Run(name="clip", model=model, losses=losses, device=device, weight_decay=0.05).fit(minutes).clip


def trained(device: torch.device) -> CLIPModel:
    """The averaged CLIP of the saved state, else the bundled one, in evaluation mode."""
    state = load_state("clip", device)
    if state is None:
        return bundled.part(CLIPModel, bundled.CLIP, device)
    model = Taught(make(tokenizers.trained())).to(device)
    model.load_state_dict(state["averages"])
    return model.clip.eval()


def normalised(pixels: Tensor) -> Tensor:
    """(n, 3, h, w) in −1 … 1 to CLIP's own range."""
    mean, deviation = (torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (MEAN, DEVIATION))
    return ((pixels + 1) / 2 - mean) / deviation


def _losses(model: Taught, pixels: Tensor, tokens: dict[str, Tensor], truth: Tensor) -> Losses:
    out = model.clip(input_ids=tokens["input_ids"], pixel_values=pixels)
    logits = out.logits_per_text.float()
    same = torch.arange(len(logits), device=logits.device)
    return {
        "contrastive": (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2,
        "text facts": 2 * fact_loss(model.of_text(out.text_model_output.pooler_output), truth),
        "picture facts": 2 * fact_loss(model.of_picture(out.vision_model_output.pooler_output), truth),
    }
