"""What a task reports (Progress, Preview, Result), and requests as JSON and back."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from PIL import Image

from studio.errors import StudioError
from studio.grids import Grid, axes_from_json, axes_to_json
from studio.images import Picture
from studio.requests import RULES, TextToImage, controls, loras, made, references, single
from studio.skeletons import Skeleton


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
class Obeyed:
    """How far a picture follows one control: a figure of `obedience`, None if there is nothing to compare."""

    kind: str
    measure: str
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a picture took: seconds, and bytes of the weights that painted it."""

    seconds: float
    weights_bytes: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """Finished pictures and the resolved request: running `request` again gives the same bytes.

    One that was stopped among several prompts holds the first pictures of its request.

    `paths` are the saved files, of the first pictures alone if saving failed; `note` then says why. `requests` are,
    picture by picture, what gives each alone: for a grid's sheet the grid. `obeyed` tells picture by picture how far
    each control was followed, and `overlays` show it for the first; both are empty where nothing was to be followed.
    `costs` are those of the pictures of a grid that follow something, None for others.
    """

    images: tuple[Image.Image, ...]
    request: TextToImage | Grid
    seconds: float
    paths: tuple[Path, ...] = ()
    note: str = ""
    requests: tuple[TextToImage | Grid, ...] = ()
    obeyed: tuple[tuple[Obeyed, ...], ...] = ()
    overlays: tuple[Image.Image, ...] = ()
    costs: tuple[Cost | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.requests:
            alone = tuple(single(self.request, index) for index in range(len(self.images)))
            object.__setattr__(self, "requests", alone)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A checkpoint is on this machine now, under this id."""

    checkpoint: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A mask was found: greyscale, of its picture's size, white where it is to be repainted.

    `score` is how sure the net was where it was surest, None if none was asked; `coverage` the share of the picture.
    """

    mask: Picture
    coverage: float
    score: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A part of a picture alone, as RGBA."""

    image: Picture
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Preprocessed:
    """A control image, as large as its picture; `note` says so if it shows nothing.

    `people` are those a pose was drawn of, None of other kinds.
    """

    image: Picture
    note: str
    seconds: float
    people: tuple[Skeleton, ...] | None = None


class NothingFound(StudioError):
    """Nothing in the picture looks like what was asked for; `guess` is the mask of what comes nearest."""

    def __init__(self, message: str, guess: Picture) -> None:
        super().__init__(message, guess)  # both, so that the error can be copied and pickled
        self.guess = guess

    def __str__(self) -> str:
        return self.args[0]


Event = Progress | Preview | Result | Fetched | Masked | Cut | Preprocessed
# Hears of every step; what it raises stops the run.
Report = Callable[[Progress | Preview], None]
FindPicture = Callable[[str], Picture]
# The fields of requests that say what steers them and what they take after, each nothing without its first, and those
# that hold a picture.
STEERING = ("controls", "method", "guess_mode")
STYLING = ("references", "transfer", "ip_adapter")
# Those that some forms and endpoints do without.
PARTS = (*STEERING, *STYLING)
PICTURES = tuple(name for name, rule in RULES.items() if rule.kind is Picture)


def details(result: Result, job: str = "") -> dict[str, object]:
    """A result as JSON: the resolved request, seconds, job, note; for each picture what gives it alone, and how far it
    obeys its controls."""
    return {
        "request": to_json(result.request),
        "requests": [to_json(request) for request in result.requests],
        "seed": result.request.seed,
        "seeds": [request.seed for request in result.requests],
        "seconds": round(result.seconds, 3),
        "job": job,
        "note": result.note,
        "obeyed": [[asdict(one) for one in of_picture] for of_picture in result.obeyed],
        "costs": [cost and asdict(cost) for cost in result.costs],
    }


def to_json(request: TextToImage | Grid) -> dict[str, object]:
    """A request as JSON: its fields by name; a picture is its reference, to be found again with `from_json`.

    Without controls nothing is said of how they steer, and without references nothing of how they are heard.
    """
    if isinstance(request, Grid):
        return {"base": to_json(request.base), **axes_to_json(request)}
    values = {field.name: getattr(request, field.name) for field in fields(request)}
    values["loras"] = loras.to_json(request.loras)
    if request.controls:
        values["controls"] = [controls.to_json(control) for control in request.controls]
    else:
        values = {name: value for name, value in values.items() if name not in STEERING}
    if request.references:
        values["references"] = [references.to_json(reference) for reference in request.references]
    else:
        values = {name: value for name, value in values.items() if name not in STYLING}
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
    found: dict[str, object] = {}
    for name in PICTURES:
        reference = values.get(name)
        if reference is not None and not isinstance(reference, str):
            label = RULES[name].label
            raise StudioError(f"{label}: the settings do not tell which picture it was. Choose one.")
        if reference is not None:
            found[name] = find_picture(reference)
    if isinstance(values.get("controls"), list | tuple):
        found["controls"] = [controls.from_json(control, find_picture) for control in values["controls"]]
    if isinstance(values.get("references"), list | tuple):
        found["references"] = [references.from_json(reference, find_picture) for reference in values["references"]]
    return made({**values, **found})
