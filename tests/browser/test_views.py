"""The pages of the science: galleries, models, exposures, jobs, on a dataset once around."""

import re

from playwright.sync_api import Page, Route, expect

from browser.stack import Api


def test_the_galleries_show_original_reconstruction_and_residual(page: Page, circle: int) -> None:
    page.goto(f"/d/{circle}/galleries")
    expect(page.locator("main canvas").first).to_be_visible()
    expect(page.get_by_text(re.compile("reconstruction", re.IGNORECASE)).first).to_be_visible()


def test_a_model_reads_as_a_methods_section(page: Page, circle: int) -> None:
    page.goto(f"/d/{circle}/models")
    expect(page.get_by_text(re.compile("accuracy", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_text(re.compile("macro-F1", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_role("table").first).to_be_visible()


def test_an_exposure_is_drawn_with_its_footprints(page: Page, circle: int) -> None:
    page.goto(f"/d/{circle}/exposures")
    expect(page.locator("main canvas").first).to_be_visible()
    expect(page.get_by_text(re.compile("run_1")).first).to_be_visible()


def test_retrain_shows_its_epochs_and_then_its_result(page: Page, api: Api, alone: int) -> None:
    # given thirty labels
    import uuid

    ids = [c["id"] for c in api.get(f"/datasets/{alone}")["label_set"]["classes"]]
    names = [c["name"] for c in api.get(f"/datasets/{alone}/cutouts", limit=90)["items"]]
    for place in range(3):
        ordinals = list(range(place, len(names), 3))[:12]
        body = {
            "key": str(uuid.uuid4()),
            "ordinals": ordinals,
            "class_id": ids[place],
            "how": "gallery",
            "context": {},
        }
        api.post(f"/datasets/{alone}/labels", body)
    # when the one button is pressed
    page.goto(f"/d/{alone}/models")
    page.get_by_role("button", name=re.compile("parameters")).click()
    page.get_by_label(re.compile("^epochs", re.IGNORECASE)).fill("2")
    page.get_by_label(re.compile("^folds", re.IGNORECASE)).fill("2")
    page.get_by_role("button", name="Retrain", exact=True).first.click()
    # then the job is in the bar while it runs, and a reload finds it again
    bar = page.get_by_role("banner").get_by_text(re.compile("Train classifier"))
    expect(bar).to_be_visible()
    page.reload()
    expect(bar).to_be_visible()
    # and the result has its spread
    expect(page.get_by_text(re.compile(r"0\.\d+ ± 0\.\d+")).first).to_be_visible(timeout=180_000)
    models = api.get(f"/datasets/{alone}/models")
    assert len(models) == 1
    assert api.get(f"/datasets/{alone}")["active_model_id"] == models[0]["id"]


def test_an_answer_that_comes_after_its_panel_is_gone_disturbs_nothing(
    page: Page, api: Api, alone: int
) -> None:
    # given a training that is looked at, and that is over before the answer has come
    api.wait_until_quiet(alone)
    job = api.start_job("train_autoencoder", alone, {"epochs": 2000})
    held: list[Route] = []
    page.route(re.compile(rf"/api/v1/jobs/{job}$"), lambda route: held.append(route))
    page.goto(f"/d/{alone}/models")
    panel = page.locator("main").get_by_text("Train autoencoder")
    expect(panel).to_be_visible()
    api.post(f"/jobs/{job}/cancel", {})
    expect(panel).to_have_count(0)
    # when it comes: the fixture `watched` holds that nothing reads what went with the panel
    with page.expect_response(re.compile(rf"/api/v1/jobs/{job}$")):
        held[0].continue_()
    page.wait_for_timeout(200)


def test_a_job_can_be_cancelled(page: Page, api: Api, alone: int) -> None:
    api.wait_until_quiet(alone)
    job = api.start_job("train_autoencoder", alone, {"epochs": 2000})
    page.goto(f"/d/{alone}/jobs")
    expect(page.get_by_text(re.compile("Train autoencoder")).first).to_be_visible()
    page.get_by_role("button", name=re.compile("Cancel")).first.click()
    for _ in range(100):
        if api.get(f"/jobs/{job}")["state"] == "cancelled":
            break
        page.wait_for_timeout(100)
    assert api.get(f"/jobs/{job}")["state"] == "cancelled"


def test_a_failed_job_says_why_in_one_sentence(page: Page, api: Api, alone: int) -> None:
    api.wait_until_quiet(alone)
    job = api.start_job("train_classifier", alone, {})  # without a label
    for _ in range(300):
        if api.get(f"/jobs/{job}")["state"] == "failed":
            break
        page.wait_for_timeout(100)
    error = api.get(f"/jobs/{job}")["error"]
    page.goto(f"/d/{alone}/jobs")
    expect(page.get_by_text(error["message"]).first).to_be_visible()
    assert "Traceback" not in error["message"]
