"""The controls of a request, each with the preprocessor that makes its control image."""

from dataclasses import replace
from typing import TypeVar

from studio import catalog, skeletons
from studio.errors import InvalidField, NotFound
from studio.requests import Control, TextToImage
from studio.skeletons import Skeleton
from studio.vision import preprocessors

Asked = TypeVar("Asked", bound=TextToImage)


def resolved(request: Asked, family: str) -> Asked:
    """The request with a preprocessor for each control, the usual one of its kind and family where none is named.

    InvalidField if one makes no such control image, or a skeleton is broken or shows nobody.
    """
    if not request.controls:
        return request
    return replace(request, controls=tuple(_resolved(control, family) for control in request.controls))


def people(control: Control, size: tuple[int, int]) -> list[Skeleton]:
    """The people of a control's skeleton at the size painted, brought to it as its picture would be."""
    found = skeletons.from_json(control.skeleton)
    canvas = skeletons.canvas_of(control.skeleton) or size
    return skeletons.resized(found, canvas, size, control.resize_mode)


def _resolved(control: Control, family: str) -> Control:
    if control.skeleton and not skeletons.from_json(control.skeleton):
        raise InvalidField("skeleton", "Skeleton: nobody is in it. Add a person, or choose a picture.")
    if control.preprocessor is None:
        return replace(control, preprocessor=preprocessors.default(control.kind, family).id)
    try:
        row = preprocessors.preprocessor(control.preprocessor)
    except NotFound as error:
        raise InvalidField("preprocessor", str(error)) from None
    fitting = preprocessors.fitting(control.kind, family)
    if row not in fitting:
        those = ", ".join(one.id for one in fitting)
        message = f"Preprocessor: {row.label} does not make what {catalog.kind(control.kind).label} follows."
        raise InvalidField("preprocessor", f"{message} Choose one of {those}.")
    return control
