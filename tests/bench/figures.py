"""The figures of a benchmark command: printed as a table, kept as JSON beside the benchmarks.

They are written after every figure, so that a run cut short keeps what it has measured.
"""

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).with_name("results")


class Figures:
    """One table; ``name`` is that of its file in ``results/``."""

    def __init__(self, name: str) -> None:
        self.path = RESULTS / f"{name}.json"
        self.rows: list[dict[str, Any]] = []

    def note(
        self,
        figure: str,
        values: Sequence[float],
        unit: str,
        how: str,
        goal: float | None = None,
        better: Literal["more", "less"] = "more",
        middle: Literal["mean", "median"] = "mean",
    ) -> float:
        """Keep a figure with its spread and whether it meets its goal; returns its value.

        The spread of a mean is the standard deviation over the values, that of a median half of
        the range between the quartiles.
        """
        value = statistics.mean(values) if middle == "mean" else statistics.median(values)
        spread = None
        if middle == "mean" and len(values) > 1:
            spread = statistics.stdev(values)
        elif middle == "median" and len(values) > 2:
            low, _, high = statistics.quantiles(values, n=4)
            spread = (high - low) / 2
        met = None if goal is None else (value >= goal if better == "more" else value <= goal)
        self.rows.append(
            {"figure": figure, "value": value, "spread": spread, "unit": unit, "goal": goal,
             "met": met, "how": how}
        )  # fmt: skip
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(self.rows, indent=2) + "\n")
        return value

    def print(self) -> None:
        """The table, one line a figure."""
        if not self.rows:
            return
        print(f"\n{'figure':58}{'value':>10} {'spread':>8}  {'unit':9}{'goal':>6}  met")
        for row in self.rows:
            goal = "" if row["goal"] is None else f"{row['goal']:g}"
            met = {True: "yes", False: "NO", None: ""}[row["met"]]
            spread = "" if row["spread"] is None else f"{row['spread']:.3g}"
            print(
                f"{row['figure']:58}{row['value']:10.4g} {spread:>8}  "
                f"{row['unit']:9}{goal:>6}  {met}"
            )
        print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


_tables: dict[str, Figures] = {}


def figures(name: str) -> Figures:
    """The table of that name, shared by all that measure for it in one run."""
    return _tables.setdefault(name, Figures(name))


def print_all() -> None:
    """Print every table of this run."""
    for table in _tables.values():
        table.print()
