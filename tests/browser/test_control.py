"""The Control tab in a real browser: what is followed is seen before the run, and how far it was after it.

The checkpoint is of random weights, so it paints by words alone; that controls steer is measured elsewhere.
"""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

UNNAMED = """[...document.querySelectorAll("#bench-control input, #bench-control textarea, #bench-control button")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText.trim() || one.title))
    .map((one) => one.outerHTML)"""


def bench(page: Page) -> Locator:
    return page.locator("#bench-control")


def opened(page: Page) -> Page:
    page.get_by_role("tab", name="Control").click()
    expect(followed(page)).to_be_visible()
    return page


def followed(page: Page) -> Locator:
    """The control image of the first control."""
    return bench(page).locator(".mask-box img").first


def draw(page: Page) -> None:
    """A line across the pad, which is opened."""
    bench(page).locator(".draw-section button.label-wrap").first.click()
    pad = bench(page).locator(".draw-section canvas").first
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.7, steps=8)
    page.mouse.up()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_drawn_is_followed_and_how_far_is_told(open_page: OpenPage, width: int) -> None:
    page = opened(open_page(width=width))
    before = followed(page).get_attribute("src")
    draw(page)
    expect(followed(page)).not_to_have_attribute("src", before)
    bench(page).get_by_text("Words alone", exact=True).click()
    bench(page).locator("button.run").click()
    expect(bench(page).locator(".scores li")).to_contain_text("of edges agree")
    overlay = bench(page).locator(".overlay-box img")
    expect(overlay).to_have_count(0)
    bench(page).get_by_label("Overlay").check()
    expect(overlay).to_be_visible()
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_drawing_is_there_again_after_a_reload(open_page: OpenPage) -> None:
    page = opened(open_page())
    before = followed(page).get_attribute("src")
    draw(page)
    expect(followed(page)).not_to_have_attribute("src", before)
    drawn = followed(page).get_attribute("src")
    page.wait_for_timeout(1500)  # what is kept is kept once changes pause
    page.reload()
    page.get_by_role("tab", name="Control").click()
    expect(followed(page)).to_have_attribute("src", drawn)
