"""What a user asks for: frozen, checked when made, and resolved before it runs."""

import secrets
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import ClassVar, TypeVar

from studio import catalog, prompts, rules
from studio.catalog import Checkpoint, Family
from studio.errors import InvalidField, NotFound, StudioError
from studio.images import Picture

LARGEST_SEED = 2**32 - 1
MOST_PICTURES = 64
RESIZE_MODES = {"crop": "Crop to fit", "fill": "Fill the borders", "stretch": "Stretch"}

Wildcards = Mapping[str, tuple[str, ...]]
Asked = TypeVar("Asked", bound="TextToImage")


@dataclass(frozen=True, kw_only=True)
class TextToImage:
    """Words to a picture. Fields are named as in diffusers; `None` takes the default of the checkpoint's family."""

    kind: ClassVar[str] = "text_to_image"

    prompt: str = rules.row("", label="Prompt", info="What the picture should show.", maximum=10_000, is_prose=True)
    negative_prompt: str = rules.row(
        "", label="Negative prompt", info="What it should not show.", maximum=10_000, is_prose=True
    )
    checkpoint: str = rules.row("storybook", label="Checkpoint", info="The model that paints.", maximum=500)
    width: int | None = rules.row(None, label="Width", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    height: int | None = rules.row(None, label="Height", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    num_inference_steps: int | None = rules.row(
        None, label="Steps", info="More steps take longer and refine more.", kind=int, minimum=1, maximum=150
    )
    guidance_scale: float | None = rules.row(
        None,
        label="Guidance (CFG)",
        info="How closely to follow the words; 1 lets the model wander.",
        kind=float,
        minimum=0,
        maximum=30,
        step=0.5,
    )
    scheduler: str | None = rules.row(None, label="Sampler", info="The way from noise to picture.", maximum=100)
    seed: int = rules.row(
        -1,
        label="Seed",
        info="The same seed and settings give the same picture; −1 draws one.",
        kind=int,
        minimum=-1,
        maximum=LARGEST_SEED,
    )
    num_images_per_prompt: int = rules.row(
        1, label="Pictures", info="How many, each with the next seed.", kind=int, minimum=1, maximum=8
    )
    clip_skip: int = rules.row(
        0,
        label="Clip skip",
        info="Last layers of the text encoder to leave out; A1111 counts one more.",
        kind=int,
        minimum=0,
        maximum=8,
    )
    prompt_per_line: bool = rules.row(
        False, label="One prompt a line", info="Each line of the prompt gives pictures of its own.", kind=bool
    )
    second_pass_scale: float = rules.row(
        1.0,
        label="Second pass",
        info="Paint the finished picture again, this much larger, for finer detail; 1 leaves it out.",
        kind=float,
        minimum=1,
        maximum=4,
        step=0.25,
    )
    second_pass_strength: float = rules.row(
        0.5,
        label="Second strength",
        info="How much the second pass may change.",
        kind=float,
        minimum=0.05,
        maximum=1,
        step=0.05,
    )
    embed_metadata: bool = rules.row(
        True, label="Settings in file", info="Write the settings into the picture file.", kind=bool
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(type(self)).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))
        if self.scheduler is not None:
            try:
                catalog.sampler(self.scheduler)
            except NotFound as error:
                raise InvalidField("scheduler", str(error)) from None


@dataclass(frozen=True, kw_only=True)
class ImageToImage(TextToImage):
    """A picture painted anew after words; without a size it keeps the start image's shape."""

    kind: ClassVar[str] = "image_to_image"

    image: Picture = rules.row(
        MISSING, label="Start image", info="The picture to begin with instead of noise.", kind=Picture
    )
    strength: float = rules.row(
        0.6,
        label="Strength",
        info="How much of the start image may change; 1 keeps nothing of it.",
        kind=float,
        minimum=0.02,
        maximum=1,
        step=0.02,
    )
    resize_mode: str = rules.row(
        "crop", label="Resize", info="How the start image is brought to the size asked.", choices=RESIZE_MODES
    )


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Bring a checkpoint onto this machine: from a hub, or out of a pickled file."""

    checkpoint: str = rules.row("", label="Checkpoint", info="The checkpoint to fetch.", maximum=500)

    def __post_init__(self) -> None:
        rules.of(Fetch)["checkpoint"].checked("checkpoint", self.checkpoint)


RULES: dict[str, rules.Rule] = rules.of(ImageToImage)


def made(values: Mapping[str, object]) -> TextToImage:
    """The request of these field values: with a start image an ImageToImage, else a TextToImage without its fields.

    InvalidField also for a value that is not used then.
    """
    kind = TextToImage if values.get("image") is None else ImageToImage
    for name in RULES.keys() & values.keys() - rules.of(kind).keys() - {"image"}:
        RULES[name].checked(name, values[name])
    return kind(**{name: values[name] for name in rules.of(kind) if name in values})


def resolved(request: Asked, row: Checkpoint, wildcards: Wildcards | None = None) -> Asked:
    """The request with nothing left open: defaults filled in, a seed drawn, choices made, its sizes checked.

    Resolving a resolved request changes nothing. InvalidField if a value does not suit the checkpoint's family.
    """
    family = catalog.family(row.family)
    width, height = _default_size(request, row, family)
    defaults = {**catalog.defaults(row), "width": width, "height": height}
    missing = {field.name: defaults[field.name] for field in fields(request) if getattr(request, field.name) is None}
    complete = replace(request, **missing)
    if complete.seed == -1:
        complete = replace(complete, seed=secrets.randbelow(LARGEST_SEED + 1))
    complete = _chosen(complete, wildcards or {})
    check_fits(complete, family)
    return complete


def lines(request: TextToImage) -> tuple[str, ...]:
    """The prompts the request holds: one, or one a line."""
    return (prompts.lines(request.prompt) or ("",)) if request.prompt_per_line else (request.prompt,)


def count(request: TextToImage) -> int:
    """How many pictures the request asks for."""
    return len(lines(request)) * request.num_images_per_prompt


def single(request: Asked, index: int) -> Asked:
    """The request that gives picture `index` of a resolved request alone, bit for bit; its seed is seed + index."""
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
        nearest = _nearest_size(size, family)
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
    if isinstance(request, ImageToImage):
        _check_strength("strength", request.strength, request.num_inference_steps)


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


def _check_strength(name: str, strength: float, steps: int) -> None:
    if steps_of(steps, strength) < 1:
        least = -(-100 // steps) / 100
        message = f"{RULES[name].label}: {strength:g} of {steps} steps leaves none to run;"
        raise InvalidField(name, f"{message} use a strength of {least:g} or more, or more steps.")


def _chosen(request: Asked, wildcards: Wildcards) -> Asked:
    """The request with `{a|b}` and `__wildcards__` replaced: each picture draws by its own seed, and becomes a line."""
    if count(request) > MOST_PICTURES:
        message = f"Pictures: {count(request)} at once are too many; {MOST_PICTURES} are the most. Take out some lines."
        raise InvalidField("num_images_per_prompt", message)
    negative = _expanded("negative_prompt", request.negative_prompt, request.seed, wildcards)
    asked = [single(request, index) for index in range(count(request))]
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


def _expanded(name: str, text: str, seed: int, wildcards: Wildcards) -> str:
    try:
        return prompts.expanded(text, seed, wildcards)
    except StudioError as error:
        message = str(error).replace(RULES["prompt"].label, RULES[name].label, 1)
        raise InvalidField(name, message) from None


def size_like(shape: tuple[int, int], default: tuple[int, int], family: Family) -> tuple[int, int]:
    """The nearest size the family paints that has this shape, and about as many pixels as its default."""
    scale = (default[0] * default[1] / (shape[0] * shape[1])) ** 0.5
    return _nearest_size(round(shape[0] * scale), family), _nearest_size(round(shape[1] * scale), family)


def _default_size(request: TextToImage, row: Checkpoint, family: Family) -> tuple[int, int]:
    """The checkpoint's own size; for a start image the nearest one of its shape."""
    default = catalog.default_size(row)
    return size_like(request.image.size, default, family) if isinstance(request, ImageToImage) else default


def _nearest_size(size: int, family: Family) -> int:
    inside = min(max(size, family.minimum_size), family.maximum_size)
    return round(inside / family.size_multiple) * family.size_multiple
