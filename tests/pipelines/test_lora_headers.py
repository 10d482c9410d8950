"""LoRA files by their headers alone: whose they are, how large, and which words call them."""

import json

import pytest

from studio.pipelines.headers import Header
from studio.pipelines.lora_headers import Told, split, tell

CROSS = "down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


def header(*names: str, width: int = 320, rank: int = 8, **metadata: str) -> Header:
    """Layers of one width, each with both its matrices."""
    shapes = {}
    for name in names:
        ends = ("lora_A", "lora_B") if "." in name else ("lora_down", "lora_up")
        shapes |= {f"{name}.{ends[0]}.weight": (rank, width), f"{name}.{ends[1]}.weight": (320, rank)}
    return Header(shapes, {key.replace("__", "."): value for key, value in metadata.items()})


@pytest.mark.parametrize(
    ("family", "made"),
    [
        ("storybook", header(f"lora_unet_{CROSS}", width=128)),
        ("sd1", header(f"lora_unet_{CROSS}", width=768)),
        ("sd2", header(f"lora_unet_{CROSS}", width=1024)),
        ("sdxl", header(f"lora_unet_{CROSS}", width=2048)),
        ("sd1", header("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_v", width=768)),
        ("sd1", header("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_v", width=768)),
        ("sdxl", header("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", width=640)),
        (
            "sdxl",
            header("lora_te1_text_model_encoder_layers_0_mlp_fc1", "lora_te2_text_model_encoder_layers_0_mlp_fc1"),
        ),
        ("sd3", header("lora_unet_joint_blocks_0_x_block_attn_qkv", width=1536)),
        ("sd3", header("transformer.transformer_blocks.0.attn.to_q", width=1536)),
        ("sd1", header("lora_te_text_model_encoder_layers_0_self_attn_q_proj", width=768)),
        ("storybook", header("text_encoder.text_model.encoder.layers.0.self_attn.q_proj", width=128)),
        ("sdxl", header("unet.mid_block.attentions.0.proj_in", ss_base_model_version="sdxl_base_v1-0")),
        ("sd2", header("lora_unet_a", modelspec__architecture="stable-diffusion-v2-768-v/lora")),
        ("sd1", header(f"lora_unet_{CROSS}", width=768, ss_base_model_version="sdxl_base_v1-0")),
        ("", header("lora_unet_mid_block_attentions_0_proj_in")),
    ],
)
def test_the_family_is_told_by_names_then_by_widths_then_by_the_maker(family: str, made: Header) -> None:
    assert tell(made).family == family and not tell(made).problem


@pytest.mark.parametrize(
    ("problem", "made"),
    [
        ("is for Flux, which is none of the families here", header("lora_unet_double_blocks_0_img_attn_qkv")),
        ("is for Flux, which is none", header("transformer.single_transformer_blocks.0.attn.to_q")),
        ("is a DoRA, which is not supported", Header({"lora_unet_a.dora_scale": (1,)}, {})),
        ("is a LoHa, which is not supported", Header({"lora_unet_a.hada_w1_a": (1, 1)}, {})),
        ("is a LoKr, which is not supported", Header({"lora_unet_a.lokr_w1": (1, 1)}, {})),
        ("is no LoRA: ", Header({"first_stage_model.encoder.conv_in.weight": (1, 1)}, {})),
        ("is no LoRA: ", Header({}, {})),
    ],
)
def test_what_cannot_be_used_is_named(problem: str, made: Header) -> None:
    assert tell(made).problem.startswith(problem)


def test_rank_and_alpha_are_told() -> None:
    told = tell(header("lora_unet_a", rank=16, ss_network_alpha="8.0"))
    assert (told.rank, told.alpha) == (16, 8.0)
    assert tell(header("lora_unet_a", ss_network_alpha="many")).alpha is None


@pytest.mark.parametrize(
    ("words", "metadata"),
    [
        (("ink drop", "wet paper"), {"modelspec__trigger_phrase": " ink  drop, wet paper,"}),
        (("b", "a"), {"ss_tag_frequency": json.dumps({"x": {"a": 2}, "y": {"b": 5, "a": 1}})}),
        ((), {"ss_tag_frequency": "{"}),
        ((), {"ss_tag_frequency": "[1]"}),
        ((), {"ss_tag_frequency": '{"x": {"a": null}}'}),
        ((), {"modelspec__trigger_phrase": "x" * 200}),
        ((), {}),
    ],
)
def test_the_words_that_call_it_are_its_maker_s_or_those_it_was_shown(words: tuple, metadata: dict) -> None:
    assert tell(header("lora_unet_a", **metadata)).words == words


def test_it_is_told_whether_text_encoders_change() -> None:
    assert tell(header("lora_te_text_model_encoder_layers_0_mlp_fc1")).hears
    assert tell(header("text_encoder_2.text_model.encoder.layers.0.mlp.fc1")).hears
    assert not tell(header("lora_unet_a")).hears


def test_shapes_of_nothing_do_no_harm() -> None:
    assert tell(Header({"lora_unet_a.lora_down.weight": (), "lora_unet_a.lora_up.weight": ()}, {})) == Told()


@pytest.mark.parametrize(
    ("key", "half"),
    [
        ("lora_unet_a_b.lora_down.weight", ("lora_unet_a_b", "down")),
        ("unet.a.b.lora_B.weight", ("unet_a_b", "up")),
        ("unet.a.b.lora_A.default.weight", ("unet_a_b", "down")),
        ("unet.a.b.lora.up.weight", ("unet_a_b", "up")),
        ("unet.a.processor.to_q_lora.down.weight", ("unet_a_processor_to_q", "down")),
        ("text_encoder.a.fc1.lora_linear_layer.up.weight", ("text_encoder_a_fc1", "up")),
        ("lora_unet_a.alpha", None),
        ("unet.a.weight", None),
    ],
)
def test_a_key_is_taken_apart(key: str, half: tuple[str, str] | None) -> None:
    assert split(key) == half
