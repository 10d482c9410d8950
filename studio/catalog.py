"""What the studio knows by heart, as tables: families, checkpoints, samplers and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeVar

from studio.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of checkpoint: one layout, one pipeline class, one set of limits and defaults.

    `defaults` are request fields; `sizes` are (width, height) offered as presets, the first is the default.
    `latent_rgb` maps a latent's channels to RGB in 0 … 1: one row of three factors a channel, then an offset row.
    `latent_scale` is how many picture pixels one latent pixel stands for; it tells families of one class apart.
    """

    name: str
    label: str
    pipeline: str
    sizes: tuple[tuple[int, int], ...]
    size_multiple: int
    minimum_size: int
    maximum_size: int
    defaults: Mapping[str, object]
    capabilities: frozenset[str]
    latent_rgb: tuple[tuple[float, float, float], ...]
    latent_scale: int = 8


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A set of weights that can be chosen. `source` is a folder of this project or a hub id."""

    id: str
    label: str
    source: str
    family: str
    licence: str
    size_bytes: int
    is_gated: bool = False
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """A scheduler of diffusers under the label people know, with the settings that make it so."""

    label: str
    scheduler: str
    settings: Mapping[str, object] = field(default_factory=dict)


Row = TypeVar("Row")

_SD1_CAPABILITIES = frozenset({"negative_prompt", "guidance", "ip_adapter", "controlnet", "inpaint", "lora"})

FAMILIES: tuple[Family, ...] = (
    Family(
        name="storybook",
        label="Storybook",
        pipeline="StableDiffusionPipeline",
        sizes=((128, 128), (160, 128), (128, 160), (192, 128), (128, 192)),
        size_multiple=16,
        minimum_size=96,
        maximum_size=192,
        defaults=MappingProxyType({"num_inference_steps": 20, "guidance_scale": 4.0, "scheduler": "DPM++ 2M"}),
        capabilities=_SD1_CAPABILITIES,
        # Least squares over its own scenes: `python -m studio.storybook latent-rgb`.
        latent_rgb=(
            (-0.0978, 0.0324, 0.1297),
            (-0.0064, 0.0343, -0.0448),
            (-0.0309, 0.0292, -0.0487),
            (0.08, -0.033, -0.1122),
            (0.573, 0.539, 0.5383),
        ),
        latent_scale=4,
    ),
    Family(
        name="sd1",
        label="Stable Diffusion 1.x",
        pipeline="StableDiffusionPipeline",
        sizes=((512, 512), (512, 640), (640, 512), (512, 768), (768, 512)),
        size_multiple=8,
        minimum_size=256,
        maximum_size=1024,
        defaults=MappingProxyType({"num_inference_steps": 20, "guidance_scale": 7.0, "scheduler": "DPM++ 2M Karras"}),
        capabilities=_SD1_CAPABILITIES,
        # Published for SD 1.4 at discuss.huggingface.co/t/23204 for −1 … 1; halved and centred here.
        latent_rgb=(
            (0.149, 0.1035, 0.104),
            (0.0935, 0.143, 0.0865),
            (-0.079, 0.0945, 0.132),
            (-0.092, -0.1355, -0.2365),
            (0.5, 0.5, 0.5),
        ),
    ),
)

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint(
        id="storybook",
        label="Storybook",
        source="assets/storybook/base",
        family="storybook",
        licence="Apache-2.0",
        size_bytes=19_000_000,
        words=MappingProxyType(
            {
                "Things": (
                    "house",
                    "tree",
                    "car",
                    "ball",
                    "person",
                    "boat",
                    "cat",
                    "flower",
                    "mushroom",
                    "rocket",
                ),
                "Colours": (
                    "red",
                    "orange",
                    "yellow",
                    "green",
                    "blue",
                    "purple",
                    "pink",
                    "white",
                    "black",
                    "brown",
                ),
                "Places": ("on the grass", "in the snow", "on the sand", "on the sea"),
                "Times": ("sunny day", "sunset", "night"),
                "More": ("mountains",),
                "Looks": ("watercolor", "pencil sketch", "neon"),
            }
        ),
    ),
    Checkpoint(
        id="sd15",
        label="Stable Diffusion 1.5",
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        family="sd1",
        licence="CreativeML OpenRAIL-M",
        size_bytes=2_130_000_000,
    ),
    Checkpoint(
        id="dreamshaper-8",
        label="DreamShaper 8",
        source="Lykon/dreamshaper-8",
        family="sd1",
        licence="CreativeML OpenRAIL-M",
        size_bytes=2_130_000_000,
    ),
)

SAMPLERS: tuple[Sampler, ...] = (
    Sampler(label="DPM++ 2M", scheduler="DPMSolverMultistepScheduler"),
    Sampler(
        label="DPM++ 2M Karras",
        scheduler="DPMSolverMultistepScheduler",
        settings={"use_karras_sigmas": True},
    ),
    Sampler(
        label="DPM++ 2M SDE Karras",
        scheduler="DPMSolverMultistepScheduler",
        settings={"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True},
    ),
    Sampler(label="DPM++ SDE", scheduler="DPMSolverSinglestepScheduler"),
    Sampler(label="Euler", scheduler="EulerDiscreteScheduler"),
    Sampler(label="Euler a", scheduler="EulerAncestralDiscreteScheduler"),
    Sampler(label="Heun", scheduler="HeunDiscreteScheduler"),
    Sampler(label="DPM2", scheduler="KDPM2DiscreteScheduler"),
    Sampler(label="DPM2 a", scheduler="KDPM2AncestralDiscreteScheduler"),
    Sampler(label="LMS", scheduler="LMSDiscreteScheduler"),
    Sampler(label="DEIS", scheduler="DEISMultistepScheduler"),
    Sampler(label="UniPC", scheduler="UniPCMultistepScheduler"),
    Sampler(label="DDIM", scheduler="DDIMScheduler"),
)


def family(name: str) -> Family:
    """The family of that name; NotFound names the nearest ones."""
    return _row(name, {row.name: row for row in FAMILIES}, "Family")


def checkpoint(id: str) -> Checkpoint:
    """The checkpoint of that id; NotFound names the nearest ones."""
    return _row(id, {row.id: row for row in CHECKPOINTS}, "Checkpoint")


def sampler(label: str) -> Sampler:
    """The sampler of that label; NotFound names the nearest ones."""
    return _row(label, {row.label: row for row in SAMPLERS}, "Sampler")


def _row(key: str, rows: Mapping[str, Row], what: str) -> Row:
    if key in rows:
        return rows[key]
    near = get_close_matches(key, rows, n=3, cutoff=0.3) or list(rows)[:3]
    raise NotFound(f"{what}: there is no '{key[:80]}'. Choose one of the list, such as {', '.join(near)}.")
