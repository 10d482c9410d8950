"""The values of the Control tab become controls, and those of a request's JSON become values again."""

import json

import pytest
from PIL import Image

from studio import catalog, images, skeletons
from studio.errors import InvalidField
from studio.images import Picture
from studio.requests import MOST_CONTROLS, Control, controls
from studio.skeletons import Skeleton
from studio.ui import control_units, uploads
from studio.ui.control_units import FIELDS, name_of

PICTURE = images.picture(Image.new("RGB", (96, 64), "red"))
PEOPLE = skeletons.to_json([Skeleton(joints={"neck": (0.5, 0.2), "nose": (0.5, 0.1)})], (96, 64))
LINE = json.dumps({"width": 96, "height": 64, "strokes": [{"width": 8, "points": [10, 10, 80, 40]}]})


def read(value: object, *, label: str) -> Picture | None:
    """The picture, if there is one."""
    return PICTURE if value else None


def values(number: int = 1, **given: object) -> dict[str, object]:
    """Those of a form with one unit filled."""
    filled = {"kind": "canny", "preprocessor": "", "controlnet": ""} | given
    return {name_of(number, field): value for field, value in filled.items()}


def test_a_unit_with_a_picture_is_a_control() -> None:
    (control,) = control_units.asked(values(image="x", controlnet_conditioning_scale=0.7), read)
    assert control == Control(kind="canny", image=PICTURE, controlnet_conditioning_scale=0.7)


def test_units_without_anything_to_follow_are_left_out() -> None:
    found = control_units.asked(values(1) | values(3, kind="depth", image="x"), read)
    assert [control.kind for control in found] == ["depth"]


def test_nothing_to_follow_at_all_is_the_first_one_to_complain_of() -> None:
    (control,) = control_units.asked(values(1, kind="depth"), read)
    assert control.image is None
    with pytest.raises(InvalidField, match="Depth has nothing to follow"):
        controls.resolved((control,), "controlnet", catalog.checkpoint("storybook"))


def test_a_drawing_goes_before_a_picture_as_the_control_image_it_is() -> None:
    (control,) = control_units.asked(values(kind="scribble", image="x", sketch=LINE), read)
    assert control.preprocessor == "none" and control.image.size == (96, 64)
    assert control.image.image.convert("L").getpixel((45, 25)) > 200


def test_a_drawing_is_none_of_a_kind_without_lines() -> None:
    (control,) = control_units.asked(values(kind="depth", image="x", sketch=LINE), read)
    assert control.image == PICTURE and control.preprocessor is None


def test_people_are_followed_by_a_pose_alone() -> None:
    (posed,) = control_units.asked(values(kind="pose", skeleton=PEOPLE), read)
    assert posed.skeleton == PEOPLE
    (other,) = control_units.asked(values(kind="canny", skeleton=PEOPLE, image="x"), read)
    assert other.skeleton == ""


def test_a_number_out_of_its_limits_is_named() -> None:
    with pytest.raises(InvalidField, match="Weight"):
        control_units.asked(values(image="x", controlnet_conditioning_scale=9), read)


def test_a_request_fills_the_units_it_was_made_by() -> None:
    control = Control(kind="pose", skeleton=PEOPLE, control_guidance_end=0.5, preprocessor="openpose")
    flat = control_units.flat([controls.to_json(control)])
    assert set(flat) == {name_of(n, field) for n in range(1, MOST_CONTROLS + 1) for field in FIELDS}
    assert control_units.asked(flat, lambda value, label: None) == [control]


@pytest.mark.parametrize("said", [None, [], "pose", 3, [None], [{"kind": "pose"}] * 9])
def test_what_was_not_said_is_empty(said: object) -> None:
    flat = control_units.flat(said)
    assert all(not flat[name_of(number, "image")] for number in range(1, MOST_CONTROLS + 1))


@pytest.mark.parametrize(
    ("field", "value", "is_sound"),
    [
        ("kind", "depth", True),
        ("kind", "smell", False),
        ("sketch", LINE, True),
        ("sketch", None, False),
        ("controlnet_conditioning_scale", 2.5, False),
        ("low_threshold", None, True),
        ("image", None, True),
        ("image", "/etc/passwd", False),
    ],
)
def test_only_what_a_field_may_show_is_put_back(field: str, value: object, *, is_sound: bool) -> None:
    assert control_units.is_sound(name_of(2, field), value) == is_sound


def test_a_picture_that_is_still_here_is_put_back() -> None:
    assert control_units.is_sound(name_of(1, "image"), uploads.served(PICTURE))


def test_kinds_are_those_that_a_family_has_nets_for() -> None:
    assert ("Pose", "pose") in control_units.kinds("sd3", "controlnet")
    assert "segmentation" not in [name for _, name in control_units.kinds("sd3", "controlnet")]
    assert control_units.kinds("sd3", "t2i_adapter") == []


def test_the_usual_net_and_way_come_first_and_say_so() -> None:
    (first, usual), *others = control_units.nets("depth", "sdxl", "controlnet")
    assert usual == "" and first.endswith("(usual)") and "sdxl-union" in [id for _, id in others]
    (first, usual), *others = control_units.ways("depth", "sd1")
    assert usual == "" and "Depth Anything" in first and "none" in [id for _, id in others]
