"""Which labels count as a random draw: by their first action, and by what a draw has passed."""

import uuid
from typing import Any

import numpy as np
import pytest

from cloudchamber.data import draws, labels
from cloudchamber.data.database import Database
from cloudchamber.data.draws import CHOSEN, DRAWN, UNKNOWN
from filled import Filled


def label(
    database: Database, filled: Filled, ordinals: list[int], how: Any = "key", **context: Any
) -> None:
    with database.write() as session:
        labels.record(
            session, filled.id, filled.annotator, uuid.uuid4().hex, ordinals,
            class_id=filled.classes[0], how=how, context=context,
        )  # fmt: skip


def origins(database: Database, filled: Filled) -> list[int]:
    with database.read() as session:
        return draws.origins(session, filled.id, filled.n).tolist()


def test_the_order_is_that_of_the_page() -> None:
    # The same numbers stand in frontend/src/lib/orders.test.ts.
    assert draws.shuffled(12, 7).tolist() == [7, 10, 3, 5, 1, 8, 2, 4, 6, 9, 11, 0]
    assert draws.shuffled(5, 4294967295).tolist() == [3, 1, 2, 0, 4]
    assert np.sort(draws.shuffled(1000, 3)).tolist() == list(range(1000))
    assert draws.shuffled(1, 3).tolist() == [0]


def test_the_first_label_tells_how_a_cutout_was_picked(database: Database, filled: Filled) -> None:
    label(database, filled, [0, 1], order="random", scope="unlabelled")
    label(database, filled, [1, 2], "gallery", ranking="loss")
    label(database, filled, [3], order="typical", scope="unlabelled")
    label(database, filled, [4, 5], "import", job_id=1)
    label(database, filled, [4], order="random", scope="unlabelled")
    label(database, filled, [6], order="imported")
    label(database, filled, [7], order="random", scope="selection")
    assert origins(database, filled) == [
        DRAWN, DRAWN, CHOSEN, CHOSEN, UNKNOWN, UNKNOWN, UNKNOWN, CHOSEN, UNKNOWN, UNKNOWN,
    ]  # fmt: skip


def test_what_the_draw_has_passed_belongs_to_it(database: Database, filled: Filled) -> None:
    # given chosen labels, and a draw that comes as far as the fourth of the shuffled order
    order = draws.shuffled(filled.n, 7)
    label(database, filled, [int(order[0]), int(order[2]), int(order[8])], "lasso")
    drawn = {"order": "random", "scope": "unlabelled", "seed": 7, "of": filled.n}
    label(database, filled, [int(order[1])], **drawn, place=2)
    label(database, filled, [int(order[3])], **drawn, place=4)
    # then the chosen ones it passed are drawn, and the one beyond is not
    found = np.array(origins(database, filled))
    assert found[order[:4]].tolist() == [DRAWN] * 4
    assert found[order[8]] == CHOSEN
    assert found[order[5]] == UNKNOWN


@pytest.mark.parametrize("place", [0, 99, True, "2", None])
def test_a_place_that_cannot_be_is_not_believed(
    database: Database, filled: Filled, place: Any
) -> None:
    label(database, filled, [1, 2], "lasso")
    label(database, filled, [0], order="random", seed=7, of=filled.n, place=place)
    assert origins(database, filled)[:3] == [DRAWN, CHOSEN, CHOSEN]


def test_undoing_and_labelling_anew_does_not_change_how_it_was_picked(
    database: Database, filled: Filled
) -> None:
    label(database, filled, [0], order="random", scope="unlabelled")
    with database.write() as session:
        labels.undo(session, filled.id, filled.annotator, uuid.uuid4().hex)
    label(database, filled, [0], "gallery")
    assert origins(database, filled)[0] == DRAWN
