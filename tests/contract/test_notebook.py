"""The notebook goes the whole way without server or database, and says what it was seen to say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebooks import code_cells

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "without_the_app.ipynb"
SECONDS = 120  # about 15 on one free core

# Runs every cell in order, then tells what came of them.
DRIVER = """
import json, sys
from pathlib import Path
from notebooks import code_cells, run_cell

space = {"__name__": "__main__"}
shown = []
for number, source in enumerate(code_cells(Path(sys.argv[1])), 1):
    printed, value = run_cell(source, space, f"cell {number}")
    shown.append({"printed": printed, "type": type(value).__name__})
n = len(space["cutouts"])
print(json.dumps({
    "shown": shown,
    "n": n,
    "kinds": [int((space["kind"] == k).sum()) for k in range(5)],
    "tested": space["judged"]["default"]["accuracy"],
    "trees": space["judged"]["trees"]["accuracy"],
    "exposures_held_out": space["held"].folds,
    "unseen": space["right"] / int(space["unseen"].sum()),
    "auroc": space["auroc"],
    "map": [len(space["positions"]), bool(abs(space["positions"]).max() < 1e6)],
    "same": bool(space["same"]),
    "modules": [m for m in ("fastapi", "sqlalchemy", "celery", "matplotlib") if m in sys.modules],
}))
"""


@pytest.fixture(scope="module")
def outcome() -> dict:
    environment = {
        **os.environ,
        "CLOUDCHAMBER_NOTEBOOK": "small",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT / "tests"),
    }
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, NOTEBOOK],
        env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_cell_runs_without_server_or_database(outcome: dict) -> None:
    assert len(outcome["shown"]) == len(code_cells(NOTEBOOK))
    assert outcome["modules"] == []
    assert [s["type"] for s in outcome["shown"]].count("Image") == 3


def test_its_results_hold(outcome: dict) -> None:
    assert outcome["n"] > 150
    assert min(outcome["kinds"]) >= 1, "every kind is there, the rare fork too"
    assert outcome["exposures_held_out"] == 3
    assert outcome["tested"]["mean"] > 0.85
    low, high = outcome["tested"]["interval"]
    assert low < outcome["tested"]["mean"] < high
    assert outcome["trees"]["mean"] > 0.8
    assert outcome["unseen"] > 0.8
    assert max(outcome["auroc"].values()) > 0.6
    assert outcome["map"] == [outcome["n"], True]
    assert outcome["same"]


def test_it_is_stored_with_what_it_showed_and_stays_small() -> None:
    assert NOTEBOOK.stat().st_size < 400_000
    cells = [c for c in json.loads(NOTEBOOK.read_text())["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    kinds = [o["output_type"] for c in cells for o in c["outputs"]]
    assert "error" not in kinds
    pictures = [o for c in cells for o in c["outputs"] if "image/png" in o.get("data", {})]
    assert len(pictures) == 3
