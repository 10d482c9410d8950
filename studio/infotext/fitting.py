"""Settings found anywhere, sorted into those a request can take and those it cannot."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from studio import catalog, rules
from studio.errors import InvalidField, NotFound
from studio.images import Picture
from studio.requests import RULES, Reference, controls, loras

REFERENCE = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Read:
    """Settings read from a text or a file.

    `values` are request fields that each keep to their rule, as `results.from_json` takes them; `unknown` is what was
    said beside them and is not ours, by its own name; `notes` are sentences for the one who asked.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def fitted(values: Mapping[str, object], unknown: Mapping[str, object], notes: tuple[str, ...] = ()) -> Read:
    """Each value that keeps to its field's rule; the others are named in `unknown`, and the reason in `notes`."""
    kept, rest = {}, {name: _short(value) for name, value in unknown.items()}
    for name, value in values.items():
        try:
            kept[name] = _checked(name, value)
        except (InvalidField, NotFound) as error:
            rest[RULES[name].label] = _short(value)
            notes += (str(error),)
        except KeyError:
            rest[name] = _short(value)
    return Read(values=kept, unknown=rest, notes=notes)


def _checked(name: str, value: object) -> object:
    """The value as its rule has it; a picture stays the reference it is found again by."""
    if RULES[name].kind is Picture and isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    if name == "controls" and isinstance(value, list | tuple):
        return [controls.to_json(controls.from_json(control, _unread)) | _picture_of(control) for control in value]
    if name == "loras":
        return loras.to_json(RULES[name].checked(name, value))
    if name == "references" and isinstance(value, list | tuple):
        return [_reference(one) for one in value]
    if name == "scheduler" and isinstance(value, str):
        return catalog.sampler(value).label
    return RULES[name].checked(name, value)


def _unread(reference: str) -> None:
    """No picture is looked for while settings are only read."""


def _picture_of(control: Mapping[str, object]) -> dict[str, object]:
    """The reference of a control's picture, if it is one."""
    said = control.get("image")
    return {"image": said} if isinstance(said, str) and REFERENCE.fullmatch(said) else {}


def _reference(said: object) -> dict[str, object]:
    """A reference with its picture as it is named there."""
    values = said if isinstance(said, Mapping) else {}
    image, weight = values.get("image"), values.get("ip_adapter_scale", Reference.ip_adapter_scale)
    if not isinstance(image, str) or not REFERENCE.fullmatch(image):
        raise InvalidField("references", "References: it is not said which pictures they were. Choose them again.")
    checked = rules.of(Reference)["ip_adapter_scale"].checked("ip_adapter_scale", weight)
    return {"image": image, "ip_adapter_scale": checked}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
