"""Layers by the names that trainers have for them, in every family."""

from pathlib import Path

import pytest
from diffusers import SD3Transformer2DModel, UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import _maybe_map_sgm_blocks_to_diffusers
from torch import nn
from transformers import CLIPTextModel

from studio.pipelines.lora_names import Layers, known, plain
from tests import tiny


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(tiny.sdxl(tmp_path_factory.mktemp("sdxl"), 1) / "unet")


def layers(module: nn.Module) -> list[str]:
    return [path for path, inner in module.named_modules() if isinstance(inner, nn.Linear | nn.Conv2d)]


def test_every_layer_is_known_by_kohya_s_and_by_diffusers_names(sdxl: UNet2DConditionModel) -> None:
    names = known({"unet": sdxl})
    for path in layers(sdxl):
        flat = path.replace(".", "_")
        assert names[f"lora_unet_{flat}"] == names[f"unet_{flat}"] == Layers("unet", (path,))


def test_names_of_the_original_layout_are_those_that_diffusers_takes_apart(sdxl: UNet2DConditionModel) -> None:
    names = known({"unet": sdxl})
    original = [name for name in names if "put_blocks_" in name or "middle_block" in name]
    original = [name for name in original if "attn" in name or "proj_" in name]
    assert original
    for name in original:
        (diffused,) = _maybe_map_sgm_blocks_to_diffusers({f"{name}.lora_down.weight": 0}, sdxl.config)
        for old, new in (
            ("input_blocks", "down_blocks"),
            ("middle_block", "mid_block"),
            ("output_blocks", "up_blocks"),
        ):
            diffused = diffused.replace(old, new)
        assert names[diffused.removesuffix(".lora_down.weight")] == names[name]


@pytest.mark.parametrize(
    ("original", "path"),
    [
        ("input_blocks_0_0", "conv_in"),
        ("out_2", "conv_out"),
        ("time_embed_2", "time_embedding.linear_2"),
        ("label_emb_0_0", "add_embedding.linear_1"),
        ("input_blocks_1_0_in_layers_2", "down_blocks.0.resnets.0.conv1"),
        ("input_blocks_2_0_op", "down_blocks.0.downsamplers.0.conv"),
        ("input_blocks_3_0_skip_connection", "down_blocks.1.resnets.0.conv_shortcut"),
        ("middle_block_2_emb_layers_1", "mid_block.resnets.1.time_emb_proj"),
        ("output_blocks_1_2_conv", "up_blocks.0.upsamplers.0.conv"),
        ("output_blocks_3_0_out_layers_3", "up_blocks.1.resnets.1.conv2"),
    ],
)
def test_layers_outside_attention_have_their_original_names(
    sdxl: UNet2DConditionModel, original: str, path: str
) -> None:
    assert known({"unet": sdxl})[f"lora_unet_{original}"].paths == (path,)


def test_one_name_of_sd3_stands_for_three_layers(tmp_path: Path) -> None:
    transformer = SD3Transformer2DModel.from_pretrained(tiny.sd3(tmp_path, 1) / "transformer")
    names = known({"transformer": transformer})
    whole = tuple(f"transformer_blocks.0.attn.to_{one}" for one in "qkv")
    assert names["lora_unet_joint_blocks_0_x_block_attn_qkv"].paths == whole
    assert names["lora_unet_joint_blocks_0_x_block_attn2_qkv"].paths[0] == "transformer_blocks.0.attn2.to_q"
    # The last block hears the words and says nothing back to them.
    assert "lora_unet_joint_blocks_1_context_block_attn_proj" not in names


@pytest.mark.parametrize(
    "name",
    [
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj",
        "lora_te1_text_model_encoder_layers_0_self_attn_q_proj",
        "text_encoder_text_model_encoder_layers_0_self_attn_q_proj",
        "text_encoder_text_model_encoder_layers_0_self_attn_to_q",
        "base_model_model_text_encoder_encoder_layers_0_self_attn_q_proj",
    ],
)
def test_a_layer_of_a_text_encoder_is_known_by_all_its_names(tmp_path: Path, name: str) -> None:
    encoder = CLIPTextModel.from_pretrained(tiny.sd1(tmp_path, 1) / "text_encoder")
    assert known({"text_encoder": encoder})[plain(name)].paths[0].endswith("encoder.layers.0.self_attn.q_proj")


def test_attention_processors_are_seen_through() -> None:
    assert plain("unet_a_attn1_processor_to_out") == "unet_a_attn1_to_out_0"
    assert plain("unet_a_attn2_processor_to_k") == "unet_a_attn2_to_k"
