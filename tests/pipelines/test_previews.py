"""Latents become a rough picture by one matrix."""

from dataclasses import replace

import numpy as np
import torch

from studio import catalog
from studio.pipelines.previews import rough


def test_rows_weigh_channels_and_the_last_row_is_added() -> None:
    rows = ((0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0, 0, 0), (0.25, 0.25, 0.25))
    family = replace(catalog.family("storybook"), latent_rgb=rows)
    latents = torch.zeros(1, 4, 2, 3)
    latents[0, 1] = 1
    seen = np.asarray(rough(latents, family))
    assert seen.shape == (2, 3, 3)
    assert seen[0, 0].tolist() == [64, 191, 64]


def test_values_outside_are_clipped() -> None:
    seen = np.asarray(rough(torch.full((1, 4, 2, 2), 1e6), catalog.family("sd1")))
    assert set(np.unique(seen)) <= {0, 255}
