"""A single file tells its family, or what it is instead, by the names in its header."""

from pathlib import Path

import pytest

from studio import catalog
from studio.errors import LoadError
from studio.pipelines import headers, layouts
from studio.pipelines.headers import Header
from tests import tiny
from tests.forms import Forms


def holding(*names: str, metadata: dict[str, str] | None = None) -> Header:
    return Header(dict.fromkeys(names, (8, 4, 3, 3)), metadata or {})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A single file of each family."""
    folder = tmp_path_factory.mktemp("files")
    return {
        name: tiny.single_file(write(folder / name, 0), folder / f"{name}.safetensors")
        for name, write in tiny.WRITERS.items()
    }


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_the_family_is_told_from_names_alone(files: dict[str, Path], family: str) -> None:
    header = headers.read(files[family])
    assert layouts.family_of(header, "file").name == family
    assert layouts.latent_scale(header) == catalog.family(family).latent_scale
    assert layouts.has(header, "vae") and layouts.has(header, "text_encoder")


def test_weights_that_are_left_out_do_not_count(files: dict[str, Path]) -> None:
    header = headers.read(files["sd3"])
    family = catalog.family("sd3")
    assert header.count(layouts.PARTS["text_encoder_3"]) > 0
    assert layouts.weight_count(header, family) == header.count() - header.count(layouts.PARTS["text_encoder_3"])


def test_the_right_texts_are_asked_for() -> None:
    block = "model.diffusion_model.joint_blocks.{}.x_block.attn.qkv.weight"
    family = catalog.family("sd3")
    assert layouts.configs(holding(block.format(0)), family).endswith("3-medium-diffusers")
    assert layouts.configs(holding(block.format(0), block.format(0).replace("attn", "attn2")), family).endswith(
        "3.5-medium"
    )
    assert layouts.configs(holding(block.format(37)), family).endswith("3.5-large")
    assert layouts.configs(holding("a"), catalog.family("storybook")) == ""
    base = holding("a", metadata={"modelspec.architecture": "stable-diffusion-v2-512"})
    assert layouts.configs(base, catalog.family("sd2")).endswith("2-1-base")
    assert layouts.configs(holding("a"), catalog.family("sd2")).endswith("2-1")
    filler = Header({layouts.FIRST_LAYERS[0]: (320, 9, 3, 3)}, {})
    assert layouts.configs(filler, catalog.family("sd2")).endswith("2-1-base")
    assert layouts.configs(filler, catalog.family("sd1")).endswith("v1-5")


def test_a_file_tells_what_noise_it_was_trained_on() -> None:
    assert layouts.noise(holding("a")) == {}
    told = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    assert layouts.noise(holding("a", "v_pred", "ztsnr")) == told


OTHER_FILES = (
    ("a LoRA, not", holding("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight")),
    ("a LoRA for SDXL, not", holding("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight")),
    ("a LoRA for SD3, not", holding("transformer.transformer_blocks.0.attn.to_q.lora_A.weight")),
    ("a LoRA for Flux, not", holding("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight")),
    (
        "a LoRA for SD 2.x, not",
        holding("lora_unet_a.hada_w1_a.lora_up", metadata={"ss_base_model_version": "sd_v2_768_v"}),
    ),
    (
        "a LoRA for SD 1.x, not",
        holding("lora_unet_a.alpha", metadata={"modelspec.architecture": "stable-diffusion-v1/lora"}),
    ),
    ("a ControlNet", holding("controlnet_cond_embedding.conv_in.weight", "down_blocks.0.resnets.0.conv1.weight")),
    ("a ControlNet", holding("control_model.time_embed.0.weight")),
    ("a T2I adapter", holding("body.0.in_conv.weight")),
    ("an IP-Adapter", holding("image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight")),
    ("a motion module", holding("down_blocks.0.motion_modules.0.temporal_transformer.norm.weight")),
    ("a textual inversion embedding", holding("emb_params")),
    ("a textual inversion embedding", holding("clip_g", "clip_l")),
    ("a Flux checkpoint", holding("model.diffusion_model.double_blocks.0.img_attn.qkv.weight")),
    (
        "the refiner of SDXL",
        holding("conditioner.embedders.0.model.ln_final.weight", "model.diffusion_model.out.0.bias"),
    ),
    ("a denoiser alone", holding("model.diffusion_model.input_blocks.0.0.weight")),
    ("a denoiser alone", holding("down_blocks.0.resnets.0.conv1.weight", "conv_in.weight")),
    ("a VAE", holding("first_stage_model.decoder.conv_in.weight")),
    ("a VAE", holding("encoder.conv_in.weight", "decoder.mid_block.resnets.0.norm1.weight")),
    ("a text encoder", holding("text_model.embeddings.token_embedding.weight")),
    ("a text encoder", holding("encoder.block.0.layer.0.SelfAttention.q.weight")),
    ("an upscaler", holding("conv_first.weight", "body.0.rdb1.conv1.weight")),
    ("of no family known here", holding("bert.embeddings.weight")),
    ("of no family known here", holding()),
)


@pytest.mark.parametrize(("words", "header"), OTHER_FILES, ids=lambda value: value if isinstance(value, str) else "")
def test_other_files_are_refused_by_what_they_are(words: str, header: Header) -> None:
    with pytest.raises(LoadError, match=f"^Checkpoint: mine.safetensors is {words}"):
        layouts.family_of(header, "mine.safetensors")


@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_a_file_made_for_inpainting_is_of_its_family(inpainters: Forms, family: str) -> None:
    header, row = headers.read(inpainters.file(family)), catalog.family(family)
    assert layouts.family_of(header, "file") == row
    assert layouts.channels(header.shapes) == row.inpainting_channels == 9


def test_a_plain_file_takes_latents_alone(files: dict[str, Path]) -> None:
    taken = {name: layouts.channels(headers.read(file).shapes) for name, file in files.items()}
    assert taken == {row.name: row.latent_channels for row in catalog.FAMILIES}
    assert layouts.channels({}) is None


@pytest.mark.parametrize("channels", [5, 8])
def test_a_file_that_takes_other_input_is_refused(channels: int) -> None:
    """Such as a depth map, or a whole picture to be edited after an instruction."""
    first = "model.diffusion_model.input_blocks.0.0.weight"
    header = Header({first: (8, channels, 3, 3), "cond_stage_model.transformer.a": (1,)}, {})
    with pytest.raises(
        LoadError, match=f"takes {channels} channels, where Stable Diffusion 1.x has 4, or 9 for inpainting.*Choose"
    ):
        layouts.family_of(header, "mine.safetensors")
