"""What can lend a picture the style or composition of others: IP-Adapters, where in a UNet they speak, how loudly."""

from collections.abc import Mapping
from types import MappingProxyType

from studio.catalog.rows import IPAdapter, Strength

# What of the references counts.
TRANSFERS = MappingProxyType({"style": "Style only", "composition": "Composition only", "both": "Both"})

STRENGTHS: tuple[Strength, ...] = (
    Strength(name="light", label="Light", ip_adapter_scale=0.4),
    Strength(name="balanced", label="Balanced", ip_adapter_scale=0.7),
    Strength(name="strong", label="Strong", ip_adapter_scale=1.0),
)

# Where a reference is heard: layers by how their names begin, each with its share of the reference's weight.
EVERYWHERE = MappingProxyType({"": 1.0})
LAYERS: Mapping[str, Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "storybook": {
            "style": {"up_blocks": 1.0, "down_blocks.1": 1.0},
            "composition": {"down_blocks.2": 1.0, "mid_block": 1.0},
        },
        # ComfyUI_IPAdapter_plus (IPAdapterPlus.py) counts them in the order they run: style 0-3 and 9-15, composition
        # 4 and 5.
        "sd1": {
            "style": {
                "down_blocks.0": 1.0,
                "down_blocks.1": 1.0,
                "up_blocks.1.attentions.2": 1.0,
                "up_blocks.2": 1.0,
                "up_blocks.3": 1.0,
            },
            "composition": {"down_blocks.2.attentions.0": 0.25, "down_blocks.2.attentions.1": 1.0},
        },
        # InstantStyle, arXiv 2404.02733.
        "sdxl": {
            "style": {"up_blocks.0.attentions.1": 1.0},
            "composition": {"down_blocks.2.attentions.1": 1.0},
        },
    }
)

_APACHE = MappingProxyType({"licence": "Apache-2.0", "licence_url": "https://www.apache.org/licenses/LICENSE-2.0"})

STORYBOOK = IPAdapter(
    id="storybook-ip-adapter",
    label="Storybook",
    family="storybook",
    source="assets/storybook/ip-adapter",
    weight_name="ip-adapter.safetensors",
    encoder="assets/storybook/base/image_encoder",
    size_bytes=250_000,
    encoder_bytes=920_000,
    **_APACHE,
)


def _tencent(id: str, label: str, family: str, weight_name: str, size_bytes: int) -> IPAdapter:
    """One of the authors' own, which sees by CLIP ViT-H."""
    return IPAdapter(
        id=id,
        label=label,
        family=family,
        source="h94/IP-Adapter",
        weight_name=weight_name,
        encoder="models/image_encoder",
        size_bytes=size_bytes,
        encoder_bytes=1_265_000_000,
        **_APACHE,
    )


# Of each family the first is the one meant if none is named. Storybook's joins them when its weights are bundled.
IP_ADAPTERS: tuple[IPAdapter, ...] = (
    _tencent("sd15-ip-adapter", "Standard", "sd1", "models/ip-adapter_sd15.safetensors", 44_600_000),
    _tencent("sd15-ip-adapter-plus", "Precise", "sd1", "models/ip-adapter-plus_sd15.safetensors", 98_200_000),
    _tencent("sd15-ip-adapter-face", "Face", "sd1", "models/ip-adapter-plus-face_sd15.safetensors", 98_200_000),
    _tencent("sdxl-ip-adapter", "Standard SDXL", "sdxl", "sdxl_models/ip-adapter_sdxl_vit-h.safetensors", 698_000_000),
    _tencent(
        "sdxl-ip-adapter-plus",
        "Precise SDXL",
        "sdxl",
        "sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors",
        848_000_000,
    ),
    _tencent(
        "sdxl-ip-adapter-face",
        "Face SDXL",
        "sdxl",
        "sdxl_models/ip-adapter-plus-face_sdxl_vit-h.safetensors",
        848_000_000,
    ),
)
