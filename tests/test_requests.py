"""Every field is checked in one place: a request that exists can be run."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio import catalog
from studio.errors import InvalidField
from studio.images import picture
from studio.requests import (
    LARGEST_SEED,
    MOST_PICTURES,
    RULES,
    ImageToImage,
    TextToImage,
    count,
    made,
    resolved,
    single,
    steps_of,
)
from studio.rules import UNSEEN

STORYBOOK = catalog.checkpoint("storybook")
START = picture(Image.new("RGB", (300, 200), "red"))
COLOURS = {"colour": ("red", "green", "blue")}

BAD = [
    ("num_inference_steps", 0, "Steps: needs a whole number from 1 to 150; 0 is outside."),
    ("num_inference_steps", 20.5, "Steps: needs a whole number from 1 to 150, not 20.5."),
    ("num_inference_steps", True, "Steps: needs a whole number from 1 to 150, not True."),
    ("num_inference_steps", "20", "Steps: needs a whole number from 1 to 150, not '20'."),
    ("num_inference_steps", [20], "Steps: needs a whole number from 1 to 150, not [20]."),
    ("guidance_scale", float("nan"), "Guidance (CFG): needs a number from 0 to 30, not nan."),
    ("guidance_scale", 1e30, "Guidance (CFG): needs a number from 0 to 30; 1e+30 is outside."),
    ("guidance_scale", float("inf"), "Guidance (CFG): needs a number from 0 to 30, not inf."),
    ("height", 0, "Height: needs a whole number from 64 to 2048; 0 is outside."),
    ("height", -64, "Height: needs a whole number from 64 to 2048; -64 is outside."),
    ("width", 4096, "Width: needs a whole number from 64 to 2048; 4096 is outside."),
    ("seed", 2**32, "Seed: needs a whole number from -1 to 4294967295; 4294967296 is outside."),
    ("seed", None, "Seed: needs a whole number from -1 to 4294967295, not nothing."),
    ("num_images_per_prompt", 0, "Pictures: needs a whole number from 1 to 8; 0 is outside."),
    ("prompt", None, "Prompt: needs text, not nothing."),
    ("prompt", ["a"], "Prompt: needs text, not ['a']."),
    ("prompt", "x" * 10_001, "Prompt: 10,001 characters are too many; use 10,000 or fewer."),
    ("prompt", "a\0b", "Prompt: holds a broken character; delete it or type it again."),
    ("negative_prompt", "\ud800", "Negative prompt: holds a broken character; delete it or type it again."),
    ("scheduler", "Eulerish", "Sampler: there is no 'Eulerish'."),
    ("checkpoint", {}, "Checkpoint: needs text, not {}."),
    ("clip_skip", 9, "Clip skip: needs a whole number from 0 to 8; 9 is outside."),
    ("prompt_per_line", "no", "One prompt a line: is either on or off (true or false), not 'no'."),
    ("embed_metadata", 1, "Settings in file: is either on or off (true or false), not 1."),
    ("second_pass_scale", 0.5, "Second pass: needs a number from 1 to 4; 0.5 is outside."),
    ("image", "cat.png", "Start image: needs a picture."),
    ("strength", 1.01, "Strength: needs a number from 0.02 to 1; 1.01 is outside."),
    ("strength", 0, "Strength: needs a number from 0.02 to 1; 0 is outside."),
    ("resize_mode", "zoom", "Resize: there is no 'zoom'; choose one of crop, fill, stretch."),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_values_name_the_field_the_limit_and_the_remedy(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        ImageToImage(**{"image": START, field: value})
    assert caught.value.field == field
    assert str(caught.value).startswith(message)


def test_whole_numbers_may_come_as_floats() -> None:
    request = TextToImage(num_inference_steps=20.0, seed=3.0)
    assert (request.num_inference_steps, request.seed) == (20, 3)
    assert isinstance(request.num_inference_steps, int)


@given(st.sampled_from(sorted(RULES)), st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5))
def test_any_value_is_taken_or_refused_by_name(field: str, value: object) -> None:
    try:
        request = ImageToImage(**{"image": START, field: value})
    except InvalidField as error:
        assert error.field == field
        assert str(error).startswith(f"{RULES[field].label}: ")
    else:
        assert getattr(request, field) == (UNSEEN.sub("", value) if RULES[field].is_prose else value)


def test_resolving_fills_in_the_family_s_defaults() -> None:
    complete = resolved(TextToImage(prompt="a cat"), STORYBOOK)
    assert (complete.width, complete.height) == catalog.default_size(STORYBOOK)
    assert complete.num_inference_steps == catalog.defaults(STORYBOOK)["num_inference_steps"]
    assert complete.scheduler == catalog.defaults(STORYBOOK)["scheduler"]
    assert 0 <= complete.seed <= LARGEST_SEED


def test_resolving_keeps_what_was_asked_and_is_done_once() -> None:
    asked = TextToImage(width=96, guidance_scale=1, seed=5, scheduler="Euler")
    complete = resolved(asked, STORYBOOK)
    assert (complete.width, complete.guidance_scale, complete.seed, complete.scheduler) == (96, 1.0, 5, "Euler")
    assert resolved(complete, STORYBOOK) == complete


def test_drawn_seeds_differ() -> None:
    assert len({resolved(TextToImage(), STORYBOOK).seed for _ in range(20)}) == 20


@pytest.mark.parametrize(("size", "nearest"), [(130, 128), (64, 96), (512, 192), (100, 96)])
def test_sizes_the_family_cannot_paint_are_refused_with_the_nearest(size: int, nearest: int) -> None:
    with pytest.raises(InvalidField, match=f"Width: Storybook paints sizes from 96 to 192 .* nearest is {nearest}"):
        resolved(TextToImage(width=size), STORYBOOK)


def test_requests_pickle_and_do_not_change() -> None:
    request = TextToImage(prompt="a cat")
    assert pickle.loads(pickle.dumps(request)) == request
    with pytest.raises(AttributeError):
        request.prompt = "a dog"


def test_errors_pickle() -> None:
    error = pickle.loads(pickle.dumps(InvalidField("seed", "Seed: too large.")))
    assert (error.field, str(error)) == ("seed", "Seed: too large.")


def test_every_field_has_a_label_and_an_explanation() -> None:
    assert all(rule.label and rule.info for rule in RULES.values())


@pytest.mark.parametrize(
    ("size", "expected"), [((300, 200), (160, 112)), ((50, 50), (128, 128)), ((64, 640), (96, 192))]
)
def test_without_a_size_a_start_image_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    complete = resolved(ImageToImage(image=picture(Image.new("RGB", size))), STORYBOOK)
    assert (complete.width, complete.height) == expected


def test_a_start_image_makes_an_image_to_image() -> None:
    assert type(made({"prompt": "a cat", "image": None, "strength": 0.4})) is TextToImage
    assert made({"prompt": "a cat", "image": START, "strength": 0.4}).strength == 0.4


@pytest.mark.parametrize(("steps", "strength", "run"), [(20, 0.5, 10), (20, 1, 20), (20, 0.49, 9), (4, 0.25, 1)])
def test_strength_runs_its_share_of_the_steps(steps: int, strength: float, run: int) -> None:
    assert steps_of(steps, strength) == run


def test_a_strength_that_leaves_no_step_is_refused_with_the_least_that_does() -> None:
    with pytest.raises(InvalidField, match=r"^Strength: 0.2 of 4 steps .* use a strength of 0.25 or more"):
        resolved(ImageToImage(image=START, strength=0.2, num_inference_steps=4), STORYBOOK)


def test_a_second_pass_too_large_for_the_family_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^Second pass: Storybook can reach 384 pixels a side; choose 3 or less"):
        resolved(TextToImage(second_pass_scale=4), STORYBOOK)


def test_a_sampler_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^Sampler: DDIM does not fit Stable Diffusion 3"):
        resolved(TextToImage(scheduler="DDIM", checkpoint="sd3-medium"), catalog.checkpoint("sd3-medium"))


def test_each_line_is_a_prompt() -> None:
    asked = TextToImage(prompt="a cat\n\n a dog ", prompt_per_line=True, num_images_per_prompt=2, seed=7)
    complete = resolved(asked, STORYBOOK)
    assert count(complete) == 4
    alone = [single(complete, index) for index in range(4)]
    assert [(one.prompt, one.seed) for one in alone] == [("a cat", 7), ("a cat", 8), ("a dog", 9), ("a dog", 10)]
    assert all(count(one) == 1 and not one.prompt_per_line for one in alone)


def test_choices_are_drawn_anew_for_each_picture_by_its_own_seed() -> None:
    asked = TextToImage(prompt="a {red|blue} __colour__ cat", num_images_per_prompt=8, seed=7)
    complete = resolved(asked, STORYBOOK, COLOURS)
    drawn = complete.prompt.split("\n")
    assert len(drawn) == 8 == count(complete) and len(set(drawn)) > 2
    assert not any(sign in complete.prompt for sign in "{|}_")
    lone = resolved(TextToImage(prompt="a {red|blue} __colour__ cat", seed=10), STORYBOOK, COLOURS)
    assert lone.prompt == drawn[3] == single(complete, 3).prompt


@given(st.text("ab{|}_\\\n", max_size=20), st.booleans(), st.integers(1, 3))
def test_resolving_a_resolved_request_changes_nothing(prompt: str, per_line: bool, pictures: int) -> None:
    asked = TextToImage(prompt=prompt, prompt_per_line=per_line, num_images_per_prompt=pictures, seed=3)
    try:
        complete = resolved(asked, STORYBOOK)
    except InvalidField:
        return
    assert resolved(complete, STORYBOOK) == complete
    assert all(resolved(one, STORYBOOK) == one for one in (single(complete, index) for index in range(count(complete))))


def test_a_wildcard_that_is_not_there_names_the_prompt() -> None:
    with pytest.raises(InvalidField, match=r"^Prompt: there is no wildcard 'color'.*colour"):
        resolved(TextToImage(prompt="a __color__ cat"), STORYBOOK, COLOURS)


def test_too_many_pictures_are_refused_before_anything_is_drawn() -> None:
    asked = TextToImage(prompt="{a|b}\n" * 1000, prompt_per_line=True, num_images_per_prompt=8)
    with pytest.raises(InvalidField, match=rf"^Pictures: .*{MOST_PICTURES} are the most"):
        resolved(asked, STORYBOOK)


def test_choices_too_long_to_write_out_are_refused_with_the_remedy() -> None:
    asked = TextToImage(prompt="{a|b}" + "x" * 2000, num_images_per_prompt=8)
    with pytest.raises(InvalidField, match=r"^Prompt: written out for 8 pictures it has 16,015 .* fewer pictures"):
        resolved(asked, STORYBOOK)


def test_signs_that_show_nothing_are_left_out_of_what_is_used_and_kept() -> None:
    assert TextToImage(prompt="\ufeffa\x07 \x1b\u202ecat\r\n\ta dog 👩‍🚀").prompt == "a cat\n\ta dog 👩‍🚀"


def test_a_choice_that_leaves_a_picture_no_words_is_refused() -> None:
    asked = TextToImage(prompt="{|a red house}", num_images_per_prompt=8, seed=0)
    with pytest.raises(InvalidField, match=r"^Prompt: a choice leaves nothing"):
        resolved(asked, STORYBOOK)


def test_a_wildcard_missing_from_the_negative_prompt_is_said_of_it() -> None:
    with pytest.raises(InvalidField, match=r"^Negative prompt: there is no wildcard 'nowhere'") as refused:
        resolved(TextToImage(negative_prompt="__nowhere__"), STORYBOOK)
    assert refused.value.field == "negative_prompt"


def test_seeds_begin_again_after_the_largest() -> None:
    assert single(TextToImage(seed=LARGEST_SEED, num_images_per_prompt=2), 1).seed == 0
