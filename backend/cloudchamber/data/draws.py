"""Which labelled cutouts are a random draw from the dataset: the only ones that tell the truth.

The page draws from one shuffled order of all cutouts, decided by a seed. A label given to a drawn
cutout notes the seed and how far into that order the draw had come; whoever stands before that
place belongs to the draw, also a cutout that had its label already and was passed over. So a draw
made beside a chosen order stays one from the whole dataset, not from what the choice left over.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from cloudchamber.data.label_tables import LabelAction, LabelEvent

UNKNOWN, DRAWN, CHOSEN = 0, 1, 2
# Ways of labelling in which a person or the program picked what to label.
CHOSEN_WAYS = {"gallery", "lasso", "cluster", "matrix"}
CHOSEN_ORDERS = {"typical", "uncertain", "review", "repeat", "shown"}
# Scopes that leave out nothing but what has a label.
WHOLE = {None, "unlabelled", "all"}
MAX_ORDERS = 64
_STEP, _MASK = 0x6D2B79F5, 0xFFFFFFFF


def shuffled(n: int, seed: int) -> np.ndarray:
    """0 … n-1 in the order that ``shuffled`` of the page gives for this seed, int32 [n].

    Fisher and Yates with mulberry32 (T. Ettinger, public domain).
    """
    if n < 2:
        return np.arange(n, dtype=np.int32)
    steps = np.arange(1, n, dtype=np.uint64) * _STEP + (seed & _MASK)
    t = (steps & _MASK).astype(np.uint32)  # arithmetic wraps, as Math.imul does
    t = (t ^ (t >> np.uint32(15))) * (t | np.uint32(1))
    t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    t ^= t >> np.uint32(14)
    span = np.arange(n, 1, -1)
    partners = np.floor(t / 2**32 * span).astype(np.int64).tolist()
    order = list(range(n))
    for i, j in zip(range(n - 1, 0, -1), partners, strict=True):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int32)


def origins(session: Session, dataset_id: int, n: int) -> np.ndarray:
    """UNKNOWN, DRAWN or CHOSEN for each of the first n cutouts, uint8 [n].

    Drawn are cutouts whose first label was given in random order, and those that a random order
    has passed. Labels from files, and those in the order of the import, are unknown: nobody noted
    how the cutouts came to be picked. A cutout without label is unknown as well.
    """
    state: dict[int, int] = {}
    reached: dict[tuple[int, int], int] = {}
    rows = session.execute(
        select(LabelAction.id, LabelAction.how, LabelAction.context).where(
            LabelAction.dataset_id == dataset_id,
            LabelAction.undo_of.is_(None),
            LabelAction.redo_of.is_(None),
        )
    )
    for action_id, how, context in rows:
        state[action_id] = origin = _origin(how, context or {})
        if origin == DRAWN and (draw := _place(context, n)):
            seed, of, place = draw
            reached[seed, of] = max(place, reached.get((seed, of), 0))
    found = np.zeros(n, np.uint8)
    first = (
        select(cast(LabelEvent.ordinal, BigInteger) * (1 << 32) + func.min(LabelEvent.action_id))
        .where(LabelEvent.dataset_id == dataset_id, LabelEvent.class_id.is_not(None))
        .group_by(LabelEvent.ordinal)
    )
    packed = np.fromiter(session.scalars(first), np.int64)
    ordinals, actions = packed >> 32, packed & _MASK
    inside = ordinals < n
    distinct, back = np.unique(actions[inside], return_inverse=True)
    codes = np.array([state.get(int(a), UNKNOWN) for a in distinct], np.uint8)
    found[ordinals[inside]] = codes[back]
    labelled = np.zeros(n, bool)
    labelled[ordinals[inside]] = True
    farthest = sorted(reached.items(), key=lambda entry: -entry[1])[:MAX_ORDERS]
    for (seed, of), place in farthest:
        passed = shuffled(of, seed)[:place]
        found[passed[labelled[passed]]] = DRAWN
    return found


def _origin(how: str, context: Mapping[str, Any]) -> int:
    order = context.get("order")
    if how in CHOSEN_WAYS or order in CHOSEN_ORDERS:
        return CHOSEN
    if order == "random":
        return DRAWN if context.get("scope") in WHOLE else CHOSEN
    # Clicked from the map or accepted outside the queue: picked by somebody.
    return CHOSEN if how == "suggestion" and order is None else UNKNOWN


def _place(context: Mapping[str, Any], n: int) -> tuple[int, int, int] | None:
    """Seed, length and place of the shuffled order, where the context states them soundly."""
    values = [context.get(name) for name in ("seed", "of", "place")]
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return None
    seed, of, place = values
    return (seed, of, place) if 0 <= seed <= _MASK and 0 < place <= of <= n else None  # pyright: ignore
