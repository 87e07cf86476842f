"""Second looks: random checks amid a chosen order, suspect labels, agreement between two people."""

import uuid

from playwright.sync_api import Page, expect

from browser.stack import Api
from browser.test_label import classes, saved


def give(api: Api, dataset: int, ordinals: list[int], class_id: int) -> None:
    body = {"key": uuid.uuid4().hex, "ordinals": ordinals, "class_id": class_id, "how": "lasso"}
    api.post(f"/datasets/{dataset}/labels", body)


def test_every_fifth_of_a_chosen_order_is_a_random_check(
    page: Page, api: Api, unlabelled: int
) -> None:
    page.goto(f"/d/{unlabelled}/label")
    page.get_by_role("radio", name="most typical first").check()
    expect(page.locator(".stage canvas").first).to_be_visible()
    mark = page.get_by_text("random check: no suggestion")
    for place in range(1, 11):
        expect(mark).to_have_count(1 if place % 5 == 0 else 0)
        page.keyboard.press("d")
    saved(page)
    assert sum(label > 0 for label in api.labels(unlabelled)) == 10


def test_suspect_labels_are_confirmed_corrected_and_taken_back(
    page: Page, api: Api, alone: int
) -> None:
    # given labels by the kinds of the crops, one of them wrong, and a model
    items = api.get(f"/datasets/{alone}/cutouts", limit=90)["items"]
    kinds = [int(item["name"].rsplit("_", 1)[1]) % 3 for item in items]
    kinds[4] = (kinds[4] + 1) % 3
    ids = list(classes(api, alone).values())
    for kind in range(3):
        give(api, alone, [o for o in range(90) if kinds[o] == kind], ids[kind])
    job = api.start_job(
        "train_classifier", alone, {"architecture": "extra_trees", "novelty_check": False}
    )
    api.wait_for(job, 120)
    # when the suspects are gone through
    page.goto(f"/d/{alone}/label")
    page.get_by_role("radio", name="check labels").check()
    progress = page.get_by_text("checked,")
    expect(progress).to_contain_text("0 of ")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(progress).to_contain_text("1 of ")
    saved(page)
    before = api.get(f"/datasets/{alone}/labels/reviews")
    assert before["changed"] == [False]
    # then an undo brings it back into the queue
    page.keyboard.press("u")
    expect(progress).to_contain_text("0 of ")
    saved(page)
    assert api.get(f"/datasets/{alone}/labels/reviews")["ordinals"] == []
