"""Files are looked at before they are imported, and accounted for afterwards."""

import json
import re
import uuid
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from browser import pictures
from browser.accessibility import problems
from browser.conftest import Watched
from browser.stack import Api

LOOK_MS = 180_000
IMPORT_MS = 240_000


def choose(page: Page, *paths: Path, dataset: int | None = None) -> None:
    """Open the import page and choose files, or one folder."""
    page.goto("/import" if dataset is None else f"/d/{dataset}/import")
    folder = len(paths) == 1 and paths[0].is_dir()
    page.get_by_test_id("folder" if folder else "files").set_input_files(list(paths))


def looked(page: Page) -> None:
    """Wait for the end of a look: the page then says what will happen."""
    expect(page.get_by_label("What will happen")).to_be_visible(timeout=LOOK_MS)


def name_it(page: Page, name: str) -> str:
    """Name the dataset so that no other test has it."""
    unique = f"{name} {uuid.uuid4().hex[:6]}"
    page.get_by_label("Dataset", exact=True).fill(unique)
    return unique


def importer(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Import .*[0-9]"))


def imported(page: Page) -> int:
    """Press the button and wait for the end; gives the dataset's id."""
    importer(page).click()
    page.wait_for_url(re.compile(r"/d/\d+/import\?job="))
    expect(page.get_by_role("heading", name="Imported")).to_be_visible(timeout=IMPORT_MS)
    match = re.search(r"/d/(\d+)/", page.url)
    assert match
    return int(match[1])


def footprints(page: Page) -> int:
    """The count beside the threshold."""
    text = page.locator("output .figure").inner_text()
    return int(re.sub(r"\D", "", text))


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """A folder with four crops, a damaged one, and labels of three of them and of one more."""
    folder = tmp_path / "run_9"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for i in range(4):
        Image.fromarray(pictures.track("muon", rng)).save(folder / f"t{i}.png")
    (folder / "damaged.png").write_bytes((folder / "t0.png").read_bytes()[:60])
    rows = ["name,label", "t0,muon", "t1,electron", "t2,muon", "t77,muon"]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_an_exposure_is_seen_with_its_footprints_before_anything_is_stored(
    page: Page, api: Api, exposure: Path
) -> None:
    before = len(api.get("/datasets"))
    choose(page, exposure)
    looked(page)
    expect(page.get_by_role("application", name=re.compile("run_1.fits"))).to_be_visible()
    assert footprints(page) > 0
    assert page.get_by_label("Dataset", exact=True).input_value().startswith("run_1")
    assert len(api.get("/datasets")) == before


def test_the_count_follows_the_threshold_and_is_what_the_import_cuts_out(
    page: Page, api: Api, exposure: Path
) -> None:
    choose(page, exposure)
    looked(page)
    at_six = footprints(page)
    # when the slider is moved by a key, and then a number is typed
    page.get_by_role("slider", name="Threshold").press("End")
    expect(page.get_by_role("spinbutton", name="Threshold")).to_have_value("100")
    at_hundred = footprints(page)
    page.get_by_role("spinbutton", name="Threshold").fill("200")
    counted = footprints(page)
    assert len({at_six, at_hundred, counted}) > 1
    assert counted > 0
    # then the import finds as many
    name_it(page, "counted")
    dataset = imported(page)
    assert api.get(f"/datasets/{dataset}")["n_cutouts"] == counted


def test_class_folders_are_offered_and_become_labels_only_when_taken(
    page: Page, api: Api, crops: Path
) -> None:
    choose(page, crops)
    looked(page)
    for kind in pictures.CLASSES:
        expect(page.get_by_role("row", name=re.compile(f"{kind}.*30"))).to_be_visible()
    expect(page.get_by_role("button", name="Import 90 cutouts", exact=True)).to_be_visible()
    page.get_by_role("group", name="Use folder names as").get_by_role(
        "button", name="Labels"
    ).click()
    expect(
        page.get_by_role("button", name="Import 90 cutouts and 90 labels", exact=True)
    ).to_be_visible(timeout=LOOK_MS)
    name_it(page, "folders")
    dataset = imported(page)
    assert all(api.labels(dataset))
    classes = api.get(f"/datasets/{dataset}")["label_set"]["classes"]
    assert {c["name"] for c in classes} >= set(pictures.CLASSES)


def test_a_dataset_is_named_after_the_folder_and_a_table_says_how_many_rows_join(
    page: Page, mixture: Path
) -> None:
    choose(page, mixture)
    looked(page)
    expect(page.get_by_label("Dataset", exact=True)).to_have_value("run_9")
    expect(page.get_by_text("3 of 4 labels").first).to_be_visible()
    expect(page.get_by_label(re.compile("Key column of .*labels.csv"))).to_have_value("name")
    expect(importer(page)).to_have_text("Import 4 cutouts and 3 labels")


def test_the_account_afterwards_begins_with_what_was_refused(page: Page, mixture: Path) -> None:
    choose(page, mixture)
    looked(page)
    name_it(page, "account")
    imported(page)
    account = page.get_by_label("Account")
    lines = account.locator(".files > li")
    expect(lines.first).to_contain_text("damaged.png")
    expect(lines.first).to_contain_text("refused")
    expect(account.get_by_text(re.compile("3 of 4 labels")).first).to_be_visible()
    # opened, the table names the row that met nothing
    lines.filter(has_text="labels.csv").locator("summary").click()
    expect(account.get_by_text(re.compile("t77")).first).to_be_visible()
    # and one state can be looked at alone
    account.get_by_role("button", name=re.compile("^refused 1")).click()
    expect(lines).to_have_count(1)


def test_corrected_labels_are_a_question_that_is_answered_where_it_is_asked(
    page: Page, api: Api, tmp_path: Path, alone: int
) -> None:
    # given labels, and a table that corrects one of them
    names = [c["name"] for c in api.get(f"/datasets/{alone}/cutouts", limit=3)["items"]]
    tables = []
    for number, first in enumerate(("muon", "electron")):
        table = tmp_path / str(number) / "labels.csv"
        table.parent.mkdir()
        rows = [f"{names[0]},{first}", f"{names[1]},muon"]
        table.write_text("\n".join(["name,label", *rows]) + "\n")
        tables.append(table)
    choose(page, tables[0], dataset=alone)
    looked(page)
    imported(page)
    earlier = api.labels(alone)[:2]
    # when the second is imported and the question answered
    choose(page, tables[1], dataset=alone)
    looked(page)
    page.get_by_role("button", name=re.compile("^Replace")).first.click()
    expect(page.get_by_role("button", name=re.compile("^Replace")).first).to_have_attribute(
        "aria-pressed", "true"
    )
    imported(page)
    # then that label is another and the other stands
    later = api.labels(alone)[:2]
    assert later[0] != earlier[0]
    assert later[1] == earlier[1]


def test_an_image_of_doubtful_size_is_asked_about_and_the_answer_counts(
    page: Page, api: Api, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    frame = rng.normal(500, 3, (1200, 1200))
    for row, column in rng.integers(10, 1190, (25, 2)):
        frame[row : row + 2, column : column + 6] += 400
    path = tmp_path / "scan.tif"
    Image.fromarray(frame.astype(np.uint16)).save(path)
    choose(page, path)
    question = page.get_by_role("group", name=re.compile("exposure", re.IGNORECASE))
    expect(question).to_be_visible(timeout=LOOK_MS)
    question.get_by_role("button", name=re.compile("exposure", re.IGNORECASE)).first.click()
    expect(page.get_by_role("application", name=re.compile("scan.tif"))).to_be_visible(
        timeout=LOOK_MS
    )
    counted = footprints(page)
    name_it(page, "asked")
    dataset = imported(page)
    assert api.get(f"/datasets/{dataset}")["n_cutouts"] == counted > 1


def test_two_files_of_one_name_both_come_in(page: Page, api: Api, tmp_path: Path) -> None:
    for run in (1, 2):
        (tmp_path / f"run{run}").mkdir()
        pictures.exposure(tmp_path / f"run{run}" / "exp.fits", tracks=10 * run, seed=run)
    choose(page, tmp_path / "run1" / "exp.fits", tmp_path / "run2" / "exp.fits")
    expect(page.get_by_text(re.compile("of a name that was here already"))).to_be_visible()
    looked(page)
    name_it(page, "two runs")
    dataset = imported(page)
    assert len(api.get(f"/datasets/{dataset}/exposures")) == 2


def test_files_can_be_imported_when_the_look_fails(
    page: Page, watched: Watched, api: Api, crops: Path
) -> None:
    def refuse(route: Route) -> None:
        body = route.request.post_data_json if route.request.method == "POST" else None
        if body and body["kind"] == "look":
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/jobs", refuse)
    watched.expect("net::ERR_FAILED")
    choose(page, crops)
    expect(page.get_by_text("The files could not be looked at")).to_be_visible(timeout=LOOK_MS)
    name_it(page, "unseen")
    dataset = imported(page)
    assert api.get(f"/datasets/{dataset}")["n_cutouts"] == 90


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_look_and_the_account_are_accessible(
    page: Page, axe: str, mixture: Path, exposure: Path, theme: str
) -> None:
    stored = json.dumps(json.dumps(theme))
    page.add_init_script(f"localStorage.setItem('cloudchamber.theme', {stored})")
    (mixture / exposure.name).write_bytes(exposure.read_bytes())
    choose(page, mixture)
    looked(page)
    expect(page.get_by_role("application")).to_be_visible()
    assert problems(page, axe) == []
    name_it(page, theme)
    imported(page)
    expect(page.get_by_label("Account").locator(".files > li").first).to_be_visible()
    assert problems(page, axe) == []


def test_bias_frames_are_asked_about_once_and_answered_on_the_page(
    page: Page, api: Api, exposure: Path, tmp_path: Path
) -> None:
    # given a night with two frames that say they are bias, each sent by itself
    night = tmp_path / "night"
    night.mkdir()
    (night / "run.fits").write_bytes(exposure.read_bytes())
    rng = np.random.default_rng(0)
    for number in (1, 2):
        header = fits.Header({"IMAGETYP": "bias"})
        pixels = rng.normal(500, 3, (256, 256)).astype(np.float32)
        fits.PrimaryHDU(pixels, header).writeto(night / f"b{number}.fits")
    choose(page, night)
    looked(page)
    # then one line asks for both
    files = page.get_by_role("list", name="Files to import")
    expect(files.get_by_text("2 files", exact=True)).to_be_visible()
    expect(files.get_by_text("what is it for?")).to_have_count(1)
    expect(page.get_by_text(re.compile("--[a-z]"))).to_have_count(0)
    # and one answer holds for both
    files.get_by_role("button", name="A bias for the master").click()
    expect(files.get_by_text("what is it for?")).to_have_count(0, timeout=LOOK_MS)
    for number in (1, 2):
        of = files.get_by_role("combobox", name=f"b{number}.fits is taken for")
        expect(of).to_have_value("bias")
    name_it(page, "night")
    imported(page)
    expect(page.get_by_text("Master bias of 2 exposures")).to_be_visible()
