"""Hyperparameters: their names, ranges and defaults, and what a person or a search asks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cloudchamber_worker.learning.errors import BadHyperparameter

Value = int | float | str
# Stands in ``needs`` for how many numbers there are beside the image.
NUMBERS = "numbers"


@dataclass(frozen=True)
class Hyperparameter:
    """One knob of an architecture.

    default     the architecture's own value; None is decided by the training from the set's size
    low, high   range of a number, both ends included
    log         a search spaces its values evenly in the logarithm
    choices     values of a categorical one
    needs       (name, least): counts only where that other one is at least so large
    searched    a search varies it; others keep their value unless a person sets them
    """

    name: str
    kind: Literal["int", "float", "categorical"]
    about: str
    default: Value | None
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Value, ...] = ()
    needs: tuple[str, int] | None = None
    searched: bool = True

    @property
    def range(self) -> str:
        """What is allowed, in words."""
        if self.kind == "categorical":
            return " or ".join(str(choice) for choice in self.choices)
        return f"{self.low:.6g} to {self.high:.6g}" + (", whole" if self.kind == "int" else "")

    def checked(self, value: object) -> Value:
        """The value in its own type; BadHyperparameter names the range."""
        if self.kind == "categorical":
            for choice in self.choices:
                if value == choice and isinstance(value, str) == isinstance(choice, str):
                    return choice
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            whole = self.kind == "float" or (math.isfinite(value) and float(value).is_integer())
            if whole and self.low <= value <= self.high:
                return int(value) if self.kind == "int" else float(value)
        raise BadHyperparameter(
            f"The hyperparameter {self.name} cannot be {value!r}.", f"Allowed: {self.range}."
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the page."""
        return {
            "name": self.name,
            "kind": self.kind,
            "about": self.about,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "choices": list(self.choices),
            "searched": self.searched,
        }


Space = tuple[Hyperparameter, ...]


def whole(
    name: str,
    low: int,
    high: int,
    default: int | None,
    about: str,
    *,
    log: bool = False,
    needs: tuple[str, int] | None = None,
    searched: bool = True,
) -> Hyperparameter:
    """An integer from low to high."""
    return Hyperparameter(
        name, "int", about, default, low, high, log=log, needs=needs, searched=searched
    )


def number(
    name: str,
    low: float,
    high: float,
    default: float | None,
    about: str,
    *,
    log: bool = False,
    needs: tuple[str, int] | None = None,
    searched: bool = True,
) -> Hyperparameter:
    """A real number from low to high."""
    return Hyperparameter(
        name, "float", about, default, low, high, log=log, needs=needs, searched=searched
    )


def choice(name: str, choices: tuple[Value, ...], default: Value, about: str) -> Hyperparameter:
    """One of a few values."""
    return Hyperparameter(name, "categorical", about, default, choices=choices)


def check(space: Space, title: str, given: Mapping[str, object]) -> dict[str, Value]:
    """The given values in their own types; BadHyperparameter for a name or value that is none."""
    known = {parameter.name: parameter for parameter in space}
    for name in given:
        if name not in known:
            raise BadHyperparameter(
                f"“{title}” has no hyperparameter {name}.",
                "It has: " + "; ".join(f"{p.name} ({p.range})" for p in space) + "."
                if space
                else "It has none.",
            )
    return {name: known[name].checked(value) for name, value in given.items()}


def counts(parameter: Hyperparameter, values: Mapping[str, Value], numbers: int) -> bool:
    """Whether it does anything beside these values and that many numbers per cutout."""
    if parameter.needs is None:
        return True
    name, least = parameter.needs
    return float(numbers if name == NUMBERS else values.get(name, 0)) >= least


def complete(space: Space, given: Mapping[str, Value], numbers: int) -> dict[str, Value]:
    """Every value that counts, as given, else the default; ``numbers`` per cutout.

    Left out are those whose default is the training's decision and those that do nothing here.
    """
    values: dict[str, Value] = {}
    for parameter in space:
        if not counts(parameter, values, numbers):
            continue
        value = given.get(parameter.name, parameter.default)
        if value is not None:
            values[parameter.name] = value
    return values


def training_space(learning_rate: float, weight_decay: float, smoothing: float) -> Space:
    """The hyperparameters of the training loop, with an architecture's own values."""
    return (
        number("learning_rate", 1e-5, 1e-1, learning_rate, "at its highest", log=True),
        number("weight_decay", 0, 0.3, weight_decay, "of AdamW, apart from the gradient"),
        number("smoothing", 0, 0.3, smoothing, "label smoothing of the cross-entropy"),
        *decay_space(),
        *size_space(),
    )


def decay_space() -> Space:
    """Exponential decay in the place of one cosine to zero; set together, never searched."""
    return (
        number(
            "decay_rate", 0.5, 1, None, "factor on the learning rate every decay_steps batches, "
            "in the place of one cosine to zero", searched=False,
        ),
        whole("decay_steps", 10, 100_000, None, "batches per factor decay_rate", searched=False),
    )  # fmt: skip


def size_space() -> Space:
    """How long and in what portions; by default from the number of labels, never searched."""
    return (
        whole("epochs", 1, 2000, None, "passes over the labels", searched=False),
        whole("batch_size", 2, 4096, None, "labels per step", searched=False),
    )


@dataclass(frozen=True)
class Training:
    """What of the hyperparameters concerns the loop; None is decided from the set's size."""

    learning_rate: float
    weight_decay: float
    smoothing: float
    decay: tuple[float, int] | None
    epochs: int | None
    batch_size: int | None


def split_training(values: Mapping[str, Value]) -> tuple[Training, dict[str, Value]]:
    """The loop's part of all values, by either naming (``adam_`` is the CCD appendix's), and the
    network's."""
    loop = {"learning_rate", "weight_decay", "smoothing", "decay_rate", "decay_steps"}
    loop |= {"epochs", "batch_size"}
    of_loop: dict[str, Any] = {}
    of_network: dict[str, Value] = {}
    for name, value in values.items():
        plain = name.removeprefix("adam_")
        if plain in loop:
            of_loop[plain] = value
        else:
            of_network[name] = value
    if ("decay_rate" in of_loop) != ("decay_steps" in of_loop):
        raise BadHyperparameter(
            "The hyperparameters decay_rate and decay_steps belong together.",
            "Give both, or neither for a cosine.",
        )
    decay = None
    if "decay_rate" in of_loop:
        decay = (float(of_loop["decay_rate"]), int(of_loop["decay_steps"]))
    return Training(
        of_loop.get("learning_rate", 1e-3),
        of_loop.get("weight_decay", 0.0),
        of_loop.get("smoothing", 0.0),
        decay,
        of_loop.get("epochs"),
        of_loop.get("batch_size"),
    ), of_network
