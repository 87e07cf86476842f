"""How far people agree: kappas with their intervals, and the cutouts they dispute.

A kappa is the agreement beyond chance: 1 is perfect, 0 what chance gives. Intervals are 95 % of a
bootstrap over the cutouts; where all agree, which no resample could change, of the share of
agreements (Clopper & Pearson 1934).

References: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37; J. L. Fleiss, Psychol. Bull. 76 (1971) 378.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import datasets, judgements, label_sets
from cloudchamber.data.judgements import Judgements

RESAMPLES = 1000
MAX_PAIRS = 200


def cohens_kappa(confusion: np.ndarray) -> np.ndarray:
    """Kappa of counts [..., classes, classes]; NaN where chance alone agrees always."""
    total = np.maximum(confusion.sum(axis=(-2, -1)), 1e-300)
    share = confusion / total[..., None, None]
    observed = np.trace(share, axis1=-2, axis2=-1)
    expected = (share.sum(axis=-1) * share.sum(axis=-2)).sum(axis=-1)
    return _beyond_chance(observed, expected)


def fleiss_kappa(ratings: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Fleiss' kappa of ratings [cutouts, classes]: how many people gave each class.

    Rows need two ratings at least, and may have unlike numbers of them: the agreement of a row is
    that of its pairs, and the share of a class is that of all ratings. With as many ratings in
    every row this is the kappa of the reference.

    weight : [..., cutouts], how often each row stands
    """
    weight = np.ones(len(ratings)) if weight is None else weight
    raters = ratings.sum(axis=1)
    agreed = (ratings * (ratings - 1)).sum(axis=1) / (raters * (raters - 1))
    cutouts = np.maximum(weight.sum(axis=-1), 1e-300)
    observed = (weight * agreed).sum(axis=-1) / cutouts
    classes = weight @ ratings
    share = classes / np.maximum(classes.sum(axis=-1, keepdims=True), 1e-300)
    return _beyond_chance(observed, (share**2).sum(axis=-1))


def _beyond_chance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = (observed - expected) / (1 - expected)
    return np.where(expected < 1 - 1e-12, kappa, np.nan)


def kappa_of(confusion: np.ndarray) -> dict[str, Any]:
    """n, the share agreed, kappa and its interval of counts [classes, classes]."""
    n = int(confusion.sum())
    told = {"n": n, "agreed": None, "kappa": None, "interval": None}
    if not n:
        return told
    told["agreed"] = float(np.trace(confusion) / n)
    told["kappa"] = _number(cohens_kappa(confusion))
    # Always the same resamples: a figure must not flicker.
    drawn = np.random.default_rng(0).multinomial(n, confusion.ravel() / n, size=RESAMPLES)
    kappas = cohens_kappa(drawn.reshape(RESAMPLES, *confusion.shape))
    told["interval"] = _interval(kappas, told["kappa"], confusion.sum(axis=0) / n, n)
    return told


def fleiss_of(ratings: np.ndarray) -> dict[str, Any] | None:
    """n and kappa with its interval of ratings [cutouts, classes], None without cutouts."""
    if not len(ratings):
        return None
    # Like rows are one: a million cutouts have a few hundred patterns.
    patterns, times = np.unique(ratings, axis=0, return_counts=True)
    n = len(ratings)
    drawn = np.random.default_rng(0).multinomial(n, times / n, size=RESAMPLES)
    kappa = _number(fleiss_kappa(patterns, times))
    share = ratings.sum(axis=0) / ratings.sum()
    return {
        "n": n,
        "kappa": kappa,
        "interval": _interval(fleiss_kappa(patterns, drawn), kappa, share, n),
    }


def _interval(
    kappas: np.ndarray, kappa: float | None, share: np.ndarray, n: int
) -> list[float] | None:
    """Of resampled kappas; ``share`` [classes] of all judgements is needed where all n agree."""
    if kappa is not None and kappa > 1 - 1e-12:
        observed = 0.025 ** (1 / n)  # as many agreements would come with one chance in forty
        return [float(max(-1.0, 1 - (1 - observed) / (1 - (share**2).sum()))), 1.0]
    finite = kappas[np.isfinite(kappas)]
    if len(finite) < len(kappas) / 2:
        return None
    low, high = np.quantile(finite, [0.025, 0.975])
    return [float(low), float(high)]


def _number(value: np.ndarray) -> float | None:
    return float(value) if np.isfinite(value) else None


@dataclass(frozen=True)
class Votes:
    """Who gave what to whom: ``ordinals`` [cutouts] with two judgements at least, and ``given``
    [cutouts, people], class numbers or −1; ``class_ids`` [classes] by number."""

    names: list[str]
    class_ids: np.ndarray
    ordinals: np.ndarray
    given: np.ndarray

    def ratings(self) -> np.ndarray:
        """How many people gave each class, [cutouts, classes]."""
        counts = np.zeros((len(self.ordinals), len(self.class_ids)), np.int64)
        for one in self.given.T:
            there = np.flatnonzero(one >= 0)
            counts[there, one[there]] += 1
        return counts

    def confusion(self, a: int, b: int) -> np.ndarray:
        """Cutouts by what person a (rows) and person b (columns) gave, [classes, classes]."""
        both = (self.given[:, a] >= 0) & (self.given[:, b] >= 0)
        return _confusion(self.given[both, a], self.given[both, b], len(self.class_ids))


def _confusion(first: np.ndarray, second: np.ndarray, n_classes: int) -> np.ndarray:
    flat = first.astype(np.int64) * n_classes + second
    return np.bincount(flat, minlength=n_classes**2).reshape(n_classes, n_classes)


def votes_of(people: Sequence[Judgements], class_ids: np.ndarray) -> Votes:
    """Put the judgements of several people side by side."""
    names = [one.name for one in people]
    if not people:
        return Votes([], class_ids, np.zeros(0, np.int32), np.zeros((0, 0), np.int16))
    distinct, times = np.unique(
        np.concatenate([one.ordinals for one in people]), return_counts=True
    )
    ordinals = distinct[times > 1]
    given = np.full((len(ordinals), len(people)), -1, np.int16)
    for p, one in enumerate(people):
        inside = np.isin(one.ordinals, ordinals, assume_unique=True)
        place = np.searchsorted(ordinals, one.ordinals[inside])
        given[place, p] = np.searchsorted(class_ids, one.class_ids[inside])
    return Votes(names, class_ids, ordinals, given)


def read_votes(session: Session, dataset_id: int) -> tuple[Votes, list[Judgements]]:
    """Everybody's judgements of a dataset, and each person's own."""
    people = judgements.by_annotator(session, dataset_id)
    return votes_of(people, _class_ids(session, dataset_id)), people


def _class_ids(session: Session, dataset_id: int) -> np.ndarray:
    dataset = datasets.get_dataset(session, dataset_id)
    label_set = label_sets.get_label_set(session, dataset.label_set_id)
    return np.sort(np.array([c.id for c in label_set.all_classes], np.int32))


def summarise(session: Session, dataset_id: int) -> dict[str, Any]:
    """Annotators, kappas by pair, Fleiss' kappa, disputed cutouts and blind repeats."""
    votes, people = read_votes(session, dataset_id)
    ratings = votes.ratings()
    pairs = []
    for a in range(len(people)):
        for b in range(a + 1, len(people)):
            confusion = votes.confusion(a, b)
            if confusion.any():
                names = {"a": votes.names[a], "b": votes.names[b]}
                pairs.append({**names, **kappa_of(confusion), "confusion": confusion.tolist()})
    pairs.sort(key=lambda pair: -pair["n"])
    return {
        "annotators": [{"name": one.name, "n": len(one.ordinals)} for one in people],
        "class_ids": votes.class_ids.tolist(),
        "pairs": pairs[:MAX_PAIRS],
        "fleiss": fleiss_of(ratings),
        "n_disputed": int((ratings.max(axis=1, initial=0) < ratings.sum(axis=1)).sum()),
        "repeats": _repeats(session, dataset_id, votes.class_ids),
    }


def _repeats(session: Session, dataset_id: int, class_ids: np.ndarray) -> list[dict[str, Any]]:
    found = []
    for one in judgements.judged_twice(session, dataset_id, "repeat"):
        both = (one.before > 0) & (one.after > 0)
        first, again = (np.searchsorted(class_ids, x[both]) for x in (one.before, one.after))
        confusion = _confusion(first, again, len(class_ids))
        if confusion.any():
            row = {"name": one.name, **kappa_of(confusion), "confusion": confusion.tolist()}
            found.append(row)
    return found


@dataclass(frozen=True)
class Cell:
    """Only cutouts to which person ``a`` gave ``class_a`` and ``b`` gave ``class_b``; None: any."""

    a: str | None = None
    b: str | None = None
    class_a: int | None = None
    class_b: int | None = None


def disputed(
    session: Session, dataset_id: int, cell: Cell, after: tuple[int, int] | None, limit: int
) -> tuple[list[dict[str, Any]], tuple[int, int] | None, int]:
    """Cutouts on which people differ, the most disputed first: a page, its end, how many in all.

    The dispute is the share of judgements against the most frequent one. A cell names its cutouts
    also where the two agree. ``after`` is the end of the page before.
    """
    votes, _ = read_votes(session, dataset_id)
    ratings = votes.ratings()
    raters = ratings.sum(axis=1)
    dispute = 1 - ratings.max(axis=1, initial=0) / np.maximum(raters, 1)
    wanted = _in_cell(votes, cell) if cell.a or cell.b else dispute > 0
    rows = np.flatnonzero(wanted)
    rank = np.round(dispute[rows] * 1_000_000).astype(np.int64)
    order = np.lexsort((votes.ordinals[rows], -rank))
    rows, rank = rows[order], rank[order]
    start = 0
    if after is not None:
        ordinals = votes.ordinals[rows]
        past = (rank > after[0]) | ((rank == after[0]) & (ordinals <= after[1]))
        start = int(past.sum())
    page = rows[start : start + limit]
    items = [
        {
            "ordinal": int(votes.ordinals[row]),
            "dispute": float(dispute[row]),
            "votes": [
                {"annotator": name, "class_id": int(votes.class_ids[given])}
                for name, given in zip(votes.names, votes.given[row], strict=True)
                if given >= 0
            ],
        }
        for row in page
    ]
    end = None
    if start + limit < len(rows):
        end = (int(rank[start + limit - 1]), int(votes.ordinals[page[-1]]))
    return items, end, len(rows)


def _in_cell(votes: Votes, cell: Cell) -> np.ndarray:
    inside = np.ones(len(votes.ordinals), bool)
    given = []
    for name, class_id in ((cell.a, cell.class_a), (cell.b, cell.class_b)):
        if name is None:
            continue
        if name not in votes.names:
            return np.zeros(len(votes.ordinals), bool)
        own = votes.given[:, votes.names.index(name)]
        inside &= own >= 0
        given.append(own)
        if class_id is not None:
            place = np.flatnonzero(votes.class_ids == class_id)
            inside &= own == (place[0] if len(place) else -2)
    if len(given) == 2 and cell.class_a is None and cell.class_b is None:
        inside &= given[0] != given[1]
    return inside
