"""Trainings from which nothing can be learned, or that cannot be judged, say so."""

import numpy as np
import pytest

from cloudchamber.data import models
from learning.conftest import Lab
from learning.synthetic import drawn_tracks

NONE = np.empty((40, 0), np.float32)
QUICK = {"architecture": "small_cnn", "epochs": 1, "folds": 2, "novelty_check": False}


@pytest.fixture
def dialect() -> str:
    """What labels carry is the same on both databases."""
    return "sqlite"


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_images_without_content_train_nothing_and_say_why(lab: Lab, value: float):
    """Given forty crops of one value, or of none (NaN), labelled as two classes, when a classifier
    is trained, then it ends with the reason rather than with a model of no accuracy."""
    images = [np.full((8 + i % 3, 9), value, np.float32) for i in range(40)]
    lab.fill(images, NONE)
    lab.label(np.arange(40), np.arange(40) % 2)
    error = lab.run("train_classifier", None, **QUICK)["error"]
    assert "40 labelled cutouts are all alike" in error["message"]
    assert "NaN" in error["hint"]


def test_numbers_that_tell_classes_apart_are_enough(lab: Lab):
    images = [np.full((8, 9), 7.0, np.float32) for _ in range(40)]
    numbers = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    lab.fill(images, numbers)
    lab.label(np.arange(40), np.arange(40) % 2)
    done = lab.run(
        "train_classifier", None, architecture="extra_trees", folds=2, novelty_check=False
    )
    assert done["outcome"] == "published", done


def test_classes_of_copies_train_and_say_that_nobody_knows_how_well(lab: Lab):
    """Given two classes, each twenty copies of one track, when a classifier is trained, then there
    is a model, and in place of an accuracy the reason why there is none."""
    first, second = drawn_tracks(2)[0]
    lab.fill([first] * 20 + [second] * 20, NONE)
    lab.label(np.arange(40), np.repeat([0, 1], 20))
    done = lab.run("train_classifier", None, **QUICK)
    assert done["outcome"] == "published", done
    assert "no copies of each other" in done["result"]["unjudged"]
    with lab.database.read() as session:
        metrics = models.get_model(session, done["result"]["model_version_id"]).metrics
    assert metrics["unjudged"] == done["result"]["unjudged"]
    assert metrics["accuracy"]["mean"] is None


def test_a_training_that_was_judged_has_nothing_to_excuse(lab: Lab):
    lab.tracks(40, labelled=30)
    done = lab.run(
        "train_classifier", None, architecture="extra_trees", folds=2, novelty_check=False
    )
    assert done["result"]["unjudged"] is None


def test_a_learning_curve_needs_numbers_that_vary(lab: Lab):
    lab.fill(drawn_tracks(60)[0], np.full((60, 2), 3.0, np.float32))
    lab.label(np.arange(60), np.arange(60) % 2)
    error = lab.run("learning_curve", None)["error"]
    assert "no number differs" in error["message"]
