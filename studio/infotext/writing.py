"""Writes a request as infotext: prompt, negative prompt, one line of settings in A1111's order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.infotext import samplers
from studio.infotext.reading import parts
from studio.requests import ImageToImage, TextToImage, loras

RESIZE_MODES = {"crop": "Crop and resize", "fill": "Resize and fill", "stretch": "Just resize"}


@dataclass(frozen=True, kw_only=True)
class Hashes:
    """What A1111 and Civitai know files by: the checkpoint, and by their names LoRAs and embeddings."""

    model: str | None = None
    loras: Mapping[str, str] = field(default_factory=dict)
    embeddings: Mapping[str, str] = field(default_factory=dict)


UNKNOWN = Hashes()


def written(request: TextToImage, *, model_name: str, version: str, hashes: Hashes = UNKNOWN) -> str:
    """The text of one picture, as A1111 1.10 would write it; `read` gives the same request back.

    `request` is the picture's own (`requests.single`), `version` ours without the name. Prompts that would
    not come back (blanks at an end, a line that begins with "Negative prompt:") stand on the last line too, exactly.
    LoRAs are tags at the end of the prompt.
    """
    prompts = (" ".join(filter(None, (request.prompt, loras.tags(request.loras)))), request.negative_prompt)
    settings = {
        **_settings(request, model_name, hashes.model),
        **_start_image(request),
        **_second_pass(request),
        "Lora hashes": _named(hashes.loras),
        "TI hashes": _named(hashes.embeddings),
        "Prompts": None,
        "Version": f"Easel {version}",
    }
    text = _joined(*prompts, settings)
    if parts(text)[:2] != prompts:
        text = _joined(*prompts, settings | {"Prompts": json.dumps(prompts, ensure_ascii=False)})
    return text


def unmarked(name: str) -> str:
    """A file's name as it stands beside its hash."""
    return name.replace(":", "").replace(",", "")


def _named(hashes: Mapping[str, str]) -> str | None:
    """As A1111 has them, whose names lose the signs that stand between them here."""
    named = {unmarked(name): digest for name, digest in hashes.items()}
    return ", ".join(f"{name}: {digest}" for name, digest in named.items()) or None


def _settings(request: TextToImage, model_name: str, model_hash: str | None) -> dict[str, object]:
    sampler, schedule = samplers.a1111(request.scheduler) if request.scheduler else (None, None)
    return {
        "Steps": request.num_inference_steps,
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": request.guidance_scale,
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}" if request.width and request.height else None,
        "Model hash": model_hash,
        "Model": model_name,
        "Denoising strength": _strength(request),
        "Clip skip": request.clip_skip + 1 if request.clip_skip else None,
    }


def _strength(request: TextToImage) -> float | None:
    """A1111 has one word for how much a start image and how much the second pass may change."""
    if isinstance(request, ImageToImage):
        return request.strength
    return request.second_pass_strength if request.second_pass_scale > 1 else None


def _start_image(request: TextToImage) -> dict[str, object]:
    if not isinstance(request, ImageToImage):
        return {}
    return {"Init image hash": request.image.sha256, "Resize mode": RESIZE_MODES[request.resize_mode]}


def _second_pass(request: TextToImage) -> dict[str, object]:
    is_on = request.second_pass_scale > 1
    is_said = is_on and not isinstance(request, ImageToImage)
    is_usual = request.second_pass_strength == TextToImage.second_pass_strength
    return {
        "Hires upscale": request.second_pass_scale if is_on else None,
        "Hires upscaler": "Lanczos" if is_on else None,
        "Hires denoising strength": None if is_said or (is_usual and not is_on) else request.second_pass_strength,
    }


def _joined(prompt: str, negative_prompt: str, settings: dict[str, object]) -> str:
    negative = f"Negative prompt: {negative_prompt}" if negative_prompt else ""
    said = ", ".join(f"{key}: {_quoted(value)}" for key, value in settings.items() if value is not None)
    return "\n".join(part for part in (prompt, negative, said) if part)


def _quoted(value: object) -> str:
    """A value as it may stand between commas: in JSON's quotes if it holds a comma, a colon or a line break."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    text = str(value)
    is_plain = text.isprintable() and text == text.strip() and not set(text) & set(',:"{[')
    return text if is_plain else json.dumps(text, ensure_ascii=False)
