"""What a field of a request may hold: its words on the page, its limits, and the check that page and API share."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from studio.errors import InvalidField
from studio.images import Picture


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a field may hold, and how it is named and explained on the page.

    `None` is allowed where it is the field's default: the family's own default is meant. Of prose the signs that show
    nothing are left out (`UNSEEN`): what is used is what is kept. A tuple holds at most `maximum` of `part`, which
    `read` makes of what stands for it, such as JSON.
    """

    label: str
    info: str = ""
    kind: type = str
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    choices: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False
    is_prose: bool = False
    part: type | None = None
    read: Callable[[object], object] | None = None

    def checked(self, name: str, value: object) -> object:
        """The value in the field's own type; InvalidField names label, limit and remedy."""
        if value is None and self.is_optional:
            return None
        return CHECKS[self.kind](self, name, value)

    def limits(self) -> str:
        """The limits in words, "from 1 to 150"."""
        return (
            f"from {self.minimum:g} to {self.maximum:g}"
            if self.maximum < 1e6
            else f"from {self.minimum} to {self.maximum}"
        )


def row(default: object, **how: object) -> object:
    """A dataclass field with its rule; optional if its default is None."""
    return field(default=default, metadata={"rule": Rule(**how, is_optional=default is None)})


def of(request_type: type) -> dict[str, Rule]:
    """The rule of each field of a request type."""
    return {field.name: field.metadata["rule"] for field in fields(request_type)}


def shown(value: object) -> str:
    """A value as it may stand in a message: short, and recognisable."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


# Signs that show nothing and turn what follows around: control characters but tab and line feed, marks of writing
# direction, byte order marks. They come along when text is pasted, and mean nothing to any text encoder.
UNSEEN = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def _text(rule: Rule, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidField(name, f"{rule.label}: needs text, not {shown(value)}.")
    if rule.maximum is not None and len(value) > rule.maximum:
        raise InvalidField(
            name, f"{rule.label}: {len(value):,} characters are too many; use {rule.maximum:,} or fewer."
        )
    if any(letter == "\0" or 0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise InvalidField(name, f"{rule.label}: holds a broken character; delete it or type it again.")
    if rule.is_prose:
        value = UNSEEN.sub("", value)
    if rule.choices and value not in rule.choices:
        raise InvalidField(name, f"{rule.label}: there is no {shown(value)}; choose one of {', '.join(rule.choices)}.")
    return value


def _number(rule: Rule, name: str, value: object) -> int | float:
    remedy = f"{rule.label}: needs {'a whole number' if rule.kind is int else 'a number'} {rule.limits()}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise InvalidField(name, f"{remedy}, not {shown(value)}.")
    if rule.kind is int and value != int(value):
        raise InvalidField(name, f"{remedy}, not {shown(value)}.")
    if not rule.minimum <= value <= rule.maximum:
        raise InvalidField(name, f"{remedy}; {shown(value)} is outside.")
    return rule.kind(value)


def _switch(rule: Rule, name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidField(name, f"{rule.label}: is either on or off (true or false), not {shown(value)}.")
    return value


def _picture(rule: Rule, name: str, value: object) -> Picture:
    if not isinstance(value, Picture):
        raise InvalidField(name, f"{rule.label}: needs a picture. Choose one (PNG, JPEG, WebP or AVIF).")
    return value


def _parts(rule: Rule, name: str, value: object) -> tuple:
    value = rule.read(value) if rule.read else value
    if not isinstance(value, list | tuple) or not all(isinstance(part, rule.part) for part in value):
        raise InvalidField(name, f"{rule.label}: needs a list of {rule.label.lower()}, not {shown(value)}.")
    if len(value) > rule.maximum:
        message = f"{rule.label}: {len(value)} are too many at once; use {rule.maximum} or fewer."
        raise InvalidField(name, message)
    return tuple(value)


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


CHECKS = {str: _text, int: _number, float: _number, bool: _switch, Picture: _picture, tuple: _parts}
