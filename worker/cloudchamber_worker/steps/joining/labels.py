"""Labels of tables and class folders: what becomes of each, and the writing of those that go in."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from cloudchamber.data import labels, people
from cloudchamber.data.accounts import LabelCounts, State, counted
from cloudchamber.data.job_requests.importing import Existing as Asked
from cloudchamber.data.label_sets import normal_name
from cloudchamber.errors import Invalid
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.joining.classes import ClassPlan, write_classes
from cloudchamber_worker.steps.joining.existing import Existing
from cloudchamber_worker.steps.joining.judgements import Judgements
from cloudchamber_worker.steps.joining.states import RowStates


@dataclass
class LabelBook:
    """Everybody's labels as they are and as they will be, while sources are gone through in order.

    changes : annotator → ordinal → class name, what is to be written
    """

    existing: Existing
    annotator: str
    asked: Asked
    changes: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    _now: dict[str, list[str]] = field(default_factory=dict, init=False)
    _names: dict[int, str] | None = field(default=None, init=False)

    def now(self, person: str) -> list[str]:
        """`normal_name` of a person's label of every cutout, '' for none; changed in place."""
        if person not in self._now:
            if self._names is None:
                self._names = {
                    i: normal_name(name) for i, name in self.existing.class_names().items()
                }
            ids = self.existing.label_ids(person).tolist()
            self._now[person] = [self._names.get(i, "") if i else "" for i in ids]
        return self._now[person]


def plan_labels(
    book: LabelBook,
    judged: Judgements,
    ordinals: np.ndarray,
    classes: ClassPlan,
    states: RowStates,
    *,
    only: bool,
) -> LabelCounts:
    """What becomes of the judgements of one table; `book.changes` gets what is to be written.

    ordinals : int64 [rows], -1 where a row names no cutout
    only : whether the table is of nothing but labels, so that a row stands or falls with its label

    Two judgements of one person on one cutout count once where they agree, and are both refused
    where they do not: the last never wins.
    """
    counts = LabelCounts()

    def refuse(row: int, kind: str, detail: str = "") -> None:
        counts.refused += 1
        if only:
            states.mark(row, "refused", kind, detail)
        else:
            problems[kind] += 1

    problems: dict[str, int] = defaultdict(int)
    people_of: dict[str | None, str | None] = {}
    for row, kind in judged.refused.items():
        if only:
            counts.given += 1
            refuse(row, kind)
    given: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    counts.given += len(judged.rows)
    for row, label, person in zip(judged.rows, judged.labels, judged.people, strict=True):
        if person not in people_of:
            people_of[person] = _clean(person, book.annotator)
        who = people_of[person]
        if ordinals[row] < 0:
            counts.refused += 1
        elif label in classes.refused:
            refuse(row, classes.refused[label], str(label)[:60])
        elif who is None:
            refuse(row, "name an annotator whose name cannot be one", str(person)[:60])
        else:
            given[int(ordinals[row]), who].append((row, classes.name_of[label]))
    changed: list[State] = []
    for (ordinal, who), those in given.items():
        row, name = those[0]
        if len({n for _, n in those}) > 1:
            numbers = [int(states.read.rows[r]) for r, _ in those]
            said = ", ".join(
                f"{n} in row {k}" for k, (_, n) in zip(numbers[:4], those, strict=False)
            )
            for each, _ in those:
                refuse(each, "name a cutout twice with different classes", said)
            continue
        for extra, _ in those[1:]:
            counts.same += 1
            if only:
                states.mark(extra, "ignored", "say what an earlier row says")
        now = book.now(who)
        wanted = normal_name(name)
        if now[ordinal] == wanted:
            counts.same += 1
        elif not now[ordinal]:
            counts.new += 1
            now[ordinal], book.changes[who][ordinal] = wanted, name
        elif book.asked == "replace":
            counts.replaced += 1
            now[ordinal], book.changes[who][ordinal] = wanted, name
        elif book.asked == "keep":
            counts.kept += 1
            if only:
                states.mark(row, "ignored", "would change a label that is kept")
        else:
            counts.asked += 1
            changed.append("needs_answer")
            states.mark(row, "needs_answer", "would change a label", f"{name} for {now[ordinal]}")
    for kind, n in problems.items():
        judged.notes.append(f"{counted(n, 'label is', 'labels are')} not taken: their rows {kind}")
    return counts


def write_labels(
    job: JobContext, dataset_id: int, book: LabelBook, classes: ClassPlan, label_set: str | None
) -> None:
    """Record the planned labels, one action for each annotator."""
    if not any(book.changes.values()):
        return
    with job.write() as session:
        ids = write_classes(session, dataset_id, classes, label_set)
        for who, wanted in book.changes.items():
            if not wanted:
                continue
            person = people.person_named(session, who)
            key = uuid.uuid5(uuid.NAMESPACE_OID, f"import-labels-{job.id}-{who}")
            labels.record(
                session, dataset_id, person.id, str(key), list(wanted), how="import",
                context={"job_id": job.id},
                class_ids=[ids[normal_name(name)] for name in wanted.values()],
            )  # fmt: skip


def _clean(person: str | None, otherwise: str) -> str | None:
    try:
        return people.clean_name(otherwise if person is None else person)
    except Invalid:
        return None
