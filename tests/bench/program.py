"""The running program as a benchmark uses it: its command line, against its own server."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from browser.stack import Api, Stack

COMMAND = Path(sys.executable).with_name("cloudchamber")
LONGEST_SECONDS = 1800


class Program:
    """`cloudchamber …` on a server that stays up; ``folder`` is for files it writes."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.api = Api(stack.url, annotator="bench")

    def __call__(self, *arguments: str | Path | int) -> dict[str, Any]:
        """The JSON of a command that ends well."""
        done = subprocess.run(
            [COMMAND, *map(str, arguments), "--json", "--url", self.stack.url],
            capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}"
        return json.loads(done.stdout)

    def train(
        self, dataset: str, kind: str = "train_classifier", **params: Any
    ) -> tuple[dict[str, Any], float]:
        """Job result, with the model version's `metrics` and `config` where there is one, and the
        seconds that the command took."""
        words = [f"--param={name}={_word(value)}" for name, value in params.items()]
        began = time.monotonic()
        done = self("train", dataset, "--kind", kind, "--wait", *words)
        took = time.monotonic() - began
        result = dict(done["job"]["result"])
        if (version := result.get("model_version_id")) is not None:
            model = self.api.get(f"/models/{version}")
            result |= {"metrics": model["metrics"], "config": model["config"]}
        return result, took

    def columns(self, dataset: str) -> list[dict[str, str]]:
        """The columns of a dataset as the rows of its CSV export."""
        path = self.folder / f"{dataset}-columns.csv"
        self("export", dataset, "--what", "columns", "-o", path)
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    def label_file(self, name: str, labels: Mapping[str, str]) -> Path:
        """A file name,label."""
        path = self.folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "label"])
            writer.writerows(labels.items())
        return path


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
