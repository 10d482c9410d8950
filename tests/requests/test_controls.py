"""What may steer a picture is checked before it waits: each refusal names what was asked and what would go."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from studio import catalog
from studio.catalog import Checkpoint
from studio.errors import InvalidField
from studio.images import picture
from studio.requests import Control, ImageToImage, Inpaint, Preprocess, TextToImage, controls, resolved

SD1, SD2, SDXL, SD3 = (catalog.checkpoint(id) for id in ("sd15", "sd21", "sdxl", "sd35-medium"))
SHOWN = picture(Image.linear_gradient("L").resize((64, 48)))
MASK = picture(Image.new("L", (32, 48), 255).crop((0, 0, 64, 48)))
CANNY = Control(image=SHOWN)
UNION = replace(CANNY, controlnet="sdxl-union")
ADAPTED = {"method": "t2i_adapter"}


def asked(row: Checkpoint, *those: Control, made_of: type[TextToImage] = TextToImage, **how: object) -> TextToImage:
    return resolved(made_of(checkpoint=row.id, controls=those, **how), row)


def refused(row: Checkpoint, *those: Control, **how: object) -> InvalidField:
    """The error that a request ends with."""
    with pytest.raises(InvalidField) as caught:
        asked(row, *those, **how)
    return caught.value


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.5), (0.8, 0.2)])
def test_a_control_that_ends_before_it_starts_is_refused(start: float, end: float) -> None:
    with pytest.raises(InvalidField, match=f"^Starts at: {start:g} is not before the end at {end:g}.*Start earlier or"):
        Control(image=SHOWN, control_guidance_start=start, control_guidance_end=end)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("controlnet_conditioning_scale", 2.5, "Weight: needs a number from 0 to 2; 2.5 is outside."),
        ("control_guidance_end", 1.5, "Ends at: needs a number from 0 to 1; 1.5 is outside."),
        ("kind", "edges", "Control: there is no 'edges'; choose one of canny, "),
        ("resize_mode", "zoom", "Resize: there is no 'zoom'; choose one of crop, fill, stretch."),
        ("image", "cat.png", "Control picture: needs a picture."),
        ("detect_resolution", 8, "Resolution: needs a whole number from 64 to 2048; 8 is outside."),
    ],
)
def test_bad_values_of_a_control_name_the_field_the_limit_and_the_remedy(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        Control(**{"image": SHOWN, field: value})
    assert caught.value.field == field and str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [CANNY, "canny", 5, [SHOWN], None])
def test_controls_are_a_list_of_controls(value: object) -> None:
    with pytest.raises(InvalidField, match="^Controls: needs a list of controls, not "):
        TextToImage(controls=value)


def test_more_than_three_controls_are_refused() -> None:
    assert len(TextToImage(controls=[CANNY] * 3).controls) == 3
    with pytest.raises(InvalidField, match=r"^Controls: 4 are too many at once; use 3 or fewer\."):
        TextToImage(controls=[CANNY] * 4)


def test_a_net_is_chosen_for_each_control() -> None:
    request = asked(SDXL, CANNY, replace(CANNY, kind="pose"))
    assert [control.controlnet for control in request.controls] == ["sdxl-canny", "sdxl-pose"]
    assert resolved(request, SDXL) == request


def test_the_method_decides_which_net_is_chosen() -> None:
    assert asked(SD1, CANNY, **ADAPTED).controls[0].controlnet == "sd15-canny-adapter"


def test_of_words_alone_controls_ask_no_net() -> None:
    assert asked(SD2, CANNY, method="none").controls[0].controlnet is None


def test_a_control_with_nothing_to_follow_is_refused() -> None:
    error = refused(SD1, Control(kind="depth"))
    assert error.field == "image"
    assert str(error) == "Control picture: Depth has nothing to follow. Choose a picture, or draw one."


@pytest.mark.parametrize("method", ["controlnet", "none"])
def test_a_skeleton_goes_with_poses_alone(method: str) -> None:
    error = refused(SD1, Control(kind="canny", image=SHOWN, skeleton="{}"), method=method)
    assert error.field == "skeleton" and str(error).startswith("Skeleton: Canny follows none. Choose Pose")


def test_a_net_of_another_family_names_both_and_what_fits() -> None:
    error = refused(SDXL, replace(CANNY, controlnet="sd15-canny"))
    said = "ControlNet: ControlNet 1.1 canny is for Stable Diffusion 1.x, but SDXL 1.0 is SDXL."
    assert error.field == "controlnet"
    assert str(error) == f"{said} What fits: xinsir canny SDXL, xinsir Union SDXL, Union ProMax SDXL."


def test_a_net_of_another_kind_names_what_would_follow_it() -> None:
    error = refused(SD1, replace(CANNY, controlnet="sd15-depth"))
    assert str(error) == (
        "ControlNet: ControlNet 1.1 depth does not follow Canny as ControlNet. What does: ControlNet 1.1 canny."
    )


def test_a_net_of_another_method_names_what_would_do() -> None:
    error = refused(SD1, replace(CANNY, controlnet="sd15-canny"), **ADAPTED)
    assert str(error).endswith("does not follow Canny as T2I-Adapter. What does: T2I-Adapter canny.")


def test_an_unknown_net_gets_the_nearest() -> None:
    error = refused(SD1, replace(CANNY, controlnet="sd15-cany"))
    assert error.field == "controlnet" and "there is no 'sd15-cany'" in str(error) and "sd15-canny" in str(error)


def test_a_kind_that_the_family_has_no_net_for_names_those_it_has() -> None:
    error = refused(SD3, replace(CANNY, kind="segmentation"))
    assert error.field == "kind"
    assert str(error) == (
        "Control: Stable Diffusion 3 has no ControlNet for Parts; it has Canny, Soft edge, Depth, Pose, Tile. "
        "Choose one of them."
    )


def test_a_family_without_nets_says_so() -> None:
    said = str(refused(SD2, CANNY))
    assert said.endswith("has no ControlNet for Canny; it has none. Choose another method or checkpoint.")


def test_a_union_does_not_go_beside_another_net() -> None:
    error = refused(SDXL, UNION, replace(CANNY, kind="depth"))
    said = "ControlNet: xinsir Union SDXL follows all controls itself and does not go with xinsir depth SDXL."
    assert error.field == "controlnet" and str(error).startswith(said)


def test_a_union_follows_several_kinds_alone() -> None:
    request = asked(SDXL, UNION, replace(UNION, kind="depth"))
    assert {control.controlnet for control in request.controls} == {"sdxl-union"}


@pytest.mark.parametrize(
    ("row", "how", "start"),
    [
        (SD1, ADAPTED | {"made_of": ImageToImage, "image": SHOWN}, "a start image"),
        (SD1, ADAPTED | {"made_of": Inpaint, "image": SHOWN, "mask_image": MASK}, "a mask"),
        (SD3, {"made_of": ImageToImage, "image": SHOWN}, "a start image"),
        (SD3, {"made_of": Inpaint, "image": SHOWN, "mask_image": MASK}, "a mask"),
    ],
    ids=["adapter from a picture", "adapter with a mask", "SD 3 from a picture", "SD 3 with a mask"],
)
def test_what_cannot_be_steered_from_a_picture_is_refused(row: Checkpoint, how: dict[str, object], start: str) -> None:
    error = refused(row, CANNY, **how)
    assert error.field == "controls" and f"cannot follow them by {'T2I' if 'method' in how else 'Con'}" in str(error)
    assert str(error).endswith(f"together with {start}. Leave one of the two out, or choose another method.")


@pytest.mark.parametrize(("row", "how"), [(SD1, ADAPTED), (SD3, {})], ids=["adapter", "SD 3"])
def test_a_second_pass_that_cannot_be_steered_is_refused(row: Checkpoint, how: dict[str, object]) -> None:
    error = refused(row, CANNY, second_pass_scale=1.5, **how)
    assert error.field == "second_pass_scale" and str(error).endswith("in it. Set it to 1.")


def test_where_words_alone_paint_a_start_image_and_a_second_pass_go_with_controls() -> None:
    request = asked(SD3, CANNY, made_of=ImageToImage, image=SHOWN, method="none", second_pass_scale=1.5)
    assert request.controls == (CANNY,)


def test_adapters_are_heard_at_the_same_steps() -> None:
    error = refused(SD1, CANNY, replace(CANNY, control_guidance_end=0.5), **ADAPTED)
    assert error.field == "control_guidance_end"
    assert str(error) == "Ends at: T2I-Adapters are heard together. Give all controls the same start and end."


def test_controlnets_may_be_heard_at_different_steps() -> None:
    assert asked(SD1, CANNY, replace(CANNY, control_guidance_end=0.5))


def test_adapters_follow_at_sizes_that_they_can_fold() -> None:
    error = refused(SDXL, CANNY, height=1032, **ADAPTED)
    assert error.field == "height"
    assert str(error) == ("Height: T2I-Adapters follow in steps of 16 pixels, not at 1032. The nearest below is 1024.")


@pytest.mark.parametrize(
    ("row", "control", "how"),
    [(SD3, CANNY, {}), (SD1, CANNY, ADAPTED), (SDXL, UNION, {})],
    ids=["SD 3", "adapter", "union"],
)
def test_guess_mode_is_refused_where_there_is_none(row: Checkpoint, control: Control, how: dict[str, object]) -> None:
    error = refused(row, control, guess_mode=True, **how)
    assert error.field == "guess_mode"
    assert str(error).startswith("Guess mode: ") and str(error).endswith("has none with these controls. Switch it off.")


def test_what_is_preprocessed_is_what_the_control_says() -> None:
    control = replace(CANNY, preprocessor="canny", high_threshold=90)
    assert control.made_of == Preprocess(image=SHOWN, preprocessor="canny", high_threshold=90)


def test_of_a_skeleton_nothing_is_preprocessed() -> None:
    assert Control(kind="pose", skeleton="{}", preprocessor="none").made_of is None


def test_a_control_comes_back_from_json() -> None:
    control = replace(CANNY, kind="depth", preprocessor="none", controlnet_conditioning_scale=0.5, resize_mode="fill")
    said = json.loads(json.dumps(controls.to_json(control)))
    assert said["image"] == SHOWN.reference
    assert controls.from_json(said, {SHOWN.reference: SHOWN}.get) == control


def test_what_another_release_said_of_a_control_does_no_harm() -> None:
    assert controls.from_json({"kind": "pose", "colour": "red"}, {}.get) == Control(kind="pose")


@pytest.mark.parametrize("said", [5, "canny", None, ["canny"]])
def test_what_is_no_control_is_refused(said: object) -> None:
    with pytest.raises(InvalidField, match="^Controls: each needs its settings by name"):
        controls.from_json(said, {}.get)


def test_a_control_picture_that_is_no_reference_is_refused() -> None:
    with pytest.raises(InvalidField, match="^Control picture: needs a picture"):
        controls.from_json({"image": 5}, {}.get)
