"""What the IP-Adapter of the Storybook world learns from, and that diffusers reads what is written."""

from functools import partial

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel

from studio.storybook import ip_adapter, unet
from studio.storybook.data import scenes
from studio.storybook.ip_adapter import Adapter
from studio.storybook.taking_over import COMPOSITION, STYLE
from studio.storybook.words import LOOKS
from studio.storybook.world import Mix

SOME = scenes(7, 40, Mix(two_things=0.5, looks=0.5))
NOISY, STEPS, SAID = torch.randn(2, 4, 32, 32), torch.tensor([500, 20]), torch.randn(2, 77, 128)
STATES = torch.randn(2, 65, 128)


@pytest.fixture
def base() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return unet.make().requires_grad_(False).eval()


def told(base: UNet2DConditionModel) -> torch.Tensor:
    with torch.no_grad():
        return ip_adapter.guess(base, NOISY, STEPS, said=SAID, states=STATES)


@pytest.mark.parametrize(("way", "scales"), [("style", STYLE), ("composition", COMPOSITION), ("both", 1.0)])
def test_diffusers_hears_of_the_written_weights_what_was_taught(
    base: UNet2DConditionModel, way: str, scales: dict | float
) -> None:
    net = Adapter(base).eval()
    written = {"image_proj": {}, "ip_adapter": {}}
    for name, value in ip_adapter.published(net).items():
        part, _, rest = name.partition(".")
        written[part][rest] = value.detach()
    net.put_on(base)
    net.hear(way)
    taught = told(base)
    again = unet.make().requires_grad_(False).eval()
    own = {name: value for name, value in base.state_dict().items() if name in again.state_dict()}
    again.load_state_dict(own)
    again._load_ip_adapter_weights([written])
    hearing(again, scales)
    torch.testing.assert_close(told(again), taught)


def hearing(base: UNet2DConditionModel, scales: dict | float) -> None:
    """Set the scales as a pipeline does."""
    parts = dict.fromkeys(("vae", "text_encoder", "tokenizer", "scheduler", "safety_checker", "feature_extractor"))
    StableDiffusionPipeline(**parts, unet=base, requires_safety_checker=False).set_ip_adapter_scale(scales)


def test_every_weight_is_taught_one_way_or_the_other_and_none_of_the_base(base: UNet2DConditionModel) -> None:
    net = Adapter(base)
    net.put_on(base)
    alphas = unet.noise_schedule().alphas_cumprod
    for way in ("style", "composition"):
        net.hear(way)
        told = partial(ip_adapter.guess, base, said=SAID, states=STATES)
        unet.losses(told, torch.randn(2, 4, 32, 32), alphas)["v"].backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
    taught = {id(weight) for weight in net.parameters()}
    assert all(weight.grad is None for weight in base.parameters() if id(weight) not in taught)


def test_what_is_relaid_keeps_places_and_sizes_and_nothing_else_of_its_things() -> None:
    for index, scene in enumerate(SOME):
        other = ip_adapter.relaid(scene, index)
        assert other.look != scene.look and other.horizon == scene.horizon
        for one, moved in zip(scene.things, other.things, strict=True):
            assert (one.x, one.y, one.height) == (moved.x, moved.y, moved.height)
            assert one.kind != moved.kind and one.colour != moved.colour


def test_references_of_the_look_share_it_and_are_of_every_look() -> None:
    many = scenes(600_000, 12_000, ip_adapter.SEEN.mix)
    some, _ = ip_adapter._balanced([scene for scene in many for _ in range(2)])
    turn = np.arange(0, len(some), 7)
    alike = ip_adapter._alike(turn, np.random.default_rng(0))
    assert {some[index].look for index in turn} == set(LOOKS)
    assert all(some[one].look == some[other].look for one, other in zip(turn, alike, strict=True))
