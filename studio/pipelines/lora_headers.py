"""What a LoRA file is, told from its header: whose it is, how large, and the words that call it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studio import catalog
from studio.pipelines.headers import Header

# A layer's name and which of its two matrices it is, as kohya, peft and diffusers' older releases write it:
# x.lora_down.weight, x.lora_A.weight, x.lora.down.weight, x_lora.down.weight, x.lora_linear_layer.down.weight.
KEY = re.compile(r"(.+?)(?:\.lora_(down|up|A|B)|[._]lora(?:_linear_layer)?\.(down|up))(?:\.default)?\.weight")
ENDS = {"down": "down", "A": "down", "up": "up", "B": "up"}
TEXT = re.compile(r"(?:base_model_model_)?(?:lora_te\d?_|text_encoder)")
# Tensors of what is called a LoRA and is more than two matrices a layer.
OTHERS = (
    (re.compile(r"\.dora_scale$|\.lora_magnitude_vector"), "a DoRA"),
    (re.compile(r"\.hada_"), "a LoHa"),
    (re.compile(r"\.lokr_"), "a LoKr"),
    (re.compile(r"\.b?oft_"), "an OFT"),
    (re.compile(r"\.lora_mid\."), "a LoCon of three matrices a layer"),
)
# Names of layers that no family here has, and whose they are.
FOREIGN = (
    (re.compile(r"double_blocks|single_blocks|single_transformer_blocks"), "Flux"),
    (re.compile(r"blocks_\d+_cross_attn"), "Wan"),
)
SD3 = re.compile(r"joint_blocks_|^(?:base_model_model_)?(?:transformer_)?transformer_blocks_\d+_(?:attn_|ff_|norm1_)")
SDXL = re.compile(r"lora_te2_|text_encoder_2|lora_unet_(?:input|output)_blocks_")
HEARS_WORDS = re.compile(r"attn2_(?:processor_)?to_[kv]$")
# What the maker says of the base, and its family.
SAID = (
    (re.compile(r"sd_?3|stable-diffusion-v?3", re.I), "sd3"),
    (re.compile(r"sdxl|stable-diffusion-xl", re.I), "sdxl"),
    (re.compile(r"sd_v2|stable-diffusion-v2", re.I), "sd2"),
    (re.compile(r"sd_v1|stable-diffusion-v1", re.I), "sd1"),
    (re.compile(r"storybook", re.I), "storybook"),
)
MOST_WORDS = 8
LONGEST_WORD = 80


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a header says. `family` is "" where it says nothing of it; `problem` is why the file cannot be used.

    `alpha` is what its maker says of all layers, None if that is nothing. `hears` says that text encoders change too.
    """

    family: str = ""
    rank: int = 0
    alpha: float | None = None
    words: tuple[str, ...] = ()
    hears: bool = False
    problem: str = ""


def tell(header: Header) -> Told:
    """What the file is."""
    downs = dict(_downs(header))
    if other := next((what for sign, what in OTHERS if any(map(sign.search, header.shapes))), ""):
        return Told(problem=f"is {other}, which is not supported. Choose a plain LoRA")
    if not downs:
        return Told(problem="is no LoRA: no layer of it has the two matrices that make one. Choose another file")
    if base := next((name for sign, name in FOREIGN if any(map(sign.search, downs))), ""):
        known = ", ".join(family.label for family in catalog.FAMILIES)
        return Told(problem=f"is for {base}, which is none of the families here ({known})")
    return Told(
        family=_family(downs, header.metadata),
        rank=max((shape[0] for shape in downs.values() if shape), default=0),
        alpha=_alpha(header.metadata),
        words=_words(header.metadata),
        hears=any(map(TEXT.match, downs)),
    )


def split(key: str) -> tuple[str, str] | None:
    """The layer of a tensor, dots as underscores, and whether it is its "down" or its "up"; None if it is neither."""
    found = KEY.fullmatch(key)
    return (found[1].replace(".", "_"), ENDS[found[2] or found[3]]) if found else None


def _downs(header: Header) -> Iterator[tuple[str, tuple[int, ...]]]:
    for key, shape in header.shapes.items():
        if (found := split(key)) and found[1] == "down":
            yield found[0], shape


def _family(downs: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]) -> str:
    """By the layers' names, then by the width of the words they hear, at last by what the maker says."""
    if any(map(SD3.search, downs)):
        return "sd3"
    if any(map(SDXL.match, downs)):
        return "sdxl"
    hearing = [shape for name, shape in downs.items() if HEARS_WORDS.search(name)]
    texts = [shape for name, shape in downs.items() if TEXT.match(name) and "mlp_fc2" not in name]
    widths = {shape[1] for shape in hearing or texts if len(shape) > 1}
    found = next((family.name for family in catalog.FAMILIES if widths == {family.context_width}), "")
    said = " ".join(metadata.get(key, "") for key in ("modelspec.architecture", "ss_base_model_version"))
    return found or next((family for sign, family in SAID if sign.search(said)), "")


def _alpha(metadata: Mapping[str, str]) -> float | None:
    try:
        return float(metadata.get("ss_network_alpha", ""))
    except ValueError:
        return None


def _words(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The words its maker names, else those it was shown most often."""
    named = metadata.get("modelspec.trigger_phrase", "").split(",")
    words = named if any(map(str.strip, named)) else _frequent(metadata.get("ss_tag_frequency", ""))
    clean = dict.fromkeys(" ".join(word.split()) for word in words)
    return tuple(word for word in clean if 0 < len(word) <= LONGEST_WORD and word.isprintable())[:MOST_WORDS]


def _frequent(text: str) -> list[str]:
    counts: Counter[str] = Counter()
    try:
        for tags in json.loads(text or "{}").values():
            counts.update({str(tag): int(count) for tag, count in tags.items()})
    except (ValueError, TypeError, AttributeError, RecursionError):  # a stranger's file
        return []
    return [tag for tag, _ in counts.most_common(MOST_WORDS)]
