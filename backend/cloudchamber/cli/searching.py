"""What ``train --kind search_hyperparameters`` tells: trials as they end, then the best."""

import json
from typing import Any

from cloudchamber.cli.output import percent, table

SHOWN = 5


def finished_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a curve that will not change any more: a running trial's row is its last."""
    return [row for row in rows if row.get("state") not in ("running", "waiting")]


def trial_line(row: dict[str, Any]) -> str:
    """One ended trial of the live curve."""
    value = "–" if row.get("value") is None else f"{row['value']:.3f}"
    best = "–" if row.get("best") is None else f"{row['best']:.3f}"
    text = f"  trial {row['epoch']}  {row['state']}  accuracy {value}  best {best}"
    return f"{text}  ({row['cause']})" if row.get("cause") else text


def searched(result: dict[str, Any]) -> str:
    """The best trials with their spread, what mattered, and how to train with the best."""
    best, trials = result["best"], result["trials"]
    ended = sorted(
        (t for t in trials if t["state"] == "complete"), key=lambda t: (-t["value"], t["number"])
    )
    counts = {s: sum(t["state"] == s for t in trials) for s in ("complete", "pruned", "failed")}
    lines = [
        f"Study {result['study']} of {result['architecture']}: {counts['complete']} trials ended, "
        f"{counts['pruned']} given up, {counts['failed']} failed; "
        f"{result['folds']} folds, {result['n_labels']} labels.",
        table(
            ("trial", "accuracy", "macro-F1", "hyperparameters"),
            [
                (
                    t["number"],
                    percent(t["value"], t.get("accuracy_sd")),
                    percent(t.get("macro_f1"), t.get("macro_f1_sd")),
                    "  ".join(f"{name}={_short(value)}" for name, value in t["params"].items()),
                )
                for t in ended[:SHOWN]
            ],
        ),
    ]
    if result["importance"]:
        shares = [f"{bar['name']} {bar['importance']:.2f}" for bar in result["importance"][:SHOWN]]
        lines.append("mattered most: " + ", ".join(shares))
    lines += [
        "The best of so many trials looks better than it is; a training judges it on other folds:",
        f"  --param architecture={result['architecture']} "
        f"--param 'hyperparameters={json.dumps(best['params'])}'",
    ]
    return "\n".join(lines)


def _short(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
