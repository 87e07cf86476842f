"""The map: a lasso selects, a key assigns, one undo takes it all back."""

import re

from playwright.sync_api import Locator, Page, expect

from browser.stack import Api


def open_map(page: Page, dataset: int) -> Locator:
    """Open Explore and wait for the map."""
    page.goto(f"/d/{dataset}/explore")
    field = page.get_by_role("region", name="Map").locator("canvas").first
    expect(field).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"^All\s+90$"))).to_be_visible()
    page.wait_for_timeout(500)
    return field


def lasso(page: Page, field: Locator, modifiers: tuple[str, ...] = ("Shift",)) -> None:
    """Draw a loop just inside the edges of the map."""
    box = field.bounding_box()
    assert box
    left, top = box["x"] + 8, box["y"] + 60
    right, bottom = box["x"] + box["width"] - 8, box["y"] + box["height"] - 8
    for key in modifiers:
        page.keyboard.down(key)
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 20)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    for key in modifiers:
        page.keyboard.up(key)


def selected(page: Page) -> int:
    """How many cutouts the selection has."""
    heading = page.get_by_role("heading", name=re.compile("^Selection"))
    expect(heading).to_be_visible()
    return int(re.sub(r"\D", "", heading.inner_text()))


def saved(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile("^saved$"))).to_be_visible()


def test_a_lasso_is_assigned_by_a_key_and_undone_by_one(
    page: Page, api: Api, unlabelled: int
) -> None:
    # given a lasso around most of the map
    field = open_map(page, unlabelled)
    lasso(page, field)
    n = selected(page)
    assert n > 60
    # when a class key is pressed
    page.keyboard.press("d")
    saved(page)
    # then all of them have the class, in one action
    labels = api.labels(unlabelled)
    assert sum(label > 0 for label in labels) == n
    ordinal = next(i for i, label in enumerate(labels) if label > 0)
    history = api.history(unlabelled, ordinal)
    assert [event["how"] for event in history] == ["lasso"]
    # and one undo takes all of it back
    page.keyboard.press("u")
    saved(page)
    assert set(api.labels(unlabelled)) == {0}


def test_the_lasso_adds_and_takes_away(page: Page, unlabelled: int) -> None:
    field = open_map(page, unlabelled)
    lasso(page, field)
    n = selected(page)
    lasso(page, field, ("Shift", "Alt"))
    # nothing is left selected: the gallery shows all again, and a class key would do nothing
    expect(page.get_by_role("heading", name=re.compile(r"^All\s+90$"))).to_be_visible()
    lasso(page, field, ("Shift", "Control"))
    expect(page.get_by_role("heading", name=re.compile(rf"^Selection\s+{n}$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name=re.compile(r"^All\s+90$"))).to_be_visible()


def test_an_image_leads_to_its_point_and_a_point_to_its_image(page: Page, unlabelled: int) -> None:
    open_map(page, unlabelled)
    grid = page.get_by_role("grid").first
    grid.get_by_role("gridcell").nth(3).click()
    # the eyepiece shows what was chosen
    expect(page.get_by_role("region", name="Map").locator("canvas")).not_to_have_count(1)
    page.keyboard.press("j")
    saved(page)


def test_the_map_can_be_coloured_by_anything(page: Page, circle: int) -> None:
    page.goto(f"/d/{circle}/explore")
    field = page.get_by_role("region", name="Map").locator("canvas").first
    expect(field).to_be_visible()
    for by in ("class", "suggestion", "cluster"):
        page.keyboard.press("Control+k")
        page.keyboard.type(f"colour by {by}")
        page.keyboard.press("Enter")
        page.wait_for_timeout(200)
        expect(field).to_be_visible()
