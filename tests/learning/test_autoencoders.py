"""Autoencoders as jobs: latents blind to orientation, what lies between two cutouts, figures."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from cloudchamber.data import models
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.inputs import fit_pixel_scaling, in_circle, pack
from cloudchamber_worker.learning.reconstruction import (
    Kind,
    fit_reconstructor,
    held_rows,
    reconstructor_from_bytes,
)
from cloudchamber_worker.learning.training import Schedule, weights_of
from cloudchamber_worker.steps.embeddings import read_images
from learning.conftest import Lab
from learning.synthetic import NAMES, drawn_tracks, measure


def turned_copies(n: int) -> tuple[list[np.ndarray], np.ndarray]:
    """n drawn tracks, then a quarter-turned copy of each; and their measurements."""
    images, _, _ = drawn_tracks(n)
    both = [*images, *(np.ascontiguousarray(np.rot90(image)) for image in images)]
    return both, np.array([measure(image) for image in both], np.float32)


def images_of(n: int) -> np.ndarray:
    images, _, _ = drawn_tracks(n)
    return pack(images, n, fit_pixel_scaling(images), "fitted")


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_a_latent_that_ignores_orientation_is_that_of_every_copy(kind: Kind):
    images, metadata = images_of(30), np.zeros((30, 4), np.float32)
    model = fit_reconstructor(
        kind, images, metadata, 6, Schedule(2, 10), 0, Journal(), ignore_orientation=True
    )
    latent = model.embed(images, metadata)
    copies = np.ascontiguousarray(np.rot90(images, 3, axes=(2, 3))[..., ::-1])
    np.testing.assert_allclose(
        model.embed(copies, metadata), latent, atol=1e-4 * np.abs(latent).max()
    )
    again, _ = reconstructor_from_bytes(model.to_bytes({}))
    assert (again.embed(images, metadata) == latent).all()


@pytest.mark.parametrize("kind", ["train_vae", "train_autoencoder"])
def test_turned_copies_in_a_dataset_have_one_latent_but_their_own_reconstruction(
    lab: Lab, kind: str
):
    images, measurements = turned_copies(20)
    lab.fill(images, measurements)
    done = lab.run(kind, epochs=2, latent=6)
    version = done["result"]["model_version_id"]
    latent = lab.column("latent", version)
    np.testing.assert_allclose(latent[20:], latent[:20], atol=1e-4 * np.abs(latent).max())
    seen = lab.column("model_input", version).reshape(40, 64, 64)
    # Those that are centred without a remainder.
    sides = [(image.shape[0], in_circle(image).shape[0]) for image in images[:20]]
    even = [i for i, (side, whole) in enumerate(sides) if side % 2 == whole % 2 == 0]
    assert even
    for i in even:
        assert np.abs(np.rot90(seen[i]).astype(int) - seen[20 + i]).max() <= 1
    with lab.database.read() as session:
        config = models.get_model(session, version).config
    assert config["ignore_orientation"] is True
    assert config["orientations"] == 16


def test_a_latent_that_keeps_orientation_tells_copies_apart(lab: Lab):
    lab.fill(*turned_copies(20))
    done = lab.run("train_autoencoder", epochs=2, latent=6, ignore_orientation=False)
    latent = lab.column("latent", done["result"]["model_version_id"])
    assert np.abs(latent[20:] - latent[:20]).max() > 0.05 * latent.std()


def test_orientation_counts_in_colour_images_unless_asked_otherwise(lab: Lab):
    images = [np.repeat(image[..., None], 3, axis=2) for image in drawn_tracks(12)[0]]
    lab.fill(images, np.zeros((12, 1), np.float32))
    done = lab.run("train_autoencoder", epochs=1, latent=4)
    with lab.database.read() as session:
        config = models.get_model(session, done["result"]["model_version_id"]).config
    assert config["ignore_orientation"] is False
    assert config["orientations"] == 1


def test_pixels_are_scaled_as_asked(lab: Lab):
    rng = np.random.default_rng(0)
    lab.fill(
        [rng.normal(10, 5, (16, 16)).astype(np.float32) for _ in range(12)],
        np.zeros((12, 1), np.float32),
    )
    seen = {}
    for pixels in ("auto", "linear", "binary"):
        done = lab.run(
            "train_autoencoder", epochs=1, latent=4, pixels=pixels, ignore_orientation=False
        )
        version = done["result"]["model_version_id"]
        with lab.database.read() as session:
            config = models.get_model(session, version).config
        seen[config["pixel_scaling"]["kind"]] = lab.column("model_input", version)
    assert set(seen) == {"asinh", "linear", "binary"}
    assert set(np.unique(seen["binary"]).tolist()) == {0, 255}


def test_a_killed_training_with_turns_goes_on_to_the_same_weights():
    class Killed(Exception):
        pass

    images, metadata = images_of(30), np.zeros((30, 4), np.float32)

    def train(journal: Journal, on_epoch: Any = None):
        return fit_reconstructor(
            "autoencoder", images, metadata, 6, Schedule(3, 10), 1, journal,
            on_epoch=on_epoch, ignore_orientation=True,
        )  # fmt: skip

    def die(row: dict) -> None:
        if row["epoch"] == 1:
            raise Killed

    stored: list[bytes] = []
    with pytest.raises(Killed):
        train(Journal(None, stored.append, every=0), die)
    expected = weights_of(train(Journal()).network)
    for name, array in weights_of(train(Journal(stored[-1])).network).items():
        assert (array == expected[name]).all(), name


def test_what_is_held_out_is_whole_groups():
    groups = np.repeat(np.arange(40), 5)
    held = held_rows(200, 0, groups)
    assert len(held) == 20
    assert not set(groups[held]) & set(groups[np.setdiff1d(np.arange(200), held)])
    # One exposure cannot be left out whole: single cutouts are.
    assert len(held_rows(200, 0, np.zeros(200, np.int32))) == 20


def test_the_figures_that_latent_sizes_are_compared_by_are_kept(lab: Lab):
    lab.tracks(60, labelled=45)
    done = lab.run("train_autoencoder", epochs=2, latent=6)
    with lab.database.read() as session:
        metrics = models.get_model(session, done["result"]["model_version_id"]).metrics
    assert metrics["held_out"]["n"] == 6
    assert metrics["held_out"]["mean"] == pytest.approx(metrics["val_loss"], rel=0.2)
    assert metrics["held_out"]["sd"] > 0
    assert metrics["neighbours"]["n"] == 45
    assert 0 <= metrics["neighbours"]["mean"] <= 1


def decoded(result: dict[str, Any], name: str) -> np.ndarray:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(result[name])), np.uint8)
    return raw.reshape(-1, *result["shape"])


@pytest.mark.parametrize("kind", ["train_vae", "train_autoencoder"])
def test_the_line_between_two_cutouts_begins_and_ends_with_their_reconstructions(
    lab: Lab, kind: str
):
    lab.tracks(30, 0)
    version = lab.run(kind, epochs=2, latent=6)["result"]["model_version_id"]
    done = lab.run("interpolate", model_version_id=version, first=7, second=3, steps=5)
    assert done["outcome"] == "published", done
    result = done["result"]
    assert result["shape"] == [64, 64, 1]
    assert result["ordinals"] == [7, 3]
    assert result["distance"] > 0
    between = decoded(result, "images").astype(int)
    assert len(between) == 5
    made = lab.column("reconstruction", version).reshape(30, 64, 64, 1)
    assert np.abs(between[0] - made[7]).max() <= 1
    assert np.abs(between[-1] - made[3]).max() <= 1
    seen = lab.column("model_input", version).reshape(30, 64, 64, 1)
    assert (decoded(result, "originals") == seen[[7, 3]]).all()


def test_a_cutout_lies_at_no_distance_from_itself(lab: Lab):
    lab.tracks(12, 0)
    version = lab.run("train_autoencoder", epochs=1, latent=4)["result"]["model_version_id"]
    result = lab.run("interpolate", model_version_id=version, first=2, second=2, steps=2)["result"]
    assert result["distance"] == 0
    first, last = decoded(result, "images")
    assert (first == last).all()


def test_an_interpolation_that_cannot_be_says_why(lab: Lab):
    lab.tracks(30, labelled=12)
    version = lab.run("train_autoencoder", epochs=1, latent=4)["result"]["model_version_id"]
    beyond = lab.run("interpolate", model_version_id=version, first=0, second=30)
    assert (
        beyond["error"]["message"] == "There is no cutout 30: the dataset has 30, counted from 0."
    )
    trees = lab.run("train_classifier", architecture="extra_trees", novelty_check=False, folds=2)
    wrong = lab.run(
        "interpolate", model_version_id=trees["result"]["model_version_id"], first=0, second=1
    )
    assert "Only a VAE or an autoencoder" in wrong["error"]["message"]


def test_images_are_read_for_a_stored_model_as_it_was_trained(lab: Lab):
    lab.tracks(20, 0)
    version = lab.run("train_vae", epochs=1, latent=4)["result"]["model_version_id"]
    with lab.database.read() as session:
        model, _ = reconstructor_from_bytes(models.read_weights(session, version))
        config = models.get_model(session, version).config
        packed = read_images(session, lab.dataset_id, config, range(20))
        numbers = np.full((20, 4), np.nan, np.float32)
        for i, name in enumerate(config["metadata"]):
            if name in NAMES:
                numbers[:, i] = lab.column(name)
    assert model.scaling is not None
    vectors = model.embed(packed.images, model.scaling.transform(numbers))
    np.testing.assert_allclose(vectors, lab.column("latent", version), atol=1e-5)
