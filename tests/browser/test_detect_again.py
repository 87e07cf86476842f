"""Another threshold on an exposure: seen before it is done, done by a key, undone by one click."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from playwright.sync_api import Page, expect

from browser.stack import Api

SIDE = 128
JOB_MS = 90_000  # a job beside others on a slow machine


@pytest.fixture
def night(tmp_path: Path, api: Api, new_dataset: Callable[[str], int]) -> int:
    """An exposure with two bright tracks, joined by a faint bridge, and a faint track elsewhere;
    searched at 40 sigma, both bright ones labelled."""
    image = np.random.default_rng(0).normal(1000, 6, (SIDE, SIDE))
    image[30, 20:40] += 100
    image[30, 20:30] += 500
    image[30, 36:40] += 500
    image[100, 90:97] += 100
    path = tmp_path / "frame.fits"
    fits.PrimaryHDU(np.rint(image).astype(np.uint16)).writeto(path)
    dataset = new_dataset("night")
    api.import_paths(dataset, path, threshold={"value": 40, "unit": "sigma"})
    api.wait_until_quiet(dataset)
    classes = api.get(f"/datasets/{dataset}")["label_set"]["classes"]
    for ordinal in (0, 1):
        body = {
            "key": f"{dataset:08}-{ordinal:08}", "ordinals": [ordinal],
            "class_id": classes[ordinal]["id"], "how": "key",
        }  # fmt: skip
        api.post(f"/datasets/{dataset}/labels", body)
    return dataset


def test_a_threshold_is_tried_searched_with_and_taken_back(
    page: Page, api: Api, night: int
) -> None:
    page.goto(f"/d/{night}/exposures")
    expect(page.get_by_text("2 of 2 labelled")).to_be_visible()
    # when the panel is opened by its key and the threshold lowered
    page.keyboard.press("Shift+D")
    panel = page.get_by_role("form", name="Detect again")
    told = panel.locator(".told")
    expect(told).to_contain_text("2 footprints: 2 keep their cutouts", timeout=JOB_MS)
    panel.get_by_label("Threshold value").fill("9")
    # then the page says what would happen, and nothing has happened
    whatif = "2 footprints: 1 keeps its cutout, 1 new, 1 gone, of which 1 labelled"
    expect(told).to_contain_text(whatif)
    assert api.get(f"/datasets/{night}")["n_retired"] == 0
    # when it is done by a key
    page.keyboard.press("Enter")
    toast = page.get_by_role("status").filter(has_text="carried over")
    expect(toast).to_contain_text(whatif, timeout=JOB_MS)
    assert api.get(f"/datasets/{night}")["n_labelled"] == 1
    # when it is undone
    toast.get_by_role("button", name="Undo").click()
    # then both cutouts and labels are there again, and the history offers the other detection
    expect(page.get_by_text("The detection is back")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_text("2 of 2 labelled")).to_be_visible()
    assert api.get(f"/datasets/{night}")["n_labelled"] == 2
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("1 of 2 labelled")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_text("1 label not carried over")).to_be_visible()
