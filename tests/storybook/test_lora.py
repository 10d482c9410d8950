"""What the LoRA of the Storybook world is taught, and that diffusers reads what is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from peft.utils import get_peft_model_state_dict
from safetensors import safe_open

from studio.storybook import lora, render
from studio.storybook.bundled import BASE
from studio.storybook.data import scenes

SOME = scenes(7, 60)
CPU = torch.device("cpu")


def test_a_blueprint_is_told_from_every_other_look_by_its_colours() -> None:
    drawn = [np.asarray(render.picture(replace(scene, look=lora.LOOK), 64)) for scene in SOME]
    assert all(map(lora.is_blueprint, drawn))
    assert not any(lora.is_blueprint(np.asarray(render.picture(scene, 64))) for scene in SOME)


def test_only_what_is_beside_the_base_is_taught_and_it_begins_as_nothing() -> None:
    base = lora.begun(CPU)
    taught = {name for name, weight in base.named_parameters() if weight.requires_grad}
    assert taught and all("lora_" in name for name in taught)
    noisy, steps, said = torch.randn(1, 4, 32, 32), torch.tensor([500]), torch.randn(1, 77, 128)
    with torch.no_grad():
        told = base(noisy, steps, said).sample
        base.disable_adapters()
        torch.testing.assert_close(told, base(noisy, steps, said).sample)


def test_what_is_written_is_read_by_diffusers_key_by_key_and_says_its_word(tmp_path: Path) -> None:
    taught = lora.begun(CPU)
    lora.export(tmp_path, taught)
    pipe = StableDiffusionPipeline.from_pretrained(BASE, dtype=torch.float32)
    pipe.load_lora_weights(tmp_path, weight_name=lora.FILE, adapter_name="blueprint")
    read, wanted = get_peft_model_state_dict(pipe.unet, adapter_name="blueprint"), get_peft_model_state_dict(taught)
    assert read.keys() == wanted.keys()
    assert all(torch.equal(read[name].half(), value.half()) for name, value in wanted.items())
    with safe_open(tmp_path / lora.FILE, "pt") as file:
        assert file.metadata()["modelspec.trigger_phrase"] == "blueprint"


@pytest.mark.parametrize("word", ["attn2.to_k", "conv1"])
def test_it_reaches_attention_and_convolutions(word: str) -> None:
    assert any(word in name for name in get_peft_model_state_dict(lora.begun(CPU)))
