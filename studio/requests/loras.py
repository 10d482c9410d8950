"""LoRAs that a picture is painted with: from a list, or as tags among the words."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studio import rules
from studio.errors import InvalidField

MOST_LORAS = 8
STRONGEST = 4.0
LABEL = "LoRAs"
HOW = 'Send a list such as [{"name": "ink", "scale": 0.8}].'

_TAG = r"<lora:[^<>\n]*>"
_TAGS = re.compile(_TAG)
# With a tag goes the comma that set it apart, so that no two are left side by side, and none at an end.
_REMOVED = re.compile(
    rf"^(?:{_TAG}[ \t,]*)+|(?<![ \t])(?:[ \t]*,)?(?:[ \t]*{_TAG})+(?=[ \t]*(?:,|$))|(?<![ \t])[ \t]*{_TAG}",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Lora:
    """A LoRA by its name in the list of those that are here, and how much of it is added; below 0 it is taken away."""

    name: str = rules.row("", label="LoRA", info="Its name in the list.", maximum=200)
    scale: float = rules.row(
        1.0,
        label="LoRA scale",
        info="How much of it; 0 is none, below 0 turns it round.",
        kind=float,
        minimum=-STRONGEST,
        maximum=STRONGEST,
        step=0.05,
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(Lora).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))
        if not self.name.strip():
            raise InvalidField("name", "LoRA: it has no name. Write <lora:name:0.8>, or choose one of the list.")


def to_json(loras: Iterable[Lora]) -> list[dict[str, object]]:
    """LoRAs as JSON."""
    return [{"name": lora.name, "scale": lora.scale} for lora in loras]


def listed(value: object) -> tuple[Lora, ...]:
    """The LoRAs of a list, of its JSON, or of the text of that; InvalidField if it is none, or one is named twice."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, list | tuple):
        raise InvalidField("loras", f"{LABEL}: needs a list, not {rules.shown(value)}. {HOW}")
    loras = tuple(map(_one, value))
    check_once(loras)
    return loras


def check_once(loras: Iterable[Lora]) -> None:
    """InvalidField if one is named twice: nobody can tell which scale is meant."""
    (name, times), *_ = *Counter(lora.name for lora in loras).most_common(1), ("", 0)
    if times > 1:
        scales = " and ".join(f"{lora.scale:g}" for lora in loras if lora.name == name)
        raise InvalidField("loras", f"{LABEL}: {name} is named {times} times, at {scales}. Keep one of them.")


def taken_out(prompt: str) -> tuple[str, tuple[Lora, ...]]:
    """The prompt without its tags, `<lora:name>` or `<lora:name:0.8>`, and the LoRAs that they name.

    InvalidField if one has no name, or a scale that is none.
    """
    tags = _TAGS.findall(prompt)
    if not tags:
        return prompt, ()
    if len(tags) > MOST_LORAS:
        message = f"{LABEL}: {len(tags)} are too many at once; use {MOST_LORAS} or fewer."
        raise InvalidField("loras", message)
    return _REMOVED.sub("", prompt).strip(), tuple(map(_tagged, tags))


def tags(loras: Iterable[Lora]) -> str:
    """LoRAs as the tags of a prompt, which `taken_out` reads."""
    return " ".join(f"<lora:{lora.name}:{repr(lora.scale).removesuffix('.0')}>" for lora in loras)


def _tagged(tag: str) -> Lora:
    name, colon, scale = tag.removeprefix("<lora:").removesuffix(">").rpartition(":")
    if not colon:
        return Lora(name=scale.strip())
    try:
        return Lora(name=name.strip(), scale=float(scale))
    except ValueError:
        limits = rules.of(Lora)["scale"].limits()
        message = f"LoRA scale: {rules.shown(scale)} in {rules.shown(tag)} is no number {limits}."
        raise InvalidField("loras", f"{message} Write <lora:name:0.8>.") from None


def _one(value: object) -> Lora:
    if isinstance(value, Lora):
        return value
    if not isinstance(value, Mapping) or not {"name"} <= value.keys() <= {"name", "scale"}:
        raise InvalidField("loras", f"{LABEL}: each needs a name and a scale, not {rules.shown(value)}. {HOW}")
    return Lora(**value)


def _parsed(text: str) -> object:
    try:
        return json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise InvalidField("loras", f"{LABEL}: {rules.shown(text)} is no JSON. {HOW}") from None
