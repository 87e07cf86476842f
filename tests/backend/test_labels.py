"""Labels: what was said is kept, can be taken back, and is never counted twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloudchamber.data import label_reads, label_sets, labels, people
from cloudchamber.data.database import Database
from cloudchamber.data.label_tables import DUBIOUS, NOTE, LabelAction, LabelEvent
from cloudchamber.errors import Invalid, KeyReused, NothingToUndo
from filled import Filled, fill


def new_key() -> str:
    return str(uuid.uuid4())


def current(database: Database, filled: Filled, annotator: int | None = None) -> list[int]:
    with database.read() as session:
        return labels.current(session, filled.id, annotator or filled.annotator).class_id.tolist()


def record(database: Database, filled: Filled, ordinals: Any, class_id: Any, **more: Any) -> Any:
    annotator = more.pop("annotator", filled.annotator)
    with database.write() as session:
        return labels.record(
            session, filled.id, annotator, more.pop("key", new_key()), ordinals, class_id, **more
        )


# ── the whole against a model ────────────────────────────────────────────────────────────────

N = 4
Cell = tuple[int, bool, str | None]
ACTION = st.tuples(
    st.just("record"),
    st.integers(0, 1),
    st.lists(st.integers(0, N - 1), min_size=1, max_size=N, unique=True),
    st.sampled_from(["keep", "none", "a", "b"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "", "odd"]),
)
STEP = st.tuples(st.sampled_from(["undo", "redo"]), st.integers(0, 1))


class Model:
    """What one annotator's labels must be: a list of states and a place in it."""

    def __init__(self) -> None:
        self.states: list[list[Cell]] = [[(0, False, None)] * N]
        self.at = 0
        self.events: list[list[Cell]] = [[] for _ in range(N)]

    def move(self, state: list[Cell], touched: list[int]) -> None:
        for ordinal in touched:
            self.events[ordinal].append(state[ordinal])


@given(st.lists(st.one_of(ACTION, STEP), max_size=25))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_history_ends_where_a_list_of_states_ends(
    database: Database, steps: list[tuple[Any, ...]]
) -> None:
    filled = fill(database, N)
    ids = {"keep": labels.KEEP, "none": None, "a": filled.classes[0], "b": filled.classes[1]}
    with database.write() as session:
        who = [people.person_named(session, name).id for name in ("ada", "bob")]
    models = [Model(), Model()]
    touched: list[list[list[int]]] = [[], []]
    for step in steps:
        mine = models[step[1]]
        if step[0] == "record":
            _, _, ordinals, word, dubious, note = step
            if word == "keep" and dubious is None and note is None:
                continue
            record(
                database, filled, ordinals, ids[word],
                annotator=who[step[1]], dubious=dubious, note=note,
            )  # fmt: skip
            state = list(mine.states[mine.at])
            for o in ordinals:
                class_id, was_dubious, was_note = state[o]
                state[o] = (
                    class_id if word == "keep" else ids[word] or 0,
                    was_dubious if dubious is None else dubious,
                    was_note if note is None else note or None,
                )
            mine.states[mine.at + 1 :] = [state]
            touched[step[1]][mine.at :] = [ordinals]
            mine.at += 1
            mine.move(state, ordinals)
            continue
        take = labels.undo if step[0] == "undo" else labels.redo
        possible = mine.at > 0 if step[0] == "undo" else mine.at < len(mine.states) - 1
        if not possible:
            with pytest.raises(NothingToUndo), database.write() as session:
                take(session, filled.id, who[step[1]], new_key())
            continue
        with database.write() as session:
            take(session, filled.id, who[step[1]], new_key())
        changed = touched[step[1]][mine.at - 1 if step[0] == "undo" else mine.at]
        mine.at += -1 if step[0] == "undo" else 1
        mine.move(mine.states[mine.at], changed)
    with database.read() as session:
        for person, mine in zip(who, models, strict=True):
            found = labels.current(session, filled.id, person)
            wanted = mine.states[mine.at]
            assert found.class_id.tolist() == [c for c, _, _ in wanted]
            assert found.flags.tolist() == [d + 2 * (n is not None) for _, d, n in wanted]
        for ordinal in range(N):
            rows = label_reads.history(session, filled.id, ordinal)
            for name, mine in zip(("ada", "bob"), models, strict=True):
                seen = [(e.class_id or 0, e.dubious, e.note) for e, _, who_ in rows if who_ == name]
                assert seen == mine.events[ordinal]


# ── one fact each ────────────────────────────────────────────────────────────────────────────


def test_a_key_has_its_effect_once(database: Database, filled: Filled) -> None:
    a, b = filled.classes[:2]
    key = new_key()
    first = record(database, filled, [1, 2], a, key=key)
    again = record(database, filled, [1, 2], a, key=key)
    assert (again.id, again.n, again.revision) == (first.id, first.n, first.revision)
    for other in ({"ordinals": [1], "class_id": a}, {"ordinals": [1, 2], "class_id": b}):
        with pytest.raises(KeyReused):
            record(database, filled, other["ordinals"], other["class_id"], key=key)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 2


def test_a_key_sent_many_times_at_once_has_its_effect_once(
    database: Database, filled: Filled
) -> None:
    keys = [new_key() for _ in range(6)]

    def send(k: int) -> int:
        return record(database, filled, [k % 6], filled.classes[0], key=keys[k % 6]).id

    with ThreadPoolExecutor(12) as pool:
        ids = list(pool.map(send, range(36)))
    assert [len({ids[k] for k in range(j, 36, 6)}) for j in range(6)] == [1] * 6
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LabelAction)) == 6
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 6


def test_without_its_unique_key_a_repeated_action_would_count_twice(
    database: Database, filled: Filled
) -> None:
    """The control of the two tests above: other keys, and the same action is there twice."""
    for _ in range(2):
        record(database, filled, [1], filled.classes[0])
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 2


def test_labels_at_the_same_moment_each_know_what_was_before(
    database: Database, filled: Filled
) -> None:
    def send(k: int) -> None:
        record(database, filled, [0], filled.classes[k % 3])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(40)))
    with database.read() as session:
        events = [event for event, _, _ in label_reads.history(session, filled.id, 0)]
        now = labels.current(session, filled.id, filled.annotator).class_id[0]
    assert [e.previous_class_id for e in events[1:]] == [e.class_id for e in events[:-1]]
    assert now == events[-1].class_id


def test_undo_and_redo_are_idempotent_too(database: Database, filled: Filled) -> None:
    for k in range(3):
        record(database, filled, [k], filled.classes[0])
    key = new_key()
    for _ in range(2):
        with database.write() as session:
            labels.undo(session, filled.id, filled.annotator, key)
    assert current(database, filled)[:3] == [filled.classes[0], filled.classes[0], 0]
    with pytest.raises(KeyReused), database.write() as session:
        labels.redo(session, filled.id, filled.annotator, key)


def test_something_new_ends_redo(database: Database, filled: Filled) -> None:
    record(database, filled, [0], filled.classes[0])
    with database.write() as session:
        labels.undo(session, filled.id, filled.annotator, new_key())
    record(database, filled, [1], filled.classes[1])
    with pytest.raises(NothingToUndo), database.write() as session:
        labels.redo(session, filled.id, filled.annotator, new_key())


def test_everyone_undoes_only_their_own(database: Database, filled: Filled) -> None:
    with database.write() as session:
        other = people.person_named(session, "other").id
    record(database, filled, [0], filled.classes[0])
    record(database, filled, [0], filled.classes[1], annotator=other)
    with database.write() as session:
        labels.undo(session, filled.id, filled.annotator, new_key())
    assert current(database, filled)[0] == 0
    assert current(database, filled, other)[0] == filled.classes[1]


def test_consensus_is_what_most_said_and_none_where_they_tie(
    database: Database, filled: Filled
) -> None:
    a, b, c = filled.classes[:3]
    with database.write() as session:
        who = [people.person_named(session, f"p{k}").id for k in range(3)]
    said = {who[0]: [a, a, a, 0, b], who[1]: [a, b, b, 0, b], who[2]: [b, c, b, c, 0]}
    for person, classes in said.items():
        record(database, filled, range(5), labels.KEEP, class_ids=classes, annotator=person)
    record(database, filled, [3], labels.KEEP, dubious=True, annotator=who[0])
    with database.read() as session:
        found = labels.current(session, filled.id)
    assert found.class_id.tolist()[:6] == [a, 0, b, c, b, 0]
    assert found.flags.tolist()[:4] == [0, 0, 0, DUBIOUS]


def test_an_import_gives_each_cutout_its_own_class_in_one_action(
    database: Database, filled: Filled
) -> None:
    wanted = np.array([*filled.classes, 0, 0, 0, 0])
    action = record(database, filled, np.arange(10), labels.KEEP, class_ids=wanted, how="import")
    assert action.n == 10
    assert current(database, filled) == wanted.tolist()
    with database.write() as session:
        labels.undo(session, filled.id, filled.annotator, new_key())
    assert current(database, filled) == [0] * 10


def test_none_named_means_all(database: Database, filled: Filled) -> None:
    assert record(database, filled, None, filled.classes[2]).n == filled.n
    assert current(database, filled) == [filled.classes[2]] * filled.n


def test_what_makes_no_sense_is_refused(database: Database, filled: Filled) -> None:
    a = filled.classes[0]
    with database.write() as session:
        foreign = label_sets.create_label_set(session, "mine", [label_sets.NewClass("x")])
        stranger = foreign.classes[0].id
    wrong: list[tuple[Any, Any, dict[str, Any]]] = [
        ([], a, {}),
        ([10], a, {}),
        ([-1], a, {}),
        ([1, 1], a, {}),
        ([1], 999, {}),
        ([1], stranger, {}),
        ([1], labels.KEEP, {}),
        ([1, 2], labels.KEEP, {"class_ids": [a]}),
        ([1], a, {"note": "x" * 5000}),
    ]
    for ordinals, class_id, more in wrong:
        with pytest.raises(Invalid):
            record(database, filled, ordinals, class_id, **more)
    assert current(database, filled) == [0] * filled.n


def test_what_changed_since_an_action_is_told_once_per_cutout(
    database: Database, filled: Filled
) -> None:
    a, b = filled.classes[:2]
    first = record(database, filled, [0, 1], a)
    record(database, filled, [1, 2], b)
    record(database, filled, [2], None, note="gone")
    with database.read() as session:
        changes = label_reads.changes_since(session, filled.id, filled.annotator, first.id)
        touched = label_reads.touched_since(session, filled.id, first.id)
        assert sorted(touched.tolist()) == [1, 2]
        assert label_reads.counts(session, [filled.id], filled.annotator) == {
            filled.id: {a: 1, b: 1}
        }
    assert changes.ordinals.tolist() == [1, 2]
    assert changes.class_ids.tolist() == [b, 0]
    assert changes.flags.tolist() == [0, NOTE]
