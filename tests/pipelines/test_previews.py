"""Latents become a rough picture by one matrix."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import SchedulerMixin

from studio import catalog
from studio.pipelines import schedulers
from studio.pipelines.previews import estimate, rough


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


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=lambda family: family.name)
def test_every_family_shows_its_latents(family: catalog.Family) -> None:
    seen = np.asarray(rough(torch.randn(1, family.latent_channels, 4, 5), family))
    assert seen.shape == (4, 5, 3) and np.ptp(seen) > 0
    empty = np.asarray(rough(torch.zeros(1, family.latent_channels, 1, 1), family)).ravel()
    assert (abs(empty.astype(int) - 127) < 40).all()


def halfway(label: str, prediction_type: str, said: torch.Tensor) -> tuple[SchedulerMixin, torch.Tensor]:
    """A sampler and its latents after half of its steps with a model that always says the same."""
    return stepped(schedulers.make(label, {"prediction_type": prediction_type}), lambda latents, timestep: said, said)


def stepped(
    scheduler: SchedulerMixin, model: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], like: torch.Tensor
) -> tuple[SchedulerMixin, torch.Tensor]:
    """The sampler and its latents after half of its steps."""
    scheduler.set_timesteps(10)
    latents = torch.randn(like.shape, generator=torch.Generator().manual_seed(0))
    latents = latents * getattr(scheduler, "init_noise_sigma", 1)
    for timestep in scheduler.timesteps[: len(scheduler.timesteps) // 2]:
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(model(latents, timestep), timestep, latents).prev_sample
    return scheduler, latents


@pytest.mark.parametrize("label", ["DPM++ 2M", "DPM++ 2M Karras", "DPM++ 2M SDE Karras", "DPM++ SDE", "UniPC"])
def test_solvers_that_predict_the_picture_show_it_early(label: str) -> None:
    answer = torch.linspace(-1, 1, 256).reshape(1, 4, 8, 8)
    scheduler, latents = halfway(label, "sample", answer)
    assert torch.allclose(estimate(scheduler, latents), answer)


@pytest.mark.parametrize("label", ["Euler", "Euler a", "Heun", "DPM2", "DPM2 a", "LMS"])
def test_noise_of_many_sigmas_is_brought_to_the_model_s_scale(label: str) -> None:
    scheduler, latents = halfway(label, "epsilon", torch.zeros(1, 4, 8, 8))
    assert latents.std() > 2 * estimate(scheduler, latents).std()


def test_other_latents_are_shown_as_they_are() -> None:
    scheduler, latents = halfway("DDIM", "epsilon", torch.zeros(1, 4, 8, 8))
    assert estimate(scheduler, latents) is latents


@pytest.mark.parametrize("row", catalog.samplers(catalog.family("sd3")), ids=lambda row: row.label)
def test_flow_matching_shows_the_picture_or_the_latents(row: catalog.Sampler) -> None:
    answer = torch.linspace(-1, 1, 16 * 64).reshape(1, 16, 8, 8)
    config = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}

    def model(latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        return (latents - answer) / (timestep / 1000)

    scheduler, latents = stepped(schedulers.make(row.label, config), model, answer)
    shown = estimate(scheduler, latents)
    assert shown is latents if row.label in ("Euler", "Heun") else torch.allclose(shown, answer, atol=0.01)
