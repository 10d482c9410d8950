"""A sampler is found under the name any program gives it, and ours go out as A1111's."""

import pytest

from studio import catalog
from studio.infotext import samplers

# Name, schedule type → our label; the names are A1111's, ComfyUI's, InvokeAI's, NovelAI's and diffusers'.
FOREIGN = [
    ("Euler a", "Automatic", "Euler a"),
    ("Euler", "Normal", "Euler"),
    ("DPM++ 2M Karras", "", "DPM++ 2M Karras"),
    ("DPM++ 2M", "", "DPM++ 2M"),
    ("DPM++ 2M", "Karras", "DPM++ 2M Karras"),
    ("DPM++ 2M", "Automatic", "DPM++ 2M Karras"),
    ("DPM++ 2M", "Uniform", "DPM++ 2M"),
    ("DPM++ 2M Karras", "Karras", "DPM++ 2M Karras"),
    ("DPM++ 2M SDE Karras", "", "DPM++ 2M SDE Karras"),
    ("dpmpp_2m_sde_gpu", "karras", "DPM++ 2M SDE Karras"),
    ("dpmpp_2m", "normal", "DPM++ 2M"),
    ("dpmpp_2m_k", "", "DPM++ 2M Karras"),
    ("dpmpp_sde", "normal", "DPM++ SDE"),
    ("euler_ancestral", "normal", "Euler a"),
    ("euler_a", "", "Euler a"),
    ("k_euler_ancestral", "native", "Euler a"),
    ("k_euler", "", "Euler"),
    ("kdpm_2", "", "DPM2"),
    ("kdpm_2_a", "", "DPM2 a"),
    ("uni_pc_bh2", "normal", "UniPC"),
    ("ddim_v3", "", "DDIM"),
    ("EulerAncestralDiscreteScheduler", "", "Euler a"),
    ("DPMSolverMultistepScheduler", "", "DPM++ 2M"),
    ("KDPM2AncestralDiscreteScheduler", "", "DPM2 a"),
]


@pytest.mark.parametrize(("name", "schedule", "label"), FOREIGN)
def test_foreign_names_lead_to_our_samplers(name: str, schedule: str, label: str) -> None:
    assert samplers.label(name, schedule) == (label, True)


@pytest.mark.parametrize("name", ["DPM fast", "PLMS", "Restart", "res_multistep", "Undefined", "", "k", "Karras", "😀"])
def test_a_sampler_we_lack_is_none(name: str) -> None:
    assert samplers.label(name) == (None, False)


def test_a_schedule_we_lack_leaves_the_sampler() -> None:
    assert samplers.label("Heun", "Polyexponential") == ("Heun", False)


@pytest.mark.parametrize("row", catalog.SAMPLERS, ids=lambda row: row.label)
def test_ours_come_back_from_what_a1111_calls_them(row: catalog.Sampler) -> None:
    name, schedule = samplers.a1111(row.label)
    assert samplers.label(name, schedule or "") == (row.label, True)
