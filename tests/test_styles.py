"""Styles are words around a prompt: none is lost, and none is left dangling."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import prompts
from studio.errors import NotFound
from studio.styles import STYLES, Style, applied, style

WORDS = st.text("ab, ({|}):1.2\n", max_size=20)
NAMES = st.lists(st.sampled_from([row.name for row in STYLES]), max_size=4)


def test_there_are_more_than_forty_with_names_of_their_own() -> None:
    assert len({row.name for row in STYLES}) == len(STYLES) >= 40
    assert {row.group for row in STYLES} >= {
        "Storybook",
        "Photo",
        "Painting",
        "Drawing",
        "Print",
        "3D",
        "Light",
        "Mood",
    }


def test_groups_stand_together() -> None:
    groups = [row.group for row in STYLES]
    changes = sum(before != after for before, after in zip(groups, groups[1:], strict=False))
    assert changes == len(set(groups)) - 1


@pytest.mark.parametrize("row", STYLES, ids=lambda row: row.name)
def test_each_row_is_plain_words_with_one_place_for_the_prompt(row: Style) -> None:
    assert row.prompt.count("{prompt}") == 1
    for text in (row.prompt.replace("{prompt}", "a cat"), row.negative_prompt):
        assert prompts.is_plain(text)
        assert text == ", ".join(part.strip() for part in text.split(",") if part.strip())


def test_looks_of_storybook_are_said_in_its_words() -> None:
    said = {row.prompt.removeprefix("{prompt}, ") for row in STYLES if row.group == "Storybook"}
    assert said == {"watercolor", "pencil sketch", "neon"}


@pytest.mark.parametrize("prompt", ["", " ", ",", " ,\n"])
@pytest.mark.parametrize("row", STYLES, ids=lambda row: row.name)
def test_a_style_without_words_is_a_prompt_of_its_own(row: Style, prompt: str) -> None:
    found, unwanted = applied([row.name], prompt, prompt)
    parts = found.split(", ")
    assert all(parts) and not re.search(r"\{|,,|^,|,$|\s{2}|^ | $", found)
    assert not any(re.search(r"\b(of|with|in|on|a|the|and|from|by)$", part) for part in parts)
    assert unwanted == row.negative_prompt or not row.negative_prompt


def test_styles_combine_in_their_order() -> None:
    assert applied(["Pencil page", "Oil"], "a cat", "dog") == (
        "oil painting of a cat, pencil sketch, visible brushwork, layered glazes, canvas weave",
        "dog, photograph, smooth digital shading",
    )
    assert applied(["Pencil page", "Neon page"], "a cat", "") == ("a cat, pencil sketch, neon", "")


def test_what_is_unwanted_twice_is_said_once() -> None:
    _, unwanted = applied(["Oil", "Palette knife"], "a cat", "photograph")
    assert unwanted == "photograph, smooth digital shading, thin lines"


def test_commas_where_they_join_do_not_pile_up() -> None:
    found = applied(["Overcast"], " a cat, ", "dog, ,")
    assert found == ("a cat, overcast sky, soft even light, gentle colours", "dog, hard shadows, sun")


def test_words_of_the_user_are_never_taken_for_the_place() -> None:
    assert applied(["Pencil page", "Neon page"], "{prompt}", "")[0] == "{prompt}, pencil sketch, neon"


def test_no_style_changes_nothing() -> None:
    assert applied([], " a cat, ", " dog,") == (" a cat, ", " dog,")


@given(NAMES, WORDS, WORDS)
def test_the_user_s_words_are_in_the_result(names: list[str], prompt: str, negative_prompt: str) -> None:
    found, unwanted = applied(names, prompt, negative_prompt)
    assert prompt.strip(" \n,") in found
    assert negative_prompt.strip(" \n,") in unwanted


def test_unknown_styles_are_told_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"^Style: there is no 'Watercolour'\. Choose .* such as Watercolor, "):
        style("Watercolour")
