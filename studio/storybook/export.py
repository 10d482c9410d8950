"""The trained parts as one plain diffusers folder."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPTextModel, CLIPVisionModelWithProjection

from studio.storybook import clip, judge, tokenizer, unet
from studio.storybook.bundled import BASE, CLIP, JUDGE, load_as_float32
from studio.storybook.data import pictures, scenes
from studio.storybook.vae import to_tensor
from studio.storybook.world import Mix

LARGEST_FILE = "9MB"
CPU = torch.device("cpu")


def pipeline(device: torch.device) -> StableDiffusionPipeline:
    """The family in training as a pipeline in float32."""
    towers = clip.trained(device)
    text = CLIPTextModel(towers.config.text_config)
    text.load_state_dict(_named_as_in(text, towers.text_model.state_dict(), "text_model."))
    vision = CLIPVisionModelWithProjection(towers.config.vision_config)
    seen = _named_as_in(vision, towers.vision_model.state_dict(), "vision_model.")
    vision.load_state_dict(seen | {"visual_projection.weight": towers.visual_projection.weight})
    pipe = StableDiffusionPipeline(
        vae=unet.whitened_vae(device),
        text_encoder=text.eval(),
        tokenizer=tokenizer.trained(),
        unet=unet.trained(device),
        scheduler=DPMSolverMultistepScheduler.from_config(unet.noise_schedule().config),
        safety_checker=None,
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": 128}, crop_size={"height": 128, "width": 128}),
        image_encoder=vision.eval(),
        requires_safety_checker=False,
    )
    return pipe.to(device)


def export() -> None:
    """Write base, CLIP and judge to their folders in the repository: float16 safetensors, no file over 10 MB."""
    _export_base(BASE)
    clip.trained(CPU).half().save_pretrained(CLIP)
    load_as_float32(CLIP)
    save_file({name: value.half() for name, value in judge.trained(CPU).state_dict().items()}, JUDGE)


def _export_base(folder: Path) -> None:
    pipe = pipeline(CPU).to(dtype=torch.float16)
    pipe.save_pretrained(folder, safe_serialization=True, max_shard_size=LARGEST_FILE)
    for part in ("text_encoder", "image_encoder"):
        load_as_float32(folder / part)


@torch.inference_mode()
def latent_rgb(device: torch.device) -> tuple[Tensor, Tensor]:
    """Matrix (4, 3) and offset (3,) that map latents to RGB in 0 … 1, by least squares over 400 scenes."""
    seen = pictures(scenes(0, 400, Mix(looks=0.3)), 128)
    latents = unet.encode(unet.whitened_vae(device), seen, device).float().permute(0, 2, 3, 1).reshape(-1, 4)
    small = torch.nn.functional.avg_pool2d(to_tensor(seen), 4).permute(0, 2, 3, 1).reshape(-1, 3) / 2 + 0.5
    ones = torch.ones(len(latents), 1)
    solution = torch.linalg.lstsq(torch.cat([latents, ones], 1), small).solution
    return solution[:4], solution[4]


def paint(pipe: StableDiffusionPipeline, prompts: list[str], *, first_seed: int = 0, **settings: object) -> np.ndarray:
    """(n, h, w, 3) uint8 pictures, one seed a prompt; 20 steps, guidance 4 and 128×128 if nothing else is said."""
    settings = {"num_inference_steps": 20, "guidance_scale": 4.0, "height": 128, "width": 128} | settings
    pipe.set_progress_bar_config(disable=True)
    painted = []
    for start in range(0, len(prompts), 8):
        some = prompts[start : start + 8]
        seeds = [torch.Generator().manual_seed(first_seed + start + index) for index in range(len(some))]
        painted.extend(pipe(some, generator=seeds, output_type="np", **settings).images)
    return (np.stack(painted) * 255).round().astype(np.uint8)


def sheet(painted: np.ndarray) -> Image.Image:
    """(n, 128, 128, 3) uint8 pictures on one page, six to a row."""
    page = Image.new("RGB", (6 * 132, -(-len(painted) // 6) * 132), "white")
    for index, seen in enumerate(painted):
        page.paste(Image.fromarray(seen), (index % 6 * 132 + 2, index // 6 * 132 + 2))
    return page


def _named_as_in(model: torch.nn.Module, state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The state under the names `model` uses: some versions keep a tower under a prefix, some do not."""
    is_prefixed = any(name.startswith(prefix) for name in model.state_dict())
    return {f"{prefix}{name}" if is_prefixed else name: value for name, value in state.items()}
