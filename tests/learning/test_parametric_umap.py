"""Parametric UMAP beside umap-learn, and as part of a dataset."""

import time

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from cloudchamber.data import columns, cutouts, datasets, models
from cloudchamber_worker.learning import parametric_umap
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.parametric_projection import place, project_parametric
from cloudchamber_worker.learning.parametric_umap import parametric_map_from_bytes
from cloudchamber_worker.learning.preparation import prepare_numbers, prepare_vectors
from cloudchamber_worker.learning.umap_graph import umap
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def curled(n: int, seed: int = 0) -> np.ndarray:
    """Three curled sheets in ten dimensions with a little noise: no projection is flat."""
    rng = np.random.default_rng(seed)
    t, u = rng.uniform(0, 3, n), rng.uniform(-1, 1, n)
    sheet = np.stack([np.cos(2 * t) * t, u, np.sin(2 * t) * t], 1)
    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    x = np.zeros((n, 10))
    x[:, :3] = sheet
    x[np.arange(n), 3 + np.arange(n) % 3] += 4
    return ((x + 0.05 * rng.normal(size=(n, 10))) @ turn).astype(np.float32)


@pytest.mark.parametrize("k", [5, 15])
def test_neighbours_on_the_map_are_as_true_as_those_of_umap_learn(k: int, fitted):
    vectors, placed = fitted
    theirs = np.asarray(umap.UMAP(random_state=0, n_jobs=1).fit(vectors).embedding_)
    ours = trustworthiness(vectors, placed.positions, n_neighbors=k)
    assert ours > trustworthiness(vectors, theirs, n_neighbors=k) - 0.02
    # The control: a straight projection of the same vectors is worse by more than that.
    flat = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)[0][:, :2]
    assert trustworthiness(vectors, flat, n_neighbors=k) < ours - 0.02


@pytest.fixture(scope="module")
def fitted():
    vectors = curled(400)
    placed = project_parametric(vectors, epochs=30)
    assert placed is not None
    return vectors, placed


def test_new_vectors_lie_among_their_neighbours(fitted):
    vectors, placed = fitted
    new = vectors + np.float32(0.01)
    moved = np.linalg.norm(placed.network.place(new) - placed.positions, axis=1)
    assert np.median(moved) < 0.05 * np.ptp(placed.positions, axis=0).max()


def test_thousands_are_placed_in_milliseconds(fitted):
    vectors, placed = fitted
    many = np.tile(vectors, (25, 1))  # 10,000 rows
    started = time.perf_counter()
    placed.network.place(many)
    assert time.perf_counter() - started < 1.0


def test_a_stored_map_gives_the_same_places(fitted):
    vectors, placed = fitted
    raw = placed.network.to_bytes({"numbers": ["a"]}, prepare_vectors(vectors, True))
    again, preparation, note = parametric_map_from_bytes(raw)
    assert (again.place(vectors) == placed.network.place(vectors)).all()
    assert note["numbers"] == ["a"]
    np.testing.assert_allclose(preparation(vectors).std(axis=0), 1, rtol=1e-3)


def test_the_same_seed_gives_the_same_map_also_after_an_interruption():
    vectors = curled(60)
    whole = project_parametric(vectors, epochs=4, seed=3)
    stored: list[bytes] = []

    class Killed(BaseException):
        pass

    def die(row: dict) -> None:
        if row["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        project_parametric(
            vectors, epochs=4, seed=3, journal=Journal(None, stored.append, 0), on_epoch=die
        )
    resumed = project_parametric(vectors, epochs=4, seed=3, journal=Journal(stored[-1]))
    assert whole is not None and resumed is not None
    assert (whole.positions == resumed.positions).all()


def test_a_new_map_lies_on_the_one_before():
    vectors = curled(150)
    before = np.random.default_rng(1).normal(size=(150, 2)).astype(np.float32)
    before += vectors[:, :2] * 8
    placed = project_parametric(vectors, before, epochs=10)
    assert placed is not None
    for axis in range(2):
        assert np.corrcoef(placed.positions[:, axis], before[:, axis])[0, 1] > 0.5


def test_what_has_a_place_keeps_it():
    vectors = curled(60)
    placed = project_parametric(vectors[:40], epochs=3)
    assert placed is not None
    after = place(placed.network, vectors, placed.positions)
    assert (after[:40] == placed.positions).all()
    assert np.isfinite(after).all()


def test_copies_lie_side_by_side():
    vectors = np.tile(curled(30), (3, 1))
    placed = project_parametric(vectors, epochs=3)
    assert placed is not None
    assert len(np.unique(placed.positions, axis=0)) == 90


def test_few_different_cutouts_need_no_network():
    assert project_parametric(np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)) is None


def test_missing_numbers_lie_in_the_middle():
    numbers = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    prepared = prepare_numbers(numbers)(np.full((1, 3), np.nan, np.float32))
    assert (prepared == 0).all()


def test_new_cutouts_are_placed_by_the_stored_network(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    """Given a parametric map, when cutouts come later, then the follow-up of the import leaves
    the old ones where they are and places the new ones without a fit."""
    monkeypatch.setattr(parametric_umap, "DRAWS", 20_000)
    lab.tracks(60, 0)
    rows: list[dict] = []
    first = lab.run(
        "fit_map",
        lambda told: rows.append(told["epoch"]) if "epoch" in told else None,
        method="parametric_umap",
    )
    assert first["outcome"] == "published", first
    assert rows and {"epoch", "loss"} <= set(rows[0])
    before = lab.column("map")
    with lab.database.read() as session:
        (version,) = models.list_models(session, lab.dataset_id)
        assert (version.kind, version.architecture) == ("fit_map", "parametric_umap")
        assert version.curves[-1]["loss"] < version.curves[0]["loss"]
        assert datasets.get_dataset(session, lab.dataset_id).active_model_id is None
    add_tracks(lab, 30)
    done = lab.run("fit_map", as_before=True)
    assert done["outcome"] == "published", done
    assert done["result"]["placed"] == 30
    assert done["result"]["map_version_id"] == version.id
    after = lab.column("map")
    assert (after[:60] == before).all()
    assert np.isfinite(after).all()
    with lab.database.read() as session:
        assert len(models.list_models(session, lab.dataset_id)) == 1
    # A third time too: the placed map knows its network.
    add_tracks(lab, 3, seed=8)
    assert lab.run("fit_map", as_before=True)["result"]["placed"] == 3


def test_after_an_import_the_map_stays_that_of_its_model(lab: Lab):
    lab.tracks(40, 0)
    lab.run("train_autoencoder", epochs=1, latent=4)
    first = lab.run("fit_map", embedding="latent")
    add_tracks(lab, 10)
    done = lab.run("fit_map", as_before=True)
    assert done["result"]["embedding"] == "latent"
    assert done["result"]["model_version_id"] == first["result"]["model_version_id"]
    assert done["result"]["embedded_now"] == 10
    assert np.isfinite(lab.column("map")).all()


def add_tracks(lab: Lab, n: int, seed: int = 9) -> None:
    """More cutouts with their measurements, behind those there are."""
    images, measurements, _ = drawn_tracks(n, seed)
    with lab.database.write() as session:
        start = datasets.get_dataset(session, lab.dataset_id).n_cutouts
        new = [cutouts.NewCutout(f"new{start + i:04}", image) for i, image in enumerate(images)]
        cutouts.append_cutouts(session, lab.dataset_id, new)
        found = columns.find_columns(session, lab.dataset_id, group="measurement")
        for i, column in enumerate(found):
            spec = columns.ColumnSpec(column.name, column.title, "", "measurement", "float32")
            columns.write_column(session, lab.dataset_id, spec, measurements[:, i], start=start)
