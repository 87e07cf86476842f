"""The same labels and the same seed give the same weights, and a version says what made it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import cloudchamber_worker
from cloudchamber.data import models
from cloudchamber_worker.steps import versions
from learning.conftest import Lab

FEW = {"folds": 2, "novelty_check": False}


@pytest.fixture
def dialect() -> str:
    """One suffices: what is compared is made in the worker."""
    return "sqlite"


@pytest.fixture(autouse=True)
def _labelled(lab: Lab) -> None:
    lab.tracks(30, labelled=18)


def digest(lab: Lab, **params: object) -> str:
    """Of the weights that a training through the job leaves."""
    done = lab.run("train_classifier", None, **FEW, **params)
    assert done["outcome"] == "published", done
    with lab.database.read() as session:
        raw = models.read_weights(session, done["result"]["model_version_id"])
    return hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    "params",
    [
        {"architecture": "default", "epochs": 1},
        {"architecture": "seed_cnn", "epochs": 1},
        {"architecture": "trees"},
    ],
    ids=lambda params: str(params["architecture"]),
)
def test_the_same_seed_gives_the_same_weights(lab: Lab, params: dict):
    first = digest(lab, seed=3, **params)
    torch.manual_seed(99)  # what others draw in between must not matter
    assert digest(lab, seed=3, **params) == first


def test_a_map_leaves_torch_the_threads_it_had():
    """Given torch with one thread where numba starts two, when a map is drawn, then torch still
    computes with one: what is trained behind it has the bits of what was trained before."""
    script = (
        "import numpy, torch; torch.set_num_threads(1)\n"
        "from cloudchamber_worker.learning.projection import project\n"
        "project(numpy.random.default_rng(0).normal(size=(40, 4)).astype('float32'))\n"
        "import numba; print(numba.get_num_threads(), torch.get_num_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_NUM_THREADS": "2"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["2", "1"]


def test_another_seed_gives_other_weights(lab: Lab):
    assert digest(lab, seed=3, architecture="trees") != digest(lab, seed=4, architecture="trees")


def test_a_version_says_what_made_it(lab: Lab):
    done = lab.run("train_classifier", None, architecture="extra_trees", seed=5, **FEW)
    with lab.database.read() as session:
        model = models.get_model(session, done["result"]["model_version_id"])
        found, config, seed = model.versions, model.config, model.seed
        ordinals, _ = models.read_label_snapshot(session, model)
        snapshot_hash = model.label_snapshot_hash
    assert seed == 5
    assert {"torch", "xgboost-cpu", "scipy", "optuna", "python", "device", "code"} <= set(found)
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    capability = torch.backends.cpu.get_cpu_capability()
    assert f"PyTorch 1 thread {capability}" in found["device"]
    assert len(found["code"]) == len(snapshot_hash) == 64
    assert config["pixel_scaling"]["kind"] in ("linear", "asinh", "binary")
    assert config["folds"] == 2
    fold = lab.column("fold", done["result"]["model_version_id"])
    assert set(fold[ordinals].tolist()) == {0, 1}


def test_the_digest_of_the_code_follows_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(cloudchamber_worker, "__path__", [str(tmp_path)])
    fresh = versions.code_digest.__wrapped__
    first = fresh()
    assert fresh() == first
    (tmp_path / "notes.txt").write_text("no source")
    assert fresh() == first
    (tmp_path / "room" / "a.py").write_text("x = 2\n")
    second = fresh()
    assert second != first
    (tmp_path / "room" / "a.py").rename(tmp_path / "room" / "b.py")
    assert fresh() != second
