"""CLIPSeg for the Storybook world: a picture and words to the mask of what the words name."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTokenizer,
    ViTImageProcessor,
)

from studio.storybook import bundled, clip, queries, tokenizer
from studio.storybook.bundled import CLIPSEG
from studio.storybook.data import ASPECTS, DEVIATION, MEAN, normalised, pictures, regions, scenes, worn
from studio.storybook.training import Losses, Run, load_state, workers
from studio.storybook.vae import to_tensor
from studio.storybook.words import OBJECTS
from studio.storybook.world import Mix

SEES = 192
PATCH = 16
HEIGHT = 128
BATCH = 32
QUERIES = 3
POOL = 4_000
TRAINED_ON = Mix(two_things=0.5, looks=0.35)
FIRST_SEED = 20_000_000


class Taught(nn.Module):
    """CLIPSeg with a head that names what lies in each patch; only the net inside is kept.

    Words for one thing can be answered by marking whatever stands out; naming every patch cannot, so this is what
    teaches the image tower to look at shapes.
    """

    def __init__(self, net: CLIPSegForImageSegmentation) -> None:
        super().__init__()
        self.net = net
        self.kinds = nn.Linear(net.config.vision_config.hidden_size, queries.FIRST_THING + len(OBJECTS))


def make(tokens: CLIPTokenizer) -> CLIPSegForImageSegmentation:
    """A fresh net of 1.4 M parameters: the text tower of our CLIP, 4 image layers of width 96, patches of 16 pixels."""
    towers = clip.trained(torch.device("cpu"))
    config = CLIPSegConfig(
        text_config={
            name: value for name, value in towers.config.text_config.to_dict().items() if name != "model_type"
        },
        vision_config={
            "hidden_size": 96,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "image_size": SEES,
            "patch_size": PATCH,
        },
        projection_dim=clip.WIDTH,
        extract_layers=(1, 2, 3),
        reduce_dim=64,
        decoder_intermediate_size=128,
        use_complex_transposed_convolution=True,
    )
    model = CLIPSegForImageSegmentation(config)
    model.clip.text_model.load_state_dict(towers.text_model.state_dict())
    model.clip.text_projection.load_state_dict(towers.text_projection.state_dict())
    # transformers begins them at a deviation of 1, with which nothing is learnt.
    decoder = model.decoder
    for layer in (*decoder.reduces, decoder.film_mul, decoder.film_add, *decoder.transposed_convolution[::2]):
        layer.reset_parameters()
    return model


def train(minutes: float, device: torch.device) -> CLIPSegForImageSegmentation:
    """Train all of it on scenes with words for their parts, and words for what is not there.

    Cross entropy and Dice of the masks, and cross entropy of what each patch holds.
    """
    tokens = tokenizer.trained()
    model = Taught(trained(torch.device("cpu")) or make(tokens))
    # What only a summary of the picture would need.
    for part in (
        model.net.clip.logit_scale,
        model.net.clip.visual_projection,
        model.net.clip.vision_model.post_layernorm,
    ):
        part.requires_grad_(False)
    some = [
        scenes(FIRST_SEED + 10_000_000 * turn, POOL, TRAINED_ON, aspect=aspect) for turn, aspect in enumerate(ASPECTS)
    ]
    seen = [pictures(each, HEIGHT) for each in some]
    truth = [regions(each, HEIGHT) for each in some]
    rng, batch = np.random.default_rng(), BATCH // workers()

    def losses(step: int) -> Losses:
        turn = int(rng.choice(len(ASPECTS), p=list(ASPECTS.values())))
        picked = rng.choice(POOL, batch, replace=False)
        asked = [
            queries.random_query(some[turn][index], truth[turn][index], rng) for index in picked for _ in range(QUERIES)
        ]
        said = tokens([words for words, _ in asked], padding=True, truncation=True, return_tensors="pt").to(device)
        masks = torch.from_numpy(np.stack([mask for _, mask in asked])).float().to(device)
        pixels = worn(to_tensor(seen[turn][picked]).to(device))
        classes = torch.from_numpy(truth[turn][picked]).long().to(device)
        return _losses(model, _sized(pixels), said, masks, classes)

    return Run(name="clipseg", model=model, losses=losses, device=device, weight_decay=0.02).fit(minutes).net


def trained(device: torch.device) -> CLIPSegForImageSegmentation | None:
    """The averaged net of the saved state, else the bundled one, in evaluation mode; None if there is neither."""
    state = load_state("clipseg", device)
    if state is None:
        return bundled.part(CLIPSegForImageSegmentation, CLIPSEG, device)
    model = Taught(make(tokenizer.trained())).to(device)
    model.load_state_dict(state["averages"])
    return model.net.eval()


def processor() -> CLIPSegProcessor:
    """What brings pictures and words to the net, as the published one's does."""
    seen = ViTImageProcessor(size={"height": SEES, "width": SEES}, image_mean=MEAN, image_std=DEVIATION, resample=2)
    return CLIPSegProcessor(seen, tokenizer.trained())


def export(folder: Path = CLIPSEG) -> None:
    """Write net and processor in the layout of the published one, float16."""
    trained(torch.device("cpu")).half().save_pretrained(folder)
    bundled.load_as_float32(folder)
    processor().save_pretrained(folder)


def _sized(pixels: Tensor) -> Tensor:
    """(n, 3, h, w) in −1 … 1 to what the net sees."""
    return normalised(F.interpolate(pixels, size=(SEES, SEES), mode="bilinear", antialias=True))


def _losses(model: Taught, pixels: Tensor, said: dict[str, Tensor], masks: Tensor, classes: Tensor) -> Losses:
    """`masks` (pictures × queries, h, w) in 0 … 1, the queries of a picture one after another; `classes` (n, h, w)."""
    net = model.net
    states = net.clip.vision_model(pixels, output_hidden_states=True).hidden_states
    repeats = len(masks) // len(pixels)
    seen = tuple(states[layer + 1].repeat_interleave(repeats, 0) for layer in net.extract_layers)
    words = net.clip.get_text_features(said["input_ids"], attention_mask=said["attention_mask"]).pooler_output
    logits = net.decoder(seen, words).logits.float()
    wanted = F.interpolate(masks[:, None], size=logits.shape[-2:], mode="bilinear", antialias=True)[:, 0]
    guess = logits.sigmoid()
    overlap = (guess * wanted).sum((1, 2))
    dice = 1 - (2 * overlap + 200) / (guess.sum((1, 2)) + wanted.sum((1, 2)) + 200)
    return {
        "cross entropy": 2 * F.binary_cross_entropy_with_logits(logits, wanted),
        "dice": 0.5 * dice.mean(),
        "kinds": _kinds_loss(model.kinds(states[-1][:, 1:]).float(), classes),
    }


def _kinds_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross entropy of what each patch holds, by shares of its area; logits (n, patches, kinds)."""
    side = SEES // PATCH
    each = F.one_hot(classes, logits.shape[-1]).permute(0, 3, 1, 2).float()
    shares = F.adaptive_avg_pool2d(each, side).flatten(2).transpose(1, 2)
    return F.cross_entropy(logits.flatten(0, 1), shares.flatten(0, 1))
