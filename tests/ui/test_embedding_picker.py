"""The picker of embeddings: it lists what is here with whether it fits, and holds nothing of its own."""

import gradio as gr

from studio.ui import embedding_picker
from studio.ui.page import Page


def listed(page: Page, checkpoint: object) -> list[dict[str, object]]:
    with page.blocks:
        picker = embedding_picker.build(page)
    assert isinstance(picker, gr.HTML)
    return [row for row in picker.listed(checkpoint) if not row["is_bundled"]]


def test_the_list_is_that_of_the_checkpoint(page: Page) -> None:
    assert [(row["name"], row["fits"]) for row in listed(page, "one")] == [("inkish", True)]
    assert [(row["name"], row["fits"]) for row in listed(page, "storybook")] == [("inkish", False)]


def test_before_the_page_tells_which_it_is_that_of_the_picker(page: Page) -> None:
    assert [row["fits"] for row in listed(page, None)] == [False]


def test_a_checkpoint_that_is_not_here_has_none(page: Page) -> None:
    assert listed(page, "nothing") == []
