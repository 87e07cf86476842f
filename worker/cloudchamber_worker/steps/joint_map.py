"""One map of two datasets in the penultimate layer of one model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec
from cloudchamber_worker.learning.projection import project, standardise
from cloudchamber_worker.lease import JobContext

COLUMN = "joint_map"
# Of either dataset, evenly spread: what UMAP fits in a minute or two.
MOST = 20_000


@dataclass(frozen=True)
class JointMap:
    """Positions float32 [.., 2] of cutouts of either dataset; NaN where one was not drawn."""

    target: NDArray[np.float32]
    source: NDArray[np.float32]


def draw_joint_map(
    target: NDArray[np.float32],
    source: NDArray[np.float32],
    ordinals: NDArray[np.intp],
    seed: int = 0,
) -> JointMap:
    """Project the vectors [n, d] of all target cutouts and of the source's ``ordinals``
    together."""
    here = np.arange(len(target))[:: -(-len(target) // MOST) or 1]
    there = np.arange(len(source))[:: -(-len(source) // MOST) or 1]
    vectors = standardise(np.concatenate([target[here], source[there]]))
    positions = project(vectors, seed=seed)
    placed = JointMap(_empty(len(target)), _empty(int(ordinals.max(initial=-1)) + 1))
    placed.target[here] = positions[: len(here)]
    placed.source[ordinals[there]] = positions[len(here) :]
    return placed


def write_joint_map(
    session: Session, job: JobContext, model_version_id: int, source_id: int, drawn: JointMap
) -> None:
    """Write the positions on both datasets, as columns of the job."""
    spec = ColumnSpec(
        COLUMN, "Map of both", "", "map", "float32", 2,
        description="UMAP position in one map of two datasets, by the model's penultimate layer",
        model_version_id=model_version_id, producer_job_id=job.id,
    )  # fmt: skip
    columns.write_column(session, job.dataset_id, spec, drawn.target)
    columns.write_column(session, source_id, spec, drawn.source)


def _empty(n: int) -> NDArray[np.float32]:
    return np.full((n, 2), np.nan, np.float32)
