"""Turned and mirrored copies share a fold: a model that has seen a cutout knows its copies."""

import numpy as np
import pytest

from cloudchamber.data import cutouts
from cloudchamber_worker.learning.architectures import architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.counting import corrected_sets
from cloudchamber_worker.learning.crossvalidation import cross_validate, held_out_metrics
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.metrics import of_images, summarise, wilson_interval
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.steps.dataset_inputs import split_groups
from learning.conftest import Lab
from learning.synthetic import draw, measure

N = 90


@pytest.fixture
def dialect() -> str:
    """One suffices: the hashes are tested on both in the backend's room."""
    return "sqlite"


def tracks() -> tuple[list[np.ndarray], np.ndarray]:
    """Images of tracks, and labels of three classes drawn by lot: all there is to learn from them
    is which image had which, and the truth about new ones is a third."""
    rng = np.random.default_rng(0)
    return [draw(i % 2, rng) for i in range(N)], rng.integers(0, 3, N)


def accuracy(lab: Lab) -> dict:
    done = lab.run("train_classifier", architecture="extra_trees", folds=5, novelty_check=False)
    assert done["outcome"] == "published", done
    with lab.database.read() as session:
        from cloudchamber.data import models

        return models.get_model(session, done["result"]["model_version_id"]).metrics


def filled(lab: Lab, images: list[np.ndarray], y: np.ndarray) -> np.ndarray:
    measurements = np.array([measure(image) for image in images], np.float32)
    lab.fill(images, measurements)
    lab.label(np.arange(len(y)), y)
    return measurements


def test_a_set_beside_its_turned_copies_is_no_better_than_alone(lab: Lab):
    """Given labels that say nothing, when every track stands beside a turned or mirrored copy,
    then the accuracy is that of chance; the control, which tells each cutout from its copy, is
    far above it."""
    images, y = tracks()
    copies = [np.rot90(image) if i % 2 else image[:, ::-1] for i, image in enumerate(images)]
    measurements = filled(lab, [*images, *copies], np.tile(y, 2))
    metrics = accuracy(lab)
    assert metrics["copies"] == N
    assert metrics["accuracy"]["mean"] < 0.5
    # The interval is as wide as that of the tracks alone, a few of which are too simple to tell.
    alone = wilson_interval(metrics["accuracy"]["mean"] * N, N)
    np.testing.assert_allclose(metrics["accuracy"]["interval"], alone, atol=0.002)

    apart = CutoutSet(None, measurements, np.arange(2 * N, dtype=np.int32))
    held = cross_validate(
        apart, np.arange(2 * N), np.tile(y, 2), 3, architecture("extra_trees"), 0, Journal(),
        fit_quantile_scaling(measurements), 5,
    )  # fmt: skip
    control, _ = held_out_metrics(held, np.tile(y, 2), 3)
    assert control["accuracy"]["mean"] > 0.65


def test_copies_count_once_in_the_intervals():
    """Given labels of which each stands beside three copies that share its fate, when accuracy
    and counts are stated for 150 such sets, then the intervals hold the truth as often as they
    say; the control, to which copies are further evidence, is far too sure."""
    rates = np.array([[0.9, 0.1], [0.25, 0.75]])
    rng = np.random.default_rng(0)
    image, y = np.repeat(np.arange(60), 4), np.repeat([0, 1], 120)
    right, sets = {"copies": 0, "control": 0}, {"copies": [], "control": []}
    true, said = 120, []
    for _ in range(150):
        guess = np.repeat([rng.choice(2, p=rates[k]) for k in y[::4]], 4)
        for name, images in (("copies", image), ("control", None)):
            found = summarise(np.eye(2)[guess], y, 2, images)
            low, high = found["accuracy_interval"]
            right[name] += low <= rates.diagonal().mean() <= high
            confusion = np.array(found["confusion"])
            sets[name].append(confusion if images is None else of_images(confusion, y, images))
        said.append(rng.multinomial(true, rates[0]) + rng.multinomial(180, rates[1]))
    covered = {
        name: sum(
            f.low[0] <= true <= f.high[0]
            for f in corrected_sets(np.array(said), np.array(sets[name]), chains=16)
        )
        for name in sets
    }
    assert 0.93 * 150 <= right["copies"] <= 0.99 * 150
    assert 0.93 * 150 <= covered["copies"] <= 0.99 * 150
    assert right["control"] < 0.8 * 150
    assert covered["control"] < 0.9 * 150


def test_a_set_without_copies_says_none(lab: Lab):
    images, y = tracks()
    filled(lab, images, y)
    metrics = accuracy(lab)
    assert metrics["copies"] == 0
    assert metrics["accuracy"]["mean"] < 0.5


def test_copies_stay_together_whatever_the_split_goes_by(lab: Lab):
    from cloudchamber.data import columns

    images, _ = tracks()
    lab.fill([*images, *(np.rot90(i) for i in images)], np.zeros((2 * N, 0), np.float32))
    with lab.database.write() as session:
        spec = columns.ColumnSpec("run", "run", "", "metadata", "int32")
        run = np.repeat(np.arange(2 * N // 6), 6).astype(np.int32)
        columns.write_column(session, lab.dataset_id, spec, run)
        for group_by in (None, "run"):
            split = split_groups(session, lab.dataset_id, np.arange(2 * N), 2 * N, group_by)
            assert (split.groups[:N] == split.groups[N:]).all()
            assert split.copies == N
        assert len(np.unique(split.groups)) == N // 6


def test_an_evaluation_counts_copies_of_what_was_trained_on(lab: Lab):
    images, y = tracks()
    filled(lab, images, y)
    done = lab.run("train_classifier", architecture="extra_trees", folds=2, novelty_check=False)
    version, here = done["result"]["model_version_id"], lab.dataset_id
    names = ["muon", "electron", "X-ray"]
    rng = np.random.default_rng(5)
    fresh = [draw(i % 2, rng) for i in range(10)]
    late = [*(np.rot90(image, 3) for image in images[:4]), *fresh]
    lines = [{"name": f"elsewhere{i:04}", "label": names[y[i]]} for i in range(14)]
    # Elsewhere, all of them are strangers by their number.
    lab.fill(late, np.array([measure(image) for image in late], np.float32), name="elsewhere")
    assert lab.dataset_id != here
    other = lab.run("evaluate", labels=lines, model_version_id=version)
    assert other["outcome"] == "published", other
    assert other["result"]["in_training"] == 4
    assert other["result"]["unseen"]["n"] == 10

    lab.dataset_id = here
    with lab.database.write() as session:
        new = [cutouts.NewCutout(f"late{i:04}", image) for i, image in enumerate(late)]
        cutouts.append_cutouts(session, here, new)
    lines = [{"name": f"late{i:04}", "label": names[0]} for i in range(14)]
    assert lab.run("evaluate", labels=lines)["result"]["in_training"] == 4
