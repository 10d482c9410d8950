"""What a row of each table of the catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of checkpoint: one layout, one pipeline class a task, one set of limits and defaults.

    `pipelines` names diffusers' class for each kind of request, and `controlled` for each method that steers and each
    kind of request that it steers. `defaults` are request fields; `sizes` are
    (width, height) offered as presets, the first is the default. `latent_rgb` maps a latent's channels to RGB in
    0 … 1: one row of three factors a channel, then an offset row. `latent_scale` is how many picture pixels one
    latent pixel stands for. `half` is the precision for graphics cards. `left_out` are parts that are not loaded,
    and `left_out_note` says why. `is_flow` families know only samplers that have a flow form.

    A file is of the family if each of `marks` begins the name of one of its tensors; `configs` are the hub ids of the
    texts to read it with: the first whose mark is in a tensor's name, or in what the file says of itself. One made for
    inpainting is read with `inpainting_configs`, if there are any. `has_linear_projection` tells families of one class
    apart: whether attention projects by matrices. `text_widths` are how wide words are in each of its text encoders;
    embeddings are told apart by them, and LoRAs by what its UNet hears.
    """

    name: str
    label: str
    pipelines: Mapping[str, str]
    sizes: tuple[tuple[int, int], ...]
    size_multiple: int
    minimum_size: int
    maximum_size: int
    defaults: Mapping[str, object]
    capabilities: frozenset[str]
    latent_rgb: tuple[tuple[float, float, float], ...]
    latent_scale: int = 8
    half: str = "float16"
    controlled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    left_out_note: str = ""
    is_flow: bool = False
    marks: tuple[str, ...] = ()
    configs: tuple[tuple[str, str], ...] = ()
    inpainting_configs: str = ""
    has_linear_projection: bool = False
    text_widths: tuple[int, ...] = ()

    @property
    def pipeline(self) -> str:
        """Diffusers' class for words to pictures; a folder's model index names it."""
        return self.pipelines["text_to_image"]

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        return len(self.latent_rgb) - 1

    @property
    def inpainting_channels(self) -> int:
        """What a denoiser made for inpainting takes: a latent, the masked picture's latent and the mask."""
        return 2 * self.latent_channels + 1

    @property
    def context_width(self) -> int | None:
        """How wide the words are that its UNet hears; None if it has no UNet."""
        return sum(self.text_widths) or None

    @property
    def second_pass_maximum(self) -> int:
        """The largest side that a second pass may reach."""
        return 2 * self.maximum_size


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A set of weights that can be chosen. `source` is a folder of this project, a hub id or a path.

    `revision` is the hub's commit that is meant, and `variant` the weights fetched where a repository has several.
    `vae` is a hub id whose VAE stands in for the checkpoint's own in half precision. `size_bytes` is what the files
    take on disk. `defaults` go before the family's. `is_inpainting` ones take the mask and the masked picture beside
    the latents: they fill masks and paint nothing from words alone.

    `problem` says why it cannot be used as it lies there; then `needs` is the hub id whose configs are missing, or
    `is_pickle` is set if it has to be converted, or neither. The `family` of a file that cannot be read is "".
    """

    id: str
    label: str
    source: str
    family: str
    licence: str
    size_bytes: int
    licence_url: str = ""
    is_gated: bool = False
    revision: str | None = None
    variant: str | None = None
    vae: str | None = None
    vae_revision: str | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_inpainting: bool = False
    problem: str = ""
    needs: str = ""
    is_pickle: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of control image; `measure` is the function of `obedience` that tells how far it was followed."""

    name: str
    label: str
    info: str
    measure: str = ""


@dataclass(frozen=True, kw_only=True)
class ControlNet:
    """A net that lets a picture follow control images, of one kind or of several.

    `kinds` gives for each kind its number among those of a Union model. `method` says how it steers, a key of the
    family's `controlled`; `loads` is diffusers' class. Where it lies is said as of a checkpoint.
    """

    id: str
    label: str
    family: str
    kinds: Mapping[str, int]
    loads: str
    source: str
    licence: str
    size_bytes: int
    method: str = "controlnet"
    licence_url: str = ""
    revision: str | None = None
    variant: str | None = None

    @property
    def is_union(self) -> bool:
        """Whether one net follows control images of several kinds at once."""
        return len(self.kinds) > 1


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How strictly a control is followed: request fields of it that belong together."""

    name: str
    label: str
    controlnet_conditioning_scale: float
    control_guidance_end: float
    control_guidance_start: float = 0.0


@dataclass(frozen=True, kw_only=True)
class IPAdapter:
    """What lets a UNet hear reference pictures beside words.

    `weight_name` is its file in the source, and `encoder` the folder of what sees the pictures: in the source too, or
    of this project. Where the source lies is said as of a checkpoint, and bytes are those of half precision.
    """

    id: str
    label: str
    family: str
    source: str
    weight_name: str
    encoder: str
    licence: str
    size_bytes: int
    encoder_bytes: int
    licence_url: str = ""
    revision: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """What has to come from a hub."""
        return self.weight_name, f"{self.encoder}/config.json", f"{self.encoder}/model.safetensors"


@dataclass(frozen=True, kw_only=True)
class Strength:
    """How strongly references count, under a plain name."""

    name: str
    label: str
    ip_adapter_scale: float


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """A scheduler of diffusers under the label people know, with the settings that make it so.

    `flow` is the class that does the same for families trained by flow matching, None if there is none.
    """

    label: str
    scheduler: str
    settings: Mapping[str, object] = field(default_factory=dict)
    flow: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings that belong together: the request fields that a way of painting sets, and what it is for."""

    label: str
    info: str
    families: frozenset[str]
    values: Mapping[str, object]
