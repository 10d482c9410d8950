"""A file holds its settings twice, or not a byte of them."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sd_parsers import ParserManager

from studio import outputs
from studio.errors import StudioError
from studio.infotext import Hashes
from studio.outputs.embedding import infotext_of
from studio.outputs.texts import texts
from studio.requests import TextToImage
from studio.results import from_json
from tests.outputs import examples

FORMATS = ["PNG", "JPEG", "WEBP"]
PIXELS = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8))
PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=300)


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(prompt=PROMPTS, negative_prompt=PROMPTS, seed=st.integers(0, 2**32 - 1), guidance_scale=st.floats(0, 30))
def test_a_file_gives_back_its_request(format: str, **fields: object) -> None:
    request = examples.request(**fields)
    data = outputs.encoded(PIXELS, request, format=format)
    found = outputs.found(data)
    assert found.source == "easel" and not found.unknown and not found.notes
    assert TextToImage(**found.values) == request
    assert texts(data)["parameters"].strip("\ufeff\0") == infotext_of(request).strip("\ufeff\0")


@pytest.mark.parametrize("format", FORMATS)
def test_a_start_image_is_named_and_found_again(format: str) -> None:
    request = examples.from_start()
    values = outputs.found(outputs.encoded(PIXELS, request, format=format)).values
    assert from_json(values, {examples.START.reference: examples.START}.__getitem__) == request


@pytest.mark.parametrize("format", FORMATS)
def test_without_settings_there_is_not_a_byte_of_them(format: str) -> None:
    image = PIXELS.copy()
    image.info = {"comment": b"secret", "parameters": "secret", "icc_profile": b"secret", "dpi": (72, 72)}
    data = outputs.encoded(image, examples.request(prompt="secret", embed_metadata=False), format=format)
    assert texts(data) == {}
    for word in (b"secret", b"easel", b"Easel", b"parameters", b"Exif", b"xmp", b"Software", b"Pillow"):
        assert word not in data
    if format == "PNG":
        assert {data[place - 4 : place] for place in range(16, 20)} and data.count(b"tEXt") + data.count(b"iTXt") == 0


@pytest.mark.parametrize("format", FORMATS)
def test_sd_parsers_reads_our_files(format: str) -> None:
    request = examples.request(prompt="a red house, (snow:1.2)", negative_prompt="rain, fog", scheduler="Euler a")
    read = ParserManager().parse(
        BytesIO(outputs.encoded(PIXELS, request, format=format, hashes=Hashes(model="6ce0161689")))
    )
    (sampler,) = read.samplers
    assert (read.full_prompt, read.full_negative_prompt) == (request.prompt, request.negative_prompt)
    assert (sampler.name, sampler.parameters["steps"], sampler.parameters["seed"]) == ("Euler a", "4", "7")
    assert (sampler.model.name, sampler.model.hash) == ("storybook", "6ce0161689")


def test_pixels_are_the_same_with_and_without() -> None:
    for request in (examples.request(), examples.request(embed_metadata=False)):
        assert Image.open(BytesIO(outputs.encoded(PIXELS, request))).tobytes() == PIXELS.tobytes()


def test_a_checkpoint_is_named_without_its_folder() -> None:
    request = examples.request(checkpoint="/home/alice/models/dream.safetensors")
    data = outputs.encoded(PIXELS, request)
    assert b"alice" not in data and outputs.found(data).values["checkpoint"] == "dream.safetensors"


def test_prompts_too_long_for_a_jpeg_are_refused() -> None:
    request = examples.request(prompt="字" * 10_000, negative_prompt="😀" * 10_000)
    with pytest.raises(StudioError, match="too long to stand in a JPEG"):
        outputs.encoded(PIXELS, request, format="JPEG")
    for format in ("PNG", "WEBP"):
        assert TextToImage(**outputs.found(outputs.encoded(PIXELS, request, format=format)).values) == request


@pytest.mark.parametrize(("mode", "format"), [("RGBA", "JPEG"), ("RGBA", "WEBP"), ("L", "JPEG"), ("LA", "WEBP")])
def test_pictures_of_any_mode_can_be_written(mode: str, format: str) -> None:
    data = outputs.encoded(PIXELS.convert(mode), examples.request(), format=format)
    assert Image.open(BytesIO(data)).size == PIXELS.size
