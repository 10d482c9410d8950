"""What a single file of weights is, told from the names of its tensors: which family's checkpoint, or what else."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from studio import catalog
from studio.catalog import Family
from studio.errors import LoadError
from studio.pipelines.headers import Header

# Where the parts of a pipeline lie in the original layouts.
PARTS: dict[str, tuple[str, ...]] = {
    "unet": ("model.diffusion_model.",),
    "transformer": ("model.diffusion_model.",),
    "vae": ("first_stage_model.", "vae."),
    "text_encoder": ("cond_stage_model.", "conditioner.embedders.0.", "text_encoders.clip_l."),
    "text_encoder_2": ("conditioner.embedders.1.", "text_encoders.clip_g."),
    "text_encoder_3": ("text_encoders.t5xxl.",),
}
# The parts that predict noise, and in files the layer of theirs that takes the latents.
DENOISERS = frozenset({"unet", "transformer"})
FIRST_LAYERS = (
    "model.diffusion_model.input_blocks.0.0.weight",
    "model.diffusion_model.x_embedder.proj.weight",
)
VAE_LEVEL = re.compile(r"(?:first_stage_model|vae)\.encoder\.down\.(\d+)\.")

# Empty tensors by which files say that they predict velocity, and that their noise ends in noise alone.
NOISE_MARKS = MappingProxyType(
    {"v_pred": ("prediction_type", "v_prediction"), "ztsnr": ("rescale_betas_zero_snr", True)}
)
LORA = re.compile(r"^lora_|\.lora[._]|\.hada_|\.lokr_|\.oft_|\.boft_|\.dora_")
# What stands for its base in the names or the metadata of a LoRA, and the base.
LORA_BASES = (
    (re.compile(r"double_blocks|single_transformer_blocks|flux", re.I), "Flux"),
    (re.compile(r"joint_blocks|transformer[._]transformer_blocks|sd3|stable-diffusion-v?3", re.I), "SD3"),
    (re.compile(r"lora_te2_|text_encoder_2|sdxl|stable-diffusion-xl|lora_unet_input_blocks", re.I), "SDXL"),
    (re.compile(r"sd_v2|stable-diffusion-v2", re.I), "SD 2.x"),
    (re.compile(r"sd_v1|stable-diffusion-v1", re.I), "SD 1.x"),
)
# Other files that people keep beside checkpoints; the first row that any name matches counts.
OTHERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^control_model\.|^controlnet_|^input_hint_block\.|^lllite_"), "a ControlNet"),
    (re.compile(r"^adapter\.(?:body|conv_in|fc)|^body\.0\.in_conv"), "a T2I adapter"),
    (re.compile(r"^(?:ip_adapter|image_proj)\."), "an IP-Adapter"),
    (re.compile(r"motion_modules\."), "a motion module for video"),
    (re.compile(r"^(?:emb_params|clip_[lg]|\*)$"), "a textual inversion embedding"),
    (re.compile(r"double_blocks\.|single_blocks\.|single_transformer_blocks\."), "a Flux checkpoint"),
    (re.compile(r"^conditioner\.embedders\.0\.model\."), "the refiner of SDXL"),
    (re.compile(r"^model\.diffusion_model\.|^(?:down_blocks|joint_blocks|transformer_blocks)\."), "a denoiser alone"),
    (re.compile(r"^(?:first_stage_model\.|vae\.)?(?:en|de)coder\.(?:conv_in|mid|mid_block)\b"), "a VAE"),
    (re.compile(r"^(?:transformer\.)?(?:text_model|resblocks)\.|^encoder\.block\."), "a text encoder"),
    (re.compile(r"^(?:conv_first|body\.0|model\.0)\b"), "an upscaler"),
)


def family_of(header: Header, named: str) -> Family:
    """The family whose checkpoint the file is; LoadError says what it is instead."""
    if any(map(LORA.search, header.shapes)):
        base = _lora_base(header)
        raise LoadError(f"Checkpoint: {named} is a LoRA{f' for {base}' if base else ''}, not a checkpoint.")
    scale = latent_scale(header) or Family.latent_scale  # as all published ones have it
    for family in catalog.FAMILIES:
        if _is_marked(header, family) and scale == family.latent_scale:
            check_channels(channels(header.shapes), family, named)
            return family
    for sign, what in OTHERS:
        if any(map(sign.search, header.shapes)):
            raise LoadError(f"Checkpoint: {named} is {what}, not a checkpoint of a family known here ({_known()}).")
    raise LoadError(f"Checkpoint: {named} is of no family known here ({_known()}).")


def channels(shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """How many channels the denoiser takes, from the shapes of a file's tensors; None if that is not told."""
    return next((shapes[name][1] for name in FIRST_LAYERS if len(shapes.get(name, ())) > 1), None)


def check_channels(taken: int | None, family: Family, named: str) -> None:
    """LoadError if a denoiser takes neither latents alone nor what is taken for inpainting; None is the family's."""
    if taken in (None, family.latent_channels, family.inpainting_channels):
        return
    raise LoadError(
        f"Checkpoint: {named} takes {taken} channels, where {family.label} has {family.latent_channels}, or "
        f"{family.inpainting_channels} for inpainting: it is made for other input, such as a whole picture to edit or "
        "a depth map, and can neither paint from words nor fill a mask. Choose another checkpoint."
    )


def latent_scale(header: Header) -> int | None:
    """How many picture pixels one latent pixel stands for; None without a VAE."""
    levels = [int(found[1]) for found in map(VAE_LEVEL.match, header.shapes) if found]
    return 2 ** max(levels) if levels else None


def configs(header: Header, family: Family) -> str:
    """The hub id of the texts to read the file with; "" if the family has none."""
    if family.inpainting_configs and channels(header.shapes) == family.inpainting_channels:
        return family.inpainting_configs
    said = (*header.shapes, *header.metadata.values())
    return next((repo for mark, repo in family.configs if any(mark in text for text in said)), "")


def noise(header: Header) -> dict[str, object]:
    """What the file says of the noise it was trained on, in the words of scheduler configs."""
    return {name: value for mark, (name, value) in NOISE_MARKS.items() if mark in header.shapes}


def has(header: Header, part: str) -> bool:
    """Whether the file holds the weights of that part of a pipeline."""
    return any(name.startswith(PARTS[part]) for name in header.shapes)


def weight_count(header: Header, family: Family) -> int:
    """How many numbers of the file are loaded."""
    used = {prefix for part, prefixes in PARTS.items() if part not in family.left_out for prefix in prefixes}
    return header.count(used)


def _is_marked(header: Header, family: Family) -> bool:
    return bool(family.marks) and all(any(name.startswith(mark) for name in header.shapes) for mark in family.marks)


def _lora_base(header: Header) -> str:
    told = [header.metadata.get(key, "") for key in ("modelspec.architecture", "ss_base_model_version")]
    said = " ".join((*told, *header.shapes))
    return next((base for sign, base in LORA_BASES if sign.search(said)), "")


def _known() -> str:
    return ", ".join(family.label for family in catalog.FAMILIES)
