"""Cuts travel as a line, in the address and by name; the spectrum has a scale once calibrated."""

import csv
import re
from urllib.parse import quote

import httpx
from playwright.sync_api import Page, expect

from browser.stack import Api, Stack


def shown(page: Page) -> int:
    """How many cutouts are past the cuts."""
    heading = page.get_by_role("heading", name=re.compile(r"^Past the cuts\s+\d+$"))
    expect(heading).to_be_visible()
    return int(re.sub(r"\D", "", heading.inner_text()))


def exported(stack: Stack, dataset: int, cut: str) -> list[float]:
    """Charges of the cutouts that an export with this cut has, in rising order."""
    body = {"what": "columns", "format": "csv", "cut": cut}
    answer = httpx.post(f"{stack.url}/api/v1/datasets/{dataset}/exports", json=body)
    return sorted(float(row["charge"]) for row in csv.DictReader(answer.text.splitlines()))


def settings(stack: Stack, dataset: int) -> dict:
    return httpx.get(f"{stack.url}/api/v1/datasets/{dataset}/settings").json()


def test_a_link_holds_the_cuts_and_a_name_keeps_them(
    page: Page, api: Api, stack: Stack, unlabelled: int
) -> None:
    # given a link that somebody sent
    charges = exported(stack, unlabelled, "")
    low, high = int(charges[25]), int(charges[60])
    between = f"{low} < charge <= {high}"
    cut = f"charge > {low} & class == unlabelled"
    page.goto(f"/d/{unlabelled}/explore?cut={quote(cut)}")
    line = page.get_by_label("Cuts", exact=True)
    expect(line).to_have_value(f'charge > {low} & class == "unlabelled"')
    n = shown(page)
    assert 0 < n == len(exported(stack, unlabelled, f"charge > {low}")) < 90
    # when the cut is changed by hand, the address follows, and what cannot be is named
    line.fill(f"charge > {low} & charge <= {high}")
    line.press("Enter")
    expect(line).to_have_value(between)
    expect(page).to_have_url(re.compile(rf"cut={low}\+%3C\+charge\+%3C%3D\+{high}$"))
    assert shown(page) == len(exported(stack, unlabelled, between)) < n
    line.fill("colour > 1 & size < 2")
    line.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("There are no columns “colour”, “size”.")
    line.press("Escape")
    # then it can be kept by name, taken away, and brought back
    page.get_by_role("button", name=re.compile("^Saved")).click()
    name = f"mine {unlabelled}"
    page.get_by_label("Name for these cuts").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    kept = page.get_by_role("region", name="Saved cuts")
    expect(kept.get_by_text(name)).to_be_visible()
    assert {"name": name, "cut": between} in settings(stack, unlabelled)["cuts"]
    kept.get_by_role("button", name=f"Remove {name}").click()
    expect(kept.get_by_text(name)).to_have_count(0)
    page.get_by_role("button", name="Undo").last.click()
    page.get_by_role("button", name="Clear", exact=True).last.click()
    expect(line).to_have_value("")
    kept.get_by_text(name).click()
    expect(line).to_have_value(between)


def test_a_calibration_puts_kev_beside_the_stored_values(
    page: Page, api: Api, stack: Stack, unlabelled: int
) -> None:
    # given the spectrum of the charge, in the unit of the file
    page.goto(f"/d/{unlabelled}/explore")
    page.get_by_role("button", name="Spectrum", exact=True).click()
    plot = page.get_by_role("group", name=re.compile("^Spectrum of Charge"))
    expect(plot).to_be_visible()
    expect(page.get_by_role("button", name="keV")).to_have_count(0)
    # when a gain is entered
    page.get_by_role("button", name="Calibrate", exact=True).click()
    page.get_by_label("gain").fill("2")
    page.get_by_role("button", name="Save", exact=True).click()
    # then it is the dataset's, the axis is in keV, and so are the values of a cutout
    expect(page.get_by_role("group", name=re.compile(r"Spectrum of Charge.*keV$"))).to_be_visible()
    calibration = settings(stack, unlabelled)["energy_calibration"]
    assert (calibration["gain"], calibration["ev_per_electron"]) == (2, 3.77)
    page.goto(f"/d/{unlabelled}/explore?ordinal=3")
    expect(
        page.get_by_role("complementary", name="Cutout 3").get_by_text("keV").first
    ).to_be_visible()
    # and taken away, it is gone everywhere
    page.get_by_role("button", name="Calibrate", exact=True).click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("group", name=re.compile(r"Spectrum of Charge.*keV$"))).to_have_count(0)
    assert settings(stack, unlabelled)["energy_calibration"] is None
