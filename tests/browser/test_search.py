"""A search for hyperparameters on its page, from the first trial to a training that uses it."""

import re
import uuid
from pathlib import Path

from playwright.sync_api import Page, expect

from browser.accessibility import problems
from browser.stack import Api
from browser.test_pages import open_page


def test_a_search_is_run_seen_and_used(page: Page, api: Api, repository: Path, alone: int) -> None:
    ids = [c["id"] for c in api.get(f"/datasets/{alone}")["label_set"]["classes"]]
    n = len(api.get(f"/datasets/{alone}/cutouts", limit=90)["items"])
    for place in range(3):
        body = {
            "key": str(uuid.uuid4()),
            "ordinals": list(range(place, n, 3))[:12],
            "class_id": ids[place],
            "how": "gallery",
            "context": {},
        }
        api.post(f"/datasets/{alone}/labels", body)
    axe = (repository / "frontend/node_modules/axe-core/axe.min.js").read_text()
    open_page(page, f"/d/{alone}/models?tab=search")
    page.get_by_label("Architecture", exact=True).select_option("metadata_net")
    page.get_by_label("trials").fill("3")
    page.locator("main").get_by_role("button", name="parameters").last.click()
    page.get_by_label("epochs").last.fill("2")
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.get_by_text("3 of 3 trials")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Run 20 more")).to_be_visible(timeout=30_000)
    expect(page.locator("svg circle.complete")).not_to_have_count(0)
    assert problems(page, axe) == []
    page.get_by_role("button", name="Use this").click()
    expect(page.get_by_role("button", name="In use")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back to the architecture")).click()
    expect(page.get_by_role("button", name="Use this")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="In use")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back to the architecture")).click()
