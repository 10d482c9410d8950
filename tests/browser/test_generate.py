"""The Generate tab in a real browser, as somebody uses it."""

import base64
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, PROJECT, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

UNNAMED = """[...document.querySelectorAll("input, textarea, button, [role=combobox]")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText.trim() || one.title))
    .map((one) => one.outerHTML)"""
PICTURES = ".stage .grid-container img"
BOAT = PROJECT / "assets" / "examples" / "boat.png"
# A run may be over between two looks from outside.
WATCH = """() => {
    window.seen = "";
    const look = () => (seen += document.querySelector(".said")?.textContent + "; ");
    new MutationObserver(look).observe(document, { childList: true, characterData: true, subtree: true });
}"""
DROP = """([target, bytes]) => {
    const files = new DataTransfer();
    const picture = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt());
    files.items.add(new File([picture], "boat.png", { type: "image/png" }));
    const field = document.querySelector(target);
    for (const type of ["dragover", "drop"])
        field.dispatchEvent(new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


def prompt_of(page: Page) -> Locator:
    return page.locator(".prompt textarea")


def run(page: Page, *, pictures: int = 1) -> None:
    if pictures > 1:
        page.get_by_label("number input for Pictures").fill(str(pictures))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def ask_for_much(page: Page) -> None:
    """Enough to look at while it runs."""
    opened(page, "Advanced")
    page.get_by_label("number input for Steps").fill("150")
    page.get_by_label("number input for Pictures").fill("8")


def is_over(page: Page) -> None:
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def opened(page: Page, *sections: str) -> None:
    for section in sections:
        page.locator(".gr-accordion").get_by_role("button", name=section).first.click()


def start_from(page: Page, picture: Path) -> None:
    opened(page, "Start image")
    page.locator(".start-image input[type=file]").set_input_files(picture)
    expect(page.locator(".start-image .label-wrap")).to_contain_text("Start image · in use")


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field).click()
    page.get_by_role("option", name=option, exact=True).click()
    expect(page.get_by_role("listbox")).to_have_count(0)  # it takes a moment to go


def details_of(page: Page) -> Locator:
    """What the details say, opened."""
    opened(page, "Details")
    return page.locator(".tools .json-holder")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_scrolls_sideways_and_all_is_named(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    opened(page, "Styles", "Start image", "Advanced", "Compare", "Settings from a picture")
    expect(page.get_by_label("X axis")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(UNNAMED) == []


def test_one_click_paints_a_picture(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(WATCH)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".said")).to_have_text(re.compile(r"Done in .* s · seed \d+"))
    assert re.search(r"step \d+ of 20", page.evaluate("seen"))
    picture = page.locator(PICTURES).first
    expect(picture).to_have_js_property("naturalWidth", 128)
    assert picture.bounding_box()["width"] >= 384
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename.endswith(".png")


def test_a_rough_picture_is_shown_until_stop_ends_the_run(open_page: OpenPage) -> None:
    page = open_page()
    ask_for_much(page)
    run(page)
    expect(page.locator(".stage .rough")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    is_over(page)


def test_a_reload_finds_the_running_job_and_the_words(open_page: OpenPage) -> None:
    page = open_page()
    prompt_of(page).fill("two cats & a <b>ball</b>")
    opened(page, "Advanced")
    page.get_by_label("number input for Steps").fill("30")
    run(page, pictures=8)
    expect(page.locator(".said")).to_contain_text("step")
    page.reload()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(prompt_of(page)).to_have_value("two cats & a <b>ball</b>")
    is_over(page)
    expect(page.locator(PICTURES)).to_have_count(8)


def test_keys_run_and_stop(open_page: OpenPage) -> None:
    page = open_page()
    ask_for_much(page)
    prompt_of(page).press("Control+Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("Escape")
    is_over(page)


def test_the_focus_stays_on_the_button_that_turns(open_page: OpenPage) -> None:
    page = open_page()
    ask_for_much(page)
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()


def test_a_bad_value_is_named_beside_the_button_and_in_a_toast(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Advanced")
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


def test_a_word_goes_with_what_stood_there_for_it(open_page: OpenPage) -> None:
    page = open_page()
    prompt = prompt_of(page)
    for before, word, after in (
        ("a red house and a tree, night", "house", "a tree, night"),
        ("a red house and a blue tree", "tree", "a red house"),
        ("an orange house", "orange", "a house"),
        ("a red apple", "red", "an apple"),
        ("a red and a blue house", "red", "a blue house"),
        ("A scarlet CAR, sunset", "car", "A scarlet, sunset"),
    ):
        prompt.fill(before)
        page.get_by_role("button", name=word, exact=True).click()
        expect(prompt).to_have_value(after)


def test_a_double_click_on_run_runs(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Advanced")
    page.get_by_label("number input for Steps").fill("150")
    button = page.get_by_role("button", name="Run", exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*middle)
    page.get_by_role("button", name="Stop").wait_for()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    is_over(page)
    expect(page.locator(".progress-line").first).to_contain_text("Done")


def test_one_picture_after_several_has_no_frame(open_page: OpenPage) -> None:
    page = open_page()
    run(page, pictures=2)
    is_over(page)
    page.get_by_label("number input for Pictures").fill("1")
    run(page)
    is_over(page)
    expect(page.locator(".stage .thumbnail-item")).to_have_count(1)
    expect(page.locator(".stage .is-chosen")).to_have_count(0)


def test_the_frame_has_the_chosen_shape_before_anything_runs(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_text("192 × 128").click()
    opened(page, "Advanced")
    expect(page.get_by_label("Width")).to_have_value("192")
    box = page.locator(".stage").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(1.5, rel=0.01)
    page.get_by_role("button", name="Swap").click()
    expect(page.get_by_label("Width")).to_have_value("128")
    expect(page.get_by_role("radio", name="128 × 192")).to_be_checked()


def test_another_checkpoint_brings_its_familys_defaults(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Advanced")
    choose(page, "Checkpoint", "Stable Diffusion 1.5")
    expect(page.get_by_label("Width")).to_have_value("512")
    expect(page.get_by_label("number input for Guidance (CFG)")).to_have_value("7")
    expect(page.locator(".checkpoint-line")).to_contain_text("not on this machine")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".message")).to_have_text(re.compile("^Checkpoint: "))


def test_reuse_settings_brings_back_the_seed(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Advanced")
    run(page)
    is_over(page)
    seed = re.search(r"seed (\d+)", page.locator(".said").inner_text())[1]
    page.get_by_role("button", name="Reuse settings").click()
    expect(page.get_by_label("Seed")).to_have_value(seed)
    page.get_by_role("button", name="Random").click()
    expect(page.get_by_label("Seed")).to_have_value("-1")


def test_a_picture_is_painted_from_a_start_image(open_page: OpenPage) -> None:
    page = open_page()
    start_from(page, BOAT)
    expect(page.locator(".start-image .note")).to_have_text("Runs 12 of 20 steps.")
    page.get_by_label("number input for Strength").fill("0.3")
    expect(page.locator(".start-image .note")).to_have_text("Runs 6 of 20 steps.")
    run(page)
    is_over(page)
    expect(details_of(page)).to_contain_text('"strength": 0.3')


def test_a_start_image_brings_the_size_of_its_shape(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    Image.new("RGB", (200, 300), "red").save(tmp_path / "tall.png")
    start_from(page, tmp_path / "tall.png")
    opened(page, "Advanced")
    expect(page.get_by_label("Width")).to_have_value("112")
    expect(page.get_by_label("Height")).to_have_value("160")
    choose(page, "Checkpoint", "Stable Diffusion 1.5")
    expect(page.get_by_label("Width")).to_have_value("416")
    expect(page.get_by_label("Height")).to_have_value("624")


def test_what_is_no_picture_is_refused_and_taken_out(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    (tmp_path / "text.png").write_text("no picture")
    opened(page, "Start image")
    page.locator(".start-image input[type=file]").set_input_files(tmp_path / "text.png")
    expect(page.get_by_test_id("toast-body")).to_contain_text("Start image: not a picture we can read")
    expect(page.locator(".start-image .label-wrap")).not_to_contain_text("in use")


def test_the_chosen_picture_is_varied_and_sent_on(open_page: OpenPage) -> None:
    page = open_page()
    run(page, pictures=2)
    is_over(page)
    expect(page.locator(".chosen")).to_have_text(re.compile(r"Picture 1 of 2 · seed \d+"))
    page.locator(".stage .thumbnail-item").nth(1).press("Enter")
    expect(page.locator(".chosen")).to_have_text(re.compile(r"Picture 2 of 2 · seed \d+"))
    page.keyboard.press("Escape")
    expect(page.locator(".stage .thumbnail-item.is-chosen")).to_have_count(1)
    page.get_by_role("button", name="Subtle").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    is_over(page)
    expect(details_of(page)).to_contain_text('"strength": 0.5')
    page.locator(".tools").get_by_role("button", name="Start image").click()
    expect(page.locator(".start-image img")).to_be_visible()


def test_a_picture_of_lines_gives_its_own_words_and_seed_back(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Advanced")
    page.get_by_label("One prompt a line").check()
    page.get_by_label("Seed").fill("7")
    prompt_of(page).fill("a cat\na dog")
    run(page)
    is_over(page)
    page.locator(".stage .thumbnail-item").nth(1).click()
    expect(page.locator(".chosen")).to_contain_text("seed 8")
    page.get_by_role("button", name="Reuse settings").click()
    expect(prompt_of(page)).to_have_value("a dog")
    expect(page.get_by_label("Seed")).to_have_value("8")
    expect(page.get_by_label("One prompt a line")).not_to_be_checked()


def test_styles_are_laid_over_the_words_and_not_twice(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Styles")
    card = page.get_by_role("button", name="Watercolor page")
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".styles-section .label-wrap")).to_contain_text("1 chosen")
    expect(page.locator(".styles-section .note")).to_have_text("Your words become: …, watercolor")
    run(page)
    is_over(page)
    page.get_by_role("button", name="Reuse settings").click()
    expect(prompt_of(page)).to_have_value("a red house in the snow, sunset, watercolor")
    expect(card).to_have_attribute("aria-pressed", "false")


def test_the_line_below_the_prompt_counts_and_warns(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator(".counted")).to_have_text(re.compile(r"^\d+ of 75 tokens$"))
    prompt_of(page).fill("a red house, " * 40 + "(night")
    expect(page.locator(".counted")).to_have_text(re.compile(r"^\d+ tokens in \d parts; the next begin.* at “"))
    expect(page.locator(".prompt-warning")).to_contain_text("A ( is not closed")


def test_keys_change_the_weight_of_a_word(open_page: OpenPage) -> None:
    page = open_page()
    prompt = prompt_of(page)
    prompt.fill("a red house")
    prompt.press("Control+ArrowUp")
    expect(prompt).to_have_value("a red (house:1.1)")
    prompt.press("Control+ArrowUp")
    expect(prompt).to_have_value("a red (house:1.2)")
    prompt.press("Control+z")
    expect(prompt).to_have_value("a red (house:1.1)")
    prompt.evaluate("(field) => field.setSelectionRange(2, 5)")
    prompt.press("Control+ArrowDown")
    expect(prompt).to_have_value("a (red:0.9) (house:1.1)")


def test_a_picture_dropped_on_the_prompt_is_shown_then_applied(open_page: OpenPage) -> None:
    page = open_page()
    prompt_of(page).fill("something else")
    page.evaluate(DROP, [".prompt textarea", base64.b64encode(BOAT.read_bytes()).decode()])
    expect(page.locator(".found-box .rows").first).to_contain_text("a white boat on the sea, sunset")
    expect(prompt_of(page)).to_have_value("something else")
    page.get_by_role("button", name="Apply").click()
    expect(prompt_of(page)).to_have_value("a white boat on the sea, sunset")
    opened(page, "Advanced")
    expect(page.get_by_label("Seed")).not_to_have_value("-1")


def test_a_recipe_sets_what_belongs_together(open_page: OpenPage) -> None:
    page = open_page()
    choose(page, "Checkpoint", "Stable Diffusion 1.5")
    # The last thing to follow; nobody clicks between its answer and the page's next frame.
    expect(page.get_by_role("radio", name="512 × 512")).to_be_checked()
    page.get_by_text("LCM", exact=True).click()
    expect(page.locator(".inputs .note").first).to_contain_text("LCM checkpoints")
    opened(page, "Advanced")
    expect(page.get_by_label("number input for Steps")).to_have_value("6")
    expect(page.get_by_label("Sampler")).to_have_value("LCM")
    page.get_by_label("number input for Steps").fill("7")
    expect(page.get_by_role("radio", name="LCM")).not_to_be_checked()


def test_fields_are_set_against_each_other(open_page: OpenPage) -> None:
    page = open_page()
    opened(page, "Compare")
    for axis, field, values in (("X axis", "Steps", "2-4 (+2)"), ("Y axis", "Sampler", "Euler, DDIM")):
        choose(page, axis, field)
        page.get_by_label(axis.replace("axis", "values")).fill(values)
    expect(page.locator(".compare .note").last).to_have_text("2 × 2 = 4 pictures on one sheet.")
    run(page)
    is_over(page)
    expect(page.locator(".chosen")).to_have_text("The sheet of 4 pictures")
    expect(page.locator(".stage .preview")).to_be_visible()


def test_a_reload_keeps_every_setting(open_page: OpenPage) -> None:
    page = open_page()
    start_from(page, BOAT)
    opened(page, "Styles", "Advanced", "Compare")
    page.get_by_role("button", name="Moonlight").click()
    page.get_by_label("number input for Steps").fill("9")
    page.get_by_label("Negative prompt").fill("blurry <i>")
    page.get_by_label("Settings in file").uncheck()
    choose(page, "Z axis", "Seed")
    page.get_by_label("Z values").fill("1-3")
    prompt_of(page).fill("two cats")
    page.reload()
    expect(page.locator(".start-image .label-wrap")).to_contain_text("in use")
    expect(page.locator(".styles-section .label-wrap")).to_contain_text("1 chosen")
    opened(page, "Start image", "Advanced", "Compare")
    expect(prompt_of(page)).to_have_value("two cats")
    expect(page.locator(".start-image img")).to_be_visible()
    expect(page.get_by_label("number input for Steps")).to_have_value("9")
    expect(page.get_by_label("Negative prompt")).to_have_value("blurry <i>")
    expect(page.get_by_label("Settings in file")).not_to_be_checked()
    expect(page.get_by_label("Z values")).to_have_value("1-3")


def test_on_a_phone_the_picture_comes_first_and_run_stays_in_reach(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844)
    run(page)
    is_over(page)
    page.locator(PICTURES).first.wait_for()
    stage, prompt = page.locator(".stage").bounding_box(), prompt_of(page).bounding_box()
    assert stage["y"] < prompt["y"] and stage["width"] >= 384
    button = page.get_by_role("button", name="Run", exact=True).bounding_box()
    assert button["y"] + button["height"] <= 844
