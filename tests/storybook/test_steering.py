"""What ControlNets of the Storybook world learn from: control images that are true, and words beside them."""

from functools import partial

import numpy as np
import pytest
import torch

from studio.storybook import pose, steering, unet
from studio.storybook.captions import random_setting
from studio.storybook.data import scenes
from studio.storybook.words import COLOURS, OBJECTS, SAID
from studio.storybook.world import Mix

SOME = scenes(7, 24, Mix(two_things=0.5))
PERSON = next(scene for scene in SOME if pose.people(scene))


@pytest.mark.parametrize("kind", steering.KINDS)
def test_a_control_image_shows_something_at_any_size(kind: str) -> None:
    for height in (96, 128):
        drawn = steering.KINDS[kind](PERSON, height)
        assert drawn.size == (height, height)
        assert np.ptp(np.asarray(drawn.convert("L"))) > 50


def test_depth_goes_from_farthest_to_nearest() -> None:
    near = np.asarray(steering.nearness(SOME[0], 128))
    assert (near.min(), near.max()) == (0, 255) and near[-1].mean() > near[0].mean()


def test_what_is_said_beside_a_control_names_no_thing_and_no_colour_of_one() -> None:
    said = {word for scene in SOME for seed in range(5) for word in random_setting(scene, seed).split()}
    things = {way for word in OBJECTS for way in SAID[word]}
    assert said & things == set() and said & (COLOURS.keys() - {"green"}) == set()


def test_an_error_counts_more_where_somebody_stands() -> None:
    [shown] = steering.control_images([PERSON], "pose")
    weights = steering.near_people(torch.from_numpy(shown).permute(2, 0, 1)[None] / 255)[0, 0]
    bodies = shown.reshape(32, 4, 32, 4, 3).max(axis=(1, 3, 4)) > 0
    assert (weights[torch.from_numpy(bodies)] == steering.PEOPLE_MATTER).all()
    assert weights.min() == 1 and (weights > 1).float().mean() < 0.4


@pytest.mark.parametrize("is_adapter", [False, True])
def test_every_weight_of_a_net_is_taught_and_none_of_the_base(*, is_adapter: bool) -> None:
    base = unet.make().requires_grad_(False)
    net = steering.make(base, is_adapter=is_adapter)
    guess = (steering._adapted if is_adapter else steering._controlled)(net, base)
    said, shown = torch.randn(2, 77, 128), torch.rand(2, 3, 128, 128)
    alphas = unet.noise_schedule().alphas_cumprod
    unet.losses(partial(guess, said=said, shown=shown), torch.randn(2, 4, 32, 32), alphas)["v"].backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
    assert all(weight.grad is None for weight in base.parameters())


def test_a_fresh_controlnet_changes_nothing() -> None:
    base = unet.make().eval()
    net = steering.make(base).eval()
    noisy, steps, said = torch.randn(1, 4, 32, 32), torch.tensor([500]), torch.randn(1, 77, 128)
    with torch.no_grad():
        alone = base(noisy, steps, said).sample
        steered = steering._controlled(net, base)(noisy, steps, said=said, shown=torch.rand(1, 3, 128, 128))
    torch.testing.assert_close(steered, alone)


def test_a_net_in_company_is_added_to_and_the_other_is_not_taught() -> None:
    base = unet.make().requires_grad_(False)
    net, other = steering.make(base), steering.make(base)
    for layer in (other.controlnet_mid_block, *other.controlnet_down_blocks):
        torch.nn.init.normal_(layer.weight, std=0.1)
    noisy, steps, said, shown = (
        torch.randn(1, 4, 32, 32),
        torch.tensor([500]),
        torch.randn(1, 77, 128),
        torch.rand(1, 3, 128, 128),
    )
    guess = partial(steering._controlled(net, base), noisy, steps, said=said, shown=shown)
    heard = guess(other=partial(other, encoder_hidden_states=said, controlnet_cond=shown))
    torch.testing.assert_close(heard, steering._controlled(other, base)(noisy, steps, said=said, shown=shown))
    heard.square().mean().backward()
    assert all(weight.grad is None for weight in other.parameters())
    assert net.controlnet_mid_block.weight.grad is not None
