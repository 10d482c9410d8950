"""The LoRA picker in a real browser: chosen, weighed, called by its words, and there again after a reload."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)


def picker(page: Page) -> Locator:
    """The one in sight, its section opened."""
    page.locator(".advanced > button").locator("visible=true").click()
    return page.locator(".lora-picker").locator("visible=true")


def chosen(page: Page, *names: str) -> Locator:
    found = picker(page)
    for name in names:
        found.locator("select").focus()
        expect(found.locator(f"option[value='{name}']")).to_be_attached()
        found.locator("select").select_option(name)
    return found


def test_a_lora_is_weighed_called_and_remembered(open_page: OpenPage) -> None:
    page = open_page()
    found = chosen(page, "ink", "wet")
    number = found.get_by_label("Scale of ink, as a number")
    number.fill("0.5")
    number.press("Tab")
    expect(found.get_by_label("Scale of ink", exact=True)).to_have_value("0.5")
    found.get_by_label("Remove wet").click()
    expect(found.locator(".lora-row")).to_have_count(1)
    found.get_by_role("button", name="inkdrop").click()
    expect(page.locator(".prompt textarea").locator("visible=true")).to_have_value(re.compile(", inkdrop$"))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".said").first).to_have_text(re.compile("Done in"))
    page.reload()
    page.locator(".dot.ready").wait_for()
    expect(picker(page).get_by_label("Scale of ink, as a number")).to_have_value("0.5")


def test_one_of_another_family_is_greyed_out_with_the_reason(open_page: OpenPage) -> None:
    found = picker(open_page())
    found.locator("select").focus()
    option = found.locator("option[value='grand']")
    expect(option).to_have_text("grand (for SDXL)")
    expect(option).to_be_disabled()


@pytest.mark.parametrize("tab", ["Generate", "Edit", "Control"])
def test_on_a_phone_every_painting_tab_has_it_and_nothing_is_cut_off(open_page: OpenPage, tab: str) -> None:
    page = open_page(width=390, height=844)
    page.get_by_role("tab", name=tab).click()
    found = chosen(page, "ink")
    expect(found.locator(".lora-row")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    row = found.locator(".lora-row").bounding_box()
    assert row["x"] >= 0 and row["x"] + row["width"] <= 390
