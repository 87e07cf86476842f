"""What learning reaches on real labels, by the program as its users run it.

On `damic` (509 cutouts, 306 labels in 5 classes) where it is there, else on simulated exposures;
on `flowcam` (3000 crops, 3 classes) where it is there. Every accuracy is that of held-out cutouts.
On two cores all of it takes about an hour and a half, half of that for the seed's network.
"""

import csv
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.figures import figures
from bench.program import Program
from browser.stack import Stack

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
SEEDS = range(5)
DIVISIONS = range(8)
table = figures("learning")
Classifiers = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Labelled:
    """A dataset in the program, and the label of each labelled cutout by its name.

    ``unlabelled`` is another that holds the labelled cutouts without their labels.
    """

    dataset: str
    unlabelled: str
    labels: dict[str, str]
    same: dict[str, str]
    """By name, the first cutout with the same pixels: copies stay on one side of a division."""

    def division(self, seed: int) -> tuple[list[str], list[str]]:
        """Names to choose labels from, and a quarter to test on."""
        groups = sorted({self.same[name] for name in self.labels})
        tested = set(np.random.default_rng(seed).permutation(groups)[: len(groups) // 4])
        pool = [name for name in self.labels if self.same[name] not in tested]
        return pool, [name for name in self.labels if self.same[name] in tested]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("learning")
    with Stack(folder / "data") as stack:
        program = Program(stack, folder)
        yield program
        program.api.http.close()


@pytest.fixture(scope="module")
def tracks(program: Program, request: pytest.FixtureRequest) -> Labelled:
    """`damic` with its labels, else simulated exposures with the kinds that were simulated."""
    try:
        damic = request.getfixturevalue("shared_data") / "damic"
    except pytest.skip.Exception:
        return _simulated(program)
    program(
        "import", "tracks", damic / "cutouts",
        "--labels", damic / "labels.csv", "--metadata", damic / "metadata.csv",
    )  # fmt: skip
    labels = _read_labels(damic / "labels.csv")
    alone = program.folder / "alone"
    alone.mkdir()
    for name in labels:
        shutil.copy(damic / "cutouts" / f"{name}.csv", alone)
    program("import", "unlabelled", alone)
    first: dict[bytes, str] = {}
    same = {
        name: first.setdefault((damic / "cutouts" / f"{name}.csv").read_bytes(), name)
        for name in sorted(labels)
    }
    return Labelled("tracks", "unlabelled", labels, same)


def _read_labels(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        return {row["name"]: row["label"] for row in csv.DictReader(file)}


def _simulated(program: Program) -> Labelled:
    for name in ("tracks", "unlabelled"):
        dataset = program.api.create_dataset(name)
        job = program.api.start_job("simulate_exposures", dataset, {"count": 6, "tracks": 60})
        program.api.wait_for(job)
        program.api.wait_until_quiet(dataset)
    labels = {
        row["name"]: row["simulated as"]
        for row in program.columns("tracks")
        if row["simulated as"] not in ("", "nothing")
    }
    program("label", "tracks", "--file", program.label_file("truth", labels))
    sources = {name: name.rpartition(":")[0] for name in labels}
    return Labelled("tracks", "unlabelled", labels, sources)


@pytest.fixture(scope="module")
def classifiers(program: Program, tracks: Labelled) -> Classifiers:
    """Metrics of an architecture by name, one per seed; each is trained once."""

    @cache
    def trained(architecture: str) -> list[dict[str, Any]]:
        found = []
        for seed in SEEDS:
            result, took = program.train(
                tracks.dataset, architecture=architecture, seed=seed, novelty_check=False
            )
            found.append(result["metrics"] | {"took": took})
        return found

    return trained


def _means(runs: list[dict[str, Any]], name: str) -> list[float]:
    return [run[name]["mean"] for run in runs]


def _how(tracks: Labelled) -> str:
    return f"{len(tracks.labels)} labels, 5 folds by source, mean and sd of {len(SEEDS)} seeds"


def test_the_default_classifier(tracks: Labelled, classifiers: Classifiers) -> None:
    how, runs = _how(tracks), classifiers("default")
    table.note("default: accuracy", _means(runs, "accuracy"), "", how, 0.80)
    table.note("default: macro-F1", _means(runs, "macro_f1"), "", how, 0.68)
    errors = [run["calibration"]["ece"] for run in runs]
    cross = how + "; temperature fitted on the other folds, 10 bins"
    table.note("default: ECE after calibration", errors, "", cross, 0.05, "less")
    sure = [run["coverage"] for run in runs]
    table.note("default: accuracy where p > 0.9", [c["accuracy"] for c in sure], "", cross, 0.95)
    table.note("default: share with p > 0.9", [c["coverage"] for c in sure], "", cross)
    table.note("default: whole job", [run["took"] for run in runs], "s", how)


@pytest.mark.parametrize("name", ["trees", "extra_trees", "metadata_net", "seed_cnn"])
def test_other_classifiers_on_the_same_folds(
    name: str, tracks: Labelled, classifiers: Classifiers
) -> None:
    how, runs = _how(tracks), classifiers(name)
    table.note(f"{name}: accuracy", _means(runs, "accuracy"), "", how)
    table.note(f"{name}: macro-F1", _means(runs, "macro_f1"), "", how)
    table.note(f"{name}: ECE", [run["calibration"]["ece"] for run in runs], "", how)
    ours = _means(classifiers("default"), "accuracy")
    gain = [a - b for a, b in zip(ours, _means(runs, "accuracy"), strict=True)]
    goal = 0.08 if name == "seed_cnn" else None
    table.note(f"default over {name}, accuracy", gain, "", how + ", same folds", goal)


def test_few_labels_chosen_by_the_program(program: Program, tracks: Labelled) -> None:
    """A fresh dataset of the cutouts whose label is known; the first k in the order “most typical
    first” are labelled, the default classifier trained on them and evaluated on a quarter kept
    apart. What is to be labelled first depends on what has labels: every division's order is asked
    for before the first label is given."""
    places = []
    for division in DIVISIONS:
        program.train(tracks.unlabelled, "fit_map", embedding="measurements", seed=division)
        rows = program.columns(tracks.unlabelled)
        places.append({row["name"]: float(row["typicality"]) for row in rows})
    right: dict[int, list[float]] = {25: [], 100: []}
    for division, place in zip(DIVISIONS, places, strict=True):
        pool, tested = tracks.division(division)
        chosen = sorted(pool, key=lambda name: -place[name])
        truth = program.label_file("tested", {name: tracks.labels[name] for name in tested})
        for k, values in right.items():
            who = f"division {division}, {k} labels"
            few = program.label_file("few", {name: tracks.labels[name] for name in chosen[:k]})
            program("label", tracks.unlabelled, "--file", few, "--annotator", who)
            model, _ = program.train(
                tracks.unlabelled, annotator=who, seed=division, novelty_check=False
            )
            judged = program(
                "evaluate", tracks.unlabelled, "--labels", truth,
                "--model", model["model_version_id"],
            )  # fmt: skip
            values.append(judged["accuracy"])
    how = (
        f"default classifier on the first k labels in the order “most typical first”, tested on a "
        f"quarter kept apart; mean and sd of {len(DIVISIONS)} divisions"
    )
    for (k, values), goal in zip(right.items(), (0.76, 0.79), strict=True):
        table.note(f"{k} labels chosen by the program", values, "", how, goal)


def test_learning_curve_of_both_orders(program: Program, tracks: Labelled) -> None:
    curve, took = program.train(tracks.dataset, "learning_curve", repeats=10)
    how = f"learning_curve, extra-trees on the numbers, {curve['repeats']} divisions; sd over them"
    for order, points in curve["orders"].items():
        for k in (25, 50, 100):
            place = curve["sizes"].index(k)
            table.note(f"{k} labels, {order} order", [points["mean"][place]], "", how)
            table.rows[-1]["spread"] = points["sd"][place]
    table.note("learning_curve: whole job", [took], "s", how)


def test_a_class_nobody_labelled(program: Program, tracks: Labelled) -> None:
    runs = []
    for seed in range(3):
        result, took = program.train(tracks.dataset, "leave_one_class_out", seed=seed)
        runs.append(result | {"took": took})
    how = "leave_one_class_out, mean over the classes; mean and sd of 3 seeds"
    first = runs[0]["default"]
    names = sorted(runs[0]["rankings"], key=lambda r: -runs[0]["rankings"][r]["auroc"])
    names.sort(key=lambda name: name != first)
    for name in names:
        values = [run["rankings"][name]["auroc"] for run in runs]
        shown = f"{name} (default)" if name == first else name
        goal = 0.80 if name == first else None
        table.note(f"unseen class, AUROC of {shown}", values, "", how, goal)
        if name in (first, "loss"):
            hits = [run["rankings"][name]["precision"] for run in runs]
            table.note(f"unseen class, right among the first: {name}", hits, "", how)
    table.note("leave_one_class_out: whole job", [run["took"] for run in runs], "s", how)


def test_orientation(program: Program, tracks: Labelled) -> None:
    for kind, embedding in (
        ("train_vae", "latent"),
        ("train_autoencoder", "latent"),
        ("train_self_supervised", "self_supervised"),
    ):
        for ignored in (True, False):
            if not ignored and kind != "train_vae":
                continue
            model, _ = program.train(tracks.dataset, kind, ignore_orientation=ignored)
            drawn, _ = program.train(
                tracks.dataset, "fit_map", embedding=embedding,
                model_version_id=model["model_version_id"],
            )  # fmt: skip
            _orientation(
                drawn["audit"], f"{kind}{'' if ignored else ', orientation kept'}", ignored
            )
    drawn, _ = program.train(tracks.dataset, "fit_map", embedding="measurements")
    _orientation(drawn["audit"], "measurements", True)


def _orientation(audit: dict[str, Any], name: str, goal: bool) -> None:
    retrieval, angle, labels = audit["retrieval"], audit["angle"], audit["labels"]
    goals = (0.99, 40.0) if goal else (None, None)
    how = f"fit_map's audit, {retrieval['n']} turned and mirrored copies of {retrieval['sample']}"
    table.note(f"{name}: turned copy finds its original", [retrieval["share"]], "", how, goals[0])
    how = (
        f"fit_map's audit, 5 neighbours among {angle['n']} elongated cutouts, chance "
        f"{angle['chance']:.1f}; spread: standard error"
    )
    table.note(f"{name}: angle of neighbours", [angle["mean"]], "deg", how, goals[1])
    table.rows[-1]["spread"] = angle["error"]
    for figure in ("ari", "nmi", "purity", "unclustered"):
        if labels and labels.get(figure) is not None:
            how = f"fit_map's audit of its clusters, {labels['n']} labels"
            table.note(f"{name}: {figure}", [labels[figure]], "", how)


def test_flowcam_by_run(program: Program, shared_data: Path) -> None:
    flowcam = shared_data / "flowcam"
    if not flowcam.is_dir():
        pytest.skip("the flowcam data are not here")
    folder = program.folder / "flowcam"
    with zipfile.ZipFile(flowcam / "crops.zip") as archive:
        archive.extractall(folder)
    program(
        "import", "flowcam", folder, "--metadata", flowcam / "measurements.csv",
        "--class-folders", "labels", "--label-set", "flowcam",
    )  # fmt: skip
    how = "3000 crops, 3 classes, 5 folds grouped by the run (Image File); sd over the folds"
    for name, params in (
        ("CNN", {"architecture": "small_cnn", "numbers": "none"}),
        ("CNN + metadata", {"architecture": "small_cnn", "numbers": "both"}),
        ("gradient-boosted trees", {"architecture": "trees"}),
    ):
        result, took = program.train(
            "flowcam", group_by="Image File", novelty_check=False, **params
        )
        metrics = result["metrics"]
        table.note(f"flowcam, {name}: accuracy", [metrics["accuracy"]["mean"]], "", how)
        table.rows[-1]["spread"] = metrics["accuracy"]["sd"]
        table.note(f"flowcam, {name}: macro-F1", [metrics["macro_f1"]["mean"]], "", how)
        table.rows[-1]["spread"] = metrics["macro_f1"]["sd"]
        table.note(f"flowcam, {name}: whole job", [took], "s", how)
