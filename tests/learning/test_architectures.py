"""Every architecture of the registry, by name: its hyperparameters, its inputs, its weights."""

import sys
import types
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cloudchamber.data import models
from cloudchamber_worker.learning.architectures import ARCHITECTURES, Architecture, architecture
from cloudchamber_worker.learning.architectures import pretrained as published
from cloudchamber_worker.learning.architectures.space import complete
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, to_bytes
from cloudchamber_worker.learning.classifier import (
    Classifier,
    classifier_from_bytes,
    fit_classifier,
)
from cloudchamber_worker.learning.errors import BadHyperparameter, LearningError
from cloudchamber_worker.learning.inputs import CutoutSet, fit_pixel_scaling, pack
from cloudchamber_worker.learning.training import Schedule, weights_of
from learning.conftest import Lab
from learning.synthetic import NAMES, drawn_tracks

REPRESENTATIONS = ("two_scale", "downscaled", "fitted")
NETWORKS = [name for name, entry in ARCHITECTURES.items() if entry.network is not None]
ON_IMAGES = [name for name in NETWORKS if ARCHITECTURES[name].representation is not None]


def tracks(n: int, representation: Any, numbers: bool = True) -> tuple[CutoutSet, np.ndarray]:
    images, measurements, kinds = drawn_tracks(n)
    packed = None
    if representation is not None:
        packed = pack(images, n, fit_pixel_scaling(images), representation)
    measurements = measurements if numbers else measurements[:, :0]
    names = NAMES if numbers else ()
    return CutoutSet(packed, measurements, np.arange(n, dtype=np.int32), names), kinds


def fitted(recipe: Architecture, data: CutoutSet, kinds: np.ndarray, epochs: int = 1) -> Classifier:
    rows = np.arange(len(kinds))
    return fit_classifier(data, rows, kinds, 3, recipe, 0, Journal(), "t", epochs)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_same_seed_gives_the_same_weights_and_they_come_back(name: str):
    recipe = architecture(name)
    data, kinds = tracks(12, recipe.representation)
    first, second = (fitted(recipe, data, kinds) for _ in range(2))
    one, other = (from_bytes(model.to_bytes({}))[0] for model in (first, second))
    assert one.keys() == other.keys()
    assert all((one[key] == other[key]).all() for key in one)
    back, _ = classifier_from_bytes(first.to_bytes({}))
    assert (back.predict(data).probability == first.predict(data).probability).all()
    assert (back.predict(data).penultimate == first.predict(data).penultimate).all()


@pytest.mark.parametrize("representation", REPRESENTATIONS)
@pytest.mark.parametrize("name", ON_IMAGES)
def test_every_network_takes_every_representation(name: str, representation: Any):
    data, kinds = tracks(8, representation)
    model = fitted(architecture(name), data, kinds)
    assert np.isfinite(model.predict(data).probability).all()
    back, _ = classifier_from_bytes(model.to_bytes({}))
    assert (back.predict(data).probability == model.predict(data).probability).all()


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", ON_IMAGES)
def test_any_number_of_channels_and_no_numbers_will_do(name: str, channels: int):
    recipe = architecture(name)
    network = recipe.build(channels, 0, 3, 64).eval()
    logits, penultimate = network(torch.rand(2, channels, 64, 64), torch.zeros(2, 0))
    assert logits.shape == (2, 3)
    assert penultimate.ndim == 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_chosen_hyperparameters_shape_the_model_and_stay_with_it(name: str):
    """At the lower end of all ranges the model trains, and comes back from its bytes."""
    entry = architecture(name)
    lowest = {
        p.name: p.choices[0] if p.kind == "categorical" else p.low
        for p in entry.space
        if p.searched and p.name not in ("learning_rate", "adam_learning_rate")
    }
    recipe = entry.choose(lowest)
    data, kinds = tracks(10, recipe.representation)
    model = fitted(recipe, data, kinds)
    assert model.architecture.values(7).items() >= complete(entry.space, lowest, 7).items()
    back, note = classifier_from_bytes(model.to_bytes({}))
    assert note["hyperparameters"] == recipe.hyperparameters
    assert (back.predict(data).probability == model.predict(data).probability).all()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_default_lies_in_its_range(name: str):
    for parameter in architecture(name).space:
        assert parameter.about
        if parameter.default is not None:
            assert parameter.checked(parameter.default) == parameter.default


@pytest.mark.parametrize(
    ("given", "words", "hint"),
    [
        ({"dropout": 0.1}, "no hyperparameter dropout", "dropout_rate (0 to 0.5)"),
        ({"dropout_rate": 0.6}, "dropout_rate cannot be 0.6", "0 to 0.5"),
        ({"N_conv_layers": 1.5}, "N_conv_layers cannot be 1.5", "1 to 3, whole"),
        ({"N_conv_layers": "two"}, "N_conv_layers cannot be 'two'", "1 to 3, whole"),
        ({"adam_learning_rate": float("nan")}, "adam_learning_rate cannot be nan", "1e-07 to 0.1"),
    ],
)
def test_what_an_architecture_cannot_take_is_named_with_its_range(given, words, hint):
    with pytest.raises(BadHyperparameter, match=words) as caught:
        architecture("seed_cnn").choose(given)
    assert hint in caught.value.hint


def test_the_ccd_projects_space_is_that_of_its_appendix():
    space = {p.name: p for p in architecture("seed_cnn").space if p.searched}
    ranges = {name: (p.low, p.high) for name, p in space.items()}
    assert ranges == {
        "N_conv_layers": (1, 3),
        "N_dense_layers": (1, 3),
        "dropout_rate": (0, 0.5),
        **{f"conv_filter_exp{i}": (3, 7) for i in range(3)},
        **{f"conv_kernel_size{i}": (2, 5) for i in range(3)},
        **{f"dense_units_exp{i}": (3, 5) for i in range(2)},
        "adam_learning_rate": (1e-7, 1e-1),
        "adam_decay_steps": (100, 10_000),
        "adam_decay_rate": (0.8, 1.0),
    }
    assert space["adam_learning_rate"].log
    assert architecture("seed_cnn").values(0) == {
        "N_conv_layers": 2, "N_dense_layers": 3, "dropout_rate": 0.4981,
        "conv_filter_exp0": 6, "conv_kernel_size0": 2, "conv_filter_exp1": 4,
        "conv_kernel_size1": 5, "dense_units_exp0": 4, "dense_units_exp1": 3,
        "adam_learning_rate": 3.676e-4, "adam_decay_steps": 3866, "adam_decay_rate": 0.9122,
    }  # fmt: skip


def layers_of(network: nn.Module, kind: type[nn.Module]) -> list[Any]:
    return [layer for layer in network.modules() if isinstance(layer, kind)]


def test_the_two_networks_of_the_ccd_project_are_as_its_appendix_ends_with_them():
    two = architecture("seed_cnn").build(1, 0, 6, 64)
    assert [(c.out_channels, c.kernel_size[0]) for c in layers_of(two, nn.Conv2d)] == [
        (64, 2),
        (16, 5),
    ]
    assert [d.out_features for d in layers_of(two, nn.Linear)] == [16, 8, 6]
    assert [d.p for d in layers_of(two, nn.Dropout)] == [0.4981]
    three = architecture("seed_cnn_3").build(1, 0, 6, 64)
    assert [
        (c.out_channels, c.kernel_size[0], c.stride[0], c.padding[0])
        for c in layers_of(three, nn.Conv2d)
    ] == [(41, 6, 1, 3), (49, 3, 1, 2), (9, 7, 2, 2)]
    assert [d.p for d in layers_of(three, nn.Dropout)] == [0.427]


def test_the_learning_rate_decays_as_in_keras():
    """ExponentialDecay: rate · factor^(step / steps), without stairs."""
    loop = architecture("seed_cnn").training()
    schedule = Schedule(10, 32, loop.learning_rate, decay=loop.decay)
    for step in (0, 1, 1933, 3866, 10_000):
        assert schedule.rate(step, 100) == pytest.approx(3.676e-4 * 0.9122 ** (step / 3866))


def test_a_decay_wants_both_its_numbers():
    with pytest.raises(BadHyperparameter, match="belong together"):
        architecture("small_cnn").choose({"decay_rate": 0.9})


def test_the_ice_core_network_takes_numbers_beside_the_image():
    """64 of the image alone, or 64 and 32 = 96 before the layer of 40, and of all 512 → 64."""
    alone = architecture("resnet18").build(3, 0, 7, 64)
    assert [(d.in_features, d.out_features) for d in layers_of(alone, nn.Linear)] == [
        (512, 64), (64, 40), (40, 7),
    ]  # fmt: skip
    both = architecture("resnet18").build(3, 34, 7, 64)
    assert [(d.in_features, d.out_features) for d in layers_of(both, nn.Linear)] == [
        (34, 128), (128, 64), (64, 32), (512, 64), (96, 40), (40, 7),
    ]  # fmt: skip
    image, numbers = torch.rand(4, 3, 64, 64), torch.randn(4, 34)
    both.eval()
    assert not torch.equal(both(image, numbers)[0], both(image, -numbers)[0])
    numbers_alone = architecture("metadata_net").build(0, 34, 7, 0)
    assert [(d.in_features, d.out_features) for d in layers_of(numbers_alone, nn.Linear)] == [
        (34, 128), (128, 64), (64, 32), (32, 40), (40, 7),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["default", "seed_cnn", "seed_cnn_3", "resnet18", "metadata_net"])
def test_weights_of_before_there_were_hyperparameters_still_load(name: str):
    """Their note names no hyperparameters and no side; the first ResNet-18 was given numbers that
    it did not look at."""
    recipe = architecture(name)
    data, kinds = tracks(8, recipe.representation, numbers=name != "resnet18")
    model = fitted(recipe, data, kinds)
    arrays, note = from_bytes(model.to_bytes({}))
    old = {key: note[key] for key in ("architecture", "shape")}
    seen = data
    if name == "resnet18":
        old["shape"][1] = 7
        arrays["scaling/references"] = np.zeros((len(arrays["scaling/references"]), 7))
        arrays["scaling/counts"] = np.zeros(7, arrays["scaling/counts"].dtype)
        seen, _ = tracks(8, recipe.representation)
    back, _ = classifier_from_bytes(to_bytes(arrays, old))
    assert (back.predict(seen).probability == model.predict(data).probability).all()


def publish(monkeypatch: pytest.MonkeyPatch, weights: Any) -> dict[str, Any]:
    """A torchvision that has these weights; what it was asked with."""
    asked: dict[str, Any] = {}

    def get_state_dict(**how: Any):
        asked.update(how)
        return weights()

    models_module = types.ModuleType("torchvision.models")
    entry = types.SimpleNamespace(get_state_dict=get_state_dict)
    models_module.ResNet18_Weights = types.SimpleNamespace(IMAGENET1K_V1=entry)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models_module)
    published.fetch_published.cache_clear()
    return asked


def theirs() -> dict[str, torch.Tensor]:
    """Random weights under torchvision's names, with its layer of a thousand classes."""
    torch.manual_seed(1)
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, width: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (width,)
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 64)
    for layer, (inner, outer) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512)), start=1):
        for block in range(2):
            at, last = f"layer{layer}.{block}", inner if block == 0 else outer
            shapes[f"{at}.conv1.weight"] = (outer, last, 3, 3)
            shapes[f"{at}.conv2.weight"] = (outer, outer, 3, 3)
            norm(f"{at}.bn1", outer)
            norm(f"{at}.bn2", outer)
            if last != outer:
                shapes[f"{at}.downsample.0.weight"] = (outer, last, 1, 1)
                norm(f"{at}.downsample.1", outer)
    shapes |= {"fc.weight": (1000, 512), "fc.bias": (1000,)}
    return {
        name: torch.tensor(5) if not shape else torch.rand(shape) for name, shape in shapes.items()
    }


@pytest.fixture
def _fresh():
    yield
    published.fetch_published.cache_clear()


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_published_weights_see_a_grey_image_the_same_in_any_number_of_channels(
    monkeypatch: pytest.MonkeyPatch, channels: int
):
    asked = publish(monkeypatch, theirs)
    network = architecture("resnet18").build(channels, 0, 3, 64)
    published.load_published(network)
    assert asked == {"progress": False, "check_hash": True, "weights_only": True}
    grey = torch.rand(2, 1, 64, 64)
    base = network.get_submodule("base")
    expected = nn.functional.conv2d(
        grey.repeat(1, 3, 1, 1), theirs()["conv1.weight"], stride=2, padding=3
    )
    got = base.get_submodule("0")(grey.repeat(1, channels, 1, 1))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
    state = network.state_dict()
    assert torch.equal(
        state["base.8.downsample.0.weight"], theirs()["layer3.0.downsample.0.weight"]
    )
    assert torch.equal(state["base.11.bn2.running_var"], theirs()["layer4.1.bn2.running_var"])
    untouched = [name for name in state if name.startswith("base")]
    assert len(untouched) == len(theirs()) - 2  # all but their last layer


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_a_training_starts_from_published_weights(monkeypatch: pytest.MonkeyPatch, lab: Lab):
    publish(monkeypatch, theirs)
    lab.tracks(8, labelled=8)
    params: dict[str, Any] = {
        "architecture": "resnet18", "epochs": 1, "folds": 2, "novelty_check": False,
        "hyperparameters": {"learning_rate": 1e-5},
    }  # fmt: skip
    done = lab.run("train_classifier", None, **params, pretrained=True)
    assert done["outcome"] == "published", done
    with lab.database.read() as session:
        model = models.get_model(session, done["result"]["model_version_id"])
        assert model.config["pretrained"] is True
        assert model.config["measurements"] == []
        arrays, _ = from_bytes(models.read_weights(session, model.id))
    kernels = arrays["network/base.7.conv1.weight"]
    assert np.abs(kernels - theirs()["layer2.1.conv1.weight"].numpy()).max() < 1e-3


def unreachable() -> dict[str, torch.Tensor]:
    raise OSError("Connection refused")


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize(
    ("name", "weights", "words"),
    [
        ("resnet18", None, "torchvision, which is not installed"),
        ("resnet18", unreachable, "could not be fetched: Connection refused"),
        ("seed_cnn", theirs, "has no published weights"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_published_weights_that_are_not_to_be_had_are_said(
    monkeypatch: pytest.MonkeyPatch, lab: Lab, name: str, weights: Any, words: str
):
    if weights is None:
        monkeypatch.setitem(sys.modules, "torchvision", None)
        monkeypatch.setitem(sys.modules, "torchvision.models", None)
        published.fetch_published.cache_clear()
    else:
        publish(monkeypatch, weights)
    lab.tracks(8, labelled=8)
    done = lab.run("train_classifier", None, architecture=name, pretrained=True)
    assert done["outcome"] == "failed"
    assert words in done["error"]["message"]
    assert done["error"]["hint"]


@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_a_bad_hyperparameter_fails_the_job_with_its_range(lab: Lab):
    lab.tracks(8, labelled=8)
    done = lab.run(
        "train_classifier", None, architecture="small_cnn", hyperparameters={"filters": 1000}
    )
    assert done["outcome"] == "failed"
    assert "filters cannot be 1000" in done["error"]["message"]
    assert "8 to 64" in done["error"]["hint"]


@pytest.mark.parametrize("dialect", ["sqlite"])  # of learning, not of the database
def test_a_model_version_holds_every_value_it_was_trained_with(lab: Lab):
    lab.tracks(16, labelled=16)
    done = lab.run(
        "train_classifier", None, architecture="small_cnn", epochs=1, folds=2,
        representation="downscaled", pixels="binary", novelty_check=False,
        hyperparameters={"filters": 8, "batch_size": 8},
    )  # fmt: skip
    with lab.database.read() as session:
        config = models.get_model(session, done["result"]["model_version_id"]).config
    assert config["hyperparameters"] == {
        "layers": 4, "filters": 8, "kernel_size": 3, "dense_units": 64, "dropout_rate": 0.3,
        "learning_rate": 2e-3, "weight_decay": 1e-2, "smoothing": 0.05,
        "epochs": 1, "batch_size": 8,
    }  # fmt: skip
    assert config["representation"] == "downscaled"
    assert config["pixel_scaling"]["kind"] == "binary"


def test_a_loose_learning_error_is_one(monkeypatch: pytest.MonkeyPatch):
    """Only ResNet-18 can be given published weights, whoever asks."""
    publish(monkeypatch, theirs)
    with pytest.raises(LearningError, match="ResNet-18 alone"):
        published.load_published(architecture("small_cnn").build(1, 0, 3, 64))


def test_weights_are_by_name_the_same_for_equal_seeds_only():
    data, kinds = tracks(8, "two_scale")
    recipe = architecture("small_cnn")
    rows = np.arange(8)
    one, other = (
        fit_classifier(data, rows, kinds, 3, recipe, seed, Journal(), "t", 1) for seed in (0, 1)
    )
    assert one.network is not None
    assert other.network is not None
    theirs_ = weights_of(other.network)
    assert any((a != theirs_[k]).any() for k, a in weights_of(one.network).items())
