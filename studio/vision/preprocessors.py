"""What makes control images of pictures, as a table: for each kind of control the ways to it, with their settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image

from studio.catalog import named
from studio.vision import lines

Draw = Callable[..., Image.Image]


@dataclass(frozen=True, kw_only=True)
class Preprocessor:
    """A way to make the control image of one `kind` of control.

    `draw` takes an RGB picture and the `settings`, fields of a request with their values if nothing else is said, and
    gives a picture of the same size, L or RGB. `blank` says what is missing in what comes out empty.
    """

    id: str
    label: str
    kind: str
    info: str
    draw: Draw
    settings: Mapping[str, float] = field(default_factory=dict)
    blank: str = "Control: it is blank, so there is nothing to follow. Choose a picture with more in it."


PREPROCESSORS: tuple[Preprocessor, ...] = (
    Preprocessor(
        id="canny",
        label="Canny",
        kind="canny",
        info="Every edge as a fine line.",
        draw=lines.canny,
        settings={"low_threshold": 100, "high_threshold": 200},
        blank="Control: no edge was found, so there is nothing to follow. Lower the thresholds.",
    ),
    Preprocessor(
        id="scribble",
        label="Scribble",
        kind="scribble",
        info="The large shapes as if drawn with a felt pen.",
        draw=lines.scribble,
        settings={"low_threshold": 40, "high_threshold": 100},
        blank="Control: no shape was found, so there is nothing to follow. Lower the thresholds.",
    ),
    Preprocessor(
        id="tile",
        label="Tile",
        kind="tile",
        info="The picture without its fine detail.",
        draw=lines.blurred,
        settings={"reduction": 4},
    ),
)


def preprocessor(id: str) -> Preprocessor:
    """The preprocessor of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in PREPROCESSORS}, "Preprocessor")
