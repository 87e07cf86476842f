"""``import`` and ``label``: bring exposures, crops, tables and labels into a dataset."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from cloudchamber.cli.account import account_lines, as_text, exit_code, follow
from cloudchamber.cli.connection import Annotator, Api, Data, Url, connect
from cloudchamber.cli.exposure_options import (
    BackgroundOption,
    DataSection,
    Gain,
    MaskBits,
    MaskHot,
    OverscanSection,
    PolarityOption,
    ScaleDark,
    SkipperOption,
    SkipSamples,
    Unit,
    detector_params,
)
from cloudchamber.cli.looking import look, look_as_text, look_exit_code
from cloudchamber.cli.output import Json, give, table, told
from cloudchamber.cli.packing import find_sources, parcels
from cloudchamber.cli.sending import send_file, send_parcel
from cloudchamber.cli.waiting import start_job
from cloudchamber.errors import CloudchamberError


class TakenAs(StrEnum):
    EXPOSURES = "exposures"
    CROPS = "crops"


class TextImages(StrEnum):
    ASK = "ask"
    YES = "yes"
    NO = "no"


class Existing(StrEnum):
    ASK = "ask"
    KEEP = "keep"
    REPLACE = "replace"


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
        list[Path] | None,
        typer.Option(
            help="Labels: a table, EcoTaxa's, Label Studio's, COCO's, FiftyOne's, or the seed's "
            ".npy; may be repeated."
        ),
    ] = None,
    metadata: Annotated[
        list[Path] | None,
        typer.Option(
            help="Table (CSV, Parquet, Excel, FITS, VOTable, ECSV, ROOT) joined by name; "
            "may be repeated."
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Column of the tables that names the images.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column of the tables that holds the class.")
    ] = None,
    annotator_column: Annotated[
        str | None, typer.Option(help="Column of the tables that says whose label it is.")
    ] = None,
    existing_labels: Annotated[
        Existing, typer.Option(help="Where an image has another label already.")
    ] = Existing.ASK,
    existing_values: Annotated[
        Existing, typer.Option(help="Where a column has another value already.")
    ] = Existing.ASK,
    taken_as: Annotated[
        TakenAs | None,
        typer.Option("--as", help="What TIFF, PNG, NPY, HDF5 images are, where it is doubtful."),
    ] = None,
    text_images: Annotated[
        TextImages, typer.Option(help="Whether texts of nothing but numbers are images.")
    ] = TextImages.ASK,
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
    defects: Annotated[
        list[Path] | None,
        typer.Option(help="Image of the pixels never to search (not 0); may be repeated."),
    ] = None,
    background: BackgroundOption = None,
    polarity: PolarityOption = None,
    scale_dark: ScaleDark = False,
    mask_hot: MaskHot = False,
    skipper: SkipperOption = None,
    skip_samples: SkipSamples = None,
    unit: Unit = None,
    gain: Gain = None,
    data_section: DataSection = None,
    overscan_section: OverscanSection = None,
    mask_bits: MaskBits = None,
    class_folders: Annotated[
        ClassFolders, typer.Option(help="What folder names are: class labels, groups, or nothing.")
    ] = ClassFolders.OFF,
    label_set: Annotated[
        str | None, typer.Option(help="Label set of a new dataset.  [default: CCD tracks]")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would become of everything; change nothing."),
    ] = False,
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

    What became of every file, table, row and column is said, the worst first. Exit code 0 when all
    of it went in, 3 when anything was refused, waits for an answer, or joined nothing.
    """
    if threshold_sigma is not None and threshold_adu is not None:
        raise typer.BadParameter("name either --threshold-sigma or --threshold-adu")
    params: dict[str, Any] = {
        "class_folders": class_folders.value,
        "annotator": annotator,
        "existing_labels": existing_labels.value,
        "existing_values": existing_values.value,
        "text_images": text_images.value,
    }
    params |= {
        name: value
        for name, value in (
            ("min_pixels", min_pixels),
            ("margin", margin),
            ("max_size", max_size),
            ("label_set", label_set),
            ("key", key),
            ("label_column", label_column),
            ("annotator_column", annotator_column),
            ("taken_as", None if taken_as is None else taken_as.value),
        )
        if value is not None
    }
    params |= {
        name: value.value
        for name, value in (
            ("background", background), ("polarity", polarity), ("skipper", skipper)
        )
        if value is not None
    }  # fmt: skip
    params |= {"scale_dark": scale_dark, "mask_hot": mask_hot}
    params |= detector_params(unit, gain, data_section, overscan_section, mask_bits, skip_samples)
    if self_supervised:
        params["self_supervised"] = True
    for value, unit in ((threshold_sigma, "sigma"), (threshold_adu, "adu")):
        if value is not None:
            params["threshold"] = {"value": value, "unit": unit}
    named = {"bias": bias or [], "dark": dark or [], "defects": defects or []}
    named |= {"labels": labels or [], "metadata": metadata or []}
    apart = [path for group in named.values() for path in group]
    for path in apart:
        if not path.is_file():
            raise CloudchamberError(f"There is no file {path}.")
    sources, hidden = find_sources(paths, apart)
    with connect(data, url, annotator=annotator) as api:
        target = None if dry_run else _dataset(api, dataset, label_set)
        uploads: list[dict[str, Any]] = []
        with _sending(sum(source.size for source in sources)) as on_bytes:
            for place, parcel in enumerate(parcels(sources)):
                uploads.append(send_parcel(api, parcel, place, on_bytes))
        uploads += [
            {"id": send_file(api, path, name=path.name), "role": role}
            for role, group in named.items()
            for path in group
        ]
        params["uploads"] = uploads
        if target is None:
            known = find_dataset(api, dataset)
            looked = look(api, None if known is None else known["id"], params)
            give(looked, as_json=as_json, text=look_as_text(dataset, looked, hidden))
            raise typer.Exit(look_exit_code(looked))
        job = start_job(api, "import_files", target["id"], params)
        report = follow(api, job, hidden)
        report["dataset"] = api.get(f"/datasets/{target['id']}")
    give(report, as_json=as_json, text=as_text(report))
    raise typer.Exit(exit_code(report))


def label(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    file: Annotated[
        Path | None,
        typer.Option(
            help="Labels to import: any file that `import --labels` takes.", dir_okay=False
        ),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Column that names the images.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column that holds the class.")] = None,
    annotator_column: Annotated[
        str | None, typer.Option(help="Column that says whose label it is.")
    ] = None,
    existing_labels: Annotated[
        Existing, typer.Option(help="Where an image has another label already.")
    ] = Existing.ASK,
    annotator: Annotator = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Import labels from a file; then, or without one, count the labels by class."""
    if file is not None and not file.is_file():
        raise CloudchamberError(f"There is no file {file}.")
    with connect(data, url, annotator=annotator, worker=file is not None) as api:
        target = api.dataset(dataset)
        report: dict[str, Any] = {}
        if file is not None:
            uploads = [{"id": send_file(api, file), "role": "labels"}]
            params = {
                "uploads": uploads, "annotator": annotator, "key": key,
                "label_column": label_column, "annotator_column": annotator_column,
                "existing_labels": existing_labels.value,
            }  # fmt: skip
            report = follow(api, start_job(api, "import_files", target["id"], params))
        target = api.get(f"/datasets/{target['id']}")
    by_class = {n["class_id"]: n["n"] for n in target["label_counts"]}
    rows = [(c["name"], c["key"], by_class.get(c["id"], 0)) for c in target["label_set"]["classes"]]
    result = {
        "dataset": target["name"],
        "n_cutouts": target["n_cutouts"] - target["n_retired"],
        "n_labelled": target["n_labelled"],
        "classes": [{"name": name, "key": key, "n": n} for name, key, n in rows],
        "import": report or None,
    }
    n = target["n_cutouts"] - target["n_retired"]
    head = f"{target['name']}: {target['n_labelled']} of {n} cutouts are labelled"
    before = account_lines(report["account"]) if report else []
    text = "\n".join([*before, head, table(("class", "key", "labels"), rows)])
    give(result, as_json=as_json, text=text)
    raise typer.Exit(exit_code(report) if report else 0)


def find_dataset(api: Api, name: str) -> dict[str, Any] | None:
    """The dataset of this name or id, None where there is none yet."""
    known = api.get("/datasets")
    return next((d for d in known if d["name"] == name or str(d["id"]) == name), None)


def _dataset(api: Api, name: str, label_set: str | None) -> dict[str, Any]:
    if (known := find_dataset(api, name)) is not None:
        return known
    body: dict[str, Any] = {"name": name}
    if label_set is not None:
        known_sets = {s["name"]: s["id"] for s in api.get("/label-sets")}
        if label_set in known_sets:
            body["label_set_id"] = known_sets[label_set]
    return api.post("/datasets", body)


@contextlib.contextmanager
def _sending(total: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda n: None
        return
    columns = (TextColumn("Sending"), BarColumn(bar_width=30), DownloadColumn())
    with Progress(*columns, console=told, transient=True) as progress:
        task = progress.add_task("", total=max(total, 1))
        yield lambda n: progress.advance(task, n)
