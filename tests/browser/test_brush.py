"""The brush of the Edit tab in a real browser, by mouse and by finger."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, Launch, OpenPage
from tests.browser.test_edit import PICTURES, edit_tab, find, opened, share

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

# The painter needs WebGL, and there is no graphics card. Every frame takes its time so, hence only here.
DRAWN_BY_THE_PROCESSOR = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="module")
def browser(chromium: Launch) -> Iterator[Browser]:
    with chromium(*DRAWN_BY_THE_PROCESSOR) as started:
        yield started


def canvas(page: Page) -> dict[str, float]:
    """Where the picture to paint over is, once it is laid out."""
    painter = page.locator(".painter canvas").first
    painter.scroll_into_view_if_needed()
    page.wait_for_timeout(3000)  # its picture comes after the canvas, and moves it
    painter.scroll_into_view_if_needed()
    return painter.bounding_box()


def stroke(page: Page, box: dict[str, float]) -> None:
    """From left to right through the upper part of the picture, where the sky is."""
    x, y = box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y, steps=2)
    page.mouse.up()


def test_the_brush_adds_and_the_eraser_takes_back(open_page: OpenPage) -> None:
    page = edit_tab(open_page(width=390, height=640))
    find(page, "the house")
    before = share(page)
    opened(page, "paint-section")
    box = canvas(page)
    stroke(page, box)
    painted = share(page, other_than=before)
    assert painted > before
    page.locator(".painter").get_by_role("button", name=re.compile("eras", re.I)).first.click()
    stroke(page, box)
    assert share(page, other_than=painted) < painted


def test_run_waits_for_the_last_stroke(open_page: OpenPage) -> None:
    page = edit_tab(open_page(width=390, height=640))
    find(page, "")
    opened(page, "paint-section")
    stroke(page, canvas(page))
    page.evaluate("easel.visible('button.run').click()")
    expect(page.locator(PICTURES)).to_have_count(1)


def test_a_finger_paints_on_a_phone(open_page: OpenPage) -> None:
    page = edit_tab(open_page(width=390, height=844, has_touch=True))
    find(page, "the house")
    before = share(page)
    opened(page, "paint-section")
    box = canvas(page)
    x, y = box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.3
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(4):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x + step * 26, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert share(page, other_than=before) > before
