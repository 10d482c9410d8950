"""The Gallery tab in a real browser, as somebody uses it."""

import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage
from tests.browser.test_generate import UNNAMED

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

Paint = Callable[..., list[int]]


@pytest.fixture
def paint(address: str) -> Paint:
    """Paints a picture of each prompt, in this order, and gives their seeds."""
    client = Client(address, verbose=False)

    def painted(*prompts: str, width: int = 96) -> list[int]:
        said = {"num_inference_steps": 1, "width": width, "height": 96, "api_name": "/generate"}
        return [client.predict(prompt=prompt, **said)[1]["seed"] for prompt in prompts]

    return painted


def gallery_of(page: Page, search: str = "") -> Page:
    """Enter the tab, and look for words."""
    page.get_by_role("tab", name="Gallery").click()
    page.locator(".tile").first.wait_for()
    if search:
        page.get_by_label("Search").fill(search)
        # It is offered once something is left out.
        expect(page.get_by_role("button", name="Show all")).to_be_visible()
    return page


def count(page: Page, said: str) -> None:
    expect(page.locator(".pictures-counted")).to_have_text(said)


def tiles(page: Page) -> Locator:
    return page.locator(".tile-open")


def names(page: Page) -> list[str]:
    return [tile.get_attribute("aria-label") for tile in tiles(page).all()]


def choose(page: Page, *places: int) -> None:
    for place in places:
        page.locator(".tile-pick input").nth(place).check(force=True)


def press(page: Page, name: str) -> None:
    page.locator(".gallery-tab").get_by_role("button", name=name, exact=True).and_(page.locator(":visible")).click()


def opened(page: Page, place: int) -> Locator:
    tiles(page).nth(place).click()
    large = page.locator(".viewer .large")
    expect(large).to_be_visible()
    return large


def test_search_finds_pictures_as_one_types(open_page: OpenPage, paint: Paint) -> None:
    paint("a lighthouse in fog", "a lighthouse at noon")
    page = gallery_of(open_page(), "lighthouse")
    count(page, "2 pictures")
    assert names(page) == ["a lighthouse at noon", "a lighthouse in fog"]
    page.get_by_label("Search").press_sequentially(" NOON")
    count(page, "1 picture")
    page.get_by_label("Search").fill("lighthouse on the moon")
    expect(page.locator(".nothing")).to_contain_text("No picture matches.")
    press(page, "Show all")
    expect(page.get_by_label("Search")).to_have_value("")
    expect(tiles(page).nth(1)).to_be_visible()


def test_days_and_checkpoints_narrow_it_down(open_page: OpenPage, paint: Paint) -> None:
    paint("a calendar")
    page = gallery_of(open_page(), "a calendar")
    count(page, "1 picture")
    for choice, found in (("Today", "1 picture"), ("Last 7 days", "1 picture"), ("Between two days", "1 picture")):
        page.get_by_label("Made").click()
        page.get_by_role("option", name=choice).click()
        count(page, found)
    page.get_by_label("to", exact=True).fill(f"{date.today() - timedelta(days=1)}")
    count(page, "0 pictures")
    page.get_by_label("to", exact=True).fill(f"{date.today()}")
    count(page, "1 picture")
    page.locator(".gallery-tab").get_by_label("Checkpoint").click()
    page.locator(".gallery-tab").get_by_role("option", name="Storybook").click()
    count(page, "1 picture")


def test_a_star_is_found_again(open_page: OpenPage, paint: Paint) -> None:
    paint("a comet", "a comet by day")
    page = gallery_of(open_page(), "comet")
    count(page, "2 pictures")
    opened(page, 1)
    press(page, "Star")
    expect(page.get_by_role("button", name="Remove star")).to_be_visible()
    press(page, "All pictures")
    expect(page.locator(".tile .star")).to_have_count(1)
    page.get_by_label("Show", exact=True).click()
    page.get_by_role("option", name="Starred").click()
    count(page, "1 picture")
    assert names(page) == ["a comet, starred"]


def test_what_was_deleted_comes_back(open_page: OpenPage, paint: Paint) -> None:
    paint("a parrot", "a parrot asleep", "a parrot in flight")
    page = gallery_of(open_page(), "parrot")
    count(page, "3 pictures")
    choose(page, 0, 2)
    press(page, "Delete")
    expect(page.locator(".undo-line")).to_contain_text("2 pictures deleted")
    count(page, "1 picture")
    press(page, "Undo")
    count(page, "3 pictures")
    assert names(page) == ["a parrot in flight", "a parrot asleep", "a parrot"]


def test_the_trash_gives_back_after_a_reload(open_page: OpenPage, paint: Paint) -> None:
    paint("a beetle", "a beetle on its back")
    page = gallery_of(open_page(), "beetle")
    count(page, "2 pictures")
    opened(page, 0)
    page.keyboard.press("Delete")
    count(page, "1 picture")
    page.reload()
    page = gallery_of(page, "beetle")
    page.get_by_label("Show", exact=True).click()
    page.get_by_role("option", name="Deleted").click()
    expect(tiles(page).first).to_have_attribute("aria-label", "a beetle on its back")
    choose(page, 0)
    press(page, "Put back")
    expect(page.locator(".nothing")).to_contain_text("No picture matches.")
    press(page, "Show all")
    page.get_by_label("Search").fill("beetle")
    count(page, "2 pictures")


def test_two_are_compared_with_a_slider(open_page: OpenPage, paint: Paint) -> None:
    seeds = paint("a windmill", "a windmill in a storm")
    page = gallery_of(open_page(), "windmill")
    count(page, "2 pictures")
    choose(page, 0)
    expect(page.get_by_role("button", name="Compare")).to_be_hidden()
    choose(page, 1)
    press(page, "Compare")
    slider = page.get_by_label("How much of the first picture")
    slider.press("End")
    expect(page.locator(".comparison")).to_have_attribute("style", re.compile("--split: 100%"))
    expect(page.locator(".comparison img").first).to_have_js_property("naturalWidth", 96)
    rows = page.locator(".differences")
    expect(rows).to_contain_text("in a storm")
    for seed in seeds:
        expect(rows).to_contain_text(str(seed))
    press(page, "All pictures")
    expect(tiles(page).first).to_be_visible()


def test_those_chosen_come_as_a_zip(open_page: OpenPage, paint: Paint) -> None:
    paint("a kettle", "a kettle boiling")
    page = gallery_of(open_page(), "kettle")
    count(page, "2 pictures")
    tiles(page).nth(0).click(modifiers=["Control"])
    tiles(page).nth(1).click(modifiers=["Shift"])
    expect(page.locator(".picked")).to_have_text("2 chosen")
    with page.expect_download() as download:
        press(page, "Download ZIP")
    assert download.value.suggested_filename == "easel-pictures.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert [name.endswith(".png") for name in archive.namelist()] == [True, True] and archive.testzip() is None


def test_a_picture_is_downloaded_under_its_name(open_page: OpenPage, paint: Paint) -> None:
    paint("a teapot")
    page = gallery_of(open_page(), "teapot")
    count(page, "1 picture")
    opened(page, 0)
    with page.expect_download() as download:
        press(page, "Download")
    assert re.fullmatch(r"\d{6}-[0-9a-f]{8}-0\.png", download.value.suggested_filename)


def test_settings_go_back_into_the_form(open_page: OpenPage, paint: Paint) -> None:
    (seed,) = paint("a snail & <b>bold</b> <img src=x onerror=alert(1)>", width=192)
    page = gallery_of(open_page(), "a snail")
    count(page, "1 picture")
    opened(page, 0)
    expect(page.locator(".words-said")).to_have_text("a snail & <b>bold</b> <img src=x onerror=alert(1)>")
    expect(page.locator(".about")).to_contain_text("192 × 96")
    press(page, "Reuse settings")
    expect(page.locator(".prompt textarea")).to_have_value("a snail & <b>bold</b> <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Advanced").click()
    expect(page.get_by_label("Seed")).to_have_value(str(seed))
    expect(page.get_by_label("Width")).to_have_value("192")


def test_a_picture_is_sent_to_where_one_begins(open_page: OpenPage, paint: Paint) -> None:
    paint("an anchor")
    page = gallery_of(open_page(), "anchor")
    count(page, "1 picture")
    opened(page, 0)
    press(page, "Start image")
    expect(page.locator(".start-image img")).to_have_js_property("naturalWidth", 96)
    expect(page.locator(".prompt textarea")).to_be_visible()


def test_a_picture_taken_from_the_folder_is_said_to_be_gone(open_page: OpenPage, paint: Paint, outputs: Path) -> None:
    paint("a sandcastle")
    page = gallery_of(open_page(), "a sandcastle")
    count(page, "1 picture")
    opened(page, 0)
    max(outputs.rglob("*.png"), key=lambda file: file.stat().st_mtime_ns).unlink()
    press(page, "Start image")
    expect(page.get_by_test_id("toast-body")).to_contain_text("Not sent")


def test_keys_lead_through_it(open_page: OpenPage, paint: Paint) -> None:
    paint("a ladder one", "a ladder two", "a ladder three")
    page = gallery_of(open_page(), "ladder")
    count(page, "3 pictures")
    tiles(page).first.focus()
    page.keyboard.press("ArrowRight")
    expect(tiles(page).nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".words-said")).to_have_text("a ladder two")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".words-said")).to_have_text("a ladder one")
    expect(page.locator(".step[data-step='1']")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(tiles(page).nth(2)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator(".picked")).to_have_text("1 chosen; one more to compare")
    page.keyboard.press("Delete")
    count(page, "2 pictures")
    page.keyboard.press("Control+z")
    count(page, "3 pictures")


def test_what_was_painted_meanwhile_is_there_and_the_choice_stays(open_page: OpenPage, paint: Paint) -> None:
    paint("a harp")
    page = gallery_of(open_page(), "harp")
    count(page, "1 picture")
    choose(page, 0)
    page.get_by_role("tab", name="Generate").click()
    paint("a harp played")
    page.get_by_role("tab", name="Gallery").click()
    count(page, "2 pictures")
    assert [box.is_checked() for box in page.locator(".tile-pick input").all()] == [False, True]


def test_more_than_a_page_is_paged(open_page: OpenPage, address: str) -> None:
    bricks = "\n".join(f"a brick {number}" for number in range(8))
    said = {"num_inference_steps": 1, "width": 96, "height": 96, "num_images_per_prompt": 8, "prompt_per_line": True}
    Client(address, verbose=False).predict(prompt=bricks, **said, api_name="/generate")
    page = gallery_of(open_page(), "a brick")
    count(page, "64 pictures")
    expect(tiles(page)).to_have_count(60)
    choose(page, 0)
    press(page, "Older")
    expect(page.locator(".place")).to_have_text("61–64 of 64")
    expect(tiles(page)).to_have_count(4)
    expect(page.get_by_role("button", name="Older", exact=True)).to_be_disabled()
    choose(page, 3)
    expect(page.locator(".picked")).to_have_text("2 chosen")
    press(page, "Newer")
    expect(page.locator(".place")).to_have_text("1–60 of 64")
    assert page.locator(".tile-pick input").first.is_checked()


@pytest.mark.parametrize("width", [1280, 390])
def test_every_control_has_a_name_and_nothing_scrolls_sideways(open_page: OpenPage, paint: Paint, width: int) -> None:
    paint(f"a word of {width} " + "letters" * 60)
    page = gallery_of(open_page(width=width), f"a word of {width}")
    count(page, "1 picture")
    choose(page, 0)
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    opened(page, 0)
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_phone_shows_two_columns_and_all_there_is_to_do(open_page: OpenPage, paint: Paint) -> None:
    paint("a ferry", "a ferry late", "a ferry early")
    page = gallery_of(open_page(width=390, height=844, has_touch=True, is_mobile=True), "ferry")
    count(page, "3 pictures")
    boxes = [tile.bounding_box() for tile in tiles(page).all()]
    assert boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"] and boxes[0]["width"] > 150
    page.locator(".tile-pick").first.tap()
    tiles(page).nth(1).tap()
    expect(page.locator(".picked")).to_have_text("2 chosen")
    for name in ("Star", "Compare", "Download ZIP", "Delete", "Clear"):
        button = page.locator(".picked-bar").get_by_role("button", name=name, exact=True).bounding_box()
        assert 422 < button["y"] < 844 - button["height"]
    press(page, "Clear")
    tiles(page).nth(2).tap()
    large, words = page.locator(".viewer .large").bounding_box(), page.locator(".words-said").bounding_box()
    assert large["y"] < words["y"]
    for name in ("Star", "Download", "Reuse settings", "Start image", "Delete"):
        button = page.locator(".viewer-tools").get_by_role("button", name=name, exact=True).bounding_box()
        assert 422 < button["y"] < 844 - button["height"]
