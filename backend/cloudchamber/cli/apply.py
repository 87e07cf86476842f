"""``apply``: a model version of any dataset on this one; and what the judging jobs print."""

from typing import Annotated, Any

import typer

from cloudchamber.cli.connection import Data, Url, connect
from cloudchamber.cli.output import Json, give, percent, table
from cloudchamber.cli.waiting import Job, start_job, wait_for_job

Result = dict[str, Any]


def apply(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset to apply it to.")],
    model: Annotated[int, typer.Option(help="Id of a classifier of any dataset.")],
    joint_map: Annotated[bool, typer.Option(help="Draw one map of both datasets together.")] = True,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Apply a classifier that was trained on another dataset, and count its classes here.

    Counts are given as the model says them, and corrected for its confusions with 95 % intervals:
    as an upper limit where none may be there, as not identifiable where the held-out labels do not
    carry them. A warning says where this dataset lies outside what the model knows. The predictions
    can then be exported: cloudchamber export DATASET --what predictions --model ID.
    """
    with connect(data, url) as api:
        target = api.dataset(dataset)
        params = {"model_version_id": model, "joint_map": joint_map}
        job = wait_for_job(api, start_job(api, "apply_model", target["id"], params))
    result = job["result"] or {}
    give(result, as_json=as_json, text=applied(result))


def applied(result: Result) -> str:
    """Lay out what a model found in another dataset."""
    source = result["source"]
    lines = [f"{result['model_name']} (trained on {source['name']}) on {result['n']} cutouts"]
    lines += [f"Careful: {warning}" for warning in result["warnings"]]
    place = result["thresholds"].index(0.9)
    rows = []
    for k, name in enumerate(result["classes"]):
        purity = result["purity"][place][k]
        right = "–" if purity is None else f"{purity['value']:.2f} of {purity['n']}"
        words = result["corrected"][k]["words"]
        rows.append((name, result["counts"][k], words, result["counts_at"][place][k], right))
    head = ("class", "said", "corrected (95 %)", "p > 0.9", "right of such there")
    lines.append(table(head, rows))
    lines += [
        f"{' and '.join(group['classes'])} together: {group['words']}"
        for group in result["together"]
    ]
    lines += [
        f"{count['class_name']} is not identifiable: {count['reason']}."
        for count in result["corrected"]
        if count["verdict"] == "not_identifiable"
    ]
    lines.append("Corrected under label shift: classes look alike in both, their shares differ.")
    return "\n".join(lines)


def left_out(result: Result) -> str:
    """Lay out with what AUROC each ranking finds each class when it is left out."""
    rankings = result["rankings"]
    order = sorted(rankings, key=lambda name: -rankings[name]["auroc"])
    rows = []
    for name in order:
        of = rankings[name]
        each = (of["per_class"].get(c, {}).get("auroc") for c in result["classes"])
        rows.append(
            (
                name + (" (default)" if name == result["default"] else ""),
                percent(of["auroc"], of["sd"]), f"{of['precision']:.2f}",
                *("–" if auroc is None else f"{auroc:.2f}" for auroc in each),
            )
        )  # fmt: skip
    base = rankings[result["default"]]["base_rate"]
    least, most = rankings[result["default"]]["looked_at"]
    first = f"first {least}" if least == most else f"first {least} to {most}"
    return "\n".join(
        [
            f"Each of {len(result['classes'])} classes left out in turn ({result['n']} labels):",
            table(("ranking", "AUROC, ± over classes", first, *result["classes"]), rows),
            f"{first.capitalize()}: as many as there are of the unseen class, at most 50; its "
            f"share among them, {base:.2f} would be chance.",
        ]
    )


def judged(job: Job) -> str | None:
    """The text of a judging job's result; None for other kinds."""
    if job["kind"] == "leave_one_class_out":
        return left_out(job["result"])
    return applied(job["result"]) if job["kind"] == "apply_model" else None
