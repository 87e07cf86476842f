"""Exposures: drawn as ds9 draws them, and their history beside them."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from playwright.sync_api import Locator, Page, expect

from browser.stack import Api

SIDE = 128
LOOK_MS = 90_000
# Brightness of the upper and of the lower half of what a canvas shows.
HALVES = """canvas => {
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, width, height).data;
  const sums = [0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      sums[y < height / 2 ? 0 : 1] += Math.max(0, data[4 * (y * width + x)] - 128);
  return sums;
}"""


@pytest.fixture
def night(tmp_path: Path, api: Api, new_dataset: Callable[[str], int]) -> Callable[..., int]:
    """A dataset of one exposure whose one track lies in its first rows, and widens downwards in the
    file: most of it in the first of its own rows."""

    def bring(**cards: str) -> int:
        image = np.random.default_rng(0).normal(1000, 6, (SIDE, SIDE))
        for row in range(20):
            image[4 + row, 30 : 30 + (20 if row < 4 else 2)] += 2000
        hdu = fits.PrimaryHDU(np.rint(image).astype(np.uint16))
        hdu.header.update(cards)
        path = tmp_path / "frame.fits"
        hdu.writeto(path, overwrite=True)
        dataset = new_dataset("night")
        api.import_paths(dataset, path)
        api.wait_until_quiet(dataset)
        return dataset

    return bring


def halves(canvas: Locator) -> tuple[float, float]:
    """How bright the upper and the lower half of a drawn image are, once it is drawn."""
    expect(canvas).to_be_visible()
    page = canvas.page
    page.wait_for_function(
        f"() => {{ const f = {HALVES}; const c = document.querySelector('main canvas');"
        " return c && c.width && f(c).some((sum) => sum > 0); }"
    )
    upper, lower = canvas.evaluate(HALVES)
    return upper, lower


def test_the_first_row_of_a_fits_image_is_at_the_bottom_everywhere(
    page: Page, night: Callable[..., int]
) -> None:
    dataset = night()
    page.goto(f"/d/{dataset}/exposures")
    upper, lower = halves(page.locator("main canvas").first)
    assert lower > upper
    page.goto(f"/d/{dataset}/label")
    upper, lower = halves(page.locator("main .stage canvas").first)
    assert lower > upper


def test_the_first_row_is_at_the_bottom_of_what_a_model_makes_too(
    page: Page, tmp_path: Path, api: Api, new_dataset: Callable[[str], int]
) -> None:
    # given an autoencoder of tracks that are widest in their first rows
    image = np.random.default_rng(0).normal(1000, 6, (256, 256))
    for y in range(8, 232, 40):
        for x in range(8, 232, 40):
            image[y : y + 4, x : x + 20] += 2000
            image[y + 4 : y + 20, x : x + 2] += 2000
    path = tmp_path / "frame.fits"
    fits.PrimaryHDU(np.rint(image).astype(np.uint16)).writeto(path)
    dataset = new_dataset("made")
    api.import_paths(dataset, path)
    api.wait_until_quiet(dataset)
    api.wait_for(api.start_job("train_autoencoder", dataset, {"epochs": 2}), 180)
    api.wait_until_quiet(dataset)
    # when a gallery is opened that needs no pixels but the model's
    page.goto(f"/d/{dataset}/galleries")
    canvas = page.get_by_role("img", name=re.compile("original, reconstruction")).first
    expect(canvas).to_be_visible()
    # then originals lie as everywhere
    upper, lower = halves(canvas.locator("canvas"))
    assert lower > upper


def test_a_switch_turns_it_and_roworder_is_honoured(page: Page, night: Callable[..., int]) -> None:
    dataset = night(ROWORDER="TOP-DOWN")
    page.goto(f"/d/{dataset}/exposures")
    upper, lower = halves(page.locator("main canvas").first)
    assert upper > lower
    page.get_by_role("button", name="row 1 on top").click()
    expect(page.get_by_role("button", name="row 1 at the bottom")).to_be_visible()
    page.wait_for_timeout(300)
    upper, lower = halves(page.locator("main canvas").first)
    assert lower > upper
    page.keyboard.press("Shift+Y")
    expect(page.get_by_role("button", name="row 1 on top")).to_be_visible()


def test_the_pointer_reads_rows_from_the_first(page: Page, night: Callable[..., int]) -> None:
    dataset = night()
    page.goto(f"/d/{dataset}/exposures")
    canvas = page.locator("main canvas").first
    halves(canvas)
    page.get_by_role("button", name="whole").click()
    page.wait_for_timeout(300)
    box = canvas.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    rows = []
    for part in (0.45, 0.55):
        page.mouse.move(middle, box["y"] + part * box["height"])
        told = page.get_by_text(re.compile(r"^y \d+$"))
        expect(told).to_be_visible()
        rows.append(int(re.sub(r"\D", "", told.inner_text())))
    assert rows[0] > rows[1]


def test_an_exposure_tells_its_history_and_a_text_for_a_paper(
    page: Page, night: Callable[..., int]
) -> None:
    dataset = night(INSTRUME="TESTCAM", GAIN="1.7")
    page.goto(f"/d/{dataset}/exposures")
    aside = page.get_by_role("complementary", name=re.compile("History"))
    expect(aside.get_by_text("TESTCAM").first).to_be_visible()
    expect(aside.get_by_text("frame.fits, HDU 0, uint16")).to_be_visible()
    expect(aside.get_by_text(re.compile("Footprints are 8-connected"))).to_be_visible()
    expect(aside.get_by_role("button", name="Copy as text")).to_be_visible()


def test_the_look_tells_how_an_exposure_is_read_and_takes_corrections(
    page: Page, api: Api, tmp_path: Path
) -> None:
    # given a frame with a quality mask over its track, of a detector that names itself
    image = np.random.default_rng(0).normal(1000, 6, (SIDE, SIDE))
    image[40, 30:60] += 500
    flags = np.zeros((SIDE, SIDE), np.int16)
    flags[40, 30:60], flags[90] = 16, 4
    science = fits.ImageHDU(np.rint(image).astype(np.uint16), name="SCI")
    science.header["INSTRUME"], science.header["GAIN"] = "LOOKCAM", 2.0
    path = tmp_path / "frame.fits"
    fits.HDUList([fits.PrimaryHDU(), science, fits.ImageHDU(flags, name="DQ")]).writeto(path)
    # when it is looked at
    page.goto("/import")
    page.get_by_test_id("files").set_input_files(path)
    section = page.get_by_role("region", name="How the exposure is read")
    # A look waits its turn behind what the other tests have begun.
    expect(section.get_by_role("heading", name="LOOKCAM")).to_be_visible(timeout=LOOK_MS)
    expect(section.get_by_text("assumed")).to_be_visible()
    expect(page.get_by_text("0 footprints")).to_be_visible(timeout=LOOK_MS)
    # then a bit that masks the track can be let go, and a gain be said
    section.get_by_role("checkbox", name=re.compile("^16 ")).uncheck()
    expect(page.get_by_text("1 footprint", exact=False).first).to_be_visible(timeout=LOOK_MS)
    gain = section.get_by_label(re.compile("Gain of amplifier"))
    expect(gain).to_have_value("2")
    gain.fill("3.5")
    gain.press("Enter")
    expect(section.get_by_label(re.compile("Gain of amplifier"))).to_have_value(
        "3.5", timeout=LOOK_MS
    )
    # and both be remembered for the detector, and forgotten again
    section.get_by_role("button", name="Remember for LOOKCAM").click()
    expect(section.get_by_text("1 detector remembered")).to_be_visible()
    (known,) = [one for one in api.get("/detectors") if one["name"] == "LOOKCAM"]
    assert (known["settings"]["gain"], known["settings"]["mask_bits"]) == ([3.5], 4)
    section.get_by_text("1 detector remembered").click()
    section.get_by_role("button", name="Forget").click()
    expect(page.get_by_text("0 footprints")).to_be_visible(timeout=LOOK_MS)
