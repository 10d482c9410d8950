"""Requests become the text A1111 would write, and come back from it equal."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio import catalog, images
from studio.infotext import Hashes, embeddings, read, written
from studio.requests import LARGEST_SEED, RESIZE_MODES, ImageToImage, Lora, TextToImage

START = images.picture(Image.new("RGB", (16, 16), "red"))
PLAIN = TextToImage(
    prompt="girl with a beret, ((eyeshadow)), detailed",
    negative_prompt="ugly, [blurry]",
    checkpoint="sd15",
    width=512,
    height=768,
    num_inference_steps=20,
    guidance_scale=7.0,
    scheduler="DPM++ 2M Karras",
    seed=965400086,
)

LETTERS = st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\0")
HARD = st.sampled_from(
    [
        "Negative prompt: x",
        "Steps: 3, Seed: 4, Size: 5x5",
        "\n",
        "\r\n",
        ", ",
        '"',
        "\\",
        "{a|b}",
        '{"a": [1',
        ": ",
        " ",
        "\u2028",
    ]
)
PROMPTS = st.lists(st.text(LETTERS, max_size=9) | HARD, max_size=7).map("".join)
FIELDS = {
    "prompt": PROMPTS,
    "negative_prompt": PROMPTS,
    "checkpoint": st.text(LETTERS, min_size=1, max_size=30),
    "width": st.integers(8, 256).map(lambda side: side * 8),
    "height": st.integers(8, 256).map(lambda side: side * 8),
    "num_inference_steps": st.integers(1, 150),
    "guidance_scale": st.floats(0, 30),
    "scheduler": st.sampled_from([row.label for row in catalog.SAMPLERS]),
    "seed": st.integers(0, LARGEST_SEED),
    "clip_skip": st.integers(0, 8),
    "second_pass_scale": st.just(1.0) | st.floats(1, 4),
    "second_pass_strength": st.just(0.5) | st.floats(0.05, 1),
}
START_FIELDS = {
    "image": st.just(START),
    "strength": st.floats(0.02, 1),
    "resize_mode": st.sampled_from(list(RESIZE_MODES)),
}
REQUESTS = st.builds(TextToImage, **FIELDS) | st.builds(ImageToImage, **FIELDS, **START_FIELDS)


def text_of(request: TextToImage, model_hash: str | None = None) -> str:
    return written(request, model_name=request.checkpoint, version="0.3", hashes=Hashes(model=model_hash))


@settings(max_examples=1000, deadline=None)
@given(REQUESTS)
def test_a_request_comes_back_equal(request: TextToImage) -> None:
    found = read(text_of(request, "0123456789"))
    again = dict(found.values)
    if isinstance(request, ImageToImage):
        assert again.pop("image") == START.reference
        again["image"] = START
    assert type(request)(**again) == request
    assert not found.unknown and not found.notes


def test_the_line_of_settings_keeps_a1111s_order() -> None:
    request = replace(PLAIN, clip_skip=1, second_pass_scale=2.0, second_pass_strength=0.4)
    assert text_of(request, "6ce0161689") == (
        "girl with a beret, ((eyeshadow)), detailed\n"
        "Negative prompt: ugly, [blurry]\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, "
        "Model hash: 6ce0161689, Model: sd15, Denoising strength: 0.4, Clip skip: 2, "
        "Hires upscale: 2, Hires upscaler: Lanczos, Version: Easel 0.3"
    )


def test_what_is_empty_is_left_out() -> None:
    text = text_of(TextToImage(seed=5))
    assert text == "CFG scale: 7, Seed: 5".removeprefix("CFG scale: 7, ") + ", Model: storybook, Version: Easel 0.3"
    assert TextToImage(**read(text).values) == TextToImage(seed=5)


@pytest.mark.parametrize("name", ["a, b", "a: b", "two\nlines", '"quoted"', " blank ", "{brace", "[bracket"])
def test_a_value_that_would_end_too_soon_is_quoted(name: str) -> None:
    request = replace(PLAIN, checkpoint=name)
    assert read(text_of(request)).values["checkpoint"] == name


def test_only_prompts_that_would_not_come_back_are_said_twice() -> None:
    assert "Prompts" not in text_of(replace(PLAIN, prompt="one,\ntwo: {three|four}\n\nSteps: 3, Seed: 1, Size: 2x2"))
    assert "Prompts" in text_of(replace(PLAIN, prompt="one\nNegative prompt: two"))
    assert "Prompts" in text_of(replace(PLAIN, prompt="one "))


def test_loras_are_tags_at_the_end_and_their_hashes_stand_before_the_version() -> None:
    request = replace(PLAIN, prompt="a cat", loras=[Lora(name="ink", scale=0.8), Lora(name="a, b/wet")])
    hashes = {"ink": "0123456789ab", "a, b/wet": "ba9876543210"}
    text = written(request, model_name="sd15", version="0.3", hashes=Hashes(loras=hashes))
    assert text.startswith("a cat <lora:ink:0.8> <lora:a, b/wet:1>\n")
    assert text.endswith(', Lora hashes: "ink: 0123456789ab, a b/wet: ba9876543210", Version: Easel 0.3')
    found = read(text)
    assert TextToImage(**found.values) == request and not found.unknown and not found.notes


def test_loras_may_make_a_prompt_longer_than_one_may_be_written() -> None:
    request = replace(PLAIN, prompt="a " * 4_999, loras=[Lora(name="ink")])
    assert "<lora:ink:1>" in text_of(request)


def test_the_hashes_of_embeddings_stand_beside_those_of_loras() -> None:
    hashes = Hashes(loras={"ink": "0123456789ab"}, embeddings={"wet look": "ba9876543210", "a: b": "001122334455"})
    text = written(replace(PLAIN, prompt="a wet look"), model_name="sd15", version="0.3", hashes=hashes)
    said = 'Lora hashes: "ink: 0123456789ab", TI hashes: "wet look: ba9876543210, a b: 001122334455"'
    assert text.endswith(f", {said}, Version: Easel 0.3")
    assert embeddings(text) == ("wet look", "a b")
    assert not read(text, {"sd15": "sd15"}).unknown
    assert embeddings("a house") == ()
