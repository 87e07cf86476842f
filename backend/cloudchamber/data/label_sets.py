"""Label sets: the ordered classes with key, colour and caption."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from cloudchamber.data.base import Base, UtcDateTime, now
from cloudchamber.errors import Conflict, Invalid, NotFound

# Okabe & Ito (2008): told apart by people with any common colour vision deficiency.
OKABE_ITO = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999",
)  # fmt: skip
KEYS = "dfjklsaghqwertyuiopzxcvbnm1234567890"
PRESET = "CCD tracks"
ALIASES = {"readingerror": "readouterror"}
MAX_CLASSES = 200


class LabelSet(Base):
    __tablename__ = "label_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)

    all_classes: Mapped[list["LabelClass"]] = relationship(
        order_by="LabelClass.ordinal, LabelClass.id", lazy="selectin"
    )

    @property
    def classes(self) -> list["LabelClass"]:
        """The classes in order, without deleted ones."""
        return [c for c in self.all_classes if c.deleted_at is None]


class LabelClass(Base):
    # No unique names in the table: two classes may swap theirs in one request, and a deleted
    # one keeps its own. `check_classes` sees to the live ones.
    __tablename__ = "label_class"

    id: Mapped[int] = mapped_column(primary_key=True)
    label_set_id: Mapped[int] = mapped_column(ForeignKey("label_set.id"))
    ordinal: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(1), default="")
    colour: Mapped[str] = mapped_column(String(7))
    caption: Mapped[str] = mapped_column(String(200), default="")
    number: Mapped[int | None]
    """The number the class has in the seed's `.npy` label files."""
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class NewClass:
    """A class to be added or, with `id`, changed; None is filled in from what is free."""

    name: str
    key: str | None = None
    colour: str | None = None
    caption: str = ""
    number: int | None = None
    id: int | None = None


CCD_TRACKS = (
    NewClass("muon", "d", OKABE_ITO[0], "Straight track, minimum ionising", 3),
    NewClass("electron", "f", OKABE_ITO[1], "Curled or kinked track", 2),
    NewClass("X-ray", "j", OKABE_ITO[2], "Small round cluster of charge", 1),
    NewClass("other", "k", OKABE_ITO[3], "Anything else", 0),
    NewClass("multiple", "l", OKABE_ITO[4], "Several tracks in one cutout", 4),
    NewClass("readout error", "s", OKABE_ITO[5], "Made by the readout, not a particle", 5),
)


def normal_name(name: str) -> str:
    """What two class names must share to be the same class: case and `-_ ` do not count."""
    bare = re.sub(r"[-_\s]+", "", name.strip()).casefold()
    return ALIASES.get(bare, bare)


def match_class(classes: Sequence[LabelClass], name: str) -> LabelClass | None:
    """The class that `name` means, or None: 'x-ray' is 'X-ray', 'reading error' a readout error."""
    wanted = normal_name(name)
    return next((c for c in classes if normal_name(c.name) == wanted), None)


def list_label_sets(session: Session) -> list[LabelSet]:
    """Every label set, oldest first."""
    return list(session.scalars(select(LabelSet).order_by(LabelSet.id)))


def get_label_set(session: Session, label_set_id: int) -> LabelSet:
    """The label set, or NotFound."""
    found = session.get(LabelSet, label_set_id)
    if found is None:
        raise NotFound("There is no such label set.")
    return found


def find_label_set(session: Session, name: str) -> LabelSet | None:
    """The label set called `name`, whatever its case."""
    return session.scalars(
        select(LabelSet).where(func.lower(LabelSet.name) == name.strip().lower())
    ).first()


def create_label_set(session: Session, name: str, classes: Sequence[NewClass]) -> LabelSet:
    """A new label set; Conflict when the name is taken, Invalid when classes clash."""
    name = name.strip()
    if not name:
        raise Invalid("A label set needs a name.")
    if find_label_set(session, name) is not None:
        raise Conflict(f"There is a label set called {name} already.")
    label_set = LabelSet(name=name)
    session.add(label_set)
    session.flush()
    add_classes(session, label_set, classes)
    return label_set


def add_classes(
    session: Session, label_set: LabelSet, classes: Sequence[NewClass]
) -> list[LabelClass]:
    """Append `classes`, giving free keys and colours where none is stated."""
    return replace_classes(
        session,
        label_set,
        [NewClass(c.name, c.key, c.colour, c.caption, c.number, c.id) for c in label_set.classes]
        + list(classes),
    )[-len(classes) :]


def replace_classes(
    session: Session, label_set: LabelSet, classes: Sequence[NewClass]
) -> list[LabelClass]:
    """Make `classes` the whole ordered list: known ids change, new ones are added, the
    missing are marked deleted (their labels stay). A deleted class whose name comes back is the
    same class again."""
    check_classes(classes)
    known = {c.id: c for c in label_set.all_classes}
    by_name = {normal_name(c.name): c for c in label_set.all_classes if c.deleted_at}
    used_keys = {c.key for c in classes if c.key}
    used_colours = {c.colour for c in classes if c.colour}
    kept: list[LabelClass] = []
    for ordinal, wanted in enumerate(classes):
        if wanted.id is not None and wanted.id not in known:
            raise Invalid(f"This label set has no class {wanted.id}.")
        target = known[wanted.id] if wanted.id else by_name.get(normal_name(wanted.name))
        if target is None:
            target = LabelClass(label_set_id=label_set.id)
            session.add(target)
            label_set.all_classes.append(target)
        target.key = wanted.key if wanted.key is not None else _free(KEYS, used_keys, "")
        target.colour = wanted.colour or _free(OKABE_ITO, used_colours, OKABE_ITO[-1])
        used_keys.add(target.key)
        used_colours.add(target.colour)
        target.ordinal, target.name, target.caption = ordinal, wanted.name.strip(), wanted.caption
        target.number, target.deleted_at = wanted.number, None
        kept.append(target)
    for old in known.values():
        if old not in kept and old.deleted_at is None:
            old.deleted_at = now()
    session.flush()
    session.refresh(label_set)
    return kept


def check_classes(classes: Sequence[NewClass]) -> None:
    """Invalid when names or keys clash or there are too many."""
    if len(classes) > MAX_CLASSES:
        raise Invalid(f"A label set has at most {MAX_CLASSES} classes.")
    names = [normal_name(c.name) for c in classes]
    keys = [c.key for c in classes if c.key]
    if not all(names):
        raise Invalid("Every class needs a name.")
    if len(set(names)) < len(names):
        raise Invalid("Two classes have the same name.", hint="Case, '-', '_' do not count.")
    if len(set(keys)) < len(keys):
        raise Invalid("Two classes have the same key.")


def add_preset_when_empty(session: Session) -> None:
    """Add *CCD tracks* to a database that has no label set yet."""
    if session.scalar(select(func.count()).select_from(LabelSet)) == 0:
        create_label_set(session, PRESET, CCD_TRACKS)


def _free(candidates: Sequence[str], used: set[str], otherwise: str) -> str:
    return next((c for c in candidates if c not in used), otherwise)
