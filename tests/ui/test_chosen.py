"""What is done with the picture that is chosen."""

from dataclasses import replace

import gradio as gr
import pytest
from PIL import Image

from studio import images, outputs
from studio.axes import Axis
from studio.errors import StudioError
from studio.grids import Grid
from studio.requests import ImageToImage, Reference, TextToImage, made
from studio.results import Result, details
from studio.ui import chosen, uploads
from studio.ui.page import Page

PAINTED = Image.new("RGB", (96, 96), "red")
WORDS = TextToImage(
    prompt="a cat\na dog",
    prompt_per_line=True,
    seed=7,
    num_images_per_prompt=2,
    num_inference_steps=4,
    width=96,
    height=96,
    guidance_scale=4,
    scheduler="Euler",
)
WORDS_ALONE = TextToImage(prompt="a cat", seed=1)
PICTURE = images.picture(PAINTED)


def told(request: TextToImage | Grid, count: int, requests: tuple = ()) -> list[dict[str, object]]:
    return details(Result(images=(PAINTED,) * count, request=request, seconds=1, requests=requests))["requests"]


def unasked(reference: str) -> images.Picture:
    raise AssertionError(f"{reference} is nobody's control picture")


def test_settings_are_those_of_the_chosen_picture_alone() -> None:
    values = chosen.settings_of(told(WORDS, 4), 3)
    assert (values["prompt"], values["seed"], values["num_images_per_prompt"]) == ("a dog", 10, 1)
    assert values["prompt_per_line"] is False and values["image"] is None


def test_settings_of_a_picture_from_a_picture_name_it() -> None:
    request = ImageToImage(prompt="a cat", image=PICTURE, seed=1, num_inference_steps=4)
    assert chosen.settings_of(told(request, 1), 0)["image"] == PICTURE.reference


def test_settings_of_a_sheet_are_its_axes() -> None:
    grid = Grid(base=WORDS_ALONE, x=Axis(field="seed", values=(1, 2)))
    values = chosen.settings_of(told(grid, 3, (grid, WORDS_ALONE, WORDS_ALONE)), 0)
    assert (values["prompt"], values["x_field"], values["x_values"], values["y_field"]) == ("a cat", "seed", "1, 2", "")


@pytest.mark.parametrize("index", [4, -1, None, "0", 1.5, True])
@pytest.mark.parametrize("said", [None, {}, [], "x", {"0": 3}, ["x"], [3], told(WORDS, 4)])
def test_what_tells_no_picture_is_refused(said: object, index: object) -> None:
    with pytest.raises(StudioError, match=r"^Settings: there is no picture to take them from"):
        chosen.settings_of(said, index)


@pytest.fixture
def extended() -> dict[str, object]:
    """What an Extend says of itself: it needed no mask."""
    picture = uploads.served(images.picture(Image.new("RGB", (64, 64))))
    return {"image": picture, "mask_image": None, "verb": "extend", "right": 64, "words": "the house"}


def test_an_extend_that_is_reused_looks_for_no_mask(page: Page, extended: dict[str, object]) -> None:
    values = chosen.with_files(page, extended, gr.Request())
    assert (values["source"], values["mask_image"], values["strokes"]) == ("none", None, None)


def test_a_mask_that_is_lost_leaves_none_in_its_place(page: Page, extended: dict[str, object]) -> None:
    lost = {**extended, "mask_image": "sha256:" + "0" * 64}
    assert chosen.with_files(page, lost, gr.Request())["mask_image"] is None


def test_a_variation_starts_from_the_picture_with_a_seed_of_its_own() -> None:
    varied = chosen.variation(chosen.settings_of(told(WORDS, 4), 0), PICTURE, 0.5, unasked)
    assert varied == ImageToImage(
        **vars(made(chosen.settings_of(told(WORDS, 4), 0))) | {"image": PICTURE, "strength": 0.5, "seed": -1}
    )


def test_a_variation_takes_after_the_same_references() -> None:
    styled = replace(WORDS_ALONE, num_inference_steps=4, references=(Reference(image=PICTURE, ip_adapter_scale=0.3),))
    varied = chosen.variation(chosen.settings_of(told(styled, 1), 0), PICTURE, 0.5, {PICTURE.reference: PICTURE}.get)
    assert varied.references == styled.references


def test_references_that_are_reused_come_with_their_files(page: Page) -> None:
    reference = outputs.keep_input(PICTURE, page.settings.outputs, owner="local")
    styled = replace(WORDS_ALONE, references=(Reference(image=PICTURE), Reference(image=PICTURE, ip_adapter_scale=0.3)))
    put = chosen.with_files(page, chosen.settings_of(told(styled, 1), 0), gr.Request())
    assert reference == PICTURE.reference and put["reference_2_ip_adapter_scale"] == 0.3
    assert all(uploads.kept(put[f"reference_{number}_image"]) for number in (1, 2))
    assert put["reference_3_image"] is None and put["keep_drawing"] is False


def test_a_sheet_is_not_varied() -> None:
    grid = Grid(base=WORDS_ALONE, x=Axis(field="seed", values=(1, 2)))
    with pytest.raises(StudioError, match="^Vary: this is the sheet"):
        chosen.variation(chosen.settings_of(told(grid, 1, (grid,)), 0), PICTURE, 0.5, unasked)


def test_a_variation_of_a_picture_of_one_step_runs_one() -> None:
    values = chosen.settings_of(told(WORDS, 4), 0) | {"num_inference_steps": 1}
    assert chosen.variation(values, PICTURE, 0.5, unasked).num_inference_steps == 2
