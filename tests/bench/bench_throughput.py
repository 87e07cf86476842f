"""Training and embedding against bare PyTorch loops on the same arrays, in turn in one process.

The bare loops do what the program's do (the same network, batches, symmetries, optimiser, learning
rate) and nothing else: no progress, no checkpoint, no curve.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.figures import figures
from cloudchamber_worker.learning.architectures import architecture
from cloudchamber_worker.learning.augmentation import N_SYMMETRIES, symmetry
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import fit_classifier
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.losses import classification_loss
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.learning.training import device

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
table = figures("learning")
CLASSES, MEASUREMENTS, EPOCHS = 5, 40, 4
ROWS, MANY, PARTS = 3000, 100_000, 5
RUNS = 5


def _arrays(n: int) -> tuple[CutoutSet, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 2, 32, 32), np.uint8)
    measurements = rng.normal(size=(n, MEASUREMENTS)).astype(np.float32)
    y = rng.integers(0, CLASSES, n)
    return CutoutSet(images, measurements, np.arange(n, dtype=np.int32)), y


def _seconds(work: Callable[[], Any]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _in_turn(ours: Callable[[], Any], bare: Callable[[], Any]) -> tuple[list[float], list[float]]:
    """Seconds of both, alternating, after one warm run of each."""
    ours()
    bare()
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(RUNS)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _bare_training(data: CutoutSet, y: np.ndarray, numbers: np.ndarray) -> None:
    recipe, where = architecture("small_cnn"), device()
    assert data.images is not None and recipe.network is not None
    torch.manual_seed(0)
    network = recipe.build(2, MEASUREMENTS, CLASSES, 32).to(where)
    network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    images, measured, target = (torch.from_numpy(a) for a in (data.images, numbers, y))
    steps = EPOCHS * -(-ROWS // 128)
    step = 0
    network.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(ROWS).split(128):
            pixels = images[batch].float().div_(255)
            turned = torch.empty_like(pixels)
            which = torch.randint(N_SYMMETRIES, (len(batch),))
            for turn in range(N_SYMMETRIES):
                rows = (which == turn).nonzero(as_tuple=True)[0]
                turned[rows] = symmetry(pixels[rows], turn)
            for group in optimizer.param_groups:
                group["lr"] = 1e-3 * (1 + math.cos(math.pi * step / steps))
            step += 1
            optimizer.zero_grad(set_to_none=True)
            logits, _ = network(turned.to(where), measured[batch].to(where))
            classification_loss(logits, target[batch].to(where)).backward()
            optimizer.step()


def test_training_keeps_up_with_a_bare_loop() -> None:
    data, y = _arrays(ROWS)
    rows = np.arange(ROWS)
    scaling = fit_quantile_scaling(data.measurements)
    numbers = scaling.transform(data.measurements)

    def ours() -> None:
        fit_classifier(
            data, rows, y, CLASSES, architecture("small_cnn"), 0, Journal(), "all labels",
            epochs=EPOCHS, scaling=scaling,
        )  # fmt: skip

    ours_seconds, bare_seconds = _in_turn(ours, lambda: _bare_training(data, y, numbers))
    how = (
        f"small_cnn, {ROWS} cutouts, {EPOCHS} epochs of 128 on {device().type}, "
        f"{torch.get_num_threads()} threads; median of {RUNS} runs in turn"
    )
    shown = ROWS * EPOCHS
    table.note("training", [shown / s for s in ours_seconds], "images/s", how, middle="median")
    ratios = [b / a for a, b in zip(ours_seconds, bare_seconds, strict=True)]
    table.note("training over a bare loop", ratios, "", how, 0.9, middle="median")
    _note_utilisation(ours)


def _note_utilisation(work: Callable[[], Any]) -> None:
    """Share of the time in which the GPU was at work, where there is one that says so."""
    if not torch.cuda.is_available():
        return
    import threading

    seen: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            seen.append(torch.cuda.utilization())

    try:
        torch.cuda.utilization()
    except (ModuleNotFoundError, RuntimeError):
        return
    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    if seen:
        table.note("GPU at work while training", seen, "%", "NVML, every 50 ms")


@torch.inference_mode()
def _bare_embedding(network: torch.nn.Module, images: Tensor, measured: Tensor) -> np.ndarray:
    where, parts = device(), []
    for start in range(0, len(images), 512):
        pixels = images[start : start + 512].to(where).float().div_(255)
        numbers = measured[start : start + 512].to(where)
        hidden = [network(symmetry(pixels, turn), numbers)[1] for turn in range(N_SYMMETRIES)]
        parts.append(torch.stack(hidden).mean(dim=0).cpu().numpy())
    return np.concatenate(parts)


def test_embedding_keeps_up_with_a_bare_loop() -> None:
    small, y = _arrays(200)
    fitted = fit_classifier(
        small, np.arange(200), y, CLASSES, architecture("small_cnn"), 0, Journal(), "x", epochs=1
    )
    assert fitted.network is not None
    network = fitted.network.to(device()).eval()
    data, _ = _arrays(MANY)
    assert data.images is not None
    images = torch.from_numpy(data.images)
    measured = torch.from_numpy(fitted.scaling.transform(data.measurements))
    ours_seconds, bare_seconds = [], []
    for part in np.array_split(np.arange(MANY), PARTS):  # in turn, each part once by either

        def ours(part: np.ndarray = part) -> None:
            fitted.predict(data, part)

        def bare(part: np.ndarray = part) -> None:
            _bare_embedding(network, images[part[0] : part[-1] + 1], measured[part])

        ours_seconds.append(_seconds(ours))
        bare_seconds.append(_seconds(bare))
    how = (
        f"{MANY} cutouts, small_cnn over the 8 symmetries on {device().type}, probabilities and "
        f"penultimate layer with the scaling of the measurements; {PARTS} parts in turn"
    )
    table.note("embedding", [MANY / PARTS / s for s in ours_seconds], "images/s", how)
    ratios = [a / b for a, b in zip(ours_seconds, bare_seconds, strict=True)]
    table.note("embedding over a bare loop, time", ratios, "", how, 1.2, "less", "median")
