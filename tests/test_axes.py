"""Axes as people write them: values with commas, ranges, words in quotes; wrong ones say how to write them right."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.axes import FIELDS, MOST_CELLS, RULES, Axis, parse
from studio.catalog import SAMPLERS
from studio.errors import InvalidField
from studio.rules import UNSEEN

WRITTEN = [
    ("seed", "7", (7,)),
    ("seed", "1, 2,3\n4", (1, 2, 3, 4)),
    ("seed", "1-5", (1, 2, 3, 4, 5)),
    ("seed", "5-1", (5, 4, 3, 2, 1)),
    ("seed", "1-5 (+2)", (1, 3, 5)),
    ("seed", "1-6(2)", (1, 3, 5)),
    ("seed", "9 - 1 (-4)", (9, 5, 1)),
    ("seed", "-1", (-1,)),
    ("seed", "-1-2", (-1, 0, 1, 2)),
    ("seed", "2--1 (-3)", (2, -1)),
    ("seed", "−1–1", (-1, 0, 1)),
    ("seed", "3-3", (3,)),
    ("seed", "1-10 [4]", (1, 4, 7, 10)),
    ("seed", "1-10 [5]", (1, 3, 6, 8, 10)),
    ("seed", "10-1 [2]", (10, 1)),
    ("seed", "1-3, 10, 20-22 (+2)", (1, 2, 3, 10, 20, 22)),
    ("num_inference_steps", "5., 10.0", (5, 10)),
    ("guidance_scale", "7", (7.0,)),
    ("guidance_scale", "1-3", (1.0, 2.0, 3.0)),
    ("guidance_scale", "0.5-1 (+0.25)", (0.5, 0.75, 1.0)),
    ("guidance_scale", "0.1-0.7 (+.1)", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),
    ("guidance_scale", "1.1-0.8 (-0.1)", (1.1, 1.0, 0.9, 0.8)),
    ("strength", "0.2-0.8 [4]", (0.2, 0.4, 0.6, 0.8)),
    ("strength", "0.5-1 [4]", (0.5, 0.6667, 0.8333, 1.0)),
    ("width", "512-1024 [4]", (512, 680, 856, 1024)),
    ("width", "96-128", (96, 104, 112, 120, 128)),
    ("scheduler", "Euler, Euler a", ("Euler", "Euler a")),
    ("scheduler", "euler A, HEUN", ("Euler a", "Heun")),
    ("checkpoint", "storybook, dreamshaper-8", ("storybook", "dreamshaper-8")),
    ("resize_mode", "fill, Crop to fit", ("fill", "crop")),
    ("prompt", "cat", ("cat",)),
    ("prompt", ' cat , "dog, wet" , a "good" cow ', ("cat", "dog, wet", 'a "good" cow')),
    ("prompt", 'cat, "", "say ""no"""', ("cat", "", 'say "no"')),
    ("prompt", "cat,\nmouse\n\ndog", ("cat", "mouse", "dog")),
    ("negative_prompt", '"", blurry', ("", "blurry")),
]

WRONG = [
    ("seed", "", "X axis: Seed: there is no value. Write numbers with commas between"),
    ("seed", "1,,2", "X axis: Seed: the 2. value is empty."),
    ("seed", "1,2,", "X axis: Seed: the 3. value is empty."),
    ("seed", "1-2-3", "X axis: Seed: '1-2-3' is neither a number nor a range."),
    ("seed", "1, two", "X axis: Seed: 'two' is neither a number nor a range."),
    ("seed", "nan", "X axis: Seed: 'nan' is neither a number nor a range."),
    ("seed", "1e3", "X axis: Seed: '1e3' is neither a number nor a range."),
    ("seed", "1-5 (+0)", "X axis: Seed: '1-5 (+0)' never arrives, its step leads elsewhere."),
    ("seed", "1-5 (-1)", "X axis: Seed: '1-5 (-1)' never arrives, its step leads elsewhere."),
    ("seed", "1-5 [1]", "X axis: Seed: '1-5 [1]' holds both its ends, so ask for 2 or more."),
    ("seed", "1-5 [6]", "X axis: Seed: '1-5 [6]' does not hold 6 different values."),
    ("seed", "0-4000000000", "X axis: Seed: '0-4000000000' holds 4,000,000,001 values, more than 100."),
    ("seed", "0-9 [5000]", "X axis: Seed: '0-9 [5000]' holds 5,000 values, more than 100."),
    ("seed", "1-60, 1-60", "X axis: Seed: 120 values are more than 100."),
    ("seed", "-2", "X axis: Seed: needs a whole number from -1 to 4294967295; -2 is outside."),
    ("seed", "9" * 5000, "X axis: Seed: '999"),
    ("num_inference_steps", "20.5", "X axis: Steps: needs a whole number from 1 to 150, not 20.5."),
    ("num_inference_steps", "0-4", "X axis: Steps: needs a whole number from 1 to 150; 0 is outside."),
    ("guidance_scale", "0.2-0.9", "X axis: Guidance (CFG): '0.2-0.9' needs a step, as in 0.2-0.9 [5]."),
    ("scheduler", "Eulerish", "X axis: Sampler: there is no 'Eulerish'. Choose one of the list, such as Euler"),
    ("resize_mode", "squeeze", "X axis: Resize: there is no 'squeeze'; choose one of crop, fill, stretch."),
    ("prompt", '"cat, dog', "X axis: Prompt words: '\"cat' has a quote that does not enclose a whole value."),
    ("prompt", '"cat" x, dog', "X axis: Prompt words: '\"cat\" x' has a quote that does not enclose a whole value."),
    ("prompt", '"", dog', "X axis: Prompt words: the first is searched in the prompt, and must not be empty."),
    ("prompt", "a\0b", "X axis: Prompt: holds a broken character; delete it or type it again."),
    ("image", "1", "X axis: 'image' cannot be compared; choose one of prompt, "),
    ("nonsense", "1", "X axis: 'nonsense' cannot be compared; choose one of prompt, "),
]


@pytest.mark.parametrize(("field", "text", "values"), WRITTEN)
def test_values_are_read_as_they_are_written(field: str, text: str, values: tuple) -> None:
    axis = parse(field, text)
    assert axis == Axis(field=field, values=values)
    assert [type(value) for value in axis.values] == [RULES[field].kind] * len(values)


@pytest.mark.parametrize(("field", "text", "message"), WRONG)
def test_what_is_wrong_is_named(field: str, text: str, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse(field, text)
    assert caught.value.field == "x"
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 400


def test_the_axis_meant_is_named() -> None:
    with pytest.raises(InvalidField, match="^Z axis: Seed: ") as caught:
        parse("seed", "", name="z")
    assert caught.value.field == "z"


def test_every_field_offered_can_be_compared() -> None:
    texts = {
        "scheduler": SAMPLERS[0].label,
        "resize_mode": "crop",
        "width": "128",
        "height": "128",
        "method": "Words alone",
    }
    for field in FIELDS:
        assert parse(field, texts.get(field, "1")).field == field
    assert not {"prompt_per_line", "num_images_per_prompt", "embed_metadata", "image"} & set(FIELDS)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1, max_size=9))
def test_words_come_back_from_their_quotes(words: list[str]) -> None:
    text = ", ".join('"' + word.replace('"', '""') + '"' for word in words)
    assert parse("negative_prompt", text).values == tuple(UNSEEN.sub("", word) for word in words)


@given(st.integers(0, 30_000), st.integers(1, 900), st.integers(1, MOST_CELLS), st.sampled_from([1, 10, 1000]))
def test_ranges_hold_no_rounding_dust(first: int, step: int, count: int, parts: int) -> None:
    expected = tuple((first + step * index) / parts for index in range(count))
    text = f"{first / parts:.3f}-{expected[-1]:.3f} (+{step / parts:.3f})"
    if expected[-1] > 30:
        with pytest.raises(InvalidField, match="from 0 to 30"):
            parse("guidance_scale", text)
    else:
        assert parse("guidance_scale", text).values == expected


@given(st.sampled_from(sorted(FIELDS)), st.text('0123456789.,-+()[] \n"aE−–', max_size=30) | st.text(max_size=20))
def test_any_text_is_an_axis_or_refused_by_name(field: str, text: str) -> None:
    try:
        axis = parse(field, text, name="y")
    except InvalidField as error:
        assert error.field == "y"
        assert str(error).startswith("Y axis: ")
    else:
        rule = RULES[field]
        assert 1 <= len(axis.values) <= MOST_CELLS
        assert all(rule.checked(field, value) == value for value in axis.values)
        assert len(axis.labels) == len(axis.values) and all(axis.labels)


def test_axes_pickle_and_do_not_change() -> None:
    axis = parse("seed", "1-3")
    assert pickle.loads(pickle.dumps(axis)) == axis
    assert hash(axis) == hash(parse("seed", "1,2,3"))
    with pytest.raises(AttributeError):
        axis.field = "width"


def test_labels_are_short() -> None:
    assert parse("guidance_scale", "1, 7.5").labels == ("1", "7.5")
    assert parse("seed", "4294967295").labels == ("4294967295",)
    assert parse("prompt", 'cat, ""').labels == ("cat", "(nothing)")
