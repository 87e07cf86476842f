"""What a classifier sees of a dataset: read anew for a training, or as a model version asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import Column
from cloudchamber.data.job_requests import ClassifierInputs
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.architectures.pretrained import fetch_published
from cloudchamber_worker.learning.architectures.space import Value
from cloudchamber_worker.learning.classifier import hyperparameters_used
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import CutoutSet, PixelScaling
from cloudchamber_worker.learning.quantiles import QuantileScaling, fit_quantile_scaling
from cloudchamber_worker.steps.dataset_inputs import (
    Split,
    measurement_columns,
    number_columns,
    read_numbers,
    sample_scaling,
    split_groups,
)
from cloudchamber_worker.steps.embeddings import read_images
from cloudchamber_worker.steps.hyperparameters import asked_hyperparameters, chosen_recipe

OnRow = Callable[[int], None]


@dataclass(frozen=True)
class Inputs:
    """data of the first n cutouts; how their pixels and numbers were scaled; how they split.

    hyperparameters  every one that a fit on all labels uses, the architecture's own included
    """

    recipe: Architecture
    data: CutoutSet
    pixels: PixelScaling
    numbers: QuantileScaling
    split: Split
    hyperparameters: dict[str, Value]

    def config(self) -> dict[str, Any]:
        """What a model version keeps of them, for ``read_for_model``."""
        return {
            "architecture": self.recipe.name,
            "description": self.recipe.description,
            "representation": self.recipe.representation,
            "ignore_orientation": self.recipe.symmetries,
            "pixel_scaling": self.pixels.as_dict(),
            "measurements": list(self.data.names),
            "hyperparameters": self.hyperparameters,
            "pretrained": self.recipe.pretrained,
        }


def read_inputs(
    session: Session,
    dataset_id: int,
    n: int,
    asked: ClassifierInputs,
    rows: NDArray[np.intp],
    on_row: OnRow = lambda _: None,
) -> Inputs:
    """The first n cutouts as the request asks; ``rows`` are the labelled ones, for the split.

    Raises
    ------
    JobError
        Where the architecture learns from numbers alone and the dataset has none, or the column
        to group by does not exist.
    """
    recipe = chosen_recipe(asked, asked_hyperparameters(session, dataset_id, asked))
    if getattr(asked, "pretrained", False):
        recipe = _pretrained(recipe)
    if asked.representation is not None and recipe.representation is not None:
        recipe = replace(recipe, representation=asked.representation)
    found = _columns(session, dataset_id, asked, recipe)
    if not found and recipe.representation is None:
        raise JobError(
            f"“{recipe.title}” learns from numbers, and the dataset has none of the kind.",
            hint="Choose the default architecture, or import measurements or metadata.",
        )
    pixels = sample_scaling(session, dataset_id, n, asked.pixels)
    images = None
    if recipe.representation is not None:
        seen = {
            "representation": recipe.representation,
            "pixel_scaling": pixels.as_dict(),
            "ignore_orientation": recipe.symmetries,
        }
        images = read_images(session, dataset_id, seen, range(n), on_row).images
    numbers = read_numbers(session, found, n)
    split = split_groups(session, dataset_id, rows, n, asked.group_by)
    data = CutoutSet(images, numbers, split.groups, tuple(column.name for column in found))
    used = hyperparameters_used(recipe, len(rows), len(found), getattr(asked, "epochs", None))
    return Inputs(recipe, data, pixels, fit_quantile_scaling(numbers), split, used)


def _pretrained(recipe: Architecture) -> Architecture:
    """The recipe that starts from published weights, fetched now and not after minutes."""
    try:
        if recipe.name != "resnet18":
            raise LearningError(
                f"“{recipe.title}” has no published weights.", "Choose the architecture resnet18."
            )
        fetch_published()
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    return replace(recipe, pretrained=True)


def _columns(
    session: Session, dataset_id: int, asked: ClassifierInputs, recipe: Architecture
) -> list[Column]:
    if asked.numbers != "auto":
        return number_columns(session, dataset_id, asked.numbers)
    if recipe.numbers == "measurements":
        return measurement_columns(session, dataset_id)
    return number_columns(session, dataset_id, recipe.numbers)


def read_for_model(
    session: Session,
    dataset_id: int,
    config: dict[str, Any],
    ordinals: Sequence[int] | NDArray[np.integer],
    on_row: OnRow = lambda _: None,
) -> CutoutSet:
    """The given cutouts of any dataset as the model version with this config takes them.

    ordinals  ascending, each once; row i of the answer is ``ordinals[i]``
    Numbers the dataset lacks are NaN; ``missing_numbers`` names them.
    """
    wanted = np.asarray(ordinals, np.intp)
    images = None
    if config["representation"] is not None:
        images = read_images(session, dataset_id, config, wanted, on_row).images
    names: list[str] = config["measurements"]
    found = _numbers_by_name(session, dataset_id, names)
    n = int(wanted.max()) + 1 if len(wanted) else 0
    numbers = np.full((len(wanted), len(names)), np.nan, np.float32)
    for i, name in enumerate(names):
        if name in found:
            numbers[:, i] = read_numbers(session, [found[name]], n)[wanted, 0]
    return CutoutSet(images, numbers, np.arange(len(wanted), dtype=np.int32), tuple(names))


def missing_numbers(session: Session, dataset_id: int, config: dict[str, Any]) -> list[str]:
    """Names of the numbers a model version takes and the dataset lacks."""
    found = _numbers_by_name(session, dataset_id, config["measurements"])
    return [name for name in config["measurements"] if name not in found]


def _numbers_by_name(session: Session, dataset_id: int, names: list[str]) -> dict[str, Column]:
    found = columns.find_columns(session, dataset_id, names=names)
    return {c.name: c for c in found if c.group in ("measurement", "metadata")}
