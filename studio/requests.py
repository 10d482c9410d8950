"""What a user asks for: frozen, checked when made, and resolved before it runs."""

import math
import secrets
from dataclasses import dataclass, field, fields, replace

from studio import catalog
from studio.errors import InvalidField, NotFound

LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a field may hold, and how it is named and explained on the page.

    `None` is allowed where it is the field's default: the family's own default is meant.
    """

    label: str
    info: str = ""
    kind: type = str
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    is_optional: bool = False

    def checked(self, name: str, value: object) -> object:
        """The value in the field's own type; InvalidField names label, limit and remedy."""
        if value is None and self.is_optional:
            return None
        return self._text(name, value) if self.kind is str else self._number(name, value)

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise InvalidField(name, f"{self.label}: needs text, not {_shown(value)}.")
        if self.maximum is not None and len(value) > self.maximum:
            raise InvalidField(
                name, f"{self.label}: {len(value):,} characters are too many; use {self.maximum:,} or fewer."
            )
        if any(letter == "\0" or 0xD800 <= ord(letter) <= 0xDFFF for letter in value):
            raise InvalidField(name, f"{self.label}: holds a broken character; delete it or type it again.")
        return value

    def _number(self, name: str, value: object) -> int | float:
        what = "a whole number" if self.kind is int else "a number"
        remedy = f"{self.label}: needs {what} {self.limits()}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise InvalidField(name, f"{remedy}, not {_shown(value)}.")
        if self.kind is int and value != int(value):
            raise InvalidField(name, f"{remedy}, not {_shown(value)}.")
        if not self.minimum <= value <= self.maximum:
            raise InvalidField(name, f"{remedy}; {_shown(value)} is outside.")
        return self.kind(value)

    def limits(self) -> str:
        """The limits in words, "from 1 to 150"."""
        return (
            f"from {self.minimum:g} to {self.maximum:g}"
            if self.maximum < 1e6
            else f"from {self.minimum} to {self.maximum}"
        )


def _rule(default: object, **row: object) -> object:
    return field(default=default, metadata={"rule": Rule(**row, is_optional=default is None)})


@dataclass(frozen=True, kw_only=True)
class TextToImage:
    """Words to a picture. Fields are named as in diffusers; `None` takes the default of the checkpoint's family."""

    prompt: str = _rule("", label="Prompt", info="What the picture should show.", maximum=10_000)
    negative_prompt: str = _rule("", label="Negative prompt", info="What it should not show.", maximum=10_000)
    checkpoint: str = _rule("storybook", label="Checkpoint", info="The model that paints.", maximum=500)
    width: int | None = _rule(None, label="Width", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    height: int | None = _rule(None, label="Height", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    num_inference_steps: int | None = _rule(
        None, label="Steps", info="More steps take longer and refine more.", kind=int, minimum=1, maximum=150
    )
    guidance_scale: float | None = _rule(
        None,
        label="Guidance (CFG)",
        info="How closely to follow the words; 1 lets the model wander.",
        kind=float,
        minimum=0,
        maximum=30,
        step=0.5,
    )
    scheduler: str | None = _rule(None, label="Sampler", info="The way from noise to picture.", maximum=100)
    seed: int = _rule(
        -1,
        label="Seed",
        info="The same seed and settings give the same picture; −1 draws one.",
        kind=int,
        minimum=-1,
        maximum=LARGEST_SEED,
    )
    num_images_per_prompt: int = _rule(
        1, label="Pictures", info="How many, each with the next seed.", kind=int, minimum=1, maximum=8
    )

    def __post_init__(self) -> None:
        for row in fields(self):
            object.__setattr__(self, row.name, row.metadata["rule"].checked(row.name, getattr(self, row.name)))
        if self.scheduler is not None:
            try:
                catalog.sampler(self.scheduler)
            except NotFound as error:
                raise InvalidField("scheduler", str(error)) from None


RULES: dict[str, Rule] = {row.name: row.metadata["rule"] for row in fields(TextToImage)}


def resolved(request: TextToImage, family: catalog.Family) -> TextToImage:
    """The request with nothing left open: the family's defaults filled in, a seed drawn, its sizes checked.

    Resolving a resolved request changes nothing. InvalidField if a size does not suit the family.
    """
    width, height = family.sizes[0]
    defaults = {"width": width, "height": height, **family.defaults}
    missing = {name: value for name, value in defaults.items() if getattr(request, name) is None}
    if request.seed == -1:
        missing["seed"] = secrets.randbelow(LARGEST_SEED + 1 - request.num_images_per_prompt)
    complete = replace(request, **missing)
    check_fits(complete, family)
    return complete


def check_fits(request: TextToImage, family: catalog.Family) -> None:
    """InvalidField if a size is none that the family can paint; the message names the nearest that is."""
    for name in ("width", "height"):
        size = getattr(request, name)
        nearest = _nearest_size(size, family)
        if size != nearest:
            raise InvalidField(
                name,
                f"{RULES[name].label}: {family.label} paints sizes from {family.minimum_size} to {family.maximum_size} "
                f"in steps of {family.size_multiple}; {size} is none of them. The nearest is {nearest}.",
            )


def _nearest_size(size: int, family: catalog.Family) -> int:
    inside = min(max(size, family.minimum_size), family.maximum_size)
    return round(inside / family.size_multiple) * family.size_multiple


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _shown(value: object) -> str:
    """A value as it may stand in a message: short, and recognisable."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
