"""Every page opens without a word in the console and can be used by everybody."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browser.accessibility import problems

VIEWS = (
    "label", "explore", "galleries", "models", "agreement", "exposures", "jobs", "import",
)  # fmt: skip
THEMES = ("dark", "light")


def open_page(page: Page, address: str, theme: str = "dark") -> None:
    """Go to an address in a theme and wait until nothing loads any more."""
    stored = json.dumps(json.dumps(theme))
    page.add_init_script(f"localStorage.setItem('cloudchamber.theme', {stored})")
    page.goto(address)
    expect(page.locator("main")).not_to_be_empty()
    # The stream of events stays open for ever, so "networkidle" is not to be waited for.
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    page.wait_for_timeout(300)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", ["datasets", *VIEWS])
def test_a_page_with_everything_is_accessible(
    page: Page, axe: str, circle: int, view: str, theme: str
) -> None:
    open_page(page, "/" if view == "datasets" else f"/d/{circle}/{view}", theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert problems(page, axe) == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_without_anything_is_accessible(
    page: Page, axe: str, new_dataset: Callable[[str], int], view: str
) -> None:
    open_page(page, f"/d/{new_dataset('empty')}/{view}")
    assert problems(page, axe) == []


@pytest.mark.parametrize("keys", ["?", "Control+k", "Control+e"])
def test_what_opens_beside_the_page_is_accessible(
    page: Page, axe: str, circle: int, keys: str
) -> None:
    open_page(page, f"/d/{circle}/label")
    page.keyboard.press(keys)
    page.wait_for_timeout(200)
    assert problems(page, axe) == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_itself_never_scrolls(page: Page, circle: int, view: str) -> None:
    open_page(page, f"/d/{circle}/{view}")
    overflow = page.evaluate(
        "[document.documentElement.scrollWidth - innerWidth,"
        " document.documentElement.scrollHeight - innerHeight]"
    )
    assert max(overflow) <= 0


def test_the_pages_are_reached_by_the_digits(page: Page, circle: int) -> None:
    open_page(page, f"/d/{circle}/label")
    digits = ("explore", "galleries", "models", "exposures", "jobs", "label")
    for key, view in zip("234561", digits, strict=True):
        page.keyboard.press(key)
        page.wait_for_url(f"**/d/{circle}/{view}*")


def test_nothing_is_fetched_from_elsewhere(
    page: Page, context: BrowserContext, circle: int, app_url: str
) -> None:
    foreign: list[str] = []
    context.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((app_url, "blob:", "data:"))
            else foreign.append(request.url)
        ),
    )
    for view in VIEWS:
        open_page(page, f"/d/{circle}/{view}")
    assert foreign == []
