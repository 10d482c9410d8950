"""Looks at pictures for page and programs: the values of a form to what is looked for, and what was found."""

from collections.abc import Generator, Iterable, Mapping
from typing import TypeVar

from studio import catalog, rules
from studio.errors import StudioError
from studio.images import Picture
from studio.requests import CutOut, FindMask, Preprocess
from studio.results import Cut, Masked, Preprocessed, Progress
from studio.ui.page import PACE, Page

RULES = rules.of(FindMask)
PICTURES = tuple(name for name, rule in RULES.items() if rule.kind is Picture)

Values = Mapping[str, object]
End = TypeVar("End")


def read(page: Page, values: Values, owner: str, names: Iterable[str] = PICTURES) -> dict[str, object]:
    """The values with the named pictures read, None where there is none; StudioError if one is no picture."""
    return {**values, **{name: page.picture(values.get(name), owner, label=RULES[name].label) for name in names}}


def asked(values: Values, **instead: object) -> FindMask:
    """What to look for, of values with their pictures read.

    Without words nothing is looked for by words; a verb that keeps what is found then keeps the foreground.
    """
    given = {name: values[name] for name in RULES if name in values} | instead
    given["mask_model"] = given.get("mask_model") or None  # a page has no word for nothing
    if given.get("source") == "words" and not str(given.get("words") or "").strip():
        given["source"] = "foreground" if keeps(values) else "none"
    return FindMask(**given)


def keeps(values: Values) -> bool:
    """Whether the words of an edit's values name what stays; NotFound if its verb is none."""
    name = values.get("verb")
    return isinstance(name, str) and catalog.verb(name).keeps


def is_empty(request: FindMask) -> bool:
    """Whether it can find nothing at all: no words, no foreground, no mask and no strokes."""
    return request.source == "none" and request.mask_image is None and request.strokes is None


def looked(
    page: Page, request: FindMask | CutOut | Preprocess, owner: str
) -> Generator[Progress, None, Masked | Cut | Preprocessed]:
    """What the engine finds; what it tells on the way comes first. StudioError as `tasks.mask` and `preprocess`."""
    job = page.engine.look(request, owner)
    outcome = None
    for event in page.engine.events(job.id, owner, pace=PACE):
        if isinstance(event, Progress):
            yield event
        outcome = event
    return outcome


def end_of(steps: Generator[object, None, End]) -> End:
    """What comes at the end of all steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def check_fits(mask: Picture | None, picture: Picture | None) -> None:
    """StudioError if the mask is not of the picture's size."""
    if mask is None or picture is None:
        raise StudioError("Mask: choose a picture first, then its mask.")
    if mask.size != picture.size:
        (width, height), (wide, high) = mask.size, picture.size
        raise StudioError(f"Mask: {width}×{height} pixels where the picture has {wide}×{high}. Load one of its size.")
