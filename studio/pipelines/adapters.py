"""What lets a pipeline follow more than words: ControlNets and T2I-Adapters lent beside a checkpoint."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline, MultiAdapter
from PIL import Image
from torch import nn

from studio import catalog, requests
from studio.catalog import ControlNet
from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import folders, networks
from studio.requests import TextToImage
from studio.results import Report

# What a UNet takes of a T2I-Adapter.
FOLLOWED = "down_intrablock_additional_residuals"

LABEL = "ControlNet"

Call = Callable[..., object]


class StableDiffusionAdapterPipeline(diffusers.StableDiffusionAdapterPipeline):
    """As diffusers has it, with what its other pipelines have: a callback that may end a run, a time to follow, and
    references."""

    @property
    def num_timesteps(self) -> int:
        """How many steps a run has."""
        return len(self.scheduler.timesteps)

    @wraps(diffusers.StableDiffusionAdapterPipeline.__call__)
    def __call__(self, *, ip_adapter_image_embeds: list[torch.Tensor] | None = None, **how: object) -> object:
        with _shown(self.unet, ip_adapter_image_embeds):
            return _followed(self, super().__call__, **how)

    def decode_latents(self, latents: torch.Tensor) -> np.ndarray:
        """The picture (1, height, width, 3) in 0 … 1, to the bit as other pipelines decode it."""
        decoded = self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0]
        return self.image_processor.postprocess(decoded, output_type="np")


class StableDiffusionXLAdapterPipeline(diffusers.StableDiffusionXLAdapterPipeline):
    """As diffusers has it, with what its other pipelines have: a callback that may end a run, a time to follow."""

    @property
    def num_timesteps(self) -> int:
        """How many steps a run has."""
        return len(self.scheduler.timesteps)

    @wraps(diffusers.StableDiffusionXLAdapterPipeline.__call__)
    def __call__(self, **how: object) -> object:
        return _followed(self, super().__call__, **how)


def rows(request: TextToImage) -> list[ControlNet]:
    """The nets that a resolved request's controls are followed by, one for each; none if nothing steers it."""
    if not requests.is_steered(request):
        return []
    return [catalog.controlnet(control.controlnet) for control in request.controls]


def bring(request: TextToImage, settings: Settings, report: Report) -> None:
    """Fetch the nets of a resolved request that are not on this machine; a HubError if one cannot be fetched.

    `report` hears of the bytes, and may raise to stop that.
    """
    for row in rows(request):
        how = {"label": LABEL, "revision": row.revision, "variant": row.variant}
        networks.folder(row.source, settings, report, **how)


def folder(row: ControlNet, settings: Settings) -> Path:
    """Where the net of a row lies; LoadError if it is not on this machine."""
    found = networks.find(row.source, settings, label=LABEL, revision=row.revision)
    if found is None:
        raise LoadError(f"{LABEL}: {row.label} is not on this machine. Fetch it by a run through the studio.")
    return found


def load(row: ControlNet, folder: Path, *, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """The net of a row, frozen and on the device; LoadError tells what is wrong with its files."""
    try:
        net = getattr(diffusers, row.loads).from_pretrained(
            folder,
            dtype=dtype,
            variant=folders.variant(folder, is_half=dtype != torch.float32),
            use_safetensors=True,
            local_files_only=True,
        )
    except Exception as error:
        raise networks.broken(error, LABEL, row.label, row.source) from error
    return net.to(device).requires_grad_(False).eval()


def fitted(request: TextToImage, nets: Sequence[nn.Module]) -> dict[str, object]:
    """The part that a pipeline takes beside the checkpoint's: `nets` follow the request's controls in their order."""
    if request.method == "t2i_adapter":
        return {"adapter": nets[0] if len(nets) == 1 else MultiAdapter(list(nets))}
    return {"controlnet": nets[0] if len(nets) == 1 else list(nets)}


def arguments(pipe: DiffusionPipeline, request: TextToImage, images: Sequence[Image.Image]) -> dict[str, object]:
    """What a pipeline is called with to follow these control images, RGB and of the size painted."""
    controls, taken = request.controls, inspect.signature(type(pipe).__call__).parameters
    is_adapter = request.method == "t2i_adapter"
    image = "control_image" if "control_image" in taken else "image"
    images = _heard_as(pipe, images) if is_adapter else images
    weight = "adapter_conditioning_scale" if is_adapter else "controlnet_conditioning_scale"
    given = {image: list(images), weight: [control.controlnet_conditioning_scale for control in controls]}
    if requests.way(request) == "union":
        given["control_mode"] = [catalog.controlnet(one.controlnet).kinds[one.kind] for one in controls]
    if len(controls) == 1:
        given = {name: values[0] for name, values in given.items()}
    times = {
        name: [getattr(control, name) for control in controls]
        for name in ("control_guidance_start", "control_guidance_end")
    }
    if is_adapter or len(controls) == 1:  # adapters are heard together
        times = {name: values[0] for name, values in times.items()}
    return given | times | ({"guess_mode": True} if request.guess_mode else {})


def _heard_as(pipe: DiffusionPipeline, images: Sequence[Image.Image]) -> list[Image.Image]:
    """The control images as each adapter takes them: some of those for lines see no colours."""
    nets = getattr(pipe.adapter, "adapters", [pipe.adapter])
    return [
        image.convert("L" if net.config.in_channels == 1 else "RGB") for net, image in zip(nets, images, strict=True)
    ]


def _followed(
    pipe: DiffusionPipeline,
    call: Call,
    *,
    callback_on_step_end: Call,
    control_guidance_start: float,
    control_guidance_end: float,
    **how: object,
) -> object:
    """The call with a callback of the newer kind, its adapters heard between these shares of the steps."""

    def tell(step: int, timestep: object, latents: torch.Tensor) -> None:
        callback_on_step_end(pipe, step, timestep, {"latents": latents})

    with _heard(pipe, control_guidance_start, control_guidance_end):
        return call(callback=tell, callback_steps=1, **how)


@contextmanager
def _heard(pipe: DiffusionPipeline, start: float, end: float) -> Iterator[None]:
    """The UNet hears its adapters between these shares of the steps alone, as a ControlNet's pipeline has it."""
    step = 0

    def before(unet: nn.Module, given: tuple, named: dict) -> tuple[tuple, dict]:
        nonlocal step
        steps = len(pipe.scheduler.timesteps)
        is_heard = step / steps >= start and (step + 1) / steps <= end
        step += 1
        return given, named if is_heard else {**named, FOLLOWED: None}

    hook = pipe.unet.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _shown(unet: nn.Module, seen: Sequence[torch.Tensor] | None) -> Iterator[None]:
    """The UNet is given what an encoder saw of references with every step, as other pipelines give it."""

    def before(unet: nn.Module, given: tuple, named: dict) -> tuple[tuple, dict]:
        return given, {**named, "added_cond_kwargs": {"image_embeds": seen}} if seen else named

    hook = unet.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
