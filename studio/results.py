"""What a task yields (Progress, Preview, Result), and results as metadata of a picture file and back."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.errors import StudioError
from studio.requests import TextToImage

CHUNK = "easel"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a job is: `step` of `steps` in this phase, seconds since it began, seconds it may still take."""

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

    `paths` are the saved files, empty if saving failed; `note` then says why.
    """

    images: tuple[Image.Image, ...]
    request: TextToImage
    seconds: float
    paths: tuple[Path, ...] = ()
    note: str = ""


Event = Progress | Preview | Result
# Hears of every step; what it raises stops the run.
Report = Callable[[Progress | Preview], None]


def details(result: Result, job: str = "") -> dict[str, object]:
    """A result as JSON: the resolved request, its seed, seconds, job and note."""
    return {
        "request": asdict(result.request),
        "seed": result.request.seed,
        "seconds": round(result.seconds, 3),
        "job": job,
        "note": result.note,
    }


def to_metadata(request: TextToImage, index: int) -> PngInfo:
    """PNG text for picture `index` of a resolved request."""
    info = PngInfo()
    said = {"version": VERSION, "index": index, "request": asdict(request)}
    info.add_itxt(CHUNK, json.dumps(said, ensure_ascii=False))
    return info


def from_metadata(image: Image.Image) -> TextToImage:
    """The request that made a picture of ours; StudioError if it carries none, or one that is not understood."""
    try:
        said = json.loads(image.info[CHUNK])["request"]
        known = {row.name for row in fields(TextToImage)}
        return TextToImage(**{name: value for name, value in said.items() if name in known})
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StudioError("Picture: it carries no settings of Easel. Choose a PNG that was made here.") from error
