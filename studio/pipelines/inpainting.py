"""What an inpaint pipeline is called with: picture and mask as latents, and those of pictures seen lately."""

import hashlib
import inspect
from collections import OrderedDict
from functools import wraps

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image
from torch import Tensor, nn

BUDGET_BYTES = 64 * 2**20


class StableDiffusion3InpaintPipeline(diffusers.StableDiffusion3InpaintPipeline):
    """As diffusers has it, but for its decoding: that forgets the shift of the VAE (its issue 13611)."""

    @wraps(diffusers.StableDiffusion3InpaintPipeline.__call__)
    def __call__(self, *args: object, output_type: str = "pil", **how: object) -> object:
        made = super().__call__(*args, output_type="latent", **how)
        if output_type != "latent":
            config = self.vae.config
            latents = made.images / config.scaling_factor + config.shift_factor
            decoded = self.vae.decode(latents.to(self.vae.dtype), return_dict=False)[0]
            made.images = self.image_processor.postprocess(decoded.detach(), output_type=output_type)
        return made


class _Likeliest:
    """Takes the likeliest latents of a picture, as `Latents` does; diffusers draws them, and so shifts the noise."""

    def _encode_vae_image(self, image: Tensor, generator: torch.Generator) -> Tensor:
        return _likeliest(self, image)


class StableDiffusionControlNetInpaintPipeline(_Likeliest, diffusers.StableDiffusionControlNetInpaintPipeline):
    """As diffusers has it, but for the latents of the picture."""


class StableDiffusionXLControlNetInpaintPipeline(_Likeliest, diffusers.StableDiffusionXLControlNetInpaintPipeline):
    """As diffusers has it, but for the latents of the picture."""


class StableDiffusionXLControlNetUnionInpaintPipeline(
    _Likeliest, diffusers.StableDiffusionXLControlNetUnionInpaintPipeline
):
    """As diffusers has it, but for the latents of the picture."""


class Latents:
    """Pictures encoded lately, so that another seed encodes none; the least recently used leave."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[tuple[str, str], Tensor] = OrderedDict()

    def of(self, pipe: DiffusionPipeline, checkpoint: str, image: Image.Image) -> Tensor:
        """The likeliest latents of an RGB image, scaled as the denoiser takes them: (1, channels, height, width)."""
        key = (checkpoint, hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest())
        if key not in self._kept:
            self._kept[key] = _encoded(pipe, image)
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self._budget_bytes:
            self._kept.popitem(last=False)
        return self._kept[key]

    def forget(self, checkpoint: str) -> None:
        """Drop what is kept for the checkpoint: its weights leave, or are about to change."""
        for key in [key for key in self._kept if key[0] == checkpoint]:
            del self._kept[key]


def arguments(
    pipe: DiffusionPipeline, checkpoint: str, image: Image.Image, mask: np.ndarray, latents: Latents
) -> dict[str, object]:
    """Keyword arguments that say what is repainted: `mask` (height, width) bool of the RGB image.

    A latent is repainted if any of its pixels is: pipelines look at one of them only.
    """
    scale = pipe.vae_scale_factor
    coarse = mask.reshape(mask.shape[0] // scale, scale, mask.shape[1] // scale, scale).any((1, 3))
    whole = coarse.repeat(scale, 0).repeat(scale, 1)
    hole = {
        "mask_image": Image.fromarray(np.where(whole, 255, 0).astype(np.uint8)),
        "width": image.width,
        "height": image.height,
    }
    if "masked_image_latents" not in inspect.signature(type(pipe).__call__).parameters:
        return {"image": image, **hole}  # those with a ControlNet encode the picture themselves
    kept = start = latents.of(pipe, checkpoint, image)
    if _takes_kept(pipe):
        kept = latents.of(pipe, checkpoint, Image.fromarray(np.where(whole[..., None], 128, image).astype(np.uint8)))
    if isinstance(pipe, diffusers.StableDiffusion3InpaintPipeline):  # which scales these itself
        kept = kept / pipe.vae.config.scaling_factor + pipe.vae.config.shift_factor
    return {"image": start, "masked_image_latents": kept, **hole}


def _takes_kept(pipe: DiffusionPipeline) -> bool:
    """Whether the denoiser is shown what is kept of the picture, beside its latents."""
    denoiser = getattr(pipe, "unet", None) or pipe.transformer
    return denoiser.config.in_channels > pipe.vae.config.latent_channels


def _encoded(pipe: DiffusionPipeline, image: Image.Image) -> Tensor:
    return _likeliest(pipe, pipe.image_processor.preprocess(image))


@torch.no_grad()
def _likeliest(pipe: DiffusionPipeline, pixels: Tensor) -> Tensor:
    vae, dtype = pipe.vae, pipe.vae.dtype
    if vae.config.force_upcast and dtype == torch.float16:  # it overflows; the manager narrows it again
        nn.Module.to(vae, torch.float32)
    found = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
    nn.Module.to(vae, dtype)
    return ((found - (vae.config.shift_factor or 0)) * vae.config.scaling_factor).to(dtype)
