"""Labels: recording actions, undoing and redoing them, and the labels that follow.

A few statements however many cutouts; the tables are explained in `label_tables`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cloudchamber.data import revisions
from cloudchamber.data.base import now, to_json
from cloudchamber.data.datasets import get_dataset
from cloudchamber.data.label_sets import get_label_set
from cloudchamber.data.label_sql import CLASS_SPAN, DERIVE, EVENTS_POSTGRES, EVENTS_SQLITE, REVERT
from cloudchamber.data.label_tables import How, Label, LabelAction, packed, unpack
from cloudchamber.data.retired import live, retired
from cloudchamber.data.upsert import dialect_insert, dialect_of
from cloudchamber.errors import Invalid, KeyReused, NothingToUndo

KEEP = -1
"""A class id that means: leave the class as it is (change only dubious or note)."""
MAX_NOTE = 4000


@dataclass(frozen=True)
class LabelRequest:
    """What one action asks for.

    key : made by the client when the person acted; the same key has its effect once.
    ordinals : the cutouts, or None for all of the dataset.
    class_id : the class, None to take the label away, KEEP to leave it; `class_ids` instead
        gives one per ordinal (0 for none).
    dubious, note : None leaves them; an empty note removes it.
    """

    key: str
    ordinals: np.ndarray | Sequence[int] | None
    class_id: int | None = KEEP
    class_ids: np.ndarray | Sequence[int] | None = None
    how: How = "key"
    context: dict[str, Any] = field(default_factory=dict)
    dubious: bool | None = None
    note: str | None = None

    def digest(self) -> bytes:
        """Hash of all that was asked, apart from the key."""
        hashed = hashlib.sha256()
        for part in (self.ordinals, self.class_ids):
            hashed.update(b"-" if part is None else np.asarray(part, np.int64).tobytes())
        rest = [self.class_id, self.how, self.context, self.dubious, self.note]
        hashed.update(to_json(rest).encode())
        return hashed.digest()


def record(
    session: Session,
    dataset_id: int,
    annotator_id: int,
    key: str,
    ordinals: np.ndarray | Sequence[int] | None,
    class_id: int | None = KEEP,
    how: How = "key",
    context: dict[str, Any] | None = None,
    *,
    class_ids: np.ndarray | Sequence[int] | None = None,
    dubious: bool | None = None,
    note: str | None = None,
) -> LabelAction:
    """Record one action and bring the current labels up to date; see `LabelRequest`.

    Returns
    -------
    LabelAction
        The action; when the key was seen before with the same request, the one of then.

    Raises
    ------
    KeyReused
        When the key came before with another request.
    Invalid
        When an ordinal or class does not exist in the dataset, or an ordinal comes twice.
    """
    request = LabelRequest(key, ordinals, class_id, class_ids, how, context or {}, dubious, note)
    return record_request(session, dataset_id, annotator_id, request)


def record_request(
    session: Session, dataset_id: int, annotator_id: int, request: LabelRequest
) -> LabelAction:
    """`record`, of a request that was put together elsewhere."""
    revision = revisions.bump(session, dataset_id, "labels")  # other writers of it wait here
    known = _replayed(session, annotator_id, request.key, request.digest(), dataset_id)
    if known is not None:
        return known
    ordinals, class_ids = _checked(session, dataset_id, request)
    last = _last_action(session, dataset_id, annotator_id)
    action = _insert_action(
        session, dataset_id, annotator_id, request.key, request.digest(), request.how,
        context=request.context, n=len(ordinals), revision=revision,
        below=last.undo_head if last else None,
    )  # fmt: skip
    _insert_events(session, action, ordinals, class_ids, request.dubious, request.note)
    _derive(session, action)
    return action


def undo(session: Session, dataset_id: int, annotator_id: int, key: str) -> LabelAction:
    """Take back the annotator's last action that is not undone yet; NothingToUndo if none."""
    return _step(session, dataset_id, annotator_id, key, "undo")


def redo(session: Session, dataset_id: int, annotator_id: int, key: str) -> LabelAction:
    """Do again what was undone last; NothingToUndo when something else was done since."""
    return _step(session, dataset_id, annotator_id, key, "redo")


def _step(session: Session, dataset_id: int, annotator_id: int, key: str, way: str) -> LabelAction:
    revision = revisions.bump(session, dataset_id, "labels")
    digest = hashlib.sha256(way.encode()).digest()
    known = _replayed(session, annotator_id, key, digest, dataset_id)
    if known is not None:
        return known
    last = _last_action(session, dataset_id, annotator_id)
    head = None if last is None else last.undo_head if way == "undo" else last.redo_head
    if last is None or head is None:
        raise NothingToUndo(f"There is nothing to {way}.")
    reverted = session.get_one(LabelAction, head)
    links = {"undo_of": head, "undo_head": reverted.below, "below": last.redo_head}
    if way == "redo":
        links = {"redo_of": reverted.undo_of, "redo_head": reverted.below, "below": last.undo_head}
    action = _insert_action(
        session, dataset_id, annotator_id, key, digest, reverted.how,
        context={}, n=reverted.n, revision=revision, **links,
    )  # fmt: skip
    session.execute(text(REVERT), {"action": action.id, "reverted": head})
    _derive(session, action)
    return action


def _replayed(
    session: Session, annotator_id: int, key: str, digest: bytes, dataset_id: int
) -> LabelAction | None:
    known = session.scalars(
        select(LabelAction).where(LabelAction.annotator_id == annotator_id, LabelAction.key == key)
    ).one_or_none()
    if known is not None and (known.dataset_id, bytes(known.request_hash)) != (dataset_id, digest):
        raise KeyReused("This key was used for another action.", hint="Make a new key.")
    return known


def _last_action(session: Session, dataset_id: int, annotator_id: int) -> LabelAction | None:
    return session.scalars(
        select(LabelAction)
        .where(LabelAction.dataset_id == dataset_id, LabelAction.annotator_id == annotator_id)
        .order_by(LabelAction.id.desc())
        .limit(1)
    ).one_or_none()


def _insert_action(
    session: Session,
    dataset_id: int,
    annotator_id: int,
    key: str,
    digest: bytes,
    how: str,
    **more: Any,
) -> LabelAction:
    """Insert the action with its place in the stacks; an action never changes afterwards.

    Its own id is a head of a stack after it, so the id is drawn before the row is written.
    """
    action_id = _next_id(session)
    heads = {"undo_head": action_id, "redo_head": None}
    if "undo_of" in more:
        heads = {"redo_head": action_id}
    row = {
        "id": action_id, "dataset_id": dataset_id, "annotator_id": annotator_id, "key": key,
        "request_hash": digest, "how": how, "at": now(), **heads, **more,
    }  # fmt: skip
    statement = dialect_insert(session, LabelAction).values(row)
    # The same key on another dataset at the same moment: the labels counter did not serialise.
    statement = statement.on_conflict_do_nothing(index_elements=["annotator_id", "key"])
    if session.execute(statement.returning(LabelAction.id)).first() is None:
        raise KeyReused("This key was used for another action.", hint="Make a new key.")
    return session.get_one(LabelAction, action_id)


def _next_id(session: Session) -> int:
    if dialect_of(session) == "postgresql":
        return session.scalar(text("SELECT nextval(pg_get_serial_sequence('label_action','id'))"))
    return session.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM label_action"))


def _checked(
    session: Session, dataset_id: int, request: LabelRequest
) -> tuple[np.ndarray, np.ndarray]:
    """Ordinals and class ids (KEEP to leave, 0 for none), int64 [n] each."""
    dataset = get_dataset(session, dataset_id)
    if request.ordinals is None:
        ordinals = live(session, dataset_id, dataset.n_cutouts)
    else:
        ordinals = np.asarray(request.ordinals, np.int64).reshape(-1)
    if not len(ordinals):
        raise Invalid("No cutout is named.")
    if ordinals.min() < 0 or ordinals.max() >= dataset.n_cutouts:
        raise Invalid(f"The dataset has cutouts 0 to {dataset.n_cutouts - 1}.")
    if len(np.unique(ordinals)) < len(ordinals):
        raise Invalid("A cutout is named twice.")
    if request.note is not None and len(request.note) > MAX_NOTE:
        raise Invalid(f"A note has at most {MAX_NOTE} characters.")
    if request.class_ids is not None:
        class_ids = np.asarray(request.class_ids, np.int64).reshape(-1)
        if len(class_ids) != len(ordinals):
            raise Invalid("There are not as many classes as cutouts.")
    else:
        class_ids = np.full(len(ordinals), 0 if request.class_id is None else request.class_id)
    label_set = get_label_set(session, dataset.label_set_id)
    allowed = [c.id for c in label_set.classes] + [0, KEEP]
    if not np.isin(class_ids, allowed).all():
        raise Invalid("The dataset's label set has no such class.", hint="Reload the classes.")
    if (class_ids == KEEP).any() and request.dubious is None and request.note is None:
        raise Invalid("The action changes nothing: give class_id, dubious or note.")
    return ordinals, class_ids


def _insert_events(
    session: Session,
    action: LabelAction,
    ordinals: np.ndarray,
    class_ids: np.ndarray,
    dubious: bool | None,
    note: str | None,
) -> None:
    parameters: dict[str, Any] = {
        "action": action.id, "dataset": action.dataset_id, "annotator": action.annotator_id,
        "set_dubious": dubious is not None, "dubious": bool(dubious),
        "set_note": note is not None, "note": note or None,
    }  # fmt: skip
    if dialect_of(session) == "postgresql":
        parameters |= {"ordinals": ordinals.tolist(), "classes": class_ids.tolist()}
        session.execute(text(EVENTS_POSTGRES), parameters)
    else:
        # One JSON array of numbers that hold both: far quicker to parse than pairs.
        packed = ordinals * CLASS_SPAN + (class_ids - KEEP)
        parameters["packed"] = "[" + ",".join(map(str, packed.tolist())) + "]"
        session.execute(text(EVENTS_SQLITE), parameters)


def _derive(session: Session, action: LabelAction) -> None:
    """Bring `label` up to date with the events of the action."""
    session.execute(text(DERIVE), {"action": action.id, "annotator": action.annotator_id})


@dataclass(frozen=True)
class LabelArrays:
    """Labels by ordinal: `class_id` int32 [n], 0 for none; `flags` uint8 [n] of DUBIOUS, NOTE."""

    class_id: np.ndarray
    flags: np.ndarray


def current(session: Session, dataset_id: int, annotator_id: int | None = None) -> LabelArrays:
    """The labels of one annotator, or (None) the consensus of all.

    Consensus is the class most annotators gave; where two classes tie it is none. A cutout is
    flagged when any annotator flagged it. A retired cutout shows neither.
    """
    n = get_dataset(session, dataset_id, deleted=True).n_cutouts
    class_id, flags = np.zeros(n, np.int32), np.zeros(n, np.uint8)
    query = select(packed(Label)).where(Label.dataset_id == dataset_id)
    if annotator_id is not None:
        query = query.where(Label.annotator_id == annotator_id)
    ordinals, classes, marks = unpack(session.scalars(query))
    np.bitwise_or.at(flags, ordinals, marks)
    if annotator_id is not None:
        class_id[ordinals] = classes
    else:
        given = classes > 0
        _fill_majority(class_id, np.stack([ordinals[given], classes[given]], axis=1))
    gone = retired(session, dataset_id, n)
    class_id[gone], flags[gone] = 0, 0
    return LabelArrays(class_id, flags)


def _fill_majority(class_id: np.ndarray, votes_cast: np.ndarray) -> None:
    """Write the most frequent class of each ordinal into `class_id`; ties stay 0.

    votes_cast : int32 [votes, 2], ordinal and class.
    """
    if not len(votes_cast):
        return
    pairs, votes = np.unique(votes_cast, axis=0, return_counts=True)
    best = np.zeros(len(class_id), votes.dtype)
    np.maximum.at(best, pairs[:, 0], votes)
    winners = pairs[votes == best[pairs[:, 0]]]
    ordinals, times = np.unique(winners[:, 0], return_counts=True)
    alone = np.isin(winners[:, 0], ordinals[times == 1])
    class_id[winners[alone, 0]] = winners[alone, 1]


def has_labels(session: Session, dataset_id: int) -> bool:
    """Whether anyone ever labelled anything in the dataset."""
    return last_action_id(session, dataset_id) > 0


def last_action_id(session: Session, dataset_id: int, annotator_id: int | None = None) -> int:
    """Id of the last action on the dataset (of one annotator), 0 when there is none."""
    query = select(func.max(LabelAction.id)).where(LabelAction.dataset_id == dataset_id)
    if annotator_id is not None:
        query = query.where(LabelAction.annotator_id == annotator_id)
    return session.scalar(query) or 0
