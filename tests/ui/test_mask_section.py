"""The mask of the Edit tab: what goes with the picture it belongs to, and what stays."""

from collections.abc import Callable

import gradio as gr
import pytest
from gradio.components import Component
from PIL import Image

from studio import images, masks
from studio.ui import mask_section, uploads
from studio.ui.bench import Bench
from studio.ui.page import Page


def served(size: tuple[int, int], mode: str = "RGB", colour: object = 0) -> str:
    return uploads.served(images.picture(Image.new(mode, size, colour)))


def strokes(size: tuple[int, int]) -> str:
    return served(size, "RGBA", masks.ADD)


@pytest.fixture
def lay(page: Page, bench: Bench) -> Callable[..., dict[Component, object]]:
    """What a new picture puts in place."""
    own = [
        fn.fn for fn in page.blocks.fns.values() if getattr(fn.fn, "__qualname__", "").endswith("_paint.<locals>.lay")
    ]
    return lambda *values: own[0](*values, gr.Request())


def test_a_mask_and_strokes_of_the_picture_s_shape_stay(lay: Callable, bench: Bench) -> None:
    put = lay(served((128, 96)), served((128, 96), "L"), strokes((512, 384)))
    assert not put.keys() & {bench.form.controls["mask_image"], bench.form.controls["strokes"]}


def test_strokes_over_a_picture_of_another_shape_go(lay: Callable, bench: Bench) -> None:
    put = lay(served((192, 96)), None, strokes((512, 384)))
    assert put[bench.form.controls["strokes"]] is None


def test_a_mask_of_another_size_goes(lay: Callable, bench: Bench) -> None:
    put = lay(served((192, 96)), served((128, 96), "L"), None)
    assert put[bench.form.controls["mask_image"]] is None


@pytest.mark.parametrize(("model", "kept"), [("u2netp", "u2netp"), ("clipseg", ""), ("", "")])
def test_a_net_stays_chosen_where_it_finds_in_that_way(model: str, kept: str) -> None:
    assert mask_section._fitting("foreground", model)["value"] == kept


@pytest.mark.parametrize(("model", "downloads"), [("", False), ("storybook-foreground", False), ("u2netp", True)])
def test_find_stays_with_a_foreground_net_that_may_have_to_come(page: Page, model: str, downloads: bool) -> None:
    assert mask_section._may_download(page, {"checkpoint": "storybook", "mask_model": model}) == downloads
