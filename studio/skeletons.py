"""Skeletons of people: OpenPose's 18 body joints, moved by hand or by a net, as JSON and back."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio.errors import StudioError

# As OpenPose orders them (its COCO model); left and right are the person's own.
JOINTS = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)
BONES = (
    ("neck", "right_shoulder"),
    ("neck", "left_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("neck", "right_hip"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
    ("neck", "left_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("neck", "nose"),
    ("nose", "right_eye"),
    ("right_eye", "right_ear"),
    ("nose", "left_eye"),
    ("left_eye", "left_ear"),
)
MOST_PEOPLE = 20
LONGEST_JSON = 200_000
LARGEST_NUMBER = 1e6

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """One person: the joints that are seen, x and y as shares of the picture's width and height."""

    joints: Mapping[str, Point] = field(default_factory=dict)


def to_json(people: Sequence[Skeleton], size: tuple[int, int]) -> str:
    """OpenPose's own JSON, in pixels of a picture of `size`; a joint that is not seen is 0, 0, 0."""
    width, height = size
    return json.dumps(
        {
            "people": [{"pose_keypoints_2d": _numbers(person, width, height)} for person in people],
            "canvas_width": width,
            "canvas_height": height,
        }
    )


def from_json(text: str, size: tuple[int, int] | None = None) -> list[Skeleton]:
    """The people in OpenPose's JSON, in pixels of its own canvas or else of `size`, or as shares of it.

    One file may be a list of one, as ControlNet's extension of A1111 writes. StudioError says what is wrong with it.
    """
    if len(text) > LONGEST_JSON:
        raise StudioError(
            f"Skeleton: {len(text):,} characters are too many; at most {LONGEST_JSON:,}. Send one picture's."
        )
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise StudioError(
            f"Skeleton: this is no JSON{place}. Copy all of it, from the first brace to the last."
        ) from None
    read = read[0] if isinstance(read, list) and len(read) == 1 else read
    people = read.get("people") if isinstance(read, dict) else None
    if not isinstance(people, list):
        raise StudioError('Skeleton: there is no list "people" in it. Send JSON as OpenPose writes it.')
    if len(people) > MOST_PEOPLE:
        raise StudioError(f"Skeleton: {len(people)} people are too many; at most {MOST_PEOPLE}. Leave some out.")
    canvas = _side(read.get("canvas_width")), _side(read.get("canvas_height"))
    scale = canvas if None not in canvas else size
    return [_person(number, person, scale) for number, person in enumerate(people, 1)]


def canvas_of(text: str) -> tuple[int, int] | None:
    """The size in pixels that the JSON of people, as `from_json` takes it, names; None if it names none."""
    read = json.loads(text)
    read = read[0] if isinstance(read, list) else read
    sides = _side(read.get("canvas_width")), _side(read.get("canvas_height"))
    return None if None in sides else tuple(max(1, round(side)) for side in sides)


def resized(people: Sequence[Skeleton], canvas: tuple[int, int], size: tuple[int, int], mode: str) -> list[Skeleton]:
    """The people of a canvas at another size: stretched, or scaled evenly so that all of it is seen ("fill") or none
    of the size is empty ("crop"), as `images.resized` does with pictures."""
    if mode == "stretch":
        return list(people)
    wide, high = (new / old for new, old in zip(size, canvas, strict=True))
    scale = min(wide, high) if mode == "fill" else max(wide, high)

    def moved(point: Point) -> Point:
        x, y = ((share - 0.5) * scale / side + 0.5 for share, side in zip(point, (wide, high), strict=True))
        return x, y

    return [Skeleton(joints={name: moved(point) for name, point in person.joints.items()}) for person in people]


def mean_error(people: Sequence[Skeleton], wanted: Sequence[Skeleton], size: tuple[int, int]) -> float | None:
    """Mean distance of joints that are seen in both, in percent of the picture's height; None if there are none.

    Each person that is wanted is held against the nearest one that is there, each one there taken once.
    """
    free, distances = list(people), []
    for person in wanted:
        held = [(between, other) for other in free if (between := _distances(person, other, size))]
        if held:
            between, nearest = min(held, key=lambda pair: sum(pair[0]) / len(pair[0]))
            distances += between
            free.remove(nearest)
    return 100 * sum(distances) / len(distances) if distances else None


def _distances(one: Skeleton, other: Skeleton, size: tuple[int, int]) -> list[float]:
    """Of the joints seen in both, as shares of the height."""
    aspect = size[0] / size[1]
    both = [(one.joints[name], other.joints[name]) for name in JOINTS if name in one.joints and name in other.joints]
    return [math.hypot((x - wide) * aspect, y - high) for (x, y), (wide, high) in both]


def _numbers(person: Skeleton, width: int, height: int) -> list[float]:
    numbers: list[float] = []
    for name in JOINTS:
        x, y = person.joints.get(name, (0.0, 0.0))
        numbers += [round(x * width, 2), round(y * height, 2), float(name in person.joints)]
    return numbers


def _person(number: int, person: object, scale: tuple[int, int] | None) -> Skeleton:
    numbers = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
    if not isinstance(numbers, list) or len(numbers) != 3 * len(JOINTS) or not all(map(_is_number, numbers)):
        wanted = f'"pose_keypoints_2d" with {len(JOINTS)} times x, y and certainty'
        raise StudioError(f"Skeleton: person {number} has no {wanted}. Send OpenPose's body of {len(JOINTS)} joints.")
    points = dict(zip(JOINTS, zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True), strict=True))
    seen = {name: (x, y) for name, (x, y, certainty) in points.items() if certainty > 0}
    is_share = all(0 <= value <= 1 for point in seen.values() for value in point)
    if is_share:
        return Skeleton(joints=seen)
    if scale is None:
        raise StudioError('Skeleton: it is in pixels and names no "canvas_width" and "canvas_height". Add both.')
    return Skeleton(joints={name: (x / scale[0], y / scale[1]) for name, (x, y) in seen.items()})


def _side(value: object) -> float | None:
    return value if _is_number(value) and value > 0 else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER
