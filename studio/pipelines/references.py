"""What lets a UNet hear pictures beside words: an IP-Adapter, put on for a job and taken off, and pictures encoded."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from PIL import Image
from safetensors import safe_open
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from studio import catalog, images
from studio.catalog import IPAdapter
from studio.config import Settings
from studio.errors import LoadError
from studio.images import Picture
from studio.pipelines import networks, sources
from studio.requests import TextToImage, references
from studio.results import Report

LABEL = "IP-Adapter"
BUDGET_BYTES = 64 * 2**20
# The parts of an adapter's file.
PARTS = ("image_proj", "ip_adapter")
# What of a UNet's config an adapter's layers follow.
LAYOUT = (
    "down_block_types",
    "up_block_types",
    "block_out_channels",
    "layers_per_block",
    "transformer_layers_per_block",
    "cross_attention_dim",
)


class Adapter(nn.Module):
    """An IP-Adapter in memory: what makes tokens of an encoded picture, and by a layer's name what attends to them."""

    def __init__(self, projection: nn.Module, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.projection = projection
        self.names, self.layers = tuple(layers), nn.ModuleList(layers.values())

    @property
    def sees_patches(self) -> bool:
        """Whether it takes all that the encoder sees, patch by patch, and not a picture's embedding alone."""
        return not isinstance(self.projection, ImageProjection)

    def tune(self, weights: Sequence[float], share: Callable[[str], float]) -> None:
        """Have the layers hear so many pictures, each attended to alone; `share` is what a layer takes of a weight."""
        for name, layer in zip(self.names, self.layers, strict=True):
            layer.scale = [share(name) * weight for weight in weights]
            if len(layer.to_k_ip) != len(weights):
                layer.to_k_ip = nn.ModuleList([layer.to_k_ip[0]] * len(weights))
                layer.to_v_ip = nn.ModuleList([layer.to_v_ip[0]] * len(weights))


class Seen:
    """Pictures as image encoders saw them, so that each is looked at once; the least recently used leave."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[tuple, Tensor] = OrderedDict()

    def of(self, key: tuple, look: Callable[[], Tensor]) -> Tensor:
        """What is kept under a key that says encoder and picture, or what `look` gives."""
        if key not in self._kept:
            self._kept[key] = look()
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self._budget_bytes:
            self._kept.popitem(last=False)
        return self._kept[key]


def row(request: TextToImage) -> IPAdapter | None:
    """The adapter that a resolved request's references are heard by; None if it has none."""
    return catalog.ip_adapter(request.ip_adapter) if request.references else None


def bring(request: TextToImage, settings: Settings, report: Report) -> None:
    """Fetch the adapter of a resolved request, and its encoder, if they are not on this machine; else a HubError.

    `report` hears of the bytes, and may raise to stop that.
    """
    asked = row(request)
    if asked and not asked.source.startswith("assets/"):
        how = {"label": LABEL, "revision": asked.revision}
        networks.folder_of_files(asked.source, asked.files, settings, report, **how)


def files(row: IPAdapter, settings: Settings) -> tuple[Path, Path]:
    """The file of an adapter and the folder of its encoder; LoadError if they are not on this machine."""
    if row.source.startswith("assets/"):
        folder, encoder = (networks.find(source, settings, label=LABEL) for source in (row.source, row.encoder))
        return folder / row.weight_name, encoder
    folder = sources.network(row.source, settings, row.revision, names=row.files)
    if folder is None:
        raise LoadError(f"{LABEL}: {row.label} is not on this machine. Fetch it by a run through the studio.")
    return folder / row.weight_name, folder / row.encoder


def load(row: IPAdapter, file: Path, unet: UNet2DConditionModel) -> Adapter:
    """The adapter for UNets of this layout, frozen, beside it on the device; LoadError tells what is wrong with it."""
    try:
        state = _state(file)
        processors = unet._convert_ip_adapter_attn_to_diffusers([state])
        layers = {name: one for name, one in processors.items() if isinstance(one, nn.Module)}
        if len(state["ip_adapter"]) != 2 * len(layers):  # a key and a value each
            raise ValueError("it is made for another layout of layers")
        adapter = Adapter(unet._convert_ip_adapter_image_proj_to_diffusers(state["image_proj"]), layers)
    except Exception as error:
        raise networks.broken(error, LABEL, row.label, row.source) from error
    return adapter.to(unet.device, unet.dtype).requires_grad_(False).eval()


def load_encoder(
    row: IPAdapter, folder: Path, *, dtype: torch.dtype, device: torch.device
) -> CLIPVisionModelWithProjection:
    """What sees pictures for an adapter, frozen and on the device; LoadError as `load`."""
    try:
        made = CLIPVisionModelWithProjection.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except Exception as error:
        raise networks.broken(error, LABEL, f"the image encoder of {row.label}", row.source) from error
    return made.to(device).requires_grad_(False).eval()


def layout(unet: UNet2DConditionModel) -> tuple:
    """What has to be the same for an adapter that is in memory to fit."""
    return tuple(str(unet.config[name]) for name in LAYOUT)


@contextmanager
def worn(unet: UNet2DConditionModel, adapter: Adapter, request: TextToImage, family: str) -> Iterator[None]:
    """As long as this lasts the UNet hears the request's references; after it, it is as it was to the last bit."""
    weights = references.weights(request.references)
    adapter.tune(weights, lambda layer: catalog.heard(family, request.transfer, layer))
    # Those alone that hear: to look for them takes diffusers ten times as long.
    attentions = [unet.get_submodule(name.removesuffix(".processor")) for name in adapter.names]
    plain = [attention.processor for attention in attentions]
    before = unet.encoder_hid_proj, unet.config.encoder_hid_dim_type
    try:
        _put(attentions, adapter.layers)
        # One adapter as often as there are pictures.
        unet.encoder_hid_proj = MultiIPAdapterImageProjection([adapter.projection] * len(weights))
        unet.config.encoder_hid_dim_type = "ip_image_proj"
        yield
    finally:
        _put(attentions, plain)
        unet.encoder_hid_proj, unet.config.encoder_hid_dim_type = before


def arguments(
    unet: UNet2DConditionModel, request: TextToImage, see: Callable[[Picture | None], Tensor]
) -> dict[str, object]:
    """What a pipeline is called with to hear the references; `see` gives what the encoder saw of one, or of none."""
    is_guided = request.guidance_scale > 1 and unet.config.time_cond_proj_dim is None
    seen = [see(reference.image)[None] for reference in request.references]
    return {"ip_adapter_image_embeds": [torch.cat([see(None)[None], one]) for one in seen] if is_guided else seen}


@torch.no_grad()
def look(encoder: CLIPVisionModelWithProjection, picture: Picture | None, *, patches: bool) -> Tensor:
    """What an encoder sees of a picture: (1, width), or (1, patches, width) of the last layer but one.

    A picture that is not square is squashed, so that none of it is lost. Of none it is what stands for nothing.
    """
    side, device = encoder.config.image_size, encoder.device
    if picture is None:
        pixels = torch.zeros(1, 3, side, side)
    else:
        image = images.flattened(picture).resize((side, side), Image.Resampling.BICUBIC)
        normed = (np.asarray(image, np.float32) / 255 - OPENAI_CLIP_MEAN) / OPENAI_CLIP_STD
        pixels = torch.from_numpy(normed.astype(np.float32)).permute(2, 0, 1)[None]
    pixels = pixels.to(device, encoder.dtype)
    if patches:
        return encoder(pixels, output_hidden_states=True).hidden_states[-2]
    if picture is None:
        return torch.zeros(1, encoder.config.projection_dim, device=device, dtype=encoder.dtype)
    return encoder(pixels).image_embeds


def _put(attentions: Iterable[nn.Module], processors: Iterable[object]) -> None:
    for attention, processor in zip(attentions, processors, strict=True):
        attention.set_processor(processor)


def _state(file: Path) -> dict[str, dict[str, Tensor]]:
    """The tensors of an adapter's file, by part and name."""
    state = {part: {} for part in PARTS}
    with safe_open(file, framework="pt") as opened:
        for key in opened.keys():  # noqa: SIM118 (it is no mapping)
            part, _, name = key.partition(".")
            if part not in state:
                raise ValueError(f"it holds {key[:80]}, which is no part of an IP-Adapter")
            state[part][name] = opened.get_tensor(key)
    if not all(state.values()):
        raise ValueError(f"it lacks {' or '.join(part for part in PARTS if not state[part])}")
    return state
