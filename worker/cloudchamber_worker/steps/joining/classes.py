"""The classes that labels of an import mean, and the label set that has them all."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cloudchamber.data import datasets, label_sets, labels
from cloudchamber.data.accounts import counted
from cloudchamber.data.label_sets import MAX_CLASSES, NewClass, match_class, normal_name
from cloudchamber_worker.steps.joining.existing import Existing

MAX_NAME = 100
Label = str | int  # a class name, or a class number of the seed's arrays


@dataclass
class ClassPlan:
    """Which class each label is, by name.

    name_of : label → class, for those that are one
    refused : label → why it is none
    new : classes that the label set lacks
    make : whether a label set is made of them
    notes : spellings that became one class, and what the label set gets
    """

    name_of: dict[Label, str] = field(default_factory=dict)
    refused: dict[Label, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    make: bool = False
    notes: list[str] = field(default_factory=list)


def plan_classes(
    given: Mapping[Label, int], existing: Existing, label_set: str | None
) -> ClassPlan:
    """The class of every label; `given` says how often each comes.

    Names that differ by case, hyphens, underscores or blanks are one class: that of the label set,
    else the most frequent spelling. Where there are too many classes the rarest are refused.
    """
    plan = ClassPlan()
    known, fresh = existing.classes(label_set)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for label, n in given.items():
        if isinstance(label, int):
            match = next((c for c in known if c.number == label), None)
            if match is None:
                plan.refused[label] = "have a number that no class of the label set has"
            else:
                plan.name_of[label] = match.name
        elif not normal_name(label):
            plan.refused[label] = "have a class name without a letter"
        elif len(label) > MAX_NAME:
            plan.refused[label] = f"have a class name of more than {MAX_NAME} characters"
        elif not label.isprintable():
            plan.refused[label] = "have a class name that cannot be printed"
        else:
            spellings[normal_name(label)][label] += n
    there = {normal_name(c.name): c.name for c in known}
    missing = [key for key in spellings if key not in there]
    named = label_set is not None and not _has_name(existing, label_set)
    plan.make = fresh and bool(missing) and (named or len(missing) == len(spellings))
    if plan.make:
        there, missing = {}, list(spellings)
    missing.sort(key=lambda key: -spellings[key].total())
    room = max(MAX_CLASSES - len(there), 0)
    for place, key in enumerate(missing):
        name = spellings[key].most_common(1)[0][0]
        if place < room:
            there[key] = name
            plan.new.append(name)
    for key, counter in spellings.items():
        for label in counter:
            if key in there:
                plan.name_of[label] = there[key]
            else:
                plan.refused[label] = f"are of a class beyond the {MAX_CLASSES} most frequent ones"
        if key in there and len(counter) > 1:
            plan.notes.append(f"{', '.join(sorted(counter))} are one class, {there[key]}")
    plan.new.sort()
    if plan.new and not plan.make:
        new = counted(len(plan.new), "new class", "new classes")
        plan.notes.append(f"the label set gets {new}: {_some(plan.new)}")
    return plan


def write_classes(
    session: Session, dataset_id: int, plan: ClassPlan, label_set: str | None
) -> dict[str, int]:
    """Make what the label set lacks; the id of every class by `normal_name`."""
    dataset = datasets.get_dataset(session, dataset_id)
    current = label_sets.get_label_set(session, dataset.label_set_id)
    chosen = label_sets.find_label_set(session, label_set) if label_set else None
    if (
        chosen is not None
        and chosen.id != current.id
        and not labels.has_labels(session, dataset_id)
    ):
        current = chosen
    if plan.make and plan.new:
        title = label_set or _free_name(session, dataset.name)
        if label_sets.find_label_set(session, title) is None:
            new = [NewClass(name) for name in plan.new]
            current = label_sets.create_label_set(session, title, new)
    dataset.label_set_id = current.id
    missing = [name for name in plan.new if match_class(current.classes, name) is None]
    if missing:
        label_sets.add_classes(session, current, [NewClass(name) for name in missing])
    session.flush()
    return {normal_name(c.name): c.id for c in current.classes}


def _has_name(existing: Existing, label_set: str) -> bool:
    with existing.read() as session:
        return label_sets.find_label_set(session, label_set) is not None


def _free_name(session: Session, name: str) -> str:
    title, number = name, 1
    while label_sets.find_label_set(session, title) is not None:
        number += 1
        title = f"{name} {number}"
    return title


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
