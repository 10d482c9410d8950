"""The style cards and the line that says what they add."""

import gradio as gr
import pytest

from studio import outputs, styles
from studio.errors import NotFound
from studio.ui import style_cards

SUBJECT = "a red house on the grass, mountains"


def test_every_style_has_a_card_in_its_group() -> None:
    with gr.Blocks():
        html = style_cards.build().html_template
    assert all(f"data-name='{row.name}'" in html for row in styles.STYLES)
    assert all(f"aria-label='{row.group}'" in html for row in styles.STYLES)


def test_every_picture_was_painted_in_its_style() -> None:
    named = {row.name.lower().replace(" ", "-"): row for row in styles.STYLES}
    pictures = list(style_cards.PICTURES.iterdir())
    assert len(pictures) == len([row for row in styles.STYLES if row.group == "Storybook"])
    for path in pictures:
        said = outputs.found(path).values["prompt"]
        assert styles.applied([named[path.stem].name], SUBJECT, "")[0] == said


def test_the_line_says_what_is_added() -> None:
    said = style_cards.added(["Watercolor page", "Moonlight"])
    assert "…, watercolor, cold moonlight" in said and "without: sunshine" in said
    assert style_cards.added([]) == style_cards.NONE


def test_a_style_that_is_none_is_named() -> None:
    with pytest.raises(NotFound, match="^Style: there is no"):
        style_cards.added(["Nope"])
