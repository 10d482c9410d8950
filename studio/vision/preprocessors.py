"""What makes control images of pictures, as a table: for each kind of control the ways to it, with their settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps
from safetensors import SafetensorError

from studio.catalog import named
from studio.skeletons import Skeleton
from studio.vision import annotators, lines, palettes, poses
from studio.vision.palettes import Colour

if TYPE_CHECKING:
    from studio.vision.geometry import Net

Draw = Callable[..., Image.Image]
Read = Callable[[Path], object]
Find = Callable[[Image.Image, object], list[Skeleton]]

# Errors of `read` that come of what is in the files.
BROKEN = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)


@dataclass(frozen=True, kw_only=True)
class Preprocessor:
    """A way to make the control image of one `kind` of control, "" for all of them.

    `draw` takes an RGB picture, the net if it asks one and the `settings`, fields of a request with their values if
    nothing else is said, and gives L or RGB, of the picture's shape if not of its size; `resampling` brings it to
    that. `blank` says what is missing in what comes out empty. With `is_drawn` the picture is a control image already,
    and no other picture can be looked at like that. `find` gives the people that a pose is drawn of, and
    `palette` is what classes are drawn in; of depth the drawing says all.

    `read` makes the net of a folder: of `source`, a folder of this project or a hub id, whose commit `revision` is
    meant, or with `files` only those of it. `size_bytes` is what is downloaded. `resolution` is the shorter side, in
    pixels, of pictures that the net was made for. It is made for checkpoints of `family`, "" for any.
    """

    id: str
    label: str
    kind: str
    info: str
    draw: Draw
    settings: Mapping[str, float] = field(default_factory=dict)
    blank: str = "Control: it is blank, so there is nothing to follow. Choose a picture with more in it."
    resampling: Image.Resampling = Image.Resampling.LANCZOS
    is_drawn: bool = False
    find: Find | None = None
    palette: tuple[Colour, ...] = ()
    read: Read | None = None
    source: str = ""
    revision: str | None = None
    files: tuple[str, ...] = ()
    licence: str = ""
    size_bytes: int = 0
    resolution: int | None = None
    family: str = ""


def preprocessor(id: str) -> Preprocessor:
    """The preprocessor of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in PREPROCESSORS}, "Preprocessor")


def fitting(kind: str, family: str) -> tuple[Preprocessor, ...]:
    """The ways to a kind of control for checkpoints of a family, the one to begin with first: one made for it, then
    those for any, and last to take the picture as it is."""
    rows = [row for row in PREPROCESSORS if row.kind in (kind, "") and row.family in (family, "")]
    return tuple(sorted(rows, key=lambda row: (row.kind != kind, row.family != family)))


def default(kind: str, family: str) -> Preprocessor:
    """The way to begin with; "none" for a kind that has no other."""
    return fitting(kind, family)[0]


def _depth_net(folder: Path) -> "Net":
    from studio.vision import geometry  # here and below: transformers takes seconds to import, and this is a table

    return geometry.depth_net(folder)


def _pose_net(folder: Path) -> "Net":
    from studio.vision import geometry

    return geometry.pose_net(folder)


def _parts_net(folder: Path) -> "Net":
    from studio.vision import geometry

    return geometry.parts_net(folder)


def _depth(image: Image.Image, net: "Net") -> Image.Image:
    """Grey, the nearer the lighter."""
    from studio.vision import geometry

    return Image.fromarray(np.rint(geometry.nearness(image, net) * 255).astype(np.uint8))


def _people(image: Image.Image, net: "Net") -> list[Skeleton]:
    from studio.vision import geometry

    return geometry.people(image, net)


def _parts(image: Image.Image, net: "Net", *, palette: tuple[Colour, ...]) -> Image.Image:
    from studio.vision import geometry

    return palettes.coloured(geometry.parts(image, net), palette)


def _pose(image: Image.Image, net: object, *, find: Find) -> Image.Image:
    return poses.drawn(find(image, net), image.size)


def _inverted(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image.convert("L"))


def _dark_on_light(kind: str, label: str) -> Preprocessor:
    return Preprocessor(
        id=f"{kind}-inverted",
        label=f"{label}, dark on light",
        kind=kind,
        info="The picture is drawn already, dark on light as on paper; light and dark are exchanged.",
        draw=_inverted,
        is_drawn=True,
    )


def _itself(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


ANNOTATORS = "lllyasviel/Annotators"
# What each net was published under; the repository holds many.
APACHE, MIT = "Apache-2.0", "MIT"
RESEARCH = "research; ask its authors for more"
NOT_COMMERCIAL = "not for commercial use"
NOBODY = "Control: nobody was found, so there is no pose to follow. Choose a picture with a person in it."
NO_EDGE = "Control: no edge was found, so there is nothing to follow. Choose a picture with more in it."

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
    _dark_on_light("scribble", "Scribble"),
    Preprocessor(
        id="hed",
        label="HED",
        kind="softedge",
        info="Soft edges, the surer the lighter.",
        draw=annotators.soft_edges,
        blank=NO_EDGE,
        read=annotators.hed_net,
        source=ANNOTATORS,
        files=(annotators.HED,),
        licence=APACHE,
        size_bytes=29_400_000,
        resolution=512,
    ),
    Preprocessor(
        id="hed-safe",
        label="HED, safe",
        kind="softedge",
        info="Soft edges in three steps, so that no shade of the picture shows through.",
        draw=partial(annotators.soft_edges, safe=True),
        blank=NO_EDGE,
        read=annotators.hed_net,
        source=ANNOTATORS,
        files=(annotators.HED,),
        licence=APACHE,
        size_bytes=29_400_000,
        resolution=512,
    ),
    Preprocessor(
        id="pidinet",
        label="PiDiNet",
        kind="softedge",
        info="Soft edges, cleaner than HED's; small.",
        draw=annotators.soft_edges,
        blank=NO_EDGE,
        read=annotators.pidi_net,
        source=ANNOTATORS,
        files=(annotators.PIDINET,),
        licence=RESEARCH,
        size_bytes=2_900_000,
        resolution=512,
    ),
    Preprocessor(
        id="pidinet-safe",
        label="PiDiNet, safe",
        kind="softedge",
        info="PiDiNet's edges in three steps, so that no shade of the picture shows through.",
        draw=partial(annotators.soft_edges, safe=True),
        blank=NO_EDGE,
        read=annotators.pidi_net,
        source=ANNOTATORS,
        files=(annotators.PIDINET,),
        licence=RESEARCH,
        size_bytes=2_900_000,
        resolution=512,
    ),
    Preprocessor(
        id="lineart",
        label="Line art",
        kind="lineart",
        info="Contours as if drawn with a fine pen.",
        draw=annotators.line_art,
        blank=NO_EDGE,
        read=annotators.line_net,
        source=ANNOTATORS,
        files=(annotators.LINES,),
        licence=MIT,
        size_bytes=17_200_000,
        resolution=512,
    ),
    Preprocessor(
        id="lineart-coarse",
        label="Line art, coarse",
        kind="lineart",
        info="Contours as if drawn with a coarse pen: fewer, and freer.",
        draw=annotators.line_art,
        blank=NO_EDGE,
        read=partial(annotators.line_net, file=annotators.COARSE_LINES),
        source=ANNOTATORS,
        files=(annotators.COARSE_LINES,),
        licence=MIT,
        size_bytes=17_200_000,
        resolution=512,
    ),
    _dark_on_light("lineart", "Line art"),
    Preprocessor(
        id="storybook-depth",
        label="Storybook depth",
        kind="depth",
        info="How near everything is, the nearer the lighter; comes along.",
        draw=_depth,
        read=_depth_net,
        source="assets/storybook/depth",
        licence=APACHE,
        family="storybook",
    ),
    Preprocessor(
        id="depth-anything",
        label="Depth Anything 2, small",
        kind="depth",
        info="How near everything is, the nearer the lighter; quick, with fine edges.",
        draw=_depth,
        read=_depth_net,
        source="depth-anything/Depth-Anything-V2-Small-hf",
        licence=APACHE,
        size_bytes=99_200_000,
        resolution=518,
    ),
    Preprocessor(
        id="midas",
        label="MiDaS",
        kind="depth",
        info="How near everything is, softly; what the first ControlNets for depth were trained with.",
        draw=annotators.depth,
        read=annotators.midas_net,
        source=ANNOTATORS,
        files=(annotators.MIDAS,),
        licence=MIT,
        size_bytes=493_000_000,
        resolution=384,
    ),
    Preprocessor(
        id="zoe",
        label="ZoeDepth",
        kind="depth",
        info="How near everything is, true to scale; large, and takes its time.",
        draw=annotators.depth,
        read=annotators.zoe_net,
        source=ANNOTATORS,
        files=(annotators.ZOE,),
        licence=MIT,
        size_bytes=1_440_000_000,
        resolution=384,
    ),
    Preprocessor(
        id="storybook-pose",
        label="Storybook pose",
        kind="pose",
        info="The skeleton of a person; comes along.",
        draw=partial(_pose, find=_people),
        blank=NOBODY,
        find=_people,
        read=_pose_net,
        source="assets/storybook/pose",
        licence=APACHE,
        family="storybook",
    ),
    Preprocessor(
        id="openpose",
        label="OpenPose",
        kind="pose",
        info="The skeletons of all people.",
        draw=partial(_pose, find=annotators.people),
        blank=NOBODY,
        find=annotators.people,
        read=annotators.body_net,
        source=ANNOTATORS,
        files=(annotators.BODY,),
        licence=NOT_COMMERCIAL,
        size_bytes=209_000_000,
        resolution=512,
    ),
    Preprocessor(
        id="openpose-full",
        label="OpenPose, hands and faces",
        kind="pose",
        info="The skeletons of all people with their fingers and the features of their faces.",
        draw=annotators.whole_people,
        blank=NOBODY,
        find=annotators.people,
        read=annotators.whole_body_net,
        source=ANNOTATORS,
        files=(annotators.BODY, annotators.HAND, annotators.FACE),
        licence=NOT_COMMERCIAL,
        size_bytes=510_000_000,
        resolution=512,
    ),
    Preprocessor(
        id="storybook-segmentation",
        label="Storybook parts",
        kind="segmentation",
        info="What is where, each kind of thing in a colour of its own; comes along.",
        draw=partial(_parts, palette=palettes.STORYBOOK),
        resampling=Image.Resampling.NEAREST,  # between two colours lies another part's
        palette=palettes.STORYBOOK,
        read=_parts_net,
        source="assets/storybook/segmentation",
        licence=APACHE,
        family="storybook",
    ),
    Preprocessor(
        id="upernet",
        label="UperNet",
        kind="segmentation",
        info="What is where, each of 150 kinds of things in the colour that ControlNets know it by.",
        draw=partial(_parts, palette=palettes.ADE20K),
        resampling=Image.Resampling.NEAREST,
        palette=palettes.ADE20K,
        read=_parts_net,
        source="openmmlab/upernet-convnext-small",
        licence=MIT,
        size_bytes=328_000_000,
        resolution=512,
    ),
    Preprocessor(
        id="tile",
        label="Tile",
        kind="tile",
        info="The picture without its fine detail.",
        draw=lines.blurred,
        settings={"reduction": 4},
    ),
    Preprocessor(
        id="none",
        label="None",
        kind="",
        info="The picture is a control image already.",
        draw=_itself,
        is_drawn=True,
    ),
)
