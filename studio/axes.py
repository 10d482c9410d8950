"""An axis of a grid: one field and the values it takes, and the short way people write them."""

import re
from dataclasses import dataclass
from decimal import Decimal

from studio import catalog, rules
from studio.errors import InvalidField, StudioError
from studio.requests import METHODS, RESIZE_MODES, Reference
from studio.requests import RULES as REQUESTED
from studio.rules import Rule, shown

MOST_CELLS = 100
# Of the fields of a request, and of the weight of its references.
RULES = REQUESTED | {"ip_adapter_scale": rules.of(Reference)["ip_adapter_scale"]}

# The fields worth comparing, in the order offered, with their labels. Of the prompt one piece is exchanged at a time.
FIELDS: dict[str, str] = {
    name: RULES[name].label
    for name in (
        "prompt",
        "negative_prompt",
        "seed",
        "num_inference_steps",
        "guidance_scale",
        "scheduler",
        "checkpoint",
        "width",
        "height",
        "clip_skip",
        "second_pass_scale",
        "second_pass_strength",
        "strength",
        "resize_mode",
        "method",
        "ip_adapter_scale",
    )
} | {"prompt": "Prompt words"}
# Those that mean something of every request.
OFFERED = tuple(name for name in FIELDS if name not in ("method", "ip_adapter_scale"))

_NUMBER = r"[+-]?(?:\d{1,18}(?:\.\d{0,8})?|\.\d{1,8})"
_NUMBERS = re.compile(
    rf"(?P<first>{_NUMBER})"
    rf"(?:\s*-\s*(?P<last>{_NUMBER})\s*(?:\(\s*(?P<step>{_NUMBER})\s*\)|\[\s*(?P<count>\d{{1,6}})\s*\])?)?"
)
_DASHES = str.maketrans("–−", "--")
_PIECE = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*|(?P<plain>[^,\n]*))(?P<end>,|\n|\Z)')
# Names that may be written in any case, or as the page shows them.
_NAMES: dict[str, dict[str, str]] = {
    "scheduler": {sampler.label.casefold(): sampler.label for sampler in catalog.SAMPLERS},
    **{
        field: {word.casefold(): name for name, label in choices.items() for word in (name, label)}
        for field, choices in {"resize_mode": RESIZE_MODES, "method": METHODS}.items()
    },
}
_HOW_NUMBERS = "Write numbers with commas between, a range with its step or with how many: 1, 2, 5-9 (+2), 10-40 [4]."
_HOW_WORDS = 'Write one after another with commas between, and quotes around what holds a comma: cat, "dog, wet".'


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One field of a request and the values it takes, each within the field's limits.

    Of a prompt axis the first value is searched in the prompt, and each value is put in its place.
    """

    field: str
    values: tuple[str | int | float, ...]

    def __post_init__(self) -> None:
        _check_field(self.field)
        if not self.values:
            raise InvalidField(self.field, f"{self.label}: needs a value at least.")
        if len(self.values) > MOST_CELLS:
            raise InvalidField(self.field, f"{self.label}: {len(self.values)} values are more than {MOST_CELLS}.")
        rule = RULES[self.field]
        object.__setattr__(self, "values", tuple(rule.checked(self.field, value) for value in self.values))
        if self.field == "prompt" and not self.values[0]:
            raise InvalidField("prompt", f"{self.label}: the first is searched in the prompt, and must not be empty.")

    @property
    def label(self) -> str:
        """What the axis is called on page and sheet."""
        return FIELDS[self.field]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value as text, as the page shows it."""
        shown = RULES[self.field].choices
        return tuple(shown.get(value) or text_of(value) for value in self.values)


def text_of(value: str | int | float) -> str:
    """A value as people write it."""
    return f"{value:g}" if isinstance(value, float) else str(value) or "(nothing)"


def parse(field: str, text: str, *, name: str = "x") -> Axis:
    """The axis of a field that the text describes, `name` being "x", "y" or "z".

    InvalidField names axis and field, what is wrong, and how to write it right. Evenly spread values (`[count]`) are
    rounded: whole numbers to the field's step, others to four places.
    """
    try:
        _check_field(field)
        rule = RULES[field]
        values = _words(field, text) if rule.kind is str else _numbers(rule, text)
        return Axis(field=field, values=tuple(values))
    except StudioError as error:
        raise InvalidField(name, f"{name.upper()} axis: {error}") from None


def _check_field(field: object) -> None:
    if not isinstance(field, str) or field not in FIELDS:
        offered = ", ".join(FIELDS)
        raise InvalidField("field", f"{shown(field)} cannot be compared; choose one of {offered}.")


def _words(field: str, text: str) -> list[str]:
    names = _NAMES.get(field, {})
    words = [names.get(word.casefold(), word) for word in _pieces(FIELDS[field], text, _HOW_WORDS)]
    if field == "scheduler":
        for word in words:
            catalog.sampler(word)
    return words


def _numbers(rule: Rule, text: str) -> list[int | float]:
    pieces = _pieces(rule.label, text.translate(_DASHES), _HOW_NUMBERS)
    values = [value for piece in pieces for value in _spread(rule, piece)]
    return [int(value) if value == int(value) else float(value) for value in values]


def _pieces(label: str, text: str, how: str) -> list[str]:
    """What stands between commas or line breaks, quotes taken off."""
    pieces: list[str] = []
    for found in _PIECE.finditer(text):
        quoted, plain = found["quoted"], (found["plain"] or "").strip()
        if plain.startswith('"'):
            raise _wrong(label, f"{shown(plain)} has a quote that does not enclose a whole value", how)
        if quoted is None and not plain:
            place = f"the {len(pieces) + 1}. value is empty" if pieces or found["end"] else "there is no value"
            raise _wrong(label, place, how)
        pieces.append(plain if quoted is None else quoted.replace('""', '"'))
        if not found["end"]:
            break
    return pieces


def _spread(rule: Rule, piece: str) -> list[Decimal]:
    """The values of one number or one range."""
    found = _NUMBERS.fullmatch(piece)
    if found is None:
        raise _wrong(rule.label, f"{shown(piece)} is neither a number nor a range", _HOW_NUMBERS)
    first = Decimal(found["first"])
    if found["last"] is None:
        return [first]
    ends = first, Decimal(found["last"])
    if found["count"]:
        return _counted(rule, piece, ends, int(found["count"]))
    return _stepped(rule, piece, ends, found["step"])


def _stepped(rule: Rule, piece: str, ends: tuple[Decimal, Decimal], step: str | None) -> list[Decimal]:
    """From the first value by the step as far as the last; without a step by ones, or by the field's larger step."""
    first, last = ends
    size = Decimal(step) if step else Decimal(max(1, rule.step)).copy_sign(last - first)
    if size == 0 or (last - first) * size < 0:
        raise _wrong(rule.label, f"{shown(piece)} never arrives, its step leads elsewhere", _HOW_NUMBERS)
    if not step and (last - first) % size:
        raise _wrong(rule.label, f"{shown(piece)} needs a step, as in {first}-{last} [5]", _HOW_NUMBERS)
    count = int((last - first) // size) + 1
    _check_count(rule, piece, count)
    return [first + size * index for index in range(count)]


def _counted(rule: Rule, piece: str, ends: tuple[Decimal, Decimal], count: int) -> list[Decimal]:
    """So many values from the first to the last, at even distances."""
    _check_count(rule, piece, count)
    first, last = ends
    if count < 2:
        raise _wrong(rule.label, f"{shown(piece)} holds both its ends, so ask for 2 or more", _HOW_NUMBERS)
    unit = Decimal(max(1, rule.step)) if rule.kind is int else Decimal("0.0001")
    inner = [round((first + (last - first) * index / (count - 1)) / unit) * unit for index in range(1, count - 1)]
    values = [first, *inner, last]
    if len(set(values)) < count:
        raise _wrong(rule.label, f"{shown(piece)} does not hold {count} different values", _HOW_NUMBERS)
    return values


def _check_count(rule: Rule, piece: str, count: int) -> None:
    if count > MOST_CELLS:
        raise _wrong(rule.label, f"{shown(piece)} holds {count:,} values, more than {MOST_CELLS}", _HOW_NUMBERS)


def _wrong(label: str, what: str, how: str) -> InvalidField:
    return InvalidField(label, f"{label}: {what}. {how}")
