"""Every sampler of the catalogue paints with every family that it fits."""

import pytest
import torch

from studio import catalog
from studio.config import Settings
from studio.errors import InvalidField
from studio.pipelines import schedulers
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from studio.storybook.unet import noise_schedule
from studio.tasks import run
from tests.pipelines.conftest import Small

FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}
FITTING = [(family.name, row.label) for family in catalog.FAMILIES for row in catalog.samplers(family)]


def test_rows_have_labels_of_their_own() -> None:
    assert len({row.label for row in catalog.SAMPLERS}) == len(catalog.SAMPLERS)


@pytest.mark.parametrize(("family", "label"), FITTING)
def test_each_row_does_two_steps_with_each_family_it_fits(
    every: PipelineManager, small: Small, family: str, label: str
) -> None:
    request = small(f"folders/{family}", scheduler=label)
    with every.pipeline(request) as pipe:
        latents = pipe(
            request.prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=2,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="latent",
        ).images
    assert latents.isfinite().all() and latents.std() > 0


def test_a_row_paints_through_a_task(settings: Settings, request_one: TextToImage) -> None:
    assert run(request_one, PipelineManager(settings), lambda event: None).images[0].size == (96, 96)


@pytest.mark.parametrize("label", [row.label for row in catalog.SAMPLERS])
def test_each_row_keeps_the_checkpoint_s_prediction_type(label: str) -> None:
    assert schedulers.make(label, dict(noise_schedule().config)).config.prediction_type == "v_prediction"


@pytest.mark.parametrize("row", catalog.samplers(catalog.family("sd3")), ids=lambda row: row.label)
def test_flow_forms_keep_the_shift_and_end_at_the_picture(row: catalog.Sampler) -> None:
    """A model that always points from the noise to one picture is followed to it."""
    scheduler = schedulers.make(row.label, FLOW)
    assert scheduler.config.get("shift", scheduler.config.get("flow_shift")) == 3.0
    picture, noise = torch.randn(2, 1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    scheduler.set_timesteps(8)
    latents = noise
    for timestep in scheduler.timesteps:
        flow = (latents - picture) / (timestep / 1000)
        latents = scheduler.step(flow, timestep, latents).prev_sample
    assert torch.allclose(latents, picture, atol=0.02)


@pytest.mark.parametrize("row", catalog.samplers(catalog.family("sd3")), ids=lambda row: row.label)
def test_flow_forms_add_noise_to_a_start_image(row: catalog.Sampler) -> None:
    scheduler = schedulers.make(row.label, FLOW)
    scheduler.set_timesteps(8)
    scheduler.set_begin_index(4)
    picture, noise = torch.randn(2, 1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    sigma = scheduler.sigmas[4]
    noisy = scheduler.scale_noise(picture, scheduler.timesteps[4:5], noise)
    assert torch.allclose(noisy, (1 - sigma) * picture + sigma * noise)


def test_a_sampler_without_a_flow_form_is_refused_for_flow() -> None:
    with pytest.raises(InvalidField, match="Sampler: DDIM has no form for checkpoints trained by flow matching"):
        schedulers.make("DDIM", FLOW)


def test_spacing_is_what_the_label_says() -> None:
    config = {**noise_schedule().config, "use_karras_sigmas": True}
    assert not schedulers.make("DPM++ 2M", config).config.use_karras_sigmas
    assert schedulers.make("DPM++ 2M Karras", config).config.use_karras_sigmas
    assert schedulers.make("Euler a SGM Uniform", config).config.timestep_spacing == "trailing"


def test_two_jobs_never_share_a_scheduler() -> None:
    config = dict(noise_schedule().config)
    assert schedulers.make("Euler", config) is not schedulers.make("Euler", config)
