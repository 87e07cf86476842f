"""A table as ECSV: CSV under a header that keeps type, unit and description of every column.

Reference: astropy APE 6, version 1.0.
"""

import csv
import io
import json
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv

from cloudchamber.data.units import standard_unit
from cloudchamber.services.export_formats.table import ROWS, ExportColumn, ExportTable, Sink

# Readers strip the blanks around a text and break lines at all of these.
NASTY = re.compile(r"^[ \t]|[ \t]$|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def table_ecsv(table: ExportTable) -> Iterator[bytes]:
    """The table as ECSV; NaN stays `nan`, a missing text or whole number is empty.

    A column with a text that a reader of lines would change holds its texts as JSON, which ECSV
    knows as ``subtype: json``.
    """
    arrays, about = [], []
    for column in table.columns:
        texts, kind = column.texts, {"datatype": "string"}
        if texts is None:
            arrays.append(pa.array(column.values, mask=column.missing))
            kind["datatype"] = np.asarray(column.values).dtype.name
        elif any(text and NASTY.search(text) for text in texts):
            arrays.append(pa.array([json.dumps(t) for t in texts], pa.string()))
            kind["subtype"] = "json"
        else:
            arrays.append(pa.array(texts, pa.string()))
        about.append(_described(column, kind))
    yield _header(table, about)
    arrow = pa.table(arrays, names=[column.name for column in table.columns])
    # Arrow quotes every text, so that one which begins with # is no comment.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    sink = Sink()
    for batch in arrow.to_batches(ROWS):
        pyarrow.csv.write_csv(batch, sink, options)
        yield sink.take()


def _described(column: ExportColumn, kind: dict[str, str]) -> str:
    """The column in the header; JSON is YAML too, and keeps every text on one line."""
    about = {"name": column.name, "unit": standard_unit(column.unit), **kind}
    about["description"] = column.about
    return json.dumps({key: value for key, value in about.items() if value})


def _header(table: ExportTable, about: list[str]) -> bytes:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:", *(f"- {line}" for line in about)]
    if table.title:
        lines.append("meta: " + json.dumps({"title": table.title}))
    lines.append("schema: astropy-2.0")
    names = io.StringIO()
    quoted = csv.writer(names, lineterminator="\n", quoting=csv.QUOTE_ALL)
    quoted.writerow([column.name for column in table.columns])
    return ("".join(f"# {line}\n" for line in lines) + names.getvalue()).encode()
