"""The endpoints of what steers a picture, called as a stranger would."""

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import skeletons
from studio.skeletons import Skeleton
from studio.ui.page import ASSETS
from studio.vision import preprocessors

BLANK = preprocessors.preprocessor("canny").blank
PEOPLE = skeletons.to_json([Skeleton(joints={"neck": (0.5, 0.3), "nose": (0.5, 0.2)})], (128, 128))
HOUSE = handle_file(str(ASSETS / "examples" / "house.png"))


def test_a_picture_is_preprocessed(client: Client) -> None:
    path, details = client.predict(image=HOUSE, preprocessor="scribble", api_name="/preprocess")
    with Image.open(path) as control:
        assert control.size == (128, 128) and control.mode == "L" and control.getextrema() == (0, 255)
    assert details["note"] == "" and details["seconds"] >= 0


def test_a_plain_picture_is_said_to_give_nothing_to_follow(client: Client, tmp_path: str) -> None:
    file = f"{tmp_path}/plain.png"
    Image.new("RGB", (64, 64), "teal").save(file)
    _, details = client.predict(image=handle_file(file), api_name="/preprocess")
    assert details["note"] == BLANK


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"preprocessor": "sobel"}, "Preprocessor: there is no 'sobel'"),
        ({"low_threshold": 0}, "Low threshold: "),
        ({"detect_resolution": 10_000}, "Resolution: "),
        ({"reduction": 2}, "Blur: Canny takes none."),
        ({"image": None}, "Picture: "),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_is_refused_in_words(client: Client, values: dict[str, object], said: str) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(**{"image": HOUSE, **values}, api_name="/preprocess")


def painted(client: Client, **values: object) -> tuple[list[str], dict]:
    """What `/control` gives for the tiny checkpoint, which paints by words alone: the controls are measured."""
    usual = {"checkpoint": "one", "method": "none", "num_inference_steps": 1, "seed": 7, "kinds": "canny"}
    return client.predict(**usual | values, api_name="/control")


def test_every_picture_tells_how_far_it_obeys_each_control(client: Client) -> None:
    pictures, details = painted(
        client, control_images=[HOUSE, HOUSE], kinds=["canny", "scribble"], num_images_per_prompt=2
    )
    assert len(pictures) == 2
    assert [[one["kind"] for one in of_picture] for of_picture in details["obeyed"]] == [["canny", "scribble"]] * 2
    assert all(0 <= one["value"] <= 1 for of_picture in details["obeyed"] for one in of_picture)


def test_a_kind_and_a_setting_may_be_for_all_controls(client: Client) -> None:
    _, details = painted(client, control_images=[HOUSE, HOUSE], controlnet_conditioning_scale=[0.5, 1.0])
    assert details["request"]["kinds"] == ["canny", "canny"]
    assert details["request"]["controlnet_conditioning_scale"] == [0.5, 1.0]


def test_the_request_of_the_details_gives_the_same_bytes_again(client: Client) -> None:
    pictures, details = painted(client, control_images=[HOUSE], prompt="a cat")
    again, _ = client.predict(**details["request"], api_name="/control")
    with Image.open(pictures[0]) as one, Image.open(again[0]) as other:
        assert one.tobytes() == other.tobytes()


def test_people_may_be_sent_in_place_of_a_picture(client: Client) -> None:
    _, details = painted(client, kinds="pose", skeletons=[PEOPLE])
    assert details["obeyed"][0][0]["kind"] == "pose"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Control picture: there is none"),
        ({"control_images": [HOUSE] * 4}, "4 are too many at once; send 3 or fewer"),
        ({"control_images": [HOUSE], "kinds": ["canny", "pose"]}, "2 kinds for 1 controls"),
        ({"control_images": [HOUSE], "kinds": "smell"}, "Control: there is no 'smell'"),
        ({"control_images": [HOUSE], "control_guidance_start": 0.5, "control_guidance_end": 0.4}, "Starts at: "),
        ({"control_images": [HOUSE], "controlnet_conditioning_scale": [1, 1]}, "Weight: 2 values for 1 controls"),
        ({"control_images": [HOUSE], "controlnet_conditioning_scale": 3}, "Weight: "),
        ({"control_images": [HOUSE], "preprocessor": "midas"}, "does not make what Canny follows"),
        ({"control_images": [HOUSE], "preprocess": "no"}, "Preprocess: is either on or off"),
        ({"kinds": "pose", "skeletons": "{"}, "Skeleton: this is no JSON"),
        ({"kinds": "pose", "skeletons": '{"people": []}'}, "Skeleton: nobody is in it"),
        (
            {"control_images": [HOUSE], "method": "controlnet", "controlnet": "sd15-canny"},
            "is for Stable Diffusion 1.x, but .* is Storybook",
        ),
        ({"control_images": [HOUSE], "method": "controlnet", "kinds": "tile"}, "Storybook has no ControlNet for Tile"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_followed_is_refused_in_words(client: Client, values: dict[str, object], said: str) -> None:
    with pytest.raises(AppError, match=said):
        painted(client, **values)
