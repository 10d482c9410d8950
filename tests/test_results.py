"""Requests as JSON and back, and what is told of a result."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.errors import InvalidField, StudioError
from studio.images import Picture, picture
from studio.requests import Control, ImageToImage, Inpaint, Reference, TextToImage
from studio.results import STYLING, NothingFound, Obeyed, Result, details, from_json, to_json

PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=200)
START = picture(Image.new("RGB", (16, 16), "red"))
MASK = picture(Image.new("L", (16, 16), 255))
EDIT = Inpaint(image=START, mask_image=MASK, verb="remove", words="the house", grow=-3, padding_mask_crop=8)


STEERED = (Control(kind="depth", image=START, controlnet="sd15-depth"), Control(kind="pose", skeleton='{"people": []}'))


def find(reference: str) -> Picture:
    assert reference == START.reference
    return START


@given(prompt=PROMPTS, seed=st.integers(-1, 2**32 - 1), guidance=st.floats(0, 30), start=st.booleans())
def test_a_request_comes_back_from_json(prompt: str, seed: int, guidance: float, start: bool) -> None:
    asked = {"prompt": prompt, "seed": seed, "guidance_scale": guidance}
    request = ImageToImage(**asked, image=START) if start else TextToImage(**asked)
    assert from_json(json.loads(json.dumps(to_json(request))), find) == request


def test_what_another_release_added_or_lacked_does_no_harm() -> None:
    assert from_json({"prompt": "a cat", "denoiser": "new"}, find) == TextToImage(prompt="a cat")


@pytest.mark.parametrize("image", [5, ["x"], {"path": "/etc/passwd"}])
def test_a_start_image_that_is_no_reference_is_refused(image: object) -> None:
    with pytest.raises(StudioError, match=r"^Start image: "):
        from_json({"image": image}, find)


def test_a_value_out_of_its_limits_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^Steps: "):
        from_json({"num_inference_steps": 0}, find)


def test_details_are_plain_json() -> None:
    images = (Image.new("RGB", (8, 8)),) * 2
    result = Result(images=images, request=TextToImage(seed=4, num_images_per_prompt=2), seconds=1.23456)
    said = json.loads(json.dumps(details(result, "abc")))
    assert (said["seed"], said["seeds"], said["seconds"], said["job"]) == (4, [4, 5], 1.235, "abc")
    assert said["request"]["seed"] == 4 and said["requests"][1]["seed"] == 5


def test_each_picture_has_the_request_that_gives_it_alone() -> None:
    images = (Image.new("RGB", (8, 8)),) * 2
    result = Result(images=images, request=TextToImage(seed=4, num_images_per_prompt=2), seconds=1.0)
    assert [(one.seed, one.num_images_per_prompt) for one in result.requests] == [(4, 1), (5, 1)]


def test_an_edit_comes_back_from_json_with_its_picture_and_its_mask() -> None:
    said = json.loads(json.dumps(to_json(EDIT)))
    assert (said["image"], said["mask_image"]) == (START.reference, MASK.reference)
    kept = {picture.reference: picture for picture in (START, MASK)}
    assert from_json(said, kept.__getitem__) == EDIT


def test_an_edit_without_a_mask_comes_back_from_json() -> None:
    extension = Inpaint(image=START, verb="extend", left=8, bottom=16)
    assert from_json(json.loads(json.dumps(to_json(extension))), find) == extension


@pytest.mark.parametrize("mask", [5, ["x"], {"path": "/etc/passwd"}])
def test_a_mask_that_is_no_reference_is_refused(mask: object) -> None:
    with pytest.raises(StudioError, match=r"^Mask: the settings do not tell which picture it was. Choose one."):
        from_json({"image": START.reference, "mask_image": mask}, find)


def test_an_edit_without_its_picture_is_refused() -> None:
    with pytest.raises(StudioError, match=r"^Picture: needs a picture"):
        from_json({"verb": "replace"}, find)


def test_what_comes_nearest_goes_along_when_nothing_is_found() -> None:
    error = NothingFound("Mask: nothing looks like that.", MASK)
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(other), other.guess) == ("Mask: nothing looks like that.", MASK)


def test_controls_come_back_from_json_with_their_pictures() -> None:
    request = TextToImage(controls=STEERED, method="t2i_adapter", guess_mode=True)
    said = json.loads(json.dumps(to_json(request)))
    assert [control["image"] for control in said["controls"]] == [START.reference, None]
    assert from_json(said, find) == request


def test_an_edit_with_controls_comes_back_from_json() -> None:
    edit = Inpaint(image=START, mask_image=START, verb="remove", controls=STEERED[:1])
    assert from_json(json.loads(json.dumps(to_json(edit))), find) == edit


@pytest.mark.parametrize("controls", [5, "canny", {"kind": "canny"}, [5]])
def test_controls_that_are_none_are_refused(controls: object) -> None:
    with pytest.raises(InvalidField, match="^Controls: "):
        from_json({"controls": controls}, find)


STYLED = {"references": (Reference(image=START, ip_adapter_scale=0.3),), "transfer": "both", "ip_adapter": "sdxl"}


@pytest.mark.parametrize("made_of", [TextToImage, ImageToImage, Inpaint])
def test_references_come_back_from_json_with_their_pictures(made_of: type[TextToImage]) -> None:
    start = {} if made_of is TextToImage else {"image": START}
    request = made_of(**STYLED, **start, controls=STEERED[:1])
    said = json.loads(json.dumps(to_json(request)))
    assert said["references"] == [{"image": START.reference, "ip_adapter_scale": 0.3}]
    assert from_json(said, find) == request


def test_without_references_nothing_is_said_of_them() -> None:
    assert not {*STYLING} & {*to_json(TextToImage(transfer="both"))}


@pytest.mark.parametrize("references", [5, "cat", {"image": START.reference}, [5]])
def test_references_that_are_none_are_refused(references: object) -> None:
    with pytest.raises(InvalidField, match="^References: "):
        from_json({"references": references}, find)


def test_a_control_whose_picture_is_gone_says_so() -> None:
    def gone(reference: str) -> Picture:
        raise StudioError("Start image: it is gone.")

    with pytest.raises(StudioError, match="it is gone"):
        from_json(to_json(TextToImage(controls=STEERED)), gone)


def test_details_tell_how_far_each_picture_obeys() -> None:
    obeyed = ((Obeyed(kind="canny", measure="edges", value=0.5), Obeyed(kind="pose", measure="pose", value=None)),)
    result = Result(images=(Image.new("RGB", (8, 8)),), request=TextToImage(seed=4), seconds=1.0, obeyed=obeyed)
    (said,) = json.loads(json.dumps(details(result)))["obeyed"]
    assert said[0] == {"kind": "canny", "measure": "edges", "value": 0.5} and said[1]["value"] is None
