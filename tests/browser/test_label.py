"""Labelling with real keys: what a person sees as saved is in the database, once."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from browser.conftest import Watched
from browser.stack import Api, Stack

OFFLINE = "net::ERR_INTERNET_DISCONNECTED"
REFUSED = "net::ERR_CONNECTION_REFUSED"


KEPT = """(wanted) => new Promise((resolve) => {
    const opening = indexedDB.open("cloudchamber");
    opening.onsuccess = () => {
        const kept = opening.result.transaction("outbox").objectStore("outbox").count();
        kept.onsuccess = () => { opening.result.close(); resolve(kept.result === wanted); };
    };
})"""


def open_label(page: Page, dataset: int) -> None:
    """Open the Label page in the order of the import, with an image on it."""
    page.goto(f"/d/{dataset}/label")
    expect(page.get_by_text("of 90 labelled")).to_be_visible()
    page.get_by_role("radio", name="as imported").check()
    page.reload()  # another order never takes away what somebody is looking at
    expect(page.get_by_text("track_00000", exact=True)).to_be_visible()
    expect(page.locator(".stage canvas").first).to_be_visible()


def classes(api: Api, dataset: int) -> dict[str, int]:
    """Class id by key."""
    return {c["key"]: c["id"] for c in api.get(f"/datasets/{dataset}")["label_set"]["classes"]}


def saved(page: Page) -> None:
    """Wait until the bar says that everything is saved."""
    expect(page.get_by_role("status").filter(has_text=re.compile("^saved$"))).to_be_visible()


def test_keys_label_and_a_reload_finds_the_labels(page: Page, api: Api, unlabelled: int) -> None:
    # given an open dataset
    open_label(page, unlabelled)
    ids = classes(api, unlabelled)
    keys = ["d", "f", "j", "k", "l"] * 4
    # when twenty images are labelled by keys
    for key in keys:
        page.keyboard.press(key)
    saved(page)
    # then the database has them in that order
    assert api.labels(unlabelled)[:21] == [*(ids[key] for key in keys), 0]
    # and a reload shows the count
    page.reload()
    expect(page.locator(".done .figure")).to_have_text("20")


def test_undo_and_redo_go_as_deep_as_one_likes(page: Page, api: Api, unlabelled: int) -> None:
    open_label(page, unlabelled)
    ids = classes(api, unlabelled)
    for key in "dfjk":
        page.keyboard.press(key)
    for _ in range(3):
        page.keyboard.press("u")
    saved(page)
    assert api.labels(unlabelled)[:4] == [ids["d"], 0, 0, 0]
    for _ in range(2):
        page.keyboard.press("Shift+U")
    saved(page)
    assert api.labels(unlabelled)[:4] == [ids["d"], ids["f"], ids["j"], 0]


def test_skip_and_back_label_nothing(page: Page, api: Api, unlabelled: int) -> None:
    open_label(page, unlabelled)
    page.keyboard.press("Space")
    expect(page.get_by_text("track_00001", exact=True)).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_text("track_00000", exact=True)).to_be_visible()
    assert set(api.labels(unlabelled)) == {0}


def test_a_doubt_and_a_note_are_kept(page: Page, api: Api, unlabelled: int) -> None:
    open_label(page, unlabelled)
    page.keyboard.press("a")
    page.keyboard.press("n")
    page.get_by_role("textbox", name="Note").fill("two tracks?")
    page.keyboard.press("Enter")
    saved(page)
    history = api.history(unlabelled, 0)
    assert [event["dubious"] for event in history][-1]
    assert "two tracks?" in [event["note"] for event in history]


def test_labels_made_offline_are_kept_and_sent_once(
    page: Page, context: BrowserContext, watched: Watched, api: Api, unlabelled: int
) -> None:
    watched.expect(OFFLINE)
    # given a page that has lost its network
    open_label(page, unlabelled)
    ids = classes(api, unlabelled)
    page.wait_for_timeout(500)
    context.set_offline(True)
    # when ten images are labelled
    for _ in range(10):
        page.keyboard.press("d")
    # then the bar says that they are not saved
    expect(page.get_by_text("not saved 10 (offline)")).to_be_visible()
    assert set(api.labels(unlabelled)) == {0}
    # when the network is back
    context.set_offline(False)
    # then each is saved, once
    saved(page)
    assert api.labels(unlabelled)[:11] == [ids["d"]] * 10 + [0]
    for ordinal in range(10):
        history = api.history(unlabelled, ordinal)
        assert len(history) == 1


def test_a_closed_tab_loses_nothing(
    page: Page, context: BrowserContext, watched: Watched, api: Api, unlabelled: int
) -> None:
    watched.expect(OFFLINE)
    open_label(page, unlabelled)
    page.wait_for_timeout(500)
    context.set_offline(True)
    for _ in range(5):
        page.keyboard.press("f")
    expect(page.get_by_text("not saved 5 (offline)")).to_be_visible()
    # A label is safe once the browser has written it, some milliseconds after its key.
    page.wait_for_function(KEPT, arg=5)
    page.close(run_before_unload=False)
    context.set_offline(False)
    again = context.new_page()
    again.goto(f"/d/{unlabelled}/label")
    expect(again.locator(".done .figure")).to_have_text("5")
    saved(again)
    assert sum(label > 0 for label in api.labels(unlabelled)) == 5


def test_a_killed_server_costs_nothing_but_time(
    context: BrowserContext, watched: Watched, annotator: str, crops: Path, tmp_path: Path
) -> None:
    watched.expect(REFUSED, "net::ERR_", "503")
    # given a server of its own
    with Stack(tmp_path / "data") as stack, Api(stack.url, annotator=annotator) as api:
        dataset = api.create_dataset("mine")
        api.import_paths(dataset, crops)
        page = context.new_page()
        page.goto(f"{stack.url}/d/{dataset}/label")
        page.get_by_role("radio", name="as imported").check()
        page.reload()
        expect(page.get_by_text("track_00000", exact=True)).to_be_visible()
        page.wait_for_timeout(500)
        for _ in range(3):
            page.keyboard.press("d")
        saved(page)
        # when everything is killed at once, somebody labels on, and it is started again
        stack.kill()
        for _ in range(7):
            page.keyboard.press("j")
        expect(page.get_by_text("not saved 7 (offline)")).to_be_visible()
        stack.start()
        # then all labels are there, once
        saved(page)
        ids = classes(api, dataset)
        assert api.labels(dataset)[:11] == [ids["d"]] * 3 + [ids["j"]] * 7 + [0]
        page.close()


def test_two_people_do_not_overwrite_each_other(api: Api, unlabelled: int) -> None:
    import uuid

    ids = classes(api, unlabelled)
    names = [f"{name} {uuid.uuid4().hex[:6]}" for name in ("ada", "lise")]
    for name, key in zip(names, "df", strict=True):
        api.http.post(
            f"/datasets/{unlabelled}/labels",
            json={
                "key": str(uuid.uuid4()),
                "ordinals": [0],
                "class_id": ids[key],
                "how": "key",
                "context": {},
            },
            headers={"X-Annotator": name},
        ).raise_for_status()
    history = api.get(f"/datasets/{unlabelled}/labels/history", ordinal=0)
    given = {event["annotator"]: event["class_id"] for event in history}
    assert [given[name] for name in names] == [ids["d"], ids["f"]]


def test_the_colours_change_without_the_pixels(page: Page, unlabelled: int) -> None:
    open_label(page, unlabelled)
    image = page.locator(".stage canvas").first
    expect(image).to_be_visible()
    page.wait_for_timeout(300)
    before = image.screenshot()
    page.keyboard.press("c")
    page.wait_for_timeout(300)
    assert image.screenshot() != before
    # the value under the pointer is that of the data, whatever the colours
    image.hover()
    reading = page.locator(".reading .value")
    expect(reading).to_be_visible()
    value = reading.inner_text()
    page.keyboard.press("t")
    page.wait_for_timeout(200)
    assert reading.inner_text() == value


def test_every_order_can_be_chosen(page: Page, unlabelled: int) -> None:
    page.goto(f"/d/{unlabelled}/label")
    for name in ("random", "as imported", "most typical first"):
        page.get_by_role("radio", name=name).check()
        expect(page.locator(".stage canvas").first).to_be_visible()
    expect(page.get_by_role("radio", name="least certain first")).to_be_disabled()
