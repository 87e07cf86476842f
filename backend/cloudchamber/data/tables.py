"""Every module with a table, imported for its effect: foreign keys name tables by word, so none
of the rooms may be missing when the first statement is compiled."""

from cloudchamber.data import (
    columns,
    cutouts,
    datasets,
    detections,
    detectors,
    exposure_planes,
    exposures,
    jobs,
    label_sets,
    label_tables,
    looks,
    models,
    people,
    revisions,
    search_logs,
    uploads,
)

__all__ = [
    "columns",
    "cutouts",
    "datasets",
    "detections",
    "detectors",
    "exposure_planes",
    "exposures",
    "jobs",
    "label_sets",
    "label_tables",
    "looks",
    "models",
    "people",
    "revisions",
    "search_logs",
    "uploads",
]
