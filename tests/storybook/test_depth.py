"""The depth net has the published one's shape, and is taught the steps between things too."""

import torch

from studio.storybook import depth


def test_the_net_says_how_near_each_pixel_is() -> None:
    near = depth.make()(torch.zeros(2, 3, depth.SEES, depth.SEES)).predicted_depth
    assert near.shape == (2, depth.SEES, depth.SEES)
    assert (near > 0).all()  # below, it would learn nothing


def test_wrong_steps_cost_and_a_wrong_level_does_not() -> None:
    assert depth._steps(torch.ones(1, 4, 4)) == 0
    assert depth._steps(torch.eye(4)[None]) > 0


def test_all_that_is_trained_is_asked() -> None:
    net = depth.make()
    net(torch.randn(1, 3, depth.SEES, depth.SEES)).predicted_depth.sum().backward()
    assert [name for name, weight in net.named_parameters() if weight.requires_grad and weight.grad is None] == []
