"""The loop: shuffled batches, AdamW, a learning-rate curve, a row per epoch, exact resumption."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cloudchamber_worker.learning.checkpoints import Arrays, Journal, prefixed, under

Row = dict[str, Any]
# (rows int64 [batch], epoch, generator) -> (loss, numbers to average over the epoch). A tensor is
# read when the epoch is over: reading one after each batch would make the GPU wait for the CPU.
Numbers = Mapping[str, float | Tensor]
BatchLoss = Callable[[Tensor, int, torch.Generator], tuple[Tensor, Numbers]]


@dataclass(frozen=True)
class Schedule:
    """decay None: one cosine to zero after a short warm-up; else (rate, steps): the learning rate
    falls by ``rate`` every ``steps`` batches."""

    epochs: int
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    decay: tuple[float, int] | None = None

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of this step, counted from 0."""
        if self.decay is not None:
            return self.learning_rate * self.decay[0] ** (step / self.decay[1])
        total = max(self.epochs * steps_per_epoch, 1)
        warm = max(total // 20, 1)
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / (total - warm)))


def device() -> torch.device:
    """The GPU where one is at hand, else the CPU (where the same seed gives the same weights)."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_device(network: nn.Module) -> nn.Module:
    """The network on ``device()``, its kernels in the order in which convolutions are fastest
    (a third less CPU time than the default order for the small CNN)."""
    return network.to(device()).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def weights_of(network: nn.Module) -> Arrays:
    """The network's state as arrays by name."""
    return {name: t.detach().cpu().numpy().copy() for name, t in network.state_dict().items()}


def load_weights(network: nn.Module, arrays: Arrays) -> None:
    """Put arrays of ``weights_of`` back; names and shapes must agree."""
    network.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()})


def _state(
    network: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator, epoch: int
) -> Arrays:
    arrays = prefixed(weights_of(network), "network")
    for index, slots in optimizer.state_dict()["state"].items():
        for name, tensor in slots.items():
            arrays[f"optimizer/{index}/{name}"] = tensor.detach().cpu().numpy().copy()
    arrays["generator"] = generator.get_state().numpy().copy()
    arrays["torch_rng"] = torch.get_rng_state().numpy().copy()
    arrays["epoch"] = np.array([epoch], np.int64)
    return arrays


def _restore(
    saved: Arrays, network: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> int:
    load_weights(network, under(saved, "network"))
    whole = optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for name, array in under(saved, "optimizer").items():
        index, slot = name.split("/")
        slots.setdefault(int(index), {})[slot] = torch.from_numpy(array.copy())
    whole["state"] = slots
    optimizer.load_state_dict(whole)
    generator.set_state(torch.from_numpy(saved["generator"].copy()))
    torch.set_rng_state(torch.from_numpy(saved["torch_rng"].copy()))
    return int(saved["epoch"][0])


def _batches(order: Tensor, size: int) -> list[Tensor]:
    batches = list(order.split(size))
    # Batch norm has no variance over one row.
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _means(told: list[tuple[int, Numbers]], n: int) -> dict[str, float]:
    """Means over the n rows of an epoch of what its batches told."""
    sums: dict[str, float] = {}
    for size, numbers in told:
        for name, value in numbers.items():
            sums[name] = sums.get(name, 0.0) + float(value) * size
    return {name: value / n for name, value in sums.items()}


def train(
    build: Callable[[], nn.Module],
    prepare: Callable[[nn.Module], BatchLoss],
    n: int,
    schedule: Schedule,
    seed: int,
    journal: Journal,
    stage: str,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> nn.Module:
    """Train one network on n rows and return it in eval mode.

    build     makes the network, after the seed has been set
    prepare   gives the loss of a batch of row numbers for that network
    evaluate  numbers to add to each epoch's row, for instance on held-out rows
    on_epoch  called with every row {epoch, loss, ...}; an exception it raises stops the training

    The state is noted in ``journal`` under ``stage``; where it holds one, training goes on from
    there and gives bit for bit the weights of an uninterrupted run (CPU, same thread count).
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = on_device(build())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    batch_loss = prepare(network)
    saved = journal.running(stage)
    first = _restore(saved, network, optimizer, generator) if saved else 0
    journal.trim(stage, first)
    per_epoch = len(_batches(torch.arange(n), schedule.batch_size))
    for epoch in range(first, schedule.epochs):
        network.train()
        told: list[tuple[int, Numbers]] = []
        for i, rows in enumerate(
            _batches(torch.randperm(n, generator=generator), schedule.batch_size)
        ):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(epoch * per_epoch + i, per_epoch)
            optimizer.zero_grad(set_to_none=True)
            loss, numbers = batch_loss(rows, epoch, generator)
            loss.backward()
            optimizer.step()
            told.append((len(rows), {"loss": loss.detach(), **numbers}))
        row: Row = {"epoch": epoch, **_means(told, n)}
        if evaluate is not None:
            network.eval()
            row.update(evaluate(network))
        journal.note(stage, row, lambda: _state(network, optimizer, generator, epoch + 1))  # noqa: B023
        if on_epoch is not None:
            on_epoch(row)
    return network.eval()
