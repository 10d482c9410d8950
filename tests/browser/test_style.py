"""The Style tab in a real browser: what is taken after is in place, and what is missing is said beside Run.

That references are heard is measured elsewhere: the checkpoint here is of random weights.
"""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, OpenPage

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE)

UNNAMED = """[...document.querySelectorAll("#bench-style input, #bench-style textarea, #bench-style button")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText.trim() || one.title))
    .map((one) => one.outerHTML)"""


def bench(page: Page) -> Locator:
    return page.locator("#bench-style")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_strength_is_a_weight_and_a_missing_reference_is_said(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    page.get_by_role("tab", name="Style").click()
    expect(bench(page).locator(".drop img").first).to_be_visible()
    bench(page).get_by_text("More", exact=True).first.click()
    weight = bench(page).get_by_label("Reference weight").first
    expect(weight).to_have_value("0.7")
    bench(page).get_by_text("Strong", exact=True).first.click()
    expect(weight).to_have_value("1")
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bench(page).locator(".drop").first.get_by_role("button", name="Remove Image").click()
    bench(page).locator("button.run").click()
    expect(bench(page).locator(".message-box").first).to_contain_text("Reference picture: there is none")
