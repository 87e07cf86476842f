"""The command line reads cuts as the page does: one list of examples for both parsers.

`frontend/src/lib/cuts.test.ts` holds the page's parser to the same file.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from cloudchamber.errors import Invalid
from cloudchamber.services.cuts import Cut, NameCut, parse_cuts, passing

SHARED = json.loads((Path(__file__).parent / "cuts.json").read_text())


def plain(cut: Cut) -> dict[str, object]:
    if isinstance(cut, NameCut):
        known = {"column": cut.column, "names": list(cut.names), "out": cut.out}
    else:
        known = {
            "column": cut.column, "low": cut.low, "high": cut.high,
            "low_in": cut.low_in, "high_in": cut.high_in,
        }  # fmt: skip
    return {k: v for k, v in known.items() if not _absent(v)}


def _absent(value: object) -> bool:
    return value is False or (isinstance(value, float) and math.isinf(value))


@pytest.mark.parametrize("example", SHARED["read"], ids=lambda e: e["text"])
def test_a_cut_is_read(example: dict) -> None:
    read = parse_cuts(example["text"])
    assert [plain(cut) for cut in read] == example["cuts"]
    assert parse_cuts(example["canonical"]) == read


@pytest.mark.parametrize("text", SHARED["refused"])
def test_what_is_no_cut_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_cuts(text)


@pytest.mark.parametrize("case", SHARED["applied"]["cases"], ids=lambda c: c["text"])
def test_a_cut_keeps_what_passes(case: dict) -> None:
    values = SHARED["applied"]["values"]
    charge = np.array([np.nan if v is None else v for v in values["charge"]], np.float32)
    words = ["muon", "X-ray", "other"]
    codes = np.array([-1 if v is None else words.index(v) for v in values["class"]])

    mask = passing(
        parse_cuts(case["text"]),
        len(charge),
        lambda name: charge,
        lambda name, names: (codes, [words.index(n) for n in names]),
    )
    assert np.flatnonzero(mask).tolist() == case["passes"]


def test_a_column_shorter_than_the_dataset_fails_beyond_its_end() -> None:
    short = np.array([1, 9], np.int32)
    mask = passing(parse_cuts("charge < 5"), 4, lambda name: short, lambda name, names: (short, []))
    assert mask.tolist() == [True, False, False, False]


def test_deep_brackets_end_in_a_sentence() -> None:
    depth = 900
    assert len(parse_cuts("(" * depth + "charge > 1" + ")" * depth)) == 1
    with pytest.raises(Invalid, match="something is missing"):
        parse_cuts("(" * depth + "charge > 1")
