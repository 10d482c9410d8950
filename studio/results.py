"""What a task reports (Progress, Preview, Result), and requests as JSON and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from PIL import Image

from studio.errors import StudioError
from studio.grids import Grid, axes_from_json, axes_to_json
from studio.images import Picture
from studio.requests import TextToImage, made, single


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a job is: `step` of `steps` in this phase, seconds since it began, seconds it may still take.

    While something is downloaded, steps are bytes.
    """

    phase: str
    step: int = 0
    steps: int = 0
    elapsed: float = 0.0
    remaining: float | None = None
    queue_place: int | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A rough picture of what is coming, as small as the latents."""

    image: Image.Image


@dataclass(frozen=True, kw_only=True)
class Result:
    """Finished pictures and the resolved request: running `request` again gives the same bytes.

    One that was stopped among several prompts holds the first pictures of its request.

    `paths` are the saved files, of the first pictures alone if saving failed; `note` then says why. `requests` are,
    picture by picture, what gives each alone: for a grid's sheet the grid.
    """

    images: tuple[Image.Image, ...]
    request: TextToImage | Grid
    seconds: float
    paths: tuple[Path, ...] = ()
    note: str = ""
    requests: tuple[TextToImage | Grid, ...] = ()

    def __post_init__(self) -> None:
        if not self.requests:
            alone = tuple(single(self.request, index) for index in range(len(self.images)))
            object.__setattr__(self, "requests", alone)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A checkpoint is on this machine now, under this id."""

    checkpoint: str
    seconds: float


Event = Progress | Preview | Result | Fetched
# Hears of every step; what it raises stops the run.
Report = Callable[[Progress | Preview], None]
FindPicture = Callable[[str], Picture]


def details(result: Result, job: str = "") -> dict[str, object]:
    """A result as JSON: the resolved request, seconds, job, note; and for each picture what gives it alone."""
    return {
        "request": to_json(result.request),
        "requests": [to_json(request) for request in result.requests],
        "seed": result.request.seed,
        "seeds": [request.seed for request in result.requests],
        "seconds": round(result.seconds, 3),
        "job": job,
        "note": result.note,
    }


def to_json(request: TextToImage | Grid) -> dict[str, object]:
    """A request as JSON: its fields by name; a picture is its reference, to be found again with `from_json`."""
    if isinstance(request, Grid):
        return {"base": to_json(request.base), **axes_to_json(request)}
    values = {field.name: getattr(request, field.name) for field in fields(request)}
    return {name: value.reference if isinstance(value, Picture) else value for name, value in values.items()}


def from_json(values: Mapping[str, object], find_picture: FindPicture) -> TextToImage | Grid:
    """The request of `to_json`, by other releases too: unknown fields are left out, missing ones take their default.

    StudioError if a value is out of its limits or a picture is not to be had any more.
    """
    base = values.get("base")
    if isinstance(base, Mapping):
        return Grid(base=_one_from_json(base, find_picture), **axes_from_json(values))
    return _one_from_json(values, find_picture)


def _one_from_json(values: Mapping[str, object], find_picture: FindPicture) -> TextToImage:
    image = values.get("image")
    if image is None:
        return made(values)
    if not isinstance(image, str):
        raise StudioError("Start image: the settings do not tell which picture it was. Choose one.")
    return made({**values, "image": find_picture(image)})
