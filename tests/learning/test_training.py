from collections.abc import Callable

import numpy as np
import pytest

from cloudchamber_worker.learning.architectures import ARCHITECTURES, architecture
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, to_bytes
from cloudchamber_worker.learning.classifier import classifier_from_bytes, fit_classifier
from cloudchamber_worker.learning.errors import BrokenCheckpoint, LearningError
from cloudchamber_worker.learning.inputs import CutoutSet, fit_pixel_scaling, pack
from cloudchamber_worker.learning.losses import kl_weight
from cloudchamber_worker.learning.reconstruction import (
    fit_reconstructor,
    reconstructor_from_bytes,
)
from cloudchamber_worker.learning.training import Schedule, weights_of
from learning.synthetic import NAMES, drawn_tracks


def tracks(n: int, name: str = "default") -> tuple[CutoutSet, np.ndarray]:
    images, measurements, kinds = drawn_tracks(n)
    representation = architecture(name).representation
    packed = None
    if representation is not None:
        packed = pack(images, n, fit_pixel_scaling(images), representation)
    return CutoutSet(packed, measurements, np.arange(n, dtype=np.int32), NAMES), kinds


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_trains_predicts_embeds_and_comes_back_from_bytes(name: str):
    data, kinds = tracks(30, name)
    rows = np.arange(24)
    model = fit_classifier(
        data, rows, kinds[:24], 3, architecture(name), 0, Journal(), "test", epochs=1
    )
    prediction = model.predict(data)
    assert prediction.probability.shape == (30, 3)
    np.testing.assert_allclose(prediction.probability.sum(axis=1), 1, atol=1e-5)
    assert prediction.penultimate.shape[0] == 30
    assert np.isfinite(prediction.penultimate).all()
    again, note = classifier_from_bytes(model.to_bytes({"classes": ["a", "b", "c"]}))
    assert note["classes"] == ["a", "b", "c"]
    assert (again.predict(data).probability == prediction.probability).all()


def test_the_default_learns_three_kinds_from_few_labels():
    data, kinds = tracks(120)
    rows = np.arange(45)
    model = fit_classifier(
        data, rows, kinds[rows], 3, architecture("default"), 0, Journal(), "t", epochs=15
    )
    found = model.predict(data, np.arange(45, 120)).probability.argmax(axis=1)
    assert (found == kinds[45:]).mean() > 0.9


def test_a_turned_cutout_gets_the_answer_of_the_original():
    data, kinds = tracks(24)
    model = fit_classifier(
        data, np.arange(24), kinds, 3, architecture("small_cnn"), 0, Journal(), "t", epochs=2
    )
    assert data.images is not None
    turned = CutoutSet(
        np.ascontiguousarray(np.rot90(data.images, axes=(2, 3))), data.measurements, data.groups
    )
    here, there = model.predict(data), model.predict(turned)
    np.testing.assert_allclose(here.penultimate, there.penultimate, atol=1e-5)
    np.testing.assert_allclose(here.probability, there.probability, atol=1e-6)


def test_an_unknown_architecture_names_the_known_ones():
    with pytest.raises(LearningError) as caught:
        architecture("alexnet")
    assert "seed_cnn" in caught.value.hint


class Killed(Exception):
    pass


def interrupted(train: Callable, epoch: int) -> bytes:
    """Run a training and kill it after that epoch; what the journal had stored by then."""
    stored: list[bytes] = []

    def die(row: dict) -> None:
        if row["epoch"] == epoch:
            raise Killed

    with pytest.raises(Killed):
        train(Journal(None, stored.append, every=0.0), die)
    return stored[-1]


@pytest.mark.parametrize("name", ["default", "seed_cnn"])
def test_a_killed_classifier_training_ends_with_the_same_weights(name: str):
    data, kinds = tracks(20, name)

    def train(journal: Journal, on_epoch=None):
        return fit_classifier(
            data, np.arange(20), kinds, 3, architecture(name), 3, journal, "t", 4,
            on_epoch=on_epoch,
        )  # fmt: skip

    whole = train(Journal())
    resumed = train(Journal(interrupted(train, 1)))
    assert whole.network is not None
    assert resumed.network is not None
    theirs = weights_of(resumed.network)
    for key, array in weights_of(whole.network).items():
        assert np.abs(array.astype(float) - theirs[key]).max(initial=0) == 0, key
    assert (whole.predict(data).probability == resumed.predict(data).probability).all()


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_a_killed_autoencoder_training_ends_with_the_same_weights(kind):
    images, measurements, _ = drawn_tracks(24)
    packed = pack(images, 24, fit_pixel_scaling(images), "fitted")
    metadata = np.nan_to_num(measurements[:, :4])
    metadata /= metadata.max(axis=0)

    def train(journal: Journal, on_epoch=None):
        return fit_reconstructor(
            kind, packed, metadata, 8, Schedule(4, 8, 1e-3, 0.0), 1, journal, on_epoch=on_epoch
        )

    whole = train(Journal())
    resumed = train(Journal(interrupted(train, 2)))
    theirs = weights_of(resumed.network)
    assert (
        max(np.abs(a.astype(float) - theirs[k]).max() for k, a in weights_of(whole.network).items())
        == 0
    )
    again, _ = reconstructor_from_bytes(whole.to_bytes({}))
    ours, back = (next(m.batches(packed, metadata)) for m in (whole, again))
    assert (ours.images == back.images).all()
    assert ours.latent.shape == (24, 8)


def test_a_resumed_training_keeps_one_row_per_epoch():
    data, kinds = tracks(20)

    def train(journal: Journal, on_epoch=None):
        return fit_classifier(
            data, np.arange(20), kinds, 3, architecture("small_cnn"), 3, journal, "t", 4,
            on_epoch=on_epoch,
        )  # fmt: skip

    journal = Journal(interrupted(train, 1))
    train(journal)
    assert [row["epoch"] for row in journal.curve] == [0, 1, 2, 3]


def test_the_kl_term_warms_up():
    weights = [kl_weight(epoch, 2.0, 4) for epoch in range(6)]
    assert weights == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_an_autoencoder_of_three_cutouts_is_refused():
    with pytest.raises(LearningError, match="at least 4"):
        fit_reconstructor(
            "vae", np.zeros((3, 1, 64, 64), np.uint8), np.zeros((3, 4), np.float32), 8,
            Schedule(1), 0, Journal(),
        )  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\x80\x04pickle", b"\xff" * 100])
def test_what_is_no_checkpoint_is_refused(raw: bytes):
    with pytest.raises(BrokenCheckpoint):
        from_bytes(raw)


def test_arrays_of_every_kind_come_back():
    arrays = {"a/b": np.arange(6, dtype=np.float16).reshape(2, 3), "empty": np.zeros((0, 3))}
    back, note = from_bytes(to_bytes(arrays, {"x": [1, "μ"]}))
    assert note == {"x": [1, "μ"]}
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
