"""The search for hyperparameters as a job: its study, its workers, what comes of its best."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloudchamber.data import dataset_settings, jobs, models
from cloudchamber_worker.learning.architectures import architecture
from learning.conftest import Lab
from learning.synthetic import drawn_tracks

NETWORKS = ("small_cnn", "seed_cnn", "seed_cnn_3", "resnet18", "metadata_net")
QUICK: dict[str, Any] = {"architecture": "metadata_net", "epochs": 2, "folds": 2}


def rows_into(rows: list[dict[str, Any]]):
    return lambda told: rows.append(told["epoch"]) if "epoch" in told else None


def numbers_of(result: dict[str, Any], state: str | None = None) -> list[int]:
    return [t["number"] for t in result["trials"] if state in (None, t["state"])]


def test_a_study_finds_a_best_trial_and_says_all_of_them(lab: Lab):
    lab.tracks(40, labelled=40)
    rows: list[dict[str, Any]] = []
    done = lab.run("search_hyperparameters", rows_into(rows), **QUICK, trials=10)
    assert done["outcome"] == "published", done
    result = done["result"]
    assert numbers_of(result) == list(range(10))
    finished = [t for t in result["trials"] if t["state"] == "complete"]
    assert result["best"]["value"] == max(t["value"] for t in finished)
    assert result["best"]["accuracy_sd"] is not None
    assert 0 < result["best"]["macro_f1"] <= 1
    # The first trial is what a training would have used without the search.
    assert result["trials"][0]["params"]["dropout_rate"] == 0.2
    assert result["trials"][0]["params"]["learning_rate"] == 1e-3
    assert sum(bar["importance"] for bar in result["importance"]) == pytest.approx(1)
    last = {row["epoch"]: row for row in rows}
    assert {row["state"] for row in last.values()} <= {"complete", "pruned"}
    assert max(row["best"] for row in last.values()) == result["best"]["value"]
    assert json.loads(last[0]["params"]) == result["trials"][0]["params"]


@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_the_same_seed_tries_the_same(lab: Lab):
    lab.tracks(30, labelled=30)
    tried = []
    for _ in range(2):
        done = lab.run("search_hyperparameters", None, **QUICK, trials=4, seed=3)
        tried.append([(t["params"], t["value"]) for t in done["result"]["trials"]])
    assert tried[0] == tried[1]


def test_jobs_of_one_name_share_a_study_on_the_labels_of_its_first_job(lab: Lab):
    lab.tracks(40, labelled=30)
    first = lab.run("search_hyperparameters", None, **QUICK, trials=3, study="ours")
    lab.label(np.arange(30, 40), drawn_tracks(40)[2][30:])  # too late to count
    second = lab.run("search_hyperparameters", None, **QUICK, trials=5, study="ours")
    assert second["outcome"] == "published", second
    assert numbers_of(first["result"]) == [0, 1, 2]
    assert numbers_of(second["result"]) == [0, 1, 2, 3, 4]
    assert second["result"]["trials"][:3] == first["result"]["trials"]
    assert second["result"]["n_labels"] == 30
    third = lab.run("search_hyperparameters", None, **QUICK, trials=5, study="ours")
    assert numbers_of(third["result"]) == [0, 1, 2, 3, 4]


def test_two_workers_share_the_trials_and_do_none_twice(lab: Lab):
    """Given a worker in the middle of the first trial, when another takes the study up, then it
    does the others, and together they have done as many as were asked for."""
    lab.tracks(30, labelled=30)
    inner: list[dict[str, Any]] = []

    def join(told: dict[str, Any]) -> None:
        if "epoch" in told and not inner:
            inner.append({})
            inner[0] = lab.run("search_hyperparameters", None, **QUICK, trials=4, study="ours")

    outer = lab.run("search_hyperparameters", join, **QUICK, trials=4, study="ours")
    assert numbers_of(inner[0]["result"], "running") == [0]
    assert numbers_of(inner[0]["result"]) == [0, 1, 2, 3]
    assert numbers_of(outer["result"]) == [0, 1, 2, 3]
    assert numbers_of(outer["result"], "running") == []


def test_another_request_cannot_join_a_study(lab: Lab):
    lab.tracks(30, labelled=30)
    lab.run("search_hyperparameters", None, **QUICK, trials=1, study="ours")
    done = lab.run("search_hyperparameters", None, **{**QUICK, "epochs": 3}, study="ours")
    assert done["outcome"] == "failed"
    assert "begun with epochs = 2" in done["error"]["message"]


@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_a_kernel_larger_than_the_image_fails_its_trial_alone(lab: Lab):
    """Three convolutions with pooling leave nothing of 32x32 where the kernels are large."""
    lab.tracks(20, labelled=20)
    done = lab.run(
        "search_hyperparameters", None, architecture="seed_cnn", representation="two_scale",
        trials=12, epochs=1, folds=2, seed=1,
    )  # fmt: skip
    assert done["outcome"] == "published", done
    failed = [t for t in done["result"]["trials"] if t["state"] == "failed"]
    assert failed
    assert all("larger than what the layers before leave" in t["cause"] for t in failed)
    assert done["result"]["best"]["state"] == "complete"


class Killed(BaseException):
    pass


def test_a_killed_search_loses_one_trial_and_goes_on(lab: Lab):
    lab.tracks(30, labelled=30)

    def die(told: dict[str, Any]) -> None:
        if told.get("epoch", {}).get("epoch") == 2:
            raise Killed

    with pytest.raises(Killed):
        lab.run("search_hyperparameters", die, **QUICK, trials=4)
    with lab.database.read() as session:
        job_id = jobs.list_jobs(session, dataset_id=lab.dataset_id)[0].id
    lab.release(job_id)
    done = lab.attempt(job_id)
    assert done["outcome"] == "published", done
    trials = done["result"]["trials"]
    assert [t["number"] for t in trials] == [0, 1, 2, 3, 4]
    assert trials[2]["state"] == "failed"
    assert trials[2]["cause"] == "its worker died"
    assert sum(t["state"] != "failed" for t in trials) == 4


@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_hopeless_trials_are_given_up(lab: Lab):
    lab.tracks(36, labelled=36)
    done = lab.run(
        "search_hyperparameters", None, architecture="metadata_net", epochs=9, folds=2, trials=12
    )
    pruned = [t for t in done["result"]["trials"] if t["state"] == "pruned"]
    assert pruned
    median = np.median([t["value"] for t in done["result"]["trials"] if t["state"] == "complete"])
    assert all(t["value"] <= median for t in pruned)


def test_the_best_can_be_used_from_then_on(lab: Lab):
    lab.tracks(30, labelled=30)
    done = lab.run("search_hyperparameters", None, **QUICK, trials=4, use_best=True)
    with lab.database.read() as session:
        settings = dataset_settings.read_settings(session, lab.dataset_id)
    best = done["result"]["best"]["params"]
    assert settings.hyperparameters == {"metadata_net": best}
    trained = lab.run(
        "train_classifier", None, architecture="metadata_net", epochs=2, folds=2,
        novelty_check=False,
    )  # fmt: skip
    with lab.database.read() as session:
        model = models.get_model(session, trained["result"]["model_version_id"])
        assert best.items() <= model.config["hyperparameters"].items()
        assert model.config["hyperparameters"]["epochs"] == 2


@pytest.mark.parametrize("name", ["trees", "extra_trees"])
@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_trees_are_searched_as_networks_are(lab: Lab, name: str):
    lab.tracks(24, labelled=24)
    done = lab.run("search_hyperparameters", None, architecture=name, folds=2, trials=3)
    assert done["outcome"] == "published", done
    assert [t["state"] for t in done["result"]["trials"]] == ["complete"] * 3
    tried = [t["params"] for t in done["result"]["trials"]]
    assert tried[1] != tried[2]


def test_too_few_labels_are_said_before_a_study_exists(lab: Lab):
    lab.tracks(12, labelled=2)
    done = lab.run("search_hyperparameters", None, **QUICK)
    assert done["outcome"] == "failed"
    assert "2 classes with at least 2 labels are needed" in done["error"]["message"]


@pytest.mark.parametrize("name", [*NETWORKS, "trees"])
def test_the_docs_state_every_range_that_is_searched(name: str):
    text = (Path(__file__).parents[2] / "docs" / "science.md").read_text()
    section = text.split(f"\n**`{name}`**", 1)[1].split("\n**", 1)[0]
    told = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|", section, re.MULTILINE)
    assert told == [
        (p.name, p.range.replace(", whole", "") + (", log" if p.log else ""), str(p.default))
        for p in architecture(name).space
        if p.searched
    ]
