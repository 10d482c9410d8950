"""The Edit tab in a real browser: words to a mask, and what is changed under it."""

import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

UNNAMED = """[...document.querySelectorAll("input, textarea, button, [role=combobox]")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText.trim() || one.title))
    .map((one) => one.outerHTML)"""
PICTURES = ".stage .grid-container img:visible"


def edit_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Edit").click()
    expect(page.locator(".editing")).to_be_visible()
    return page


def words_of(page: Page) -> Locator:
    return page.locator(".what-row textarea, .what-row input")


def find(page: Page, words: str) -> None:
    words_of(page).fill(words)
    page.locator(".find").click()


def said(page: Page) -> Locator:
    """What stands below picture and mask."""
    return page.locator(".mask-line .note")


def share(page: Page, other_than: int | None = None) -> int:
    """How much of the picture is repainted, in percent, once it is told."""
    told = """before => {
        const share = document.querySelector(".mask-line .note")?.innerText.match(/^(\\d+)% of the picture/)?.[1];
        return share !== undefined && Number(share) !== before ? { share: Number(share) } : null;
    }"""
    return page.wait_for_function(told, arg=other_than).json_value()["share"]


def opened(page: Page, *sections: str) -> None:
    for section in sections:
        page.locator(f".{section} > .label-wrap, .{section} .label-wrap").first.click()


def run(page: Page) -> None:
    page.locator("button.run:visible").click()
    expect(page.locator(PICTURES)).to_have_count(1)
    expect(page.locator("button.run:visible")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_scrolls_sideways_and_all_is_named(open_page: OpenPage, width: int) -> None:
    page = edit_tab(open_page(width=width))
    opened(page, "mask-section", "advanced:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(UNNAMED) == []


def test_words_show_what_will_change(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "the house")
    expect(page.get_by_alt_text("What is repainted, tinted")).to_be_visible()
    house = share(page)
    find(page, "the sky + the house")
    assert share(page, other_than=house) > house


def test_words_for_nothing_say_so_and_show_the_best_guess(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "a zebra")
    expect(said(page)).to_contain_text("nothing in the picture looks like 'a zebra'")
    expect(page.get_by_alt_text("The best guess")).to_be_visible()


def test_words_that_are_looked_for_come_before_the_foreground(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    opened(page, "mask-section")
    page.locator("label", has_text="Foreground").click()
    foreground = share(page)
    find(page, "the sky")
    share(page, other_than=foreground)
    expect(page.locator("label", has_text="Words").get_by_role("radio")).to_be_checked()


def test_an_example_clicked_again_shows_its_mask_again(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    example = page.get_by_role("button", name="Replace: the house")
    example.click()
    house = share(page)
    find(page, "the sky")
    sky = share(page, other_than=house)
    example.click()
    assert share(page, other_than=sky) == house


def test_a_slider_changes_the_mask_by_itself(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "the house")
    before = share(page)
    opened(page, "mask-section")
    page.get_by_label("number input for Grow").fill("20")
    page.keyboard.press("Tab")
    assert share(page, other_than=before) > before


def test_a_cleared_mask_is_gone_from_the_picture(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "the house")
    share(page)
    opened(page, "mask-section")
    page.get_by_role("button", name="Clear", exact=True).locator("visible=true").click()
    expect(page.get_by_alt_text("The picture", exact=True)).to_be_visible()
    expect(said(page)).to_contain_text("Say in words what to change")
    expect(words_of(page)).to_have_value("")


def test_an_edit_is_painted_and_compared_with_what_was_before(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    run(page)
    slider = page.locator(".before-after")
    expect(slider.locator("img").first).to_be_visible()
    slider.scroll_into_view_if_needed()
    box = slider.locator(".slider-wrap").first.bounding_box()
    over = slider.locator("img").nth(1)
    half = over.get_attribute("style")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.mouse.up()
    expect(over).not_to_have_attribute("style", half)


def test_run_turns_into_stop_however_late_its_answer_comes(open_page: OpenPage) -> None:
    def late(route: Route) -> None:
        answer = route.fetch()
        time.sleep(2)  # by then several messages have come, on the stream that the other tab keeps open
        route.fulfill(response=answer)

    page = open_page()
    page.get_by_label("number input for Pictures").locator("visible=true").fill("8")
    page.locator("button.run:visible").click()
    expect(page.locator("button.stop:visible")).to_be_visible()
    edit_tab(page)
    page.route("**/queue/join*", late)
    page.locator("button.run:visible").click()
    page.locator("button.stop:visible").click()
    expect(page.locator("button.run:visible")).to_be_visible()


def test_settings_and_mask_are_there_after_a_reload(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    opened(page, "mask-section")
    find(page, "the house")
    page.get_by_label("number input for Grow").fill("2")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Keep and join").click()
    expect(words_of(page)).to_have_value("")
    held = share(page)
    page.wait_for_timeout(1500)  # what the browser keeps is written once changes pause
    page.reload()
    page.locator(".dot.ready").wait_for()
    edit_tab(page)
    expect(words_of(page)).to_have_value("")
    expect(said(page)).to_contain_text(f"{held}% of the picture")


def test_a_page_opened_again_asks_for_nothing_by_itself(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "the house")
    share(page)
    page.wait_for_timeout(1500)  # what the browser keeps is written once changes pause
    again = page.context.new_page()
    again.goto(page.url)
    again.locator(".dot.ready").wait_for()
    share(edit_tab(again))
    again.wait_for_timeout(3000)  # what follows from opening it has been asked for
    asked = []
    again.on("request", lambda request: asked.append(request.url) if "queue/join" in request.url else None)
    again.wait_for_timeout(3000)
    assert asked == []


def test_a_picture_goes_to_generate_and_comes_back_to_its_mask(open_page: OpenPage) -> None:
    page = edit_tab(open_page())
    find(page, "the house")
    found = share(page)
    opened(page, "mask-section")
    page.get_by_role("button", name="Keep and join").click()
    expect(words_of(page)).to_have_value("")
    run(page)
    page.get_by_role("button", name="Start image", exact=True).locator("visible=true").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    run(page)
    page.get_by_role("button", name="Edit", exact=True).locator("visible=true").click()
    expect(page.get_by_role("tab", name="Edit")).to_have_attribute("aria-selected", "true")
    expect(said(page)).to_contain_text(f"{found}% of the picture")
