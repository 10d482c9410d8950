"""Every field is checked in one place: a request that exists can be run."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import catalog
from studio.errors import InvalidField
from studio.requests import LARGEST_SEED, RULES, TextToImage, resolved

STORYBOOK = catalog.family("storybook")

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
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_values_name_the_field_the_limit_and_the_remedy(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        TextToImage(**{field: value})
    assert caught.value.field == field
    assert str(caught.value).startswith(message)


def test_whole_numbers_may_come_as_floats() -> None:
    request = TextToImage(num_inference_steps=20.0, seed=3.0)
    assert (request.num_inference_steps, request.seed) == (20, 3)
    assert isinstance(request.num_inference_steps, int)


@given(st.sampled_from(sorted(RULES)), st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5))
def test_any_value_is_taken_or_refused_by_name(field: str, value: object) -> None:
    try:
        request = TextToImage(**{field: value})
    except InvalidField as error:
        assert error.field == field
        assert str(error).startswith(f"{RULES[field].label}: ")
    else:
        assert getattr(request, field) == value


def test_resolving_fills_in_the_family_s_defaults() -> None:
    complete = resolved(TextToImage(prompt="a cat"), STORYBOOK)
    assert (complete.width, complete.height) == STORYBOOK.sizes[0]
    assert complete.num_inference_steps == STORYBOOK.defaults["num_inference_steps"]
    assert complete.scheduler == STORYBOOK.defaults["scheduler"]
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
