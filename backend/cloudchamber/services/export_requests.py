"""What may be exported in which format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cloudchamber.errors import Invalid

What = Literal["labels", "predictions", "embedding", "map", "columns", "cutouts", "regions"]
Format = Literal[
    "csv", "parquet", "npy", "votable", "fits", "ecsv", "ecotaxa", "root", "folders", "ds9"
]  # fmt: skip
TABLES: tuple[Format, ...] = (
    "csv", "parquet", "npy", "votable", "fits", "ecsv", "ecotaxa", "root",
)  # fmt: skip
FORMATS: dict[What, tuple[Format, ...]] = {
    "labels": (*TABLES, "folders"),
    "predictions": TABLES,
    "embedding": TABLES,
    "map": TABLES,
    "columns": TABLES,
    "cutouts": ("csv", "parquet", "npy", "ecotaxa"),
    "regions": ("ds9",),
}
SUFFIXES: dict[Format, str] = {
    "csv": "csv", "parquet": "parquet", "npy": "npy", "votable": "vot", "fits": "fits",
    "ecsv": "ecsv", "ecotaxa": "tsv", "root": "root", "folders": "zip",
    "ds9": "reg",
}  # fmt: skip
MEDIA_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "npy": "application/octet-stream",
    "vot": "application/x-votable+xml",
    "fits": "application/fits",
    "ecsv": "text/plain",
    "tsv": "text/tab-separated-values",
    "root": "application/x-root",
    "reg": "text/plain",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class ExportRequest:
    """What to take along; None means the active model, everyone's consensus, all cutouts."""

    what: What
    format: Format
    model_version_id: int | None = None
    annotator: str | None = None
    every_annotator: bool = False
    """Labels only: a line per judgement, with the annotator beside it, instead of a consensus."""
    ordinals: Sequence[int] | None = None
    cut: str | None = None
    """Only those cutouts that pass, such as ``charge > 1200 & length < 40``."""

    @property
    def suffix(self) -> str:
        """Of the file's name: archives of images are zips."""
        archive = self.what == "cutouts" and self.format in ("npy", "ecotaxa")
        return "zip" if archive else SUFFIXES[self.format]

    def check(self) -> None:
        """Refuse what cannot be: Invalid."""
        if self.format not in FORMATS[self.what]:
            raise Invalid(
                f"{self.what.capitalize()} are not written as {self.format}.",
                hint=f"Choose {', '.join(FORMATS[self.what])}.",
            )
        if not self.every_annotator:
            return
        if self.what != "labels" or self.annotator is not None:
            raise Invalid("Every annotator's judgements are an export of labels, of nobody alone.")
        if self.format in ("ecotaxa", "folders"):
            raise Invalid(
                f"As {self.format}, a cutout has one label, not one of every annotator.",
                hint="Leave the annotators out, or choose a table.",
            )
