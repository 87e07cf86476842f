"""On which labels a model may be judged: those of cutouts drawn at random, where there are enough.

Accuracy on labels that were chosen (typical ones, unsure ones, a lasso) is that of the choice, and
nobody knows whether it lies above or below that of the dataset. All labels are trained on.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import draws
from cloudchamber.data.dataset_settings import read_settings
from cloudchamber_worker.learning.crossvalidation import HeldOut, held_out_metrics
from cloudchamber_worker.learning.metrics import summarise

# Fewer drawn labels would give an accuracy no better than ± 0.14 (95 %).
ENOUGH = 50


@dataclass(frozen=True)
class Truth:
    """Of n labels: ``judged`` bool [n] says which ones figures are taken from.

    used  "drawn", or "all" where too few are known to be drawn
    """

    judged: NDArray[np.bool_]
    drawn: int
    chosen: int
    unknown: int
    used: Literal["drawn", "all"]

    @property
    def biased(self) -> bool:
        """Whether chosen labels enter the figures."""
        return self.used == "all" and self.chosen > 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "drawn": self.drawn,
            "chosen": self.chosen,
            "unknown": self.unknown,
            "used": self.used,
            "enough": ENOUGH,
        }


def read_truth(session: Session, dataset_id: int, class_id: NDArray[np.int32]) -> Truth:
    """How the labelled cutouts (class_id [n] > 0) came to be picked.

    Labels from files count as drawn where somebody said so, and all labels do where every cutout
    has one: then nothing was left out.
    """
    origin = draws.origins(session, dataset_id, len(class_id))[class_id > 0]
    if read_settings(session, dataset_id).unknown_labels_drawn:
        origin[origin == draws.UNKNOWN] = draws.DRAWN
    if len(origin) == len(class_id):
        origin[:] = draws.DRAWN
    counts = np.bincount(origin, minlength=3)
    enough = counts[draws.DRAWN] >= ENOUGH
    judged = origin == draws.DRAWN if enough else np.ones(len(origin), bool)
    return Truth(
        judged,
        int(counts[draws.DRAWN]),
        int(counts[draws.CHOSEN]),
        int(counts[draws.UNKNOWN]),
        "drawn" if enough else "all",
    )


def judge(
    held: HeldOut,
    y: NDArray[np.int64],
    n_classes: int,
    truth: Truth,
    image: NDArray[np.int64] | None = None,
) -> tuple[dict[str, Any], float]:
    """``held_out_metrics`` of the labels that may be judged on, with ``truth`` and
    ``biased_sample``; beside drawn labels also the accuracy on all of them."""
    inside = held.tested & truth.judged
    if inside.sum() < ENOUGH:
        # What was drawn may lie where nothing can be held out.
        truth = replace(truth, judged=np.ones(len(y), bool), used="all")
        inside = held.tested
    used = np.unique(held.fold[inside])
    fold = np.full(len(y), -1, np.int32)
    fold[inside] = np.searchsorted(used, held.fold[inside])
    metrics, temperature = held_out_metrics(
        HeldOut(fold, len(used), held.probability), y, n_classes, image
    )
    metrics["folds"] = held.folds
    metrics["untested_classes"] = [int(k) for k in np.unique(y[~held.tested])]
    metrics["truth"] = truth.as_dict()
    metrics["biased_sample"] = truth.biased
    if truth.used == "drawn" and inside.sum() < held.tested.sum():
        images = None if image is None else image[held.tested]
        whole = summarise(held.probability[held.tested], y[held.tested], n_classes, images)
        metrics["truth"]["all_labels"] = {
            "mean": whole["accuracy"],
            "interval": whole["accuracy_interval"],
            "n": whole["n"],
        }
    return metrics, temperature
