"""Labels in JSON: Label Studio, COCO, FiftyOne, and plain lists of records."""

import json
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables.cells import holds_names
from cloudchamber_worker.imaging.tables.delimited import Rows, of_rows
from cloudchamber_worker.imaging.tables.encoding import decoded
from cloudchamber_worker.imaging.tables.result import ReadTable

KNOWN = "read are exports of Label Studio, COCO, FiftyOne, and lists of records"
Label = tuple[int, str, str | None, str | None]  # number, name, class, annotator
UNLISTED = "unlisted category"  # of an annotation, in COCO's JSON


def read_json(data: bytes) -> ReadTable:
    """The labels or the table of a JSON text (or of JSON lines).

    Raises
    ------
    Unreadable
        When it is no JSON, or of a form that is not read; the message says which it is.
    """
    text, _, _ = decoded(data)
    try:
        content = json.loads(text)
    except ValueError as error:
        try:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise Unreadable(f"is damaged JSON: {str(error)[:120]}") from error
    if isinstance(content, dict):
        return _document(content)
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise Unreadable(f"is JSON, but no list of records: {KNOWN}")
    if not content:
        raise Unreadable("is an empty JSON list")
    if any("annotations" in task or "completions" in task for task in content) and any(
        isinstance(task.get("data"), dict) for task in content
    ):
        return _label_studio(content)
    return _records(content)


def _document(content: dict[str, Any]) -> ReadTable:
    if isinstance(content.get("images"), list) and isinstance(content.get("annotations"), list):
        return _coco(content)
    if isinstance(content.get("samples"), list):
        return _samples(content["samples"])
    if isinstance(content.get("labels"), dict) and "classes" in content:
        return _classification(content)
    keys = ", ".join(map(str, list(content)[:6])) or "none"
    raise Unreadable(f"is JSON with the keys {keys}, no known form of labels: {KNOWN}")


def _labels(form: str, labels: list[Label]) -> ReadTable:
    """Labels as a table of name, label and, where anybody is named, annotator."""
    columns = {
        "name": pa.array([label[1] for label in labels], pa.string()),
        "label": pa.array([label[2] for label in labels], pa.string()),
    }
    table = ReadTable(
        pa.table({}), format=form, rows=np.array([label[0] for label in labels], np.int64),
        role="labels", key="name", label_column="label",
    )  # fmt: skip
    if any(label[3] for label in labels):
        columns["annotator"] = pa.array([label[3] for label in labels], pa.string())
        table.annotator_column = "annotator"
    table.table = pa.table(columns)
    return table


def _label_studio(tasks: list[dict[str, Any]]) -> ReadTable:
    """One label per annotation that chose exactly one class; tasks are counted from 1."""
    labels: list[Label] = []
    refused: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    predictions = 0
    for number, task in enumerate(tasks, 1):
        name = _image_of(task.get("data") or {}) or str(task.get("file_upload") or "")
        predictions += len(task.get("predictions") or ())
        annotations = task.get("annotations") or task.get("completions") or []
        if not annotations:
            ignored.append((number, "is a task that nobody has annotated"))
        for annotation in annotations:
            if annotation.get("was_cancelled"):
                ignored.append((number, "was skipped by its annotator"))
                continue
            chosen = [
                choice
                for result in annotation.get("result") or []
                for choice in (result.get("value") or {}).get("choices") or []
            ]
            if len(set(chosen)) == 1:
                labels.append((number, name, str(chosen[0]), _who(annotation.get("completed_by"))))
            else:
                kinds = {str(r.get("type")) for r in annotation.get("result") or []}
                refused.append((number, _no_single(chosen, kinds)))
    table = _labels("Label Studio, JSON", labels)
    table.refused_rows, table.ignored_rows = refused, ignored
    if predictions:
        table.notes.append(f"{predictions} predictions of a model are no labels: not read")
    return table


def _no_single(chosen: list[Any], kinds: set[str]) -> str:
    if chosen:
        return f"has {len(set(chosen))} classes ({', '.join(map(str, chosen[:3]))})"
    return f"has no choice of a class, but {', '.join(sorted(kinds)) or 'nothing'}"


def _image_of(data: dict[str, Any]) -> str:
    """What a task calls its image: the value of `image`, else the first that looks like a file."""
    texts = {k: v for k, v in data.items() if isinstance(v, str)}
    for key in ("image", "img", "filename", "file_name", "url"):
        if key in texts:
            return texts[key]
    return next((v for v in texts.values() if PurePosixPath(v.partition("?")[0]).suffix), "")


def _who(completed_by: Any) -> str | None:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return annotator_name(None if completed_by is None else str(completed_by))


def annotator_name(text: str | None) -> str | None:
    """A number that stands for a person as a name: 'annotator 3'."""
    bare = (text or "").strip()
    return (f"annotator {bare}" if bare.isdigit() else bare) or None


def _coco(content: dict[str, Any]) -> ReadTable:
    """One label per image whose annotations are all of one category; images count from 1."""
    category = {c.get("id"): str(c.get("name")) for c in content.get("categories") or []}
    found: dict[Any, set[Any]] = defaultdict(set)
    for annotation in content["annotations"]:
        found[annotation.get("image_id")].add(annotation.get("category_id"))
    labels: list[Label] = []
    refused: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    for number, image in enumerate(content["images"], 1):
        name, those = str(image.get("file_name", "")), found.pop(image.get("id"), set())
        names = sorted(category.get(k, f"{UNLISTED} {k}") for k in those)
        if not names:
            ignored.append((number, f"{name} has no annotation"))
        elif len(names) > 1:
            refused.append((number, f"{name} has {len(names)} classes ({', '.join(names[:3])})"))
        elif names[0].startswith(UNLISTED):
            refused.append((number, f"{name} has the {names[0]}"))
        else:
            labels.append((number, name, names[0], None))
    table = _labels("COCO, JSON", labels)
    table.refused_rows, table.ignored_rows = refused, ignored
    if found:
        table.notes.append(f"annotations of images that are not listed ({len(found)}): not read")
    return table


def _samples(samples: list[Any]) -> ReadTable:
    """FiftyOne's samples: the field with a `label` of its own, `ground_truth` before others."""
    labels: list[Label] = []
    refused: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    predicted: set[str] = set()
    for number, sample in enumerate(samples, 1):
        name = str(sample.get("filepath") or "")
        fields = {k: v for k, v in sample.items() if isinstance(v, dict) and _is_labelled(v)}
        guessed = {k for k, v in fields.items() if _is_predicted(k, v)}
        predicted |= guessed
        fields = {k: v for k, v in fields.items() if k not in guessed}
        order = sorted(fields, key=lambda k: k != "ground_truth")
        classes: set[str] = set()
        for key in order:
            classes = {str(v["label"]) for v in _inner(fields[key]) if v.get("label")}
            if classes:
                break
        if not classes:
            ignored.append((number, f"{name} has no label"))
        elif len(classes) > 1:
            some = ", ".join(sorted(classes)[:3])
            refused.append((number, f"{name} has {len(classes)} classes ({some})"))
        else:
            labels.append((number, name, classes.pop(), None))
    table = _labels("FiftyOne, JSON", labels)
    table.refused_rows, table.ignored_rows = refused, ignored
    if predicted:
        some = ", ".join(sorted(predicted)[:5])
        table.notes.append(f"predictions of a model are no labels: {some} is not read")
    return table


def _inner(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The single classifications of a field of a sample."""
    inner = value.get("classifications") or value.get("detections") or [value]
    return [each for each in inner if isinstance(each, dict)]


def _is_labelled(value: dict[str, Any]) -> bool:
    kind = value.get("_cls")
    return kind is None or str(kind).startswith(("Classification", "Detection"))


def _is_predicted(name: str, value: dict[str, Any]) -> bool:
    """Whether a field is a model's: it says how sure it is, or is called so."""
    return name.lower().startswith(("predict", "pred_", "model")) or any(
        each.get("confidence") is not None for each in _inner(value)
    )


def _classification(content: dict[str, Any]) -> ReadTable:
    """FiftyOne's `labels.json` of an image classification: stem → class or number of the class."""
    classes = content["classes"] or []
    labels: list[Label] = []
    refused: list[tuple[int, str]] = []
    ignored: list[tuple[int, str]] = []
    for number, (name, value) in enumerate(content["labels"].items(), 1):
        if isinstance(value, dict):
            value = value.get("label")
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None:
            ignored.append((number, f"{name} has no label"))
        elif isinstance(value, list):
            refused.append((number, f"{name} has {len(value)} classes"))
        elif isinstance(value, int) and classes:
            if 0 <= value < len(classes):
                labels.append((number, name, str(classes[value]), None))
            else:
                refused.append((number, f"{name} has class {value} of {len(classes)}"))
        else:
            labels.append((number, name, str(value), None))
    table = _labels("FiftyOne, JSON", labels)
    table.refused_rows, table.ignored_rows = refused, ignored
    return table


def _records(content: list[dict[str, Any]]) -> ReadTable:
    """A list of flat records; a field with a list or a record inside is left out."""
    names = list(dict.fromkeys(str(key) for record in content for key in record))
    nested = {name for name in names if any(isinstance(r.get(name), list | dict) for r in content)}
    flat = [name for name in names if name not in nested]
    if not any(holds_names(name) for name in flat) and len(flat) < 2:
        raise Unreadable(f"is JSON with the keys {', '.join(names[:6])}: {KNOWN}")
    rows = Rows(flat)
    rows.cells = [[_cell(record.get(name)) for name in flat] for record in content]
    rows.lines = list(range(1, len(content) + 1))
    table = of_rows(rows, comma=False)
    table.format = "JSON records"
    table.left_out |= dict.fromkeys(nested, "holds lists or records, no single values")
    return table


def _cell(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
