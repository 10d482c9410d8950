"""A picture carries its request, and gives it back."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.errors import StudioError
from studio.requests import TextToImage
from studio.results import Result, details, from_metadata, to_metadata

PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=200)


@given(prompt=PROMPTS, seed=st.integers(-1, 2**32 - 1), guidance=st.floats(0, 30))
def test_a_png_gives_back_the_request_it_was_made_from(prompt: str, seed: int, guidance: float) -> None:
    request = TextToImage(prompt=prompt, seed=seed, guidance_scale=guidance)
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=to_metadata(request, 0))
    assert from_metadata(Image.open(BytesIO(file.getvalue()))) == request


def test_a_picture_from_elsewhere_says_what_it_lacks() -> None:
    with pytest.raises(StudioError, match="carries no settings of Easel"):
        from_metadata(Image.new("RGB", (8, 8)))


def test_details_are_plain_json() -> None:
    result = Result(images=(), request=TextToImage(seed=4), seconds=1.23456)
    said = details(result, "abc")
    assert (said["seed"], said["seconds"], said["job"]) == (4, 1.235, "abc")
    assert said["request"]["seed"] == 4
