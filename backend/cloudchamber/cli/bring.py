"""``import`` and ``label``: bring exposures, crops, tables and labels into a dataset."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from cloudchamber.cli.connection import Annotator, Api, Data, Url, connect
from cloudchamber.cli.output import Json, give, say, table, told
from cloudchamber.cli.packing import find_sources, parcels
from cloudchamber.cli.sending import send_file, send_parcel
from cloudchamber.cli.waiting import Job, start_job, wait_for_follow_ups, wait_for_job
from cloudchamber.errors import CloudchamberError

SOME_REFUSED = 3


class ClassFolders(StrEnum):
    OFF = "off"
    LABELS = "labels"
    GROUPS = "groups"


def import_(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset; made if there is none.")],
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="FITS exposures, crops, folders, zip or tar files."),
    ],
    labels: Annotated[
        Path | None, typer.Option(help="Labels: CSV name,label or the seed's .npy of shape (2, N).")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="Table (CSV or Parquet) joined by file name.")
    ] = None,
    threshold_sigma: Annotated[
        float | None, typer.Option(help="Threshold in multiples of the noise.  [default: 6]")
    ] = None,
    threshold_adu: Annotated[
        float | None, typer.Option(help="Threshold in ADU above baseline, instead.")
    ] = None,
    min_pixels: Annotated[
        int | None, typer.Option(help="Footprints with fewer pixels are left out.")
    ] = None,
    margin: Annotated[int | None, typer.Option(help="Pixels kept around a footprint.")] = None,
    max_size: Annotated[
        int | None, typer.Option(help="Longer cutouts are cropped to this side and flagged.")
    ] = None,
    bias: Annotated[
        list[Path] | None, typer.Option(help="Bias exposure for a master bias; may be repeated.")
    ] = None,
    dark: Annotated[
        list[Path] | None, typer.Option(help="Dark exposure for a master dark; may be repeated.")
    ] = None,
    class_folders: Annotated[
        ClassFolders, typer.Option(help="What folder names are: class labels, groups, or nothing.")
    ] = ClassFolders.OFF,
    label_set: Annotated[
        str | None, typer.Option(help="Label set of a new dataset.  [default: CCD tracks]")
    ] = None,
    self_supervised: Annotated[
        bool,
        typer.Option(
            "--self-supervised", help="Train a self-supervised embedding in the background after."
        ),
    ] = False,
    annotator: Annotator = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Bring exposures, crops, labels and metadata into a dataset.

    Every file that could not be read is named with the reason. Exit code 0 when all went in, 3 when
    some were refused, 1 when nothing was imported.
    """
    if threshold_sigma is not None and threshold_adu is not None:
        raise typer.BadParameter("name either --threshold-sigma or --threshold-adu")
    params: dict[str, Any] = {"class_folders": class_folders.value, "annotator": annotator}
    params |= {
        name: value
        for name, value in (
            ("min_pixels", min_pixels),
            ("margin", margin),
            ("max_size", max_size),
            ("label_set", label_set),
        )
        if value is not None
    }
    if self_supervised:
        params["self_supervised"] = True
    for value, unit in ((threshold_sigma, "sigma"), (threshold_adu, "adu")):
        if value is not None:
            params["threshold"] = {"value": value, "unit": unit}
    named = {"bias": bias or [], "dark": dark or []}
    named |= {"labels": [labels] if labels else [], "metadata": [metadata] if metadata else []}
    for path in (path for group in named.values() for path in group):
        if not path.is_file():
            raise CloudchamberError(f"There is no file {path}.")
    sources = find_sources(paths)
    with connect(data, url, annotator=annotator) as api:
        target = _dataset(api, dataset, label_set)
        uploads: list[dict[str, Any]] = []
        with _sending(sum(source.size for source in sources)) as on_bytes:
            for place, parcel in enumerate(parcels(sources)):
                uploads.append({"id": send_parcel(api, parcel, place, on_bytes), "role": "data"})
        uploads += [
            {"id": send_file(api, path), "role": role}
            for role, group in named.items()
            for path in group
        ]
        job = start_job(api, "import_files", target["id"], params | {"uploads": uploads})
        report = _follow(api, job)
        report["dataset"] = api.get(f"/datasets/{target['id']}")
    give(report, as_json=as_json, text=_as_text(report))
    raise typer.Exit(_exit_code(report["counts"]))


def label(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    file: Annotated[
        Path | None,
        typer.Option(help="Labels to import: CSV name,label or the seed's .npy.", dir_okay=False),
    ] = None,
    annotator: Annotator = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Import labels from a file; then, or without one, count the labels by class."""
    if file is not None and not file.is_file():
        raise CloudchamberError(f"There is no file {file}.")
    counts: dict[str, int] = {}
    with connect(data, url, annotator=annotator, worker=file is not None) as api:
        target = api.dataset(dataset)
        report: dict[str, Any] = {}
        if file is not None:
            uploads = [{"id": send_file(api, file), "role": "labels"}]
            params = {"uploads": uploads, "annotator": annotator}
            report = _follow(api, start_job(api, "import_files", target["id"], params))
            counts = report["counts"]
        target = api.get(f"/datasets/{target['id']}")
    by_class = {n["class_id"]: n["n"] for n in target["label_counts"]}
    rows = [(c["name"], c["key"], by_class.get(c["id"], 0)) for c in target["label_set"]["classes"]]
    result = {
        "dataset": target["name"],
        "n_cutouts": target["n_cutouts"],
        "n_labelled": target["n_labelled"],
        "classes": [{"name": name, "key": key, "n": n} for name, key, n in rows],
        "import": report or None,
    }
    head = f"{target['name']}: {target['n_labelled']} of {target['n_cutouts']} cutouts are labelled"
    give(result, as_json=as_json, text=head + "\n" + table(("class", "key", "labels"), rows))
    raise typer.Exit(_exit_code(counts) if file is not None else 0)


def _dataset(api: Api, name: str, label_set: str | None) -> dict[str, Any]:
    for known in api.get("/datasets"):
        if known["name"] == name or str(known["id"]) == name:
            return known
    body: dict[str, Any] = {"name": name}
    if label_set is not None:
        known_sets = {s["name"]: s["id"] for s in api.get("/label-sets")}
        if label_set in known_sets:
            body["label_set_id"] = known_sets[label_set]
    return api.post("/datasets", body)


def _follow(api: Api, job: Job) -> dict[str, Any]:
    """Wait for an import and the map after it, telling refused files as they are met."""
    met: list[dict[str, Any]] = []
    after = 0

    def hear(_: Job) -> None:
        nonlocal after
        while True:
            page = api.get(f"/jobs/{job['id']}/files", after=after, limit=1000)
            for file in page["items"]:
                met.append(file)
                after = file["id"]
                if file["state"] == "refused":
                    say(f"refused: {file['name']}: {file['reason']}")
            if page["next"] is None:
                return

    done = wait_for_job(api, job, hear)
    hear(done)
    try:
        follow_ups = wait_for_follow_ups(api, done)
    except CloudchamberError as error:
        say(f"The files are in, but what came after failed: {error.message}")
        follow_ups = []
    counts = api.get(f"/jobs/{job['id']}/files", limit=1)["counts"]
    by_state = {
        state: [{k: f[k] for k in ("name", "reason")} for f in met if f["state"] == state]
        for state in ("refused", "duplicate", "ignored")
    }
    return {
        "job_id": job["id"],
        "counts": counts,
        "n_cutouts": sum(file["n_cutouts"] for file in met),
        "n_duplicates": sum(file["n_duplicates"] for file in met),
        "result": done["result"],
        "follow_ups": [{"job_id": j["id"], "kind": j["kind"]} for j in follow_ups],
        **by_state,
    }


def _as_text(report: dict[str, Any]) -> str:
    counts = report["counts"]
    total = sum(counts.values())
    lines = [
        f"{report['dataset']['name']}: {report['n_cutouts']} cutouts from "
        f"{counts.get('imported', 0)} of {total} files; "
        f"{report['n_duplicates']} exact duplicates"
    ]
    for state in ("duplicate", "ignored"):
        if counts.get(state):
            lines.append(f"{counts[state]} files {state}")
    if report["refused"]:
        lines.append(f"{len(report['refused'])} files refused:")
        lines += [f"  {file['name']}: {file['reason']}" for file in report["refused"]]
    return "\n".join(lines)


def _exit_code(counts: dict[str, int]) -> int:
    if not counts.get("refused"):
        return 0 if sum(counts.values()) else 1
    went_in = counts.get("imported", 0) + counts.get("duplicate", 0)
    return SOME_REFUSED if went_in else 1


@contextlib.contextmanager
def _sending(total: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda n: None
        return
    columns = (TextColumn("Sending"), BarColumn(bar_width=30), DownloadColumn())
    with Progress(*columns, console=told, transient=True) as progress:
        task = progress.add_task("", total=max(total, 1))
        yield lambda n: progress.advance(task, n)
