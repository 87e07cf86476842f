"""``train`` and ``evaluate``: a model from the labels, and how good it is on others."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudchamber.cli.agreement import curve_words
from cloudchamber.cli.apply import judged
from cloudchamber.cli.connection import Annotator, Api, Data, Url, connect
from cloudchamber.cli.mapping import map_words
from cloudchamber.cli.output import Json, give, percent, say, table
from cloudchamber.cli.searching import finished_rows, searched, trial_line
from cloudchamber.cli.sending import send_file
from cloudchamber.cli.waiting import Job, start_job, wait_for_job
from cloudchamber.errors import CloudchamberError

KINDS = (
    "train_classifier",
    "train_vae",
    "train_autoencoder",
    "train_self_supervised",
    "search_hyperparameters",
    "fit_map",
    "interpolate",
    "learning_curve",
    "leave_one_class_out",
    "apply_model",
)


def train(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")] = "train_classifier",
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="A parameter of the kind, such as epochs=30; repeatable."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is done.")] = False,
    annotator: Annotator = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Train on the current labels; every cutout then has its prediction, vector and losses.

    With --wait epochs are shown live, and at the end accuracy and macro-F1 on held-out data with
    their spread; Ctrl-C cancels. Exit code 3 where no label could be held out: the model is there,
    and nobody knows how good it is. Where no server runs on the data, one is started for this
    command, and it always waits.
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="--kind")
    params = dict(_param(text) for text in param or [])
    with connect(data, url, annotator=annotator) as api:
        target = api.dataset(dataset)
        job = start_job(api, kind, target["id"], params)
        if not wait and not api.own:
            text = f"Job {job['id']} ({job['title']}) is queued; the Jobs page shows it."
            give(job, as_json=as_json, text=text)
            return
        if not wait:
            say("No server runs on these data: waiting, as the job ends with this command's own.")
        told = 0

        def hear(now: Job) -> None:
            nonlocal told
            rows = finished_rows(now["curve"] or [])
            for row in rows[told:]:
                say(_epoch(row))
            told = max(told, len(rows))

        job = wait_for_job(api, job, hear)
        model = _model_of(api, target["id"], job)
    result = {"job": job | {"curve": None}, "model": model}
    give(result, as_json=as_json, text=_trained(job, model))
    if model is not None and model["metrics"].get("unjudged"):
        raise typer.Exit(3)


def evaluate(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    labels: Annotated[Path, typer.Option(help="Labels: any file that import takes as labels.")],
    model: Annotated[
        int | None, typer.Option(help="Id of a model version.  [default: the active one]")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Column of names, where it is asked.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of classes.")] = None,
    annotator_column: Annotated[str | None, typer.Option(help="Column of annotators.")] = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Compare predictions with a label file: accuracy, macro-F1, confusion, calibration."""
    if not labels.is_file():
        raise CloudchamberError(f"There is no file {labels}.")
    with connect(data, url) as api:
        target = api.dataset(dataset)
        params = {
            "upload_id": send_file(api, labels), "model_version_id": model, "key": key,
            "label_column": label_column, "annotator_column": annotator_column,
        }  # fmt: skip
        job = wait_for_job(api, start_job(api, "evaluate", target["id"], params))
    result = job["result"] or {}
    give(result, as_json=as_json, text=_evaluated(result))


def _param(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise typer.BadParameter(f"{text!r} is not of the form name=value", param_hint="--param")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value  # a word: architecture=trees


def _epoch(row: dict[str, Any]) -> str:
    if row.get("phase") == "trial":
        return trial_line(row)
    parts = []
    for name, value in row.items():
        if value is None:
            continue
        parts.append(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}")
    return "  " + "  ".join(parts)


def _model_of(api: Api, dataset_id: int, job: Job) -> dict[str, Any] | None:
    for model in api.get(f"/datasets/{dataset_id}/models"):
        if model["job_id"] == job["id"]:
            return api.get(f"/models/{model['id']}") | {"curves": None}
    return None


def _trained(job: Job, model: dict[str, Any] | None) -> str:
    if job["kind"] == "fit_map":
        return map_words(job["result"])
    if job["kind"] == "learning_curve":
        return curve_words(job["result"])
    if job["kind"] == "search_hyperparameters":
        return searched(job["result"])
    if model is None:
        return judged(job) or f"{job['title']} is done."
    metrics = model["metrics"]
    lines = [f"Model {model['number']} ({model['name']}), id {model['id']}, is trained."]
    accuracy, macro_f1 = metrics.get("accuracy"), metrics.get("macro_f1")
    if metrics.get("unjudged"):
        lines.append(f"Careful: {metrics['unjudged']}")
    elif accuracy:
        low, high = accuracy.get("interval") or (None, None)
        lines.append(
            f"accuracy  {percent(accuracy.get('mean'), accuracy.get('sd'))}"
            f"   95 % interval {percent(low)} to {percent(high)}"
            f"   ({metrics.get('folds')} folds, {metrics.get('n_labels')} labels)"
        )
    if macro_f1 and macro_f1.get("mean") is not None:
        lines.append(f"macro-F1  {percent(macro_f1.get('mean'), macro_f1.get('sd'))}")
    if metrics.get("biased_sample"):
        lines.append(
            "The labels were chosen, not drawn at random: on all cutouts the accuracy may differ."
        )
    if (truth := metrics.get("truth")) and truth["used"] == "drawn":
        lines.append(f"judged on the {truth['drawn']} labels drawn at random; all were trained on")
    if (untested := metrics.get("untested_classes")) and not metrics.get("unjudged"):
        lines.append(
            "Not tested, for want of a second source: " + ", ".join(c["name"] for c in untested)
        )
    if metrics.get("copies") and not metrics.get("unjudged"):
        lines.append(
            f"{metrics['copies']} labelled cutouts are copies of another one, as it lies, turned or"
            " mirrored: each was held out together with it"
        )
    names = [c["name"] for c in model["classes"]]
    tested = not metrics.get("unjudged")
    if tested and metrics.get("confusion") and len(names) == len(metrics["confusion"]):
        lines.append(confusion(metrics["confusion"], names))
    if metrics.get("check"):
        lines.append(metrics["check"]["sentence"])
    for name, value in metrics.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not accuracy:
            lines.append(f"{name}  {value:.4g}")
    return "\n".join(lines)


def _evaluated(result: dict[str, Any]) -> str:
    interval = result.get("accuracy_interval") or (None, None)
    lines = [
        f"{result.get('n', 0)} labels compared",
        f"accuracy           {percent(result.get('accuracy'))}"
        f"   95 % interval {percent(interval[0])} to {percent(interval[1])}",
        f"macro-F1           {percent(result.get('macro_f1'))}",
        f"calibration error  {percent(result.get('ece'))}",
    ]
    if result.get("in_training"):
        unseen = result["unseen"]
        low, high = unseen.get("accuracy_interval") or (None, None)
        lines.append(
            f"{result['in_training']} of these labels were trained on, as they are or as a copy;"
            " without them:"
        )
        if unseen["n"]:
            lines.append(
                f"  {unseen['n']} labels  accuracy {percent(unseen['accuracy'])}"
                f"  95 % interval {percent(low)} to {percent(high)}"
                f"  macro-F1 {percent(unseen['macro_f1'])}"
            )
        else:
            lines.append("  none is left, so these figures say nothing about new cutouts.")
    for key, words in (
        ("unknown_names", "rows name no cutout of the dataset."),
        ("ambiguous_names", "rows name several cutouts and are left out."),
        ("unusable_rows", "rows hold no class that can be used."),
        ("repeated_rows", "rows say what an earlier row says."),
        ("divided_cutouts", "cutouts have no class with the most votes and are left out."),
    ):
        if result.get(key):
            lines.append(f"{result[key]} {words}")
    classes = [c["name"] if isinstance(c, dict) else str(c) for c in result.get("classes") or []]
    if result.get("confusion") and len(classes) == len(result["confusion"]):
        lines.append(confusion(result["confusion"], classes))
    return "\n".join(lines)


def confusion(matrix: list[list[int]], names: list[str]) -> str:
    """Lay out a confusion matrix: a row for each label, a column for each prediction."""
    rows = [(name, *counts) for name, counts in zip(names, matrix, strict=True)]
    return table(("label \\ prediction", *names), rows)
