"""The picker of embeddings in a real browser: words clicked into either prompt and out again."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


def picker(page: Page) -> Locator:
    """The one in sight, its list opened."""
    page.locator(".advanced > button").locator("visible=true").click()
    found = page.locator(".embedding-picker").locator("visible=true")
    found.locator("summary").click()
    expect(found.locator("li").first).to_be_visible()
    return found


def field(page: Page, name: str) -> Locator:
    return page.locator(f".{name} textarea").locator("visible=true")


def test_a_word_is_clicked_in_and_out_of_either_prompt(open_page: OpenPage) -> None:
    page = open_page()
    found = picker(page)
    field(page, "prompt").fill("a red house")
    for name, before in (("prompt", "a red house"), ("negative_prompt", "")):
        button = found.get_by_label(f"inkish: {'Prompt' if name == 'prompt' else 'Negative'}", exact=True)
        button.click()
        expect(field(page, name)).to_have_value(f"{before}, inkish" if before else "inkish")
        expect(button).to_have_attribute("aria-pressed", "true")
        button.click()
        expect(field(page, name)).to_have_value(before)
        expect(button).to_have_attribute("aria-pressed", "false")


def test_a_weight_of_its_own_goes_with_a_word(open_page: OpenPage) -> None:
    page = open_page()
    found = picker(page)
    field(page, "prompt").fill("a (Inkish:1.2), red house")
    found.get_by_label("inkish: Prompt", exact=True).click()
    expect(field(page, "prompt")).to_have_value("a, red house")


def test_a_name_with_signs_is_put_in_as_it_is_read(open_page: OpenPage) -> None:
    page = open_page()
    field(page, "prompt").fill("a house")
    picker(page).get_by_label("odd (name): Prompt", exact=True).click()
    expect(field(page, "prompt")).to_have_value("a house, odd \\(name\\)")


def test_one_that_does_not_fit_tells_the_reason(open_page: OpenPage) -> None:
    row = picker(open_page()).locator("li.is-unfit", has_text="grandish")
    expect(row).to_contain_text("is 768 wide and for Stable Diffusion 1.x, but words of")
    expect(row.locator("button")).to_have_count(0)


def test_its_vectors_are_counted_below_the_prompt(open_page: OpenPage) -> None:
    page = open_page()
    found = picker(page)
    line = page.locator(".prompt-help").locator("visible=true")
    field(page, "prompt").fill("red")
    expect(line).to_contain_text("1 of 75 tokens")
    found.get_by_label("inkish: Prompt", exact=True).click()
    expect(line).to_contain_text("4 of 75 tokens")


@pytest.mark.parametrize("tab", ["Generate", "Edit", "Style", "Control"])
def test_on_a_phone_every_painting_tab_has_it_and_nothing_is_cut_off(open_page: OpenPage, tab: str) -> None:
    page = open_page(width=390, height=844)
    page.get_by_role("tab", name=tab).click()
    found = picker(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for row in found.locator("li").all():
        box = row.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
