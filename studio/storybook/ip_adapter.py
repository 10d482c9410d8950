"""An IP-Adapter for the Storybook world: what the frozen UNet takes over from a reference picture, beside words.

Which layers hear the picture decides what is taken over, after InstantStyle (Wang et al. 2024). There that is found
afterwards; here it is taught: layers of the look see references that share nothing but the look, those of the
composition references that share nothing but where things stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
from diffusers.models.embeddings import IPAdapterPlusImageProjection, MultiIPAdapterImageProjection
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from studio.storybook import bundled, captions, clip, unet
from studio.storybook.bundled import BASE, IP_ADAPTER
from studio.storybook.data import pictures
from studio.storybook.steering import SEEN
from studio.storybook.training import STATE, Losses, Run, load_state, workers
from studio.storybook.vae import to_tensor
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES
from studio.storybook.world import Scene, Thing

HEIGHT = 128
BATCH = 32
# What the picture tells is settled while there is little to see.
NOISIER = 2.5
# Of each look; those of `SEEN` are not as many as the plain ones.
COUNT = 1_500
TOKENS = 16
HIDDEN, HEADS, HEAD = 96, 2, 64
# How often each way is taught, and how often nothing is seen or said, so that guidance has something to lead away from.
WAYS = {"style": 0.45, "composition": 0.35, "both": 0.2}
UNSEEN_SHARE = 0.08
SAID = {"all": 0.7, "setting": 0.15, "nothing": 0.15}
NAME = "ip-adapter"
FILE = "ip-adapter.safetensors"
# The attention that hears the picture, by the start of its name: the lowest levels compose, the others paint.
COMPOSES = ("down_blocks.2", "mid_block")


class Adapter(nn.Module):
    """The projection of what the encoder sees to tokens, and the layers that hear them, by name of the attention."""

    def __init__(self, base: UNet2DConditionModel) -> None:
        super().__init__()
        width = base.config.cross_attention_dim
        self.projection = IPAdapterPlusImageProjection(
            embed_dims=clip.WIDTH,
            output_dims=width,
            hidden_dims=HIDDEN,
            heads=HEADS,
            dim_head=HEAD,
            num_queries=TOKENS,
        )
        self.names = [name for name in base.attn_processors if name.endswith("attn2.processor")]
        self.layers = nn.ModuleList(_layer(base.get_submodule(name.removesuffix(".processor"))) for name in self.names)

    def put_on(self, base: UNet2DConditionModel) -> None:
        """Let the UNet hear, as diffusers does with a loaded file."""
        heard = dict(zip(self.names, self.layers, strict=True))
        base.set_attn_processor({name: heard.get(name, old) for name, old in base.attn_processors.items()})
        base.encoder_hid_proj = MultiIPAdapterImageProjection([self.projection])
        base.config.encoder_hid_dim_type = "ip_image_proj"

    def hear(self, way: str) -> None:
        """Let those layers hear that take over the look, the composition, or both."""
        for name, layer in zip(self.names, self.layers, strict=True):
            composes = name.startswith(COMPOSES)
            layer.scale = [float(way == "both" or composes == (way == "composition"))]


def train(minutes: float, device: torch.device, *, height: int = HEIGHT) -> Adapter:
    """Train beside the frozen UNet, on squared error of v as that was; each step teaches one way.

    Pictures are painted at `height`: at half of it a step takes a quarter of the time.
    """
    some, picked_from = _balanced(SEEN.scenes)
    if height == SEEN.height:
        latents = unet.latents_of(SEEN, device)[torch.from_numpy(picked_from)]
    else:
        latents = unet.encode(unet.whitened_vae(device), pictures(some, height), device)
    encoder = bundled.part(CLIPVisionModelWithProjection, BASE / "image_encoder", device)
    own, laid = references(encoder, some)
    nothing = blank(encoder)
    base, text_tower = unet.trained(device).requires_grad_(False), clip.trained(device).text_model
    net = Adapter(base)
    if (state := load_state(NAME, device)) is not None:
        net.load_state_dict(state["averages"])
    net.put_on(base)
    alphas = unet.noise_schedule().alphas_cumprod.to(device)
    rng, batch = np.random.default_rng(), BATCH * HEIGHT // height // workers()

    def losses(step: int) -> Losses:
        way = str(rng.choice(list(WAYS), p=list(WAYS.values())))
        net.hear(way)
        turn = rng.integers(len(some), size=batch)
        looked_at = {
            "style": lambda: own[_alike(turn, rng)],
            "composition": lambda: laid[turn],
            "both": lambda: own[turn],
        }
        states = looked_at[way]().to(device).float()
        states[torch.from_numpy(rng.random(batch) < UNSEEN_SHARE)] = nothing
        # The look is said only where the picture does not tell it.
        told = [some[index] if way == "composition" else replace(some[index], look=LOOKS[0]) for index in turn]
        words = unet.tokens_of(captions.said(told, rng, SAID)).long()
        with torch.no_grad():
            said = text_tower(words.to(device)).last_hidden_state
        clean = latents[turn].to(device).float().contiguous(memory_format=torch.channels_last)
        return unet.losses(partial(guess, base, said=said, states=states), clean, alphas, noisier=NOISIER)

    return Run(name=NAME, model=net, losses=losses, device=device).fit(minutes)


def guess(base: UNet2DConditionModel, noisy: Tensor, steps: Tensor, *, said: Tensor, states: Tensor) -> Tensor:
    """The v that a hearing UNet tells, of what the encoder saw (n, 65, 128) of one reference a picture."""
    return base(noisy, steps, said, added_cond_kwargs={"image_embeds": [states[:, None]]}).sample


@torch.no_grad()
def seen(encoder: CLIPVisionModelWithProjection, shown: np.ndarray) -> Tensor:
    """(n, 65, 128) float16: the last hidden states but one, which IP-Adapter Plus asks for, of (n, h, w, 3) uint8."""
    device, parts = encoder.device, []
    for start in range(0, len(shown), 128):
        pixels = clip.normalised(to_tensor(shown[start : start + 128]).to(device))
        parts.append(encoder(pixels, output_hidden_states=True).hidden_states[-2].half().cpu())
    return torch.cat(parts)


def references(encoder: CLIPVisionModelWithProjection, some: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """What the encoder sees of the scenes and of others laid out as they are; looked at once and kept in a file."""
    path = STATE / f"{NAME}-references.pt"
    if not path.exists():
        laid = [relaid(scene, index) for index, scene in enumerate(some)]
        torch.save([seen(encoder, pictures(each, HEIGHT)) for each in (some, laid)], path)
    own, laid = torch.load(path, weights_only=True)
    return own, laid


@torch.no_grad()
def blank(encoder: CLIPVisionModelWithProjection) -> Tensor:
    """(65, 128): what diffusers lets guidance lead away from, the states of a picture of zeros."""
    size = encoder.config.image_size
    zeros = torch.zeros(1, 3, size, size, device=encoder.device)
    return encoder(zeros, output_hidden_states=True).hidden_states[-2][0]


def relaid(scene: Scene, seed: int) -> Scene:
    """Another scene in which everything stands where it stands in this one, as large: all else is drawn anew."""
    rng = np.random.default_rng(seed)
    looks = [look for look in LOOKS if look != scene.look]
    return replace(
        scene,
        things=tuple(_other(thing, rng) for thing in scene.things),
        place=str(rng.choice(PLACES)),
        time=str(rng.choice(TIMES)),
        look=str(rng.choice(looks)),
        grain=int(rng.integers(2**31)),
    )


def trained(device: torch.device) -> dict[str, Tensor] | None:
    """The weights as published adapters name them: of the saved state, else the bundled ones; None without either."""
    state, file = load_state(NAME, device), IP_ADAPTER / FILE
    if state is None:
        return load_file(file, str(device)) if file.exists() else None
    net = Adapter(unet.trained(device))
    net.load_state_dict(state["averages"])
    return published(net)


def export(folder: Path = IP_ADAPTER) -> None:
    """Write the trained adapter as a file that diffusers loads, float16."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = trained(torch.device("cpu"))
    save_file({name: value.half().contiguous() for name, value in weights.items()}, folder / FILE)


def published(net: Adapter) -> dict[str, Tensor]:
    """The weights of an adapter by the names of IP-Adapter Plus (Ye et al. 2023)."""
    state = {_published(name): value for name, value in net.projection.state_dict().items()}
    for layer in range(len(net.projection.layers)):
        halves = [state.pop(f"layers.{layer}.0.to_{half}.weight") for half in "kv"]
        state[f"layers.{layer}.0.to_kv.weight"] = torch.cat(halves)
    named = {f"image_proj.{name}": value for name, value in state.items()}
    # diffusers counts all attention, and every second one crosses.
    for index, layer in enumerate(net.layers):
        for half in "kv":
            named[f"ip_adapter.{2 * index + 1}.to_{half}_ip.weight"] = getattr(layer, f"to_{half}_ip")[0].weight
    return named


RENAMED: Mapping[str, str] = {
    ".ln0": ".0.norm1",
    ".ln1": ".0.norm2",
    ".attn.to_out.0": ".0.to_out",
    ".attn": ".0",
    ".ff.0": ".1.0",
    ".ff.1.net.0.proj": ".1.1",
    ".ff.1.net.2": ".1.3",
}


def _published(name: str) -> str:
    found = next((ours for ours in RENAMED if ours in name), "")
    return name.replace(found, RENAMED.get(found, ""))


def _layer(attention: nn.Module) -> IPAdapterAttnProcessor2_0:
    """A layer that begins by hearing the picture as it hears words."""
    width, crossed = attention.to_k.weight.shape
    layer = IPAdapterAttnProcessor2_0(hidden_size=width, cross_attention_dim=crossed, num_tokens=[TOKENS])
    for heard, words in ((layer.to_k_ip, attention.to_k), (layer.to_v_ip, attention.to_v)):
        heard[0].weight.data.copy_(words.weight.data)
    return layer


def _balanced(some: Sequence[Scene]) -> tuple[list[Scene], np.ndarray]:
    """As many scenes of each look, one look after the other, and where they stand."""
    found = [[index for index, scene in enumerate(some) if scene.look == look][:COUNT] for look in LOOKS]
    picked = np.array([index for each in found for index in each])
    return [some[index] for index in picked], picked


def _alike(turn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each scene another one of its look."""
    return turn - turn % COUNT + rng.integers(COUNT, size=len(turn))


def _other(thing: Thing, rng: np.random.Generator) -> Thing:
    """Another thing in another colour, in the same place."""
    return replace(
        thing,
        kind=str(rng.choice([kind for kind in OBJECTS if kind != thing.kind])),
        colour=str(rng.choice([colour for colour in COLOURS if colour != thing.colour])),
        is_mirrored=bool(rng.random() < 0.5),
        limbs=tuple(float(angle) for angle in rng.uniform(-1, 1, 4)),
    )
