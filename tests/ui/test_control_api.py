"""The endpoints of what steers a picture, called as a stranger would."""

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio.ui.page import ASSETS
from studio.vision import preprocessors

BLANK = preprocessors.preprocessor("canny").blank
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
