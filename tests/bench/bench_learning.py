"""What the classifiers reach on real labels, by the command line as users type it.

`damic` with its 306 given labels, 3 seeds, 5 folds: the default and the CCD seed's network; with
one class held out, the default ranking; and the reconstruction loss of the ice-core seed's
autoencoder trained without that class, on the same split of the other labels.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.crossvalidation import assign_folds
from cloudchamber_worker.learning.inputs import fit_pixel_scaling, pack
from cloudchamber_worker.learning.reconstruction import epochs_for, fit_reconstructor
from cloudchamber_worker.learning.training import Schedule

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
SEEDS = (0, 1, 2)
RESULTS = Path(__file__).with_name("results") / "learning.json"
COMMAND = Path(sys.executable).with_name("cloudchamber")
figures: list[dict[str, Any]] = []


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    """Print the figures as a table and keep them as JSON."""
    figures.clear()
    yield
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\n{'figure':52}{'value':>9}{'spread':>9}  {'unit':6}{'goal':>6}  met")
    for row in figures:
        goal = "" if row["goal"] is None else row["goal"]
        met = {True: "yes", False: "NO", None: ""}[row["met"]]
        print(
            f"{row['figure']:52}{row['value']:9.3f}{row['spread']:9.3f}  "
            f"{row['unit']:6}{goal:>6}  {met}"
        )
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def note(
    figure: str, values: list[float], unit: str, how: str, goal: float | None = None, sign: int = 1
) -> None:
    """Keep the mean of a figure and its standard deviation over the runs."""
    value = statistics.mean(values)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    met = None if goal is None else sign * value >= sign * goal
    figures.append(
        {"figure": figure, "value": value, "spread": spread, "unit": unit, "goal": goal,
         "met": met, "how": how}
    )  # fmt: skip


class Program:
    """The command line on a data directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *arguments: str | Path) -> dict[str, Any]:
        done = subprocess.run(
            [COMMAND, *map(str, arguments), "--json", "--data", self.data],
            capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    def train(self, architecture: str, seed: int) -> tuple[dict[str, Any], float]:
        """Metrics of a new model version and the seconds the command took."""
        from cloudchamber.data import models
        from cloudchamber.data.database import Database

        began = time.monotonic()
        self(
            "train", "damic", "--kind", "train_classifier", "--wait",
            "--param", f"architecture={architecture}", "--param", f"seed={seed}",
            "--param", f"novelty_check={str(architecture == 'default').lower()}",
        )  # fmt: skip
        took = time.monotonic() - began
        database = Database(f"sqlite:///{self.data / 'cloudchamber.db'}")
        with database.read() as session:
            metrics = models.list_models(session, 1)[0].metrics
        database.dispose()
        return metrics, took


@pytest.fixture(scope="module")
def program(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A data directory that holds `damic`."""
    damic = shared_data / "damic"
    if not damic.is_dir():
        pytest.skip("the damic data are not here; name their folder in CLOUDCHAMBER_SHARED_DATA")
    program = Program(tmp_path_factory.mktemp("learning"))
    program(
        "import", "damic", damic / "cutouts",
        "--labels", damic / "labels.csv", "--metadata", damic / "metadata.csv",
    )  # fmt: skip
    return program


def test_the_default_classifier_on_damic(program: Program) -> None:
    how = "cloudchamber train damic --wait, 5 folds by source, 3 seeds, 306 labels"
    runs = [program.train("default", seed) for seed in SEEDS]
    note("accuracy, default", [m["accuracy"]["mean"] for m, _ in runs], "", how, 0.79)
    note("macro-F1, default", [m["macro_f1"]["mean"] for m, _ in runs], "", how, 0.66)
    note(
        "expected calibration error", [m["calibration"]["ece"] for m, _ in runs], "", how, 0.05, -1
    )
    note("whole job", [took for _, took in runs], "s", how, 180, -1)
    left_out = "train_classifier's own novelty check: one class left out in turn, mean of classes"
    for ranking, goal in (("knn_distance", 0.8), ("entropy", None), ("pixels", None)):
        aurocs = [m["novelty"][ranking]["auroc"] for m, _ in runs]
        note(f"AUROC of an unseen class, {ranking}", aurocs, "", left_out, goal)


def test_the_seeds_network_on_damic(program: Program) -> None:
    how = "cloudchamber train damic --param architecture=seed_cnn --wait, 5 folds, 3 seeds"
    runs = [program.train("seed_cnn", seed) for seed in SEEDS]
    note("accuracy, seed's CNN", [m["accuracy"]["mean"] for m, _ in runs], "", how)
    note("macro-F1, seed's CNN", [m["macro_f1"]["mean"] for m, _ in runs], "", how)


def test_the_raw_loss_of_the_seeds_autoencoder(shared_data: Path) -> None:
    folder = shared_data / "damic"
    if not folder.is_dir():
        pytest.skip("the damic data are not here; name their folder in CLOUDCHAMBER_SHARED_DATA")
    with (folder / "labels.csv").open() as file:
        labels = {row["name"]: row["label"] for row in csv.DictReader(file)}
    names = sorted(labels)
    images = [
        np.loadtxt(folder / "cutouts" / f"{name}.csv", delimiter=",", dtype=np.uint8, ndmin=2)
        for name in names
    ]
    classes = sorted(set(labels.values()))
    y = np.array([classes.index(labels[name]) for name in names])
    packed = pack(images, len(images), fit_pixel_scaling(images), "fitted")
    metadata = np.zeros((len(images), 4), np.float32)
    aurocs = []
    for unseen in range(len(classes)):
        rest = np.flatnonzero(y != unseen)
        fold, _ = assign_folds(y[rest], rest, 4, 0)
        training = rest[fold != 0]
        test = np.concatenate([np.flatnonzero(y == unseen), rest[fold == 0]])
        schedule = Schedule(epochs_for(len(training), None), 64, 1e-3, weight_decay=0.0)
        model = fit_reconstructor(
            "autoencoder", packed[training], metadata[training], 64, schedule, 0, Journal()
        )
        loss = np.concatenate([b.loss for b in model.batches(packed[test], metadata[test])])
        aurocs.append(float(roc_auc_score(y[test] == unseen, loss)))
    how = "autoencoder trained without the class, on three quarters of the others; spread: classes"
    note("AUROC of an unseen class, autoencoder loss", aurocs, "", how)
