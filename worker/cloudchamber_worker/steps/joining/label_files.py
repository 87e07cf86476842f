"""Label files to compare with: one class per cutout, and the count of every row that gives none."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cloudchamber.data.job_requests import Joining
from cloudchamber.data.label_sets import normal_name
from cloudchamber.data.names import Names
from cloudchamber_worker.imaging.tables import ReadTable
from cloudchamber_worker.steps.joining.brought import (
    BEYOND,
    ELSEWHERE,
    NAMELESS,
    SEVERAL,
    UNKNOWN,
    Brought,
    keyed,
)


@dataclass
class ComparedLabels:
    """Labels by cutout, of whatever `import` reads as labels.

    ordinals : int64 [n], each once; labels [n]
    unknown, ambiguous : rows that name no cutout, or several
    unusable : rows without a class, or of a class number that no class has, or ragged
    repeated : rows beyond the first on one cutout that agree with it
    divided : cutouts left out because no class of theirs has the most votes
    """

    ordinals: np.ndarray
    labels: list[str]
    given: int = 0
    unknown: int = 0
    ambiguous: int = 0
    unusable: int = 0
    repeated: int = 0
    divided: int = 0
    notes: list[str] = field(default_factory=list)


def compared_labels(
    tables: Sequence[ReadTable],
    names: Names,
    class_of: Mapping[int, str],
    columns: Joining | None = None,
) -> ComparedLabels:
    """The class that most judgements of `tables` give each cutout.

    class_of : names of the classes by the numbers of the seed's arrays
    columns : the columns of names, classes and annotators where they are asked for
    """
    found = ComparedLabels(np.empty(0, np.int64), [])
    asked = columns or Joining.model_validate({})
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    spelled: dict[str, str] = {}
    for read in tables:
        table = keyed(Brought(read, "labels", "compared"), names, asked)
        refused = table.states.reasons["refused"]
        found.given += table.read.given
        found.unknown += sum(refused[why] for why in (UNKNOWN, ELSEWHERE, NAMELESS, BEYOND))
        found.ambiguous += refused[SEVERAL]
        found.unusable += len(table.read.refused_rows)
        found.notes += table.account.notes
        if table.judged is None:
            found.notes.append(table.account.reason)
            continue
        found.unusable += len(table.judged.refused)
        for row, label in zip(table.judged.rows, table.judged.labels, strict=True):
            name = class_of.get(label) if isinstance(label, int) else label
            if table.ordinals[row] < 0:
                continue
            if not name or not normal_name(name):
                found.unusable += 1
                continue
            spelled.setdefault(normal_name(name), name)
            votes[int(table.ordinals[row])][normal_name(name)] += 1
    ordinals = []
    for ordinal, counter in votes.items():
        (key, most), *others = counter.most_common(2)
        if others and others[0][1] == most:
            found.divided += 1
            continue
        found.repeated += most - 1
        ordinals.append(ordinal)
        found.labels.append(spelled[key])
    found.ordinals = np.array(ordinals, np.int64)
    return found
