"""The sketch pad in a real browser, by mouse and by finger, on a page that holds nothing else."""

import json
from collections.abc import Iterator

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from studio import images
from studio.ui import shell, sketch_pad, theme
from studio.ui.page import ASSETS
from studio.ui.sketch_pad import drawn
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

SIZE = (600, 400)
LINE = {"width": 20, "points": [60, 200, 540, 200]}
FOUND = {"width": SIZE[0], "height": SIZE[1], "strokes": [LINE]}
VALUE = "#value textarea"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A page with the pad in a tab that is not open, what it holds as text, and buttons that put something there."""
    picture = images.picture(Image.new("RGB", SIZE, "#7fb0d8"))
    with gr.Blocks() as blocks:
        put, tall = gr.Button("Put"), gr.Button("Tall")
        with gr.Tabs():
            gr.Tab("First")
            with gr.Tab("Pad"):
                pad = sketch_pad.build()
        value = gr.Textbox(elem_id="value", label="Value")
        pad.change(None, pad, value, js="(value) => value", show_progress="hidden")
        put.click(lambda: sketch_pad.showing(picture, value=json.dumps(FOUND)), None, pad, queue=False)
        tall.click(lambda: sketch_pad.showing(None, size=(400, 600)), None, pad, queue=False)
    script = "\n".join((ASSETS / name).read_text("utf-8") for name in shell.SCRIPTS)
    css = [ASSETS / name for name in shell.LAYOUT]
    head = f"<script>{script}</script>"
    blocks.launch(
        prevent_thread_lock=True,
        quiet=True,
        theme=theme.make(),
        css_paths=css,
        head=head,
        footer_links=[],
        ssr_mode=False,
    )
    yield blocks.local_url
    blocks.close()


def loaded(browser: Browser, address: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(button(page, "Put")).to_be_enabled()
    return page


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    page = loaded(browser, address, viewport={"width": 1280, "height": 900})
    page.get_by_role("tab", name="Pad").click()
    yield page
    page.context.close()


@pytest.fixture
def page(opened: Page) -> Page:
    """The pad with one line put over a picture, whatever was there before."""
    button(opened, "Draw").click()
    for x in (0.1, 0.2):
        opened.mouse.click(*place(opened, x, 0.1))
    expect(canvas(opened)).not_to_have_accessible_name("Drawing of one line")
    button(opened, "Put").click()
    expect(canvas(opened)).to_have_accessible_name("Drawing of one line")
    expect(opened.locator(VALUE)).to_have_value(json.dumps(FOUND))
    return opened


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def canvas(page: Page) -> Locator:
    return page.locator(".sketch-canvas")


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a point of the canvas is, given in shares of it."""
    box = canvas(page).bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def sweep(page: Page, *points: tuple[float, float]) -> None:
    """Draw by the mouse, from point to point."""
    page.mouse.move(*place(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*place(page, *point), steps=10)
    page.mouse.up()


def held(page: Page) -> dict[str, object] | None:
    """The drawing that the value is."""
    text = page.locator(VALUE).input_value()
    return json.loads(text) if text else None


def pixels(page: Page) -> np.ndarray:
    return np.asarray(drawn(page.locator(VALUE).input_value()).image)


def ink(page: Page, x: float, y: float) -> list[int]:
    """Red, green, blue and alpha of what the canvas shows there."""
    script = """(canvas, [x, y]) => [...canvas.getContext("2d")
        .getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data]"""
    return canvas(page).evaluate(script, [x, y])


def test_what_is_put_there_is_shown_over_the_picture(page: Page) -> None:
    assert ink(page, 0.5, 0.5) == [35, 32, 28, 255] and ink(page, 0.5, 0.7)[3] == 0
    assert page.locator(".sketch-picture").evaluate("(image) => image.naturalWidth") == 600
    box = canvas(page).bounding_box()
    assert box["width"] / box["height"] == pytest.approx(1.5, abs=0.01)


def test_a_line_is_drawn_by_the_mouse(page: Page) -> None:
    sweep(page, (0.5, 0.1), (0.5, 0.9))
    drawing = held(page)
    line, stroke = drawing["strokes"]
    assert line == LINE and (drawing["width"], drawing["height"]) == SIZE
    assert stroke["width"] == pytest.approx(0.022 * 400, abs=0.1) and "erases" not in stroke
    assert stroke["points"][:2] == pytest.approx([300, 40], abs=1.5)
    assert stroke["points"][-2:] == pytest.approx([300, 360], abs=1.5)
    assert len(stroke["points"]) <= 24
    assert (pixels(page)[[60, 120, 280, 350], 300] == 255).all() and pixels(page)[120, 320] == 0
    assert ink(page, 0.5, 0.3) == [35, 32, 28, 255]
    page.mouse.click(*place(page, 0.2, 0.2))
    assert len(held(page)["strokes"][2]["points"]) == 2 and pixels(page)[80, 120] == 255


def test_what_is_drawn_beside_the_canvas_is_left_out(page: Page) -> None:
    sweep(page, (0.5, 0.8), (1.05, 0.8), (1.05, 0.9), (0.5, 0.9))
    _, there, back = held(page)["strokes"]
    assert there["points"][-1] == pytest.approx(320, abs=2) and back["points"][-1] == pytest.approx(360, abs=2)
    assert (pixels(page)[[320, 360], 590] == 255).all() and pixels(page)[340, 598] == 0
    button(page, "Undo").click()  # both are one line
    assert held(page) == FOUND


def test_the_eraser_takes_a_line_away_and_what_is_all_erased_is_nothing(page: Page) -> None:
    button(page, "Erase").click()
    expect(button(page, "Erase")).to_have_attribute("aria-pressed", "true")
    expect(button(page, "Draw")).to_have_attribute("aria-pressed", "false")
    sweep(page, (0.5, 0.3), (0.5, 0.7))
    assert held(page)["strokes"][1]["erases"] is True
    assert pixels(page)[200, 300] == 0 and pixels(page)[200, 200] == 255
    assert ink(page, 0.5, 0.5)[3] == 0 and ink(page, 0.3, 0.5)[3] == 255
    # Twice as broad as what is drawn, and thus easily as broad as a line.
    assert held(page)["strokes"][1]["width"] == pytest.approx(2 * 0.022 * 400, abs=0.1)
    brush = page.get_by_label("Brush size")
    brush.focus()
    page.keyboard.press("End")
    expect(page.locator(".sketch output")).to_have_text("80 px")
    sweep(page, (0.05, 0.5), (0.95, 0.5))
    assert held(page) is None
    brush.fill("0.022")


def test_undo_redo_and_clear(page: Page) -> None:
    sweep(page, (0.2, 0.2), (0.8, 0.2))
    two = held(page)
    page.keyboard.press("Control+z")
    assert held(page) == FOUND
    button(page, "Redo").click()
    assert held(page) == two
    button(page, "Undo").click()
    assert held(page) == FOUND
    page.keyboard.press("Control+Shift+z")
    assert held(page) == two
    button(page, "Clear").click()
    assert held(page) is None
    expect(button(page, "Clear")).to_be_disabled()
    page.keyboard.press("Control+z")
    assert held(page) == two


def test_lines_are_fitted_into_other_paper(page: Page) -> None:
    button(page, "Tall").click()
    expect(page.locator(".sketch-picture")).to_be_hidden()
    expect(page.locator(VALUE)).to_have_value(
        '{"width":400,"height":600,"strokes":[{"width":13.3,"points":[40,300,360,300]}]}'
    )


def test_a_finger_draws_on_a_phone_and_does_not_scroll(browser: Browser, address: str) -> None:
    page = loaded(browser, address, viewport={"width": 390, "height": 600}, has_touch=True)
    # Before the pad was ever there.
    button(page, "Put").click()
    page.wait_for_timeout(500)
    page.get_by_role("tab", name="Pad").click()
    expect(canvas(page)).to_have_accessible_name("Drawing of one line")
    assert ink(page, 0.5, 0.5) == [35, 32, 28, 255]
    touch = page.context.new_cdp_session(page)

    def swipe(x: float, y: float, by: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            points = [{"x": x, "y": y + step * by / 5}]
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(*place(page, 0.5, 0.9), -150)
    _, stroke = held(page)["strokes"]
    assert stroke["points"][-1] < stroke["points"][1] - 100
    assert pixels(page)[300, 300] == 255
    assert page.evaluate("scrollY") == 0 and page.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("Draw", "Erase", "Undo", "Redo", "Clear"):
        assert button(page, name).bounding_box()["height"] >= 44
    assert page.get_by_label("Brush size").bounding_box()["height"] >= 44
    page.context.close()
