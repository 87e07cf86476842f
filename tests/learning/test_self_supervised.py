"""Embeddings without labels: what they are invariant to, that they resume, and their check."""

import numpy as np
import pytest
import torch

from cloudchamber.data import cutouts, datasets, models
from cloudchamber.services.columns import shown_columns
from cloudchamber_worker.learning.augmentation import rotate, symmetry, turns
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.inputs import (
    canonical,
    fit_pixel_scaling,
    in_circle,
    pack,
    turned_back,
)
from cloudchamber_worker.learning.losses import simclr, vicreg
from cloudchamber_worker.learning.neighbour_accuracy import (
    compare_with_measurements,
    neighbour_accuracy,
)
from cloudchamber_worker.learning.self_supervised import (
    fit_self_supervised,
    self_supervised_from_bytes,
)
from cloudchamber_worker.learning.training import Schedule, weights_of
from cloudchamber_worker.steps.embeddings import preferred_embedding
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def packed(n: int) -> np.ndarray:
    images, _, _ = drawn_tracks(n)
    return pack(images, n, fit_pixel_scaling(images), "two_scale")


def test_a_full_turn_brings_an_image_back_and_a_quarter_is_the_symmetry():
    images = torch.rand(3, 1, 17, 17, generator=torch.Generator().manual_seed(1))
    full = rotate(images, torch.full((3,), 2 * torch.pi))
    torch.testing.assert_close(full, images, atol=1e-4, rtol=0)
    quarter = rotate(images, torch.full((3,), torch.pi / 2))
    turned = [symmetry(images, 1), symmetry(images, 3)]
    assert min(float((quarter - other).abs().max()) for other in turned) < 1e-4


def test_what_a_rotation_brings_in_is_the_background():
    images = torch.full((1, 1, 20, 20), 0.7)
    images[:, :, 8:12, 8:12] = 0.1
    turned = rotate(images, torch.tensor([torch.pi / 4]))
    torch.testing.assert_close(turned[0, 0, 0, 0], torch.tensor(0.7))
    assert turned.min() < 0.2


def test_the_orientations_of_a_turned_copy_are_those_of_the_original():
    images = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    here = torch.stack(list(turns(images, 2)))
    there = torch.stack(list(turns(symmetry(images, 5), 2)))
    assert len(here) == 16
    for view in there:
        assert float((here - view).abs().amax(dim=(1, 2, 3, 4)).min()) < 1e-5


@pytest.mark.parametrize("shape", [(5, 8), (7, 7), (6, 4, 3)])
def test_all_copies_of_a_cutout_have_one_canonical_form(shape: tuple[int, ...]):
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    form, _ = canonical(pixels, "fitted")
    for which in range(8):
        copy = np.rot90(pixels, which % 4)
        copy = copy[:, ::-1] if which >= 4 else copy
        assert (canonical(copy, "fitted")[0] == form).all()


def test_a_line_is_as_long_in_its_square_however_it_lies():
    flat = np.zeros((5, 101), np.uint8)
    flat[2] = 200
    steep = np.zeros((73, 73), np.uint8)
    steep[np.arange(73), np.arange(73)] = 200
    assert in_circle(flat).shape == (102, 102)
    assert in_circle(steep).shape == (104, 104)
    assert in_circle(flat).sum() == flat.sum()
    colour = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    assert (in_circle(colour) == colour[0, 0]).all()


def test_packed_canonical_images_are_turned_back_to_how_they_lie():
    # Sides whose square is centred without a remainder.
    images = [i for i in drawn_tracks(60)[0] if (in_circle(i).shape[0] - i.shape[0]) % 2 == 0]
    scaling = fit_pixel_scaling(images)
    forms = [canonical(image, "fitted") for image in images]
    which = np.array([turn for _, turn in forms])
    assert len(set(which.tolist())) > 2
    lying = pack(map(in_circle, images), len(images), scaling, "fitted")
    back = turned_back(pack([form for form, _ in forms], len(images), scaling, "fitted"), which)
    # Area averaging in another order rounds differently.
    assert np.abs(back.astype(int) - lying).max() <= 1


def test_vicreg_punishes_distance_collapse_and_redundancy():
    generator = torch.Generator().manual_seed(0)
    views = torch.randn(400, 8, generator=generator)
    good = vicreg(views, views)
    assert good < 0.7
    assert vicreg(views, views.flip(0)) > good + 25
    assert vicreg(torch.zeros(400, 8), torch.zeros(400, 8)) > good + 20
    alike = views[:, :1].expand(400, 8)
    assert vicreg(alike, alike) > good + 5


def test_simclr_is_least_where_every_view_finds_its_partner():
    generator = torch.Generator().manual_seed(0)
    views = torch.randn(64, 16, generator=generator)
    assert simclr(views, views) < simclr(views, views.roll(1, 0)) - 1


@pytest.mark.parametrize("method", ["vicreg", "simclr"])
def test_an_embedding_is_blind_to_quarter_turns_and_comes_back_from_bytes(method):
    images = packed(40)
    model = fit_self_supervised(images, method, 8, Schedule(3, 16), 0, Journal())
    vectors = model.embed(images)
    turned = model.embed(np.ascontiguousarray(np.rot90(images, axes=(2, 3))[..., ::-1]))
    np.testing.assert_allclose(vectors, turned, atol=1e-4 * vectors.std())
    assert vectors.std(axis=0).min() > 0
    again, note = self_supervised_from_bytes(model.to_bytes({"about": 1}))
    assert note["about"] == 1
    assert (again.embed(images) == vectors).all()


def test_an_embedding_that_keeps_orientation_tells_turned_copies_apart():
    images = packed(40)
    model = fit_self_supervised(images, "vicreg", 8, Schedule(3, 16), 0, Journal(), False)
    vectors = model.embed(images)
    turned = model.embed(np.ascontiguousarray(np.rot90(images, axes=(2, 3))))
    assert np.abs(vectors - turned).max() > 0.05 * vectors.std()


def test_a_killed_training_goes_on_to_the_same_weights():
    class Killed(Exception):
        pass

    images, schedule = packed(40), Schedule(4, 16)
    whole = fit_self_supervised(images, "vicreg", 8, schedule, 3, Journal())
    stored: list[bytes] = []

    def die(row: dict) -> None:
        if row["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        fit_self_supervised(
            images, "vicreg", 8, schedule, 3, Journal(None, stored.append, every=0), True, die
        )
    resumed = fit_self_supervised(images, "vicreg", 8, schedule, 3, Journal(stored[-1]))
    expected = weights_of(whole.network)
    for name, array in weights_of(resumed.network).items():
        assert (array == expected[name]).all(), name


def blobs(apart: float, n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = np.arange(n) % 3
    noise = np.random.default_rng(0).normal(size=(n, 4))
    return (noise + apart * np.eye(4)[y]).astype(np.float32), y, np.arange(n)


def test_neighbours_name_what_lies_apart_and_guess_what_does_not():
    vectors, y, groups = blobs(8)
    found = neighbour_accuracy(vectors, y, groups)
    assert found is not None
    assert (found.mean, found.n) == (1.0, 120)
    vectors, y, groups = blobs(0)
    found = neighbour_accuracy(vectors, y, groups)
    assert found is not None
    assert 0.15 < found.mean < 0.5


def test_copies_in_one_group_do_not_vote_for_each_other():
    vectors, y, _ = blobs(0, 60)
    doubled, labels = np.concatenate([vectors, vectors]), np.concatenate([y, y])
    by_row = neighbour_accuracy(doubled, labels, np.arange(120), k=1)
    by_source = neighbour_accuracy(doubled, labels, np.arange(120) % 60, k=1)
    assert by_row is not None
    assert by_source is not None
    assert by_row.mean > 0.7 > 0.6 > by_source.mean


@pytest.mark.parametrize(
    ("own", "theirs", "used", "words"),
    [(8, 0, True, "maps are drawn from it"), (0, 8, False, "stay with the measurements")],
)
def test_the_check_prefers_what_names_more_labels(own, theirs, used, words):
    vectors, y, groups = blobs(own)
    check = compare_with_measurements(vectors, blobs(theirs)[0], y, groups)
    assert check["used"] is used
    assert words in check["sentence"]
    assert check["self_supervised"]["n"] == check["measurements"]["n"] == 120


def test_without_labels_nothing_is_claimed():
    none, nothing = np.empty(0, np.int64), np.empty((0, 4), np.float32)
    check = compare_with_measurements(nothing, nothing, none, none)
    assert check["used"] is False
    assert check["self_supervised"] is None
    assert "too few labels" in check["sentence"]


def test_a_self_supervised_embedding_is_published_and_checked(lab: Lab):
    lab.tracks(60, labelled=45)
    rows: list[dict] = []
    done = lab.run(
        "train_self_supervised",
        lambda told: rows.append(told["epoch"]) if "epoch" in told else None,
        epochs=3,
        dimension=12,
        batch_size=16,
    )
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    assert lab.column("self_supervised", version).shape == (60, 12)
    assert np.isfinite(lab.column("self_supervised_knn", version)).all()
    assert len(rows) == 3
    with lab.database.read() as session:
        model = models.get_model(session, version)
        raw = models.read_weights(session, version)
        preferred = preferred_embedding(session, lab.dataset_id)
    check = model.metrics["check"]
    assert check == done["result"]["check"]
    assert check["measurements"]["n"] == check["self_supervised"]["n"] == 45
    assert model.config["ignore_orientation"] is True
    assert model.config["pixel_scaling"]["channels"] == 1
    assert self_supervised_from_bytes(raw)[0].dimension == 12
    assert preferred.embedding == ("self_supervised" if check["used"] else "measurements")
    assert preferred.check == check
    with lab.database.read() as session:
        dataset = datasets.get_dataset(session, lab.dataset_id)
        shown = {c.name for c in shown_columns(session, dataset)}
    assert shown >= {"self_supervised", "self_supervised_knn"}


def test_maps_turn_to_the_embedding_once_labels_show_it_to_be_better(lab: Lab):
    """Given an embedding trained before any label, and measurements that say nothing, when labels
    come, then it is preferred without another training."""
    images, _, kinds = drawn_tracks(60)
    lab.fill(images, np.random.default_rng(0).normal(size=(60, 1)).astype(np.float32))
    lab.run("train_self_supervised", epochs=4, dimension=12, batch_size=16)
    with lab.database.read() as session:
        assert preferred_embedding(session, lab.dataset_id).embedding == "measurements"
    lab.label(np.arange(60), kinds)
    with lab.database.read() as session:
        preferred = preferred_embedding(session, lab.dataset_id)
    assert preferred.embedding == "self_supervised"
    assert preferred.check is not None
    assert preferred.check["used"]


def test_cutouts_that_came_later_are_not_mapped_by_an_older_embedding(lab: Lab):
    images, _, kinds = drawn_tracks(60)
    lab.fill(images, np.zeros((60, 1), np.float32))
    lab.label(np.arange(60), kinds)
    lab.run("train_self_supervised", epochs=3, dimension=12, batch_size=16)
    with lab.database.write() as session:
        cutouts.append_cutouts(
            session, lab.dataset_id, [cutouts.NewCutout("late", np.ones((4, 4), np.uint8))]
        )
    with lab.database.read() as session:
        assert preferred_embedding(session, lab.dataset_id).embedding == "measurements"


def test_too_few_cutouts_are_said_in_numbers(lab: Lab):
    lab.tracks(5, 0)
    done = lab.run("train_self_supervised")
    assert done["error"]["message"] == "The dataset has 5 cutouts; at least 8 are needed."
