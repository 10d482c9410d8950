"""Every sampler of the catalogue paints."""

from dataclasses import replace

import pytest

from studio import catalog
from studio.config import Settings
from studio.pipelines import schedulers
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from studio.storybook.unet import noise_schedule
from studio.tasks import run


def test_there_are_thirteen_with_labels_of_their_own() -> None:
    assert len({row.label for row in catalog.SAMPLERS}) == len(catalog.SAMPLERS) == 13


@pytest.mark.parametrize("label", [row.label for row in catalog.SAMPLERS])
def test_each_row_paints_in_two_steps(settings: Settings, request_one: TextToImage, label: str) -> None:
    request = replace(request_one, scheduler=label, num_inference_steps=2)
    assert run(request, PipelineManager(settings), lambda event: None).images[0].size == (96, 96)


@pytest.mark.parametrize("label", [row.label for row in catalog.SAMPLERS])
def test_each_row_keeps_the_checkpoint_s_prediction_type(label: str) -> None:
    assert schedulers.make(label, dict(noise_schedule().config)).config.prediction_type == "v_prediction"


def test_spacing_is_what_the_label_says() -> None:
    config = {**noise_schedule().config, "use_karras_sigmas": True}
    assert not schedulers.make("DPM++ 2M", config).config.use_karras_sigmas
    assert schedulers.make("DPM++ 2M Karras", config).config.use_karras_sigmas


def test_two_jobs_never_share_a_scheduler() -> None:
    config = dict(noise_schedule().config)
    assert schedulers.make("Euler", config) is not schedulers.make("Euler", config)
