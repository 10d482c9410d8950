"""The skeleton editor in a real browser, by mouse, by finger and by keys, on a page that holds nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from studio import images, skeletons
from studio.skeletons import JOINTS, Skeleton
from studio.ui import shell, skeleton_editor, theme
from studio.ui.page import ASSETS
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

SIZE = (640, 480)
ONE = Skeleton(joints={"nose": (0.5, 0.2), "neck": (0.5, 0.4), "left_wrist": (0.75, 0.5)})
VALUE = "#value textarea"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A page with the editor, what it holds as text, and a button that puts a picture and one person there."""
    picture = images.picture(Image.new("RGB", SIZE, "#7fb0d8"))
    with gr.Blocks() as blocks:
        editor = skeleton_editor.build()
        value = gr.Textbox(elem_id="value", label="Value")
        put = gr.Button("Put")
        editor.change(None, editor, value, js="(value) => value", show_progress="hidden")
        found = skeletons.to_json([ONE], SIZE)
        put.click(lambda: skeleton_editor.showing(picture, value=found), None, editor, queue=False)
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


def editor(browser: Browser, address: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.get_by_role("button", name="Add person")).to_be_enabled()
    return page


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    page = editor(browser, address, viewport={"width": 1280, "height": 1000})
    yield page
    page.context.close()


@pytest.fixture
def page(opened: Page) -> Page:
    """The editor with one person put over a picture, whoever was there before."""
    button(opened, "Add person").click()
    button(opened, "Put").click()
    expect(opened.locator(".person")).to_have_count(1)
    expect(joint(opened, "nose")).to_have_attribute("aria-label", "Person 1, nose, at 320, 96")
    return opened


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def joint(page: Page, name: str, person: int = 1) -> Locator:
    return page.locator(f"[aria-label^='Person {person}, {name},']")


def centre(page: Page, name: str, person: int = 1) -> tuple[float, float]:
    box = joint(page, name, person).locator(".dot").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def people(page: Page) -> list[Skeleton]:
    """Those whom the value holds."""
    text = page.locator(VALUE).input_value()
    return skeletons.from_json(text) if text else []


def scale(page: Page) -> float:
    """Pixels of the picture in one of the screen."""
    return SIZE[0] / page.locator(".skeleton-canvas").bounding_box()["width"]


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=4)
    page.mouse.up()


def test_a_joint_is_dragged(page: Page) -> None:
    drag(page, centre(page, "left wrist"), (30, 20))
    (person,) = people(page)
    assert person.joints["nose"] == ONE.joints["nose"]
    x, y = person.joints["left_wrist"]
    assert x * SIZE[0] == pytest.approx(480 + 30 * scale(page), abs=1.5)
    assert y * SIZE[1] == pytest.approx(240 + 20 * scale(page), abs=1.5)
    button(page, "Undo").click()
    expect(joint(page, "left wrist")).to_have_attribute("aria-label", "Person 1, left wrist, at 480, 240")
    assert people(page) == [ONE]


def test_a_limb_moves_the_person_and_nobody_leaves_the_picture(page: Page) -> None:
    (x, y), (_, below) = centre(page, "nose"), centre(page, "neck")
    drag(page, (x, (y + below) / 2), (1000, 0))
    (person,) = people(page)
    assert person.joints["left_wrist"] == pytest.approx((1, 0.5))
    assert person.joints["nose"] == pytest.approx((0.75, 0.2))


def test_keys_move_a_joint_and_hide_it(page: Page) -> None:
    joint(page, "nose").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert people(page)[0].joints["nose"] == pytest.approx((321 / 640, 106 / 480), abs=1e-4)
    page.keyboard.press("Delete")
    assert "nose" not in people(page)[0].joints
    expect(joint(page, "neck")).to_be_focused()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert people(page) == [ONE]


def test_a_joint_is_hidden_and_shown_again(page: Page) -> None:
    page.mouse.dblclick(*centre(page, "nose"))
    assert people(page)[0].joints.keys() == {"neck", "left_wrist"}
    page.mouse.click(*centre(page, "left wrist"))
    button(page, "Hide joint").click()
    assert people(page)[0].joints.keys() == {"neck"}
    button(page, "Show nose").click()
    assert people(page)[0].joints["nose"] == ONE.joints["nose"]
    button(page, "Show left ear").click()  # which was never seen
    assert people(page)[0].joints.keys() == {"nose", "neck", "left_ear"}


def test_people_are_added_and_removed(page: Page) -> None:
    button(page, "Add person").click()
    added = people(page)
    assert [len(person.joints) for person in added] == [3, len(JOINTS)]
    assert all(0 <= part <= 1 for point in added[1].joints.values() for part in point)
    button(page, "Person 1").click()
    button(page, "Remove person").click()
    assert people(page) == added[1:]
    button(page, "Clear").click()
    assert people(page) == []
    expect(page.locator(".skeleton-hint")).to_have_text("Add a person, or load JSON.")


def test_json_is_loaded_and_saved(page: Page, tmp_path: Path) -> None:
    page.locator(".skeleton summary").click()
    two = skeletons.to_json([ONE, ONE], SIZE)
    file = FilePayload(name="pose.json", mimeType="application/json", buffer=two.encode())
    page.locator(".skeleton input[type=file]").set_input_files(file)
    expect(page.locator(".skeleton-said")).to_have_text("2 people read.")
    assert json.loads(page.locator(VALUE).input_value()) == json.loads(two)
    with page.expect_download() as saving:
        button(page, "Save JSON").click()
    saving.value.save_as(tmp_path / "skeleton.json")
    assert skeletons.from_json((tmp_path / "skeleton.json").read_text("utf-8")) == [ONE, ONE]
    button(page, "Copy JSON").click()
    assert json.loads(page.get_by_label("OpenPose JSON").input_value()) == json.loads(two)
    # What is wrong is said, and as text; those who are there stay.
    page.get_by_label("OpenPose JSON").fill('{"people": [{"pose_keypoints_2d": ["<img>"]}]}')
    button(page, "Use JSON").click()
    expect(page.locator(".skeleton-said")).to_contain_text("Skeleton: person 1 has no")
    assert people(page) == [ONE, ONE]


def test_a_finger_drags_on_a_phone(browser: Browser, address: str) -> None:
    page = editor(browser, address, viewport={"width": 390, "height": 700}, has_touch=True)
    button(page, "Add person").click()
    (before,) = people(page)
    touch = page.context.new_cdp_session(page)

    def swipe(x: float, y: float, by: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            points = [{"x": x, "y": y + step * by / 5}]
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    x, y = centre(page, "left wrist")
    swipe(x + 14, y + 6, -60)  # beside it, as a finger is
    (after,) = people(page)
    assert after.joints["left_wrist"][1] < before.joints["left_wrist"][1] - 0.1
    assert page.evaluate("scrollY") == 0
    box = page.locator(".skeleton-canvas").bounding_box()
    swipe(box["x"] + 8, box["y"] + 100, -90)  # where nobody is
    page.wait_for_function("scrollY > 20")
    assert people(page) == [after]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.context.close()
