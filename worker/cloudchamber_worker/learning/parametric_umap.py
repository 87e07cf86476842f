"""Parametric UMAP: a small network from vector to map position, trained on UMAP's own graph.

Sainburg, McInnes & Gentner 2021, Neural Computation 33, 2881. The edges of UMAP's fuzzy simplicial
set are drawn by their membership, each with five negative pairs, and the cross-entropy of
membership in the vectors' space and on the map is brought down; not the positions are moved but
the network that gives them, so that a new vector has a place at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cloudchamber_worker.learning.checkpoints import (
    Arrays,
    Journal,
    from_bytes,
    prefixed,
    to_bytes,
    under,
)
from cloudchamber_worker.learning.preparation import Preparation, preparation_from_arrays
from cloudchamber_worker.learning.training import (
    BatchLoss,
    Row,
    Schedule,
    device,
    load_weights,
    on_device,
    train,
    weights_of,
)

WIDTH = 128
NEGATIVES = 5
BATCH = 4096
# Edges drawn in one training: as often through all as UMAP's epochs, and at most so many.
ROUNDS, DRAWS = 500, 2_000_000
# Small sets are gone through several times in what counts, and is told, as one epoch.
MOST_EPOCHS, LEAST_EPOCHS = 100, 8
LEAD = 0.1  # part of the epochs in which the network learns the start


class Encoder(nn.Module):
    """[n, d] to map positions [n, 2]: three hidden layers beside a straight line."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.straight = nn.Linear(d, 2)
        self.bent = nn.Sequential(
            nn.Linear(d, WIDTH), nn.SiLU(),
            nn.Linear(WIDTH, WIDTH), nn.SiLU(),
            nn.Linear(WIDTH, WIDTH), nn.SiLU(),
            nn.Linear(WIDTH, 2),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.straight(x) + self.bent(x)  # [n, 2]


@dataclass(frozen=True)
class ParametricMap:
    """A trained encoder with what its input is scaled by.

    centre, scale  float32 [d]: the input is (vector - centre) / scale, missing values at 0
    turn, shift    float32 [2, 2] and [2]: what lays its positions onto the map before
    """

    network: nn.Module
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    turn: NDArray[np.float32]
    shift: NDArray[np.float32]

    def place(self, vectors: NDArray[np.float32], batch_size: int = 65_536) -> NDArray[np.float32]:
        """Positions float32 [n, 2] of vectors [n, d]; NaN and infinity count as the middle."""
        where, network = device(), on_device(self.network).eval()
        placed = [np.empty((0, 2), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(vectors), batch_size):
                x = self._scaled(vectors[start : start + batch_size])
                placed.append(network(torch.from_numpy(x).to(where)).cpu().numpy())
        return (np.concatenate(placed) @ self.turn + self.shift).astype(np.float32)

    def _scaled(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        x = (np.asarray(vectors, np.float32) - self.centre) / self.scale
        return np.where(np.isfinite(x), x, 0).astype(np.float32)

    def to_bytes(self, note: dict[str, Any], preparation: Preparation) -> bytes:
        """Weights, how its vectors are prepared, and a JSON-able note as safetensors."""
        arrays: Arrays = {
            "centre": self.centre, "scale": self.scale, "turn": self.turn, "shift": self.shift,
        }  # fmt: skip
        arrays |= prefixed(preparation.arrays(), "preparation")
        return to_bytes(arrays | prefixed(weights_of(self.network), "network"), note)


def parametric_map_from_bytes(raw: bytes) -> tuple[ParametricMap, Preparation, dict[str, Any]]:
    """The inverse of ``ParametricMap.to_bytes``: the map, the preparation and the note."""
    arrays, note = from_bytes(raw)
    network = Encoder(len(arrays["centre"]))
    load_weights(network, under(arrays, "network"))
    scaling = {name: arrays[name] for name in ("centre", "scale", "turn", "shift")}
    preparation = preparation_from_arrays(under(arrays, "preparation"))
    return ParametricMap(network.eval(), **scaling), preparation, note


def lead_epochs(epochs: int) -> int:
    """How many of the first epochs only learn the start; their loss is another."""
    return round(LEAD * epochs)


def fit_parametric_umap(
    vectors: NDArray[np.float32],
    start: NDArray[np.float32],
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    seed: int = 0,
    journal: Journal | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    epochs: int | None = None,
) -> ParametricMap:
    """Fit to finite vectors float32 [n, d] (n ≥ 3), from the positions float32 [n, 2] in ``start``.

    The network first learns ``start``, a map before or principal components, and goes on from
    there. ``on_epoch`` hears of every epoch with its loss, and by ``phase`` whether it is of the
    start still; an exception it raises stops the fit.
    The same seed gives the same weights on the CPU; ``journal`` lets a killed fit go on.
    """
    from cloudchamber_worker.learning.umap_graph import curve, fuzzy_graph  # numba: when needed

    centre = vectors.mean(axis=0)
    # One scale for all dimensions: their relative spread is part of the embedding.
    spread = float(np.sqrt(((vectors - centre) ** 2).mean())) or 1.0
    scale = np.full(vectors.shape[1], spread, np.float32)
    parts = centre.astype(np.float32), scale, np.eye(2, dtype=np.float32), np.zeros(2, np.float32)
    x = torch.from_numpy(ParametricMap(nn.Identity(), *parts)._scaled(vectors))  # [n, d]
    graph = fuzzy_graph(vectors, n_neighbors, seed)
    weight = graph.data.astype(np.float64)
    draws = min(DRAWS, ROUNDS * weight.sum())
    n_draws = int(max(weight.sum(), draws / MOST_EPOCHS))
    epochs = epochs or max(LEAST_EPOCHS, round(draws / n_draws))
    edges = _Edges(graph.row, graph.col, weight)
    lead = lead_epochs(epochs)

    def report(row: Row) -> None:
        if on_epoch is not None:
            on_epoch({"phase": "start" if row["epoch"] < lead else "layout", **row})

    network = train(
        lambda: Encoder(vectors.shape[1]),
        lambda net: _batch_loss(net, x, torch.from_numpy(start), edges, curve(min_dist), lead),
        n_draws,
        Schedule(epochs, BATCH if len(x) > 4 * BATCH else BATCH // 4, 3e-3, weight_decay=0.0),
        seed,
        journal or Journal(),
        "parametric UMAP",
        on_epoch=report,
    )
    return ParametricMap(network, *parts)


class _Edges:
    """Pairs of rows, drawn in proportion to their membership."""

    def __init__(self, head: NDArray[Any], tail: NDArray[Any], weight: NDArray[np.float64]) -> None:
        self._head, self._tail = torch.from_numpy(head).long(), torch.from_numpy(tail).long()
        self._reach = torch.from_numpy(np.cumsum(weight / weight.sum()))  # [edges]

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Heads and tails of n edges, int64 [n] each."""
        at = torch.rand(n, generator=generator, dtype=torch.float64)
        edge = torch.searchsorted(self._reach, at).clamp_(max=len(self._head) - 1)
        return self._head[edge], self._tail[edge]


def _batch_loss(
    network: nn.Module,
    x: Tensor,
    start: Tensor,
    edges: _Edges,
    ab: tuple[float, float],
    lead: int,
) -> BatchLoss:
    where = device()
    n = len(x)
    log_a, b = float(np.log(ab[0])), ab[1]

    def far(left: Tensor, right: Tensor) -> Tensor:
        """Log odds that two positions [m, 2] do not belong together: log(a d^2b), [m]."""
        return log_a + b * ((left - right).square().sum(dim=1) + 1e-6).log()

    def loss(batch: Tensor, epoch: int, generator: torch.Generator):
        m = len(batch)
        if epoch < lead:
            rows = torch.randint(n, (min(m, n),), generator=generator)
            return functional.mse_loss(network(x[rows].to(where)), start[rows].to(where)), {}
        head, tail = edges.draw(m, generator)
        other = torch.randint(n, (m, NEGATIVES), generator=generator)
        rows, place = torch.cat([head, tail, other.reshape(-1)]).unique(return_inverse=True)
        position = network(x[rows].to(where))[place.to(where)]  # [m (2 + negatives), 2]
        heads, tails, others = position.split([m, m, m * NEGATIVES])
        attract = functional.softplus(far(heads, tails))
        apart = functional.softplus(-far(heads.repeat_interleave(NEGATIVES, dim=0), others))
        return attract.mean() + NEGATIVES * apart.mean(), {}

    return loss
