"""The Generate tab in a real browser, as somebody uses it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

UNNAMED = """[...document.querySelectorAll("input, textarea, button, [role=combobox]")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText.trim() || one.title))
    .map((one) => one.outerHTML)"""
PICTURES = ".stage .grid-container img"


def prompt_of(page: Page) -> Locator:
    return page.locator(".prompt textarea")


def run(page: Page, *, pictures: int = 1) -> None:
    if pictures > 1:
        page.get_by_label("number input for Pictures").fill(str(pictures))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def is_over(page: Page) -> None:
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def advanced(page: Page) -> None:
    page.get_by_role("button", name="Advanced").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    advanced(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_one_click_paints_a_picture(open_page: OpenPage) -> None:
    page = open_page()
    run(page)
    expect(page.locator(".stage .rough")).to_be_visible()
    expect(page.locator(".said")).to_have_text(re.compile(r"step \d+ of 20"))
    is_over(page)
    expect(page.locator(".said")).to_have_text(re.compile(r"Done in .* s · seed \d+"))
    picture = page.locator(PICTURES).first
    expect(picture).to_have_js_property("naturalWidth", 128)
    assert picture.bounding_box()["width"] >= 384
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename.endswith(".png")


def test_stop_ends_the_run(open_page: OpenPage) -> None:
    page = open_page()
    run(page, pictures=8)
    page.get_by_role("button", name="Stop").click()
    is_over(page)


def test_a_reload_finds_the_running_job_and_the_words(open_page: OpenPage) -> None:
    page = open_page()
    prompt_of(page).fill("two cats & a <b>ball</b>")
    run(page, pictures=8)
    expect(page.locator(".said")).to_contain_text("step")
    page.reload()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(prompt_of(page)).to_have_value("two cats & a <b>ball</b>")
    is_over(page)
    expect(page.locator(PICTURES)).to_have_count(8)


def test_keys_run_and_stop(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("number input for Pictures").fill("8")
    prompt_of(page).press("Control+Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("Escape")
    is_over(page)


def test_the_focus_stays_on_the_button_that_turns(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("number input for Pictures").fill("8")
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()


def test_every_control_has_a_name(open_page: OpenPage) -> None:
    page = open_page()
    advanced(page)
    assert page.evaluate(UNNAMED) == []


def test_a_bad_value_is_named_beside_the_button_and_in_a_toast(open_page: OpenPage) -> None:
    page = open_page()
    advanced(page)
    page.get_by_label("Seed").fill("1.5")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".message")).to_have_text(re.compile(r"^Seed: needs a whole number"))
    expect(page.get_by_test_id("toast-body")).to_contain_text("Seed: needs a whole number")
    is_over(page)


def test_words_go_into_the_prompt_and_out(open_page: OpenPage) -> None:
    page = open_page()
    prompt = prompt_of(page)
    red, blue, night = (page.get_by_role("button", name=word, exact=True) for word in ("red", "blue", "night"))
    expect(red).to_have_attribute("aria-pressed", "true")
    blue.click()
    expect(prompt).to_have_value("a blue house in the snow, sunset")
    expect(red).to_have_attribute("aria-pressed", "false")
    night.click()
    expect(prompt).to_have_value("a blue house in the snow, night")
    night.click()
    expect(prompt).to_have_value("a blue house in the snow")


def test_the_frame_has_the_chosen_shape_before_anything_runs(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_text("192 × 128").click()
    advanced(page)
    expect(page.get_by_label("Width")).to_have_value("192")
    box = page.locator(".stage").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(1.5, rel=0.01)
    page.get_by_role("button", name="Swap").click()
    expect(page.get_by_label("Width")).to_have_value("128")
    expect(page.get_by_role("radio", name="128 × 192")).to_be_checked()


def test_another_checkpoint_brings_its_familys_defaults(open_page: OpenPage) -> None:
    page = open_page()
    advanced(page)
    page.get_by_label("Checkpoint").click()
    page.get_by_role("option", name="Stable Diffusion 1.5").click()
    expect(page.get_by_label("Width")).to_have_value("512")
    expect(page.get_by_label("number input for Guidance (CFG)")).to_have_value("7")
    expect(page.locator(".checkpoint-line")).to_contain_text("not on this machine")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".message")).to_have_text(re.compile("^Checkpoint: "))


def test_reuse_settings_brings_back_the_seed(open_page: OpenPage) -> None:
    page = open_page()
    advanced(page)
    run(page)
    is_over(page)
    seed = re.search(r"seed (\d+)", page.locator(".said").inner_text())[1]
    page.get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_label("Seed")).to_have_value(seed)
    page.get_by_role("button", name="Random").click()
    expect(page.get_by_label("Seed")).to_have_value("-1")


def test_on_a_phone_the_picture_comes_first_and_run_stays_in_reach(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844)
    run(page)
    is_over(page)
    page.locator(PICTURES).first.wait_for()
    stage, prompt = page.locator(".stage").bounding_box(), prompt_of(page).bounding_box()
    assert stage["y"] < prompt["y"] and stage["width"] >= 384
    button = page.get_by_role("button", name="Run", exact=True).bounding_box()
    assert button["y"] + button["height"] <= 844
