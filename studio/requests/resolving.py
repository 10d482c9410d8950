"""A request with nothing left open: defaults filled in, a seed drawn, choices made, its limits checked."""

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from studio import catalog, prompts
from studio.catalog import Checkpoint, Family
from studio.errors import InvalidField, StudioError
from studio.requests import controls, editing, loras, references
from studio.requests.controls import METHODS
from studio.requests.kinds import LARGEST_SEED, RULES, ImageToImage, Inpaint, TextToImage
from studio.requests.sizes import nearest_size, size_like

MOST_PICTURES = 64
# Pixels that a T2I-Adapter folds into one, at most.
ADAPTER_MULTIPLE = 16

Wildcards = Mapping[str, tuple[str, ...]]
Asked = TypeVar("Asked", bound=TextToImage)


def resolved(request: Asked, row: Checkpoint, wildcards: Wildcards | None = None) -> Asked:
    """The request with nothing left open: defaults filled in, a seed drawn, choices made, its sizes checked.

    Resolving a resolved request changes nothing. InvalidField if a value does not suit the checkpoint's family.
    """
    family = catalog.family(row.family)
    _check_can(request, row)
    if isinstance(request, Inpaint):
        request = editing.completed(request, catalog.default_size(row), family)
    width, height = _default_size(request, row, family)
    defaults = {**catalog.defaults(row), "width": width, "height": height}
    missing = {name: value for name, value in defaults.items() if getattr(request, name) is None}
    complete = replace(request, **missing)
    if complete.seed == -1:
        complete = replace(complete, seed=secrets.randbelow(LARGEST_SEED + 1))
    complete = _chosen(complete, wildcards or {})
    _check_tags(complete)
    if not complete.prompt_per_line:
        complete = _untagged(complete)
    complete = replace(complete, controls=controls.resolved(complete.controls, complete.method, row))
    complete = replace(complete, ip_adapter=references.adapter(complete.references, complete.ip_adapter, row))
    check_fits(complete, family)
    return complete


def lines(request: TextToImage) -> tuple[str, ...]:
    """The prompts the request holds: one, or one a line."""
    return (prompts.lines(request.prompt) or ("",)) if request.prompt_per_line else (request.prompt,)


def count(request: TextToImage) -> int:
    """How many pictures the request asks for."""
    return len(lines(request)) * request.num_images_per_prompt


def single(request: Asked, index: int) -> Asked:
    """The request that gives picture `index` of a resolved request alone, bit for bit; its seed is seed + index.

    The LoRAs that the words of the picture name are among its own.
    """
    return _untagged(_alone(request, index))


def _alone(request: Asked, index: int) -> Asked:
    return replace(
        request,
        prompt=lines(request)[index // request.num_images_per_prompt],
        prompt_per_line=False,
        num_images_per_prompt=1,
        seed=(request.seed + index) % (LARGEST_SEED + 1),
    )


def second_size(request: TextToImage, family: Family) -> tuple[int, int]:
    """Width and height after the second pass, in whole steps of the family."""
    multiple = family.size_multiple
    return tuple(
        round(side * request.second_pass_scale / multiple) * multiple for side in (request.width, request.height)
    )


def steps_of(num_inference_steps: int, strength: float) -> int:
    """How many of the steps run at this strength, as diffusers counts them."""
    return min(int(num_inference_steps * strength), num_inference_steps)


def check_fits(request: TextToImage, family: Family) -> None:
    """InvalidField if the family cannot paint it; the message names the nearest value that it can."""
    for name in ("width", "height"):
        size = getattr(request, name)
        nearest = nearest_size(size, family)
        if size != nearest:
            raise InvalidField(
                name,
                f"{RULES[name].label}: {family.label} paints sizes from {family.minimum_size} to {family.maximum_size} "
                f"in steps of {family.size_multiple}; {size} is none of them. The nearest is {nearest}.",
            )
    fitting = [sampler.label for sampler in catalog.samplers(family)]
    if request.scheduler not in fitting:
        message = f"Sampler: {request.scheduler} does not fit {family.label}; choose one of {', '.join(fitting)}."
        raise InvalidField("scheduler", message)
    if count(request) > MOST_PICTURES:
        message = (
            f"Pictures: {count(request)} are more than {MOST_PICTURES} at once. Ask for fewer, or for fewer lines."
        )
        raise InvalidField("num_images_per_prompt", message)
    _check_second_pass(request, family)
    _check_steered(request, family)
    if isinstance(request, ImageToImage):
        _check_strength("strength", request.strength, request.num_inference_steps)


def _check_can(request: TextToImage, row: Checkpoint) -> None:
    """InvalidField if the checkpoint is for another kind of request."""
    if row.is_inpainting and not isinstance(request, Inpaint):
        message = f"Checkpoint: {row.label} is made to fill masks and paints nothing from words alone. Use it in Edit,"
        raise InvalidField("checkpoint", f"{message} or choose another.")


def _check_second_pass(request: TextToImage, family: Family) -> None:
    if request.second_pass_scale == 1:
        return
    if max(second_size(request, family)) > family.second_pass_maximum:
        largest = family.second_pass_maximum / max(request.width, request.height)
        raise InvalidField(
            "second_pass_scale",
            f"Second pass: {family.label} can reach {family.second_pass_maximum} pixels a side; "
            f"choose {int(largest * 4) / 4:g} or less at this size.",
        )
    _check_strength("second_pass_strength", request.second_pass_strength, request.num_inference_steps)


def _check_steered(request: TextToImage, family: Family) -> None:
    """InvalidField if the family's pipelines cannot steer such a request, or not in all that it asks for."""
    if not is_steered(request):
        return
    able = family.controlled.get(way(request), {})
    label = METHODS[request.method]
    if request.kind not in able:
        start = "a mask" if isinstance(request, Inpaint) else "a start image"
        message = f"Controls: {family.label} cannot follow them by {label} together with {start}."
        raise InvalidField("controls", f"{message} Leave one of the two out, or choose another method.")
    if request.second_pass_scale > 1 and ImageToImage.kind not in able:
        message = f"Second pass: {family.label} cannot follow controls by {label} in it. Set it to 1."
        raise InvalidField("second_pass_scale", message)
    if request.method == "t2i_adapter":
        _check_adapted(request)
    if request.guess_mode and not (way(request) == "controlnet" and "guess_mode" in family.capabilities):
        message = f"Guess mode: {family.label} has none with these controls. Switch it off."
        raise InvalidField("guess_mode", message)


def _check_adapted(request: TextToImage) -> None:
    """InvalidField if adapters cannot follow at this size, or not together."""
    for name in ("width", "height"):
        size = getattr(request, name)
        if size % ADAPTER_MULTIPLE:
            message = f"{RULES[name].label}: T2I-Adapters follow in steps of {ADAPTER_MULTIPLE} pixels, not at {size}."
            raise InvalidField(name, f"{message} The nearest below is {size // ADAPTER_MULTIPLE * ADAPTER_MULTIPLE}.")
    windows = {(control.control_guidance_start, control.control_guidance_end) for control in request.controls}
    if len(windows) > 1:
        message = "Ends at: T2I-Adapters are heard together. Give all controls the same start and end."
        raise InvalidField("control_guidance_end", message)


def is_steered(request: TextToImage) -> bool:
    """Whether controls steer the request, and are not only measured."""
    return bool(request.controls) and request.method != "none"


def way(request: TextToImage) -> str:
    """How the controls of a resolved request steer: the key of the family's `controlled`."""
    nets = (catalog.controlnet(control.controlnet) for control in request.controls)
    return "union" if any(net.is_union for net in nets) else request.method


def _check_strength(name: str, strength: float, steps: int) -> None:
    if steps_of(steps, strength) < 1:
        least = -(-100 // steps) / 100
        message = f"{RULES[name].label}: {strength:g} of {steps} steps leaves none to run;"
        enough = next(more for more in itertools.count(steps + 1) if steps_of(more, strength))
        raise InvalidField(name, f"{message} use a strength of {least:g} or more, or {enough} steps or more.")


def _chosen(request: Asked, wildcards: Wildcards) -> Asked:
    """The request with `{a|b}` and `__wildcards__` replaced: each picture draws by its own seed, and becomes a line."""
    if count(request) > MOST_PICTURES:
        message = f"Pictures: {count(request)} at once are too many; {MOST_PICTURES} are the most. Take out some lines."
        raise InvalidField("num_images_per_prompt", message)
    negative = _expanded("negative_prompt", request.negative_prompt, request.seed, wildcards)
    asked = [_alone(request, index) for index in range(count(request))]
    drawn = [_expanded("prompt", one.prompt, one.seed, wildcards) for one in asked]
    request = replace(request, negative_prompt=negative)
    if drawn == [one.prompt for one in asked]:
        return request
    if len(drawn) == 1:
        return replace(request, prompt=drawn[0], prompt_per_line=False)
    if not all(prompt.strip() for prompt in drawn):
        message = "Prompt: a choice leaves nothing of the words of a picture. Let something stand beside it."
        raise InvalidField("prompt", message)
    text = "\n".join(" ".join(prompt.split("\n")) for prompt in drawn)
    most = RULES["prompt"].maximum
    if len(text) > most:
        message = (
            f"Prompt: written out for {len(drawn)} pictures it has {len(text):,} characters; {most:,} are the most."
        )
        raise InvalidField("prompt", f"{message} Ask for fewer pictures at once.")
    return replace(request, prompt=text, prompt_per_line=True, num_images_per_prompt=1)


def _untagged(request: Asked) -> Asked:
    """The request with the LoRAs that its words name by tags among the others."""
    prompt, named = loras.taken_out(request.prompt)
    return replace(request, prompt=prompt, loras=(*request.loras, *named)) if named else request


def _check_tags(request: TextToImage) -> None:
    """InvalidField if the tags of a line name LoRAs that cannot be meant, or stand where nothing reads them."""
    for line in lines(request):
        _untagged(replace(request, prompt=line))
    if loras.taken_out(request.negative_prompt)[1]:
        message = "Negative prompt: <lora:…> is for the prompt. Move it there; a scale below 0 turns it round."
        raise InvalidField("negative_prompt", message)


def _expanded(name: str, text: str, seed: int, wildcards: Wildcards) -> str:
    try:
        return prompts.expanded(text, seed, wildcards)
    except StudioError as error:
        message = str(error).replace(RULES["prompt"].label, RULES[name].label, 1)
        raise InvalidField(name, message) from None


def _default_size(request: TextToImage, row: Checkpoint, family: Family) -> tuple[int, int]:
    """The checkpoint's own size; for a start image the nearest one of its shape."""
    default = catalog.default_size(row)
    return size_like(request.image.size, default, family) if isinstance(request, ImageToImage) else default
