"""A new detection of an exposure that is there: its footprints matched against its cutouts and
published in one transaction, and the way back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, detections, exposures, label_sets
from cloudchamber.data.carried import MAX_LOST, Carried, LostLabel
from cloudchamber.data.cutouts import Cutout, NewCutout
from cloudchamber.data.detections import NewDetection
from cloudchamber.data.exposures import Exposure
from cloudchamber.data.label_tables import Label
from cloudchamber.errors import Conflict
from cloudchamber_worker.imaging.detection import Cut
from cloudchamber_worker.imaging.overlaps import Overlaps, match_footprints, pixels_of
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.measuring import measure_images, write_measured

ATTEMPTS = 5
Beat = Callable[[int], None]


@dataclass(frozen=True)
class Detected:
    """What a new detection of an exposure came to.

    detection_id, before_id : None where nothing differs: there is no new one
    """

    exposure_id: int
    exposure: str
    detection_id: int | None
    before_id: int | None
    carried: Carried
    unit_changed: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the result of a job."""
        return {
            "exposure_id": self.exposure_id, "exposure": self.exposure,
            "detection_id": self.detection_id, "before_id": self.before_id,
            **self.carried.model_dump(mode="json"), "words": self.carried.words(),
        }  # fmt: skip


@dataclass(frozen=True)
class _Before:
    """The cutouts of the current detection, their masks by id, and the paths that are taken."""

    exposure_id: int
    detection_id: int | None
    rows: list[Cutout]
    masks: dict[int, np.ndarray]
    retired: list[list[tuple[Cutout, np.ndarray]]]
    path: str
    next_number: int
    upward: set[int]
    width: int


@dataclass(frozen=True)
class _Matched:
    """returned : retired cutouts whose footprints are found again"""

    overlaps: Overlaps
    returned: list[Cutout]
    kept: dict[int, NewCutout]
    changed: list[tuple[Cutout, np.ndarray, np.ndarray | None]]
    added: list[NewCutout]


def detect(
    job: JobContext,
    exposure_id: int,
    cuts: Sequence[Cut],
    calibration: dict[str, Any],
    unit: str,
    beat: Beat = lambda _: None,
) -> Detected:
    """Make `cuts` the current detection of an exposure.

    An earlier attempt of the job that did so is recognised, and so is a detection that differs in
    nothing from the one that is there. Labels follow the footprints; see `imaging.overlaps`.
    """
    for attempt in range(ATTEMPTS):
        with job.read() as session:
            exposure = exposures.get_exposure(session, exposure_id)
            name, old_unit = exposure.name, exposure.unit
            done = detections.made_by(session, exposure_id, job.id)
            if done is not None:
                carried = Carried.model_validate(done.report)
                return Detected(exposure_id, name, done.id, done.before_id, carried)
            before = _read(session, exposure)
        matched = _match(before, cuts)
        with job.read() as session:
            alike = (
                None if matched.added else detections.find_alike(session, exposure_id, matched.kept)
            )
        if not matched.changed and not matched.added and len(matched.kept) == len(before.rows):
            n = len(before.rows)
            return Detected(exposure_id, name, None, None, Carried(footprints=n, kept=n))
        measured = measure_images(matched.changed, before.upward, beat)
        ordinals = np.array([row.ordinal for row, _, _ in matched.changed], np.int64)
        try:
            with job.write() as session:
                dataset_id = job.dataset_id
                datasets.lock_dataset(session, dataset_id)
                carried = _report(session, dataset_id, before, matched, len(cuts))
                if alike is not None:
                    exposure = exposures.get_exposure(session, exposure_id)
                    if exposure.detection_id != before.detection_id:
                        raise Conflict("The exposure was searched anew meanwhile.")
                    made, before_id = alike, before.detection_id
                    detections.activate(session, alike.id)
                else:
                    new = NewDetection(
                        base=before.detection_id, calibration=calibration, unit=unit,
                        kept=matched.kept, added=matched.added,
                        report=carried.model_dump(mode="json"), job_id=job.id,
                    )  # fmt: skip
                    made, _ = detections.add_detection(session, exposure_id, new)
                    before_id = made.before_id
                if len(ordinals):
                    frames = exposures.list_exposures(session, dataset_id)
                    write_measured(session, dataset_id, measured, ordinals, frames)
                ids = made.id, before_id
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return Detected(exposure_id, name, *ids, carried, unit_changed=unit != old_unit)
    raise AssertionError


def bring_back(job: JobContext, detection_id: int, beat: Beat = lambda _: None) -> int | None:
    """Make a detection current again; the id of the one that was, None where it was current."""
    with job.read() as session:
        wanted = detections.get_detection(session, detection_id)
        exposure = exposures.get_exposure(session, wanted.exposure_id)
        upward = {exposure.id} if exposures.rows_up(exposure) else set()
        measured = measure_images(detections.kept_cutouts(session, detection_id), upward, beat)
    ordinals = np.array([row.ordinal for row in measured.rows], np.int64)
    with job.write() as session:
        exposure = exposures.get_exposure(session, wanted.exposure_id)
        before = exposure.detection_id
        if not detections.activate(session, detection_id):
            return None
        if len(ordinals):
            frames = exposures.list_exposures(session, job.dataset_id)
            write_measured(session, job.dataset_id, measured, ordinals, frames)
    return before


def measured_by_an_older_rule(session: Session, dataset_id: int) -> bool:
    """Whether values of today's rule would stand beside those of an older one."""
    return any(c.outdated for c in columns.find_columns(session, dataset_id))


def _read(session: Session, exposure: Exposure) -> _Before:
    taken = session.scalars(select(Cutout.path).where(Cutout.exposure_id == exposure.id))
    ends = [path.rpartition(":")[2] for path in taken]
    return _Before(
        exposure.id,
        exposure.detection_id,
        cutouts.of_exposure(session, exposure.id),
        cutouts.read_masks(session, exposure.id),
        detections.retired_cutouts(session, exposure.id),
        exposure.path,
        1 + max((int(end) for end in ends if end.isdecimal()), default=-1),
        {exposure.id} if exposures.rows_up(exposure) else set(),
        exposure.width,
    )


def _match(before: _Before, cuts: Sequence[Cut]) -> _Matched:
    """Which cutouts the footprints are, and how these look now."""
    masks = [
        before.masks.get(row.id, np.ones((row.height, row.width), bool)) for row in before.rows
    ]
    overlaps = match_footprints(
        [
            pixels_of(mask, row.x0 or 0, row.y0 or 0, before.width)
            for row, mask in zip(before.rows, masks, strict=True)
        ],
        [pixels_of(cut.mask, cut.x0, cut.y0, before.width) for cut in cuts],
    )
    back = _found_again(before, cuts, np.flatnonzero(overlaps.partner < 0))
    kept: dict[int, NewCutout] = {}
    changed: list[tuple[Cutout, np.ndarray, np.ndarray | None]] = []
    added: list[NewCutout] = []
    for number, (cut, partner) in enumerate(zip(cuts, overlaps.partner.tolist(), strict=True)):
        path = f"{before.path}:{before.next_number + len(added)}"
        where = (before.exposure_id, cut.x0, cut.y0)
        new = NewCutout(path, cut.pixels, cut.mask, *where, cut.flags)
        old = before.rows[partner] if partner >= 0 else back.get(number)
        if old is None:
            added.append(new)
            continue
        kept[old.id] = new
        facts = cutouts.facts_of(new)
        alike = all(getattr(old, name) == value for name, value in facts.items())
        if partner < 0 or not alike or not np.array_equal(masks[partner], cut.mask):
            row = Cutout(ordinal=old.ordinal, exposure_id=old.exposure_id, **facts)
            changed.append((row, cut.pixels, cut.mask))
    return _Matched(overlaps, list(back.values()), kept, changed, added)


def _found_again(before: _Before, cuts: Sequence[Cut], free: np.ndarray) -> dict[int, Cutout]:
    """The retired cutouts that footprints without a partner are, by number of the footprint: those
    of the latest detections first."""
    found: dict[int, Cutout] = {}
    for group in before.retired:
        left = [int(k) for k in free if int(k) not in found]
        partner = match_footprints(
            [pixels_of(mask, row.x0 or 0, row.y0 or 0, before.width) for row, mask in group],
            [pixels_of(cuts[k].mask, cuts[k].x0, cuts[k].y0, before.width) for k in left],
        ).partner
        met = [(k, int(p)) for k, p in zip(left, partner, strict=True) if p >= 0]
        found |= {k: group[p][0] for k, p in met}
    return found


def _report(
    session: Session, dataset_id: int, before: _Before, matched: _Matched, footprints: int
) -> Carried:
    """What becomes of the cutouts and their labels."""
    overlaps = matched.overlaps
    labels = _labels(session, dataset_id, [*before.rows, *matched.returned])
    found_again = set(matched.kept)
    gone = [k for k, row in enumerate(before.rows) if row.id not in found_again]
    takers = {k: overlaps.successors(k) for k in gone}
    lost = []
    for k in gone:
        row = before.rows[k]
        if row.ordinal not in labels:
            continue
        label, note = labels[row.ordinal]
        why, same = "no footprint is there now", False
        if len(takers[k]):
            other = before.rows[int(overlaps.partner[takers[k][0]])]
            its = labels.get(other.ordinal, ("", False))[0]
            same = bool(label) and its == label
            why = f"is one footprint with {other.name} now, which is {its or 'not labelled'}"
        lost.append(LostLabel(name=row.name, label=label, note=note, why=why, same=same))
    back = {row.id for row in matched.returned}
    unmatched = np.flatnonzero(overlaps.partner < 0)
    return Carried(
        footprints=footprints,
        kept=len(matched.kept) - len(back),
        changed=len(matched.changed) - len(back),
        returned=len(back),
        added=len(matched.added),
        split=min(int(np.isin(unmatched, overlaps.new).sum()), len(matched.added)),
        gone=len(gone),
        merged=sum(len(those) > 0 for those in takers.values()),
        labels_kept=sum(
            row.ordinal in labels
            for row in (*before.rows, *matched.returned)
            if row.id in found_again
        ),
        labels_lost=len(lost),
        lost=lost[:MAX_LOST],
    )


def _labels(
    session: Session, dataset_id: int, rows: Sequence[Cutout]
) -> dict[int, tuple[str, bool]]:
    """Class names and whether there is a note, by ordinal, of what anybody has said of cutouts."""
    dataset = datasets.get_dataset(session, dataset_id, deleted=True)
    label_set = label_sets.get_label_set(session, dataset.label_set_id)
    names = {c.id: c.name for c in label_set.all_classes}
    found: dict[int, tuple[set[str], bool]] = {}
    ordinals = [row.ordinal for row in rows]
    for at in range(0, len(ordinals), cutouts.BATCH):
        said = session.execute(
            select(Label.ordinal, Label.class_id, Label.note, Label.dubious).where(
                Label.dataset_id == dataset_id,
                Label.ordinal.in_(ordinals[at : at + cutouts.BATCH]),
            )
        )
        for ordinal, class_id, note, dubious in said:
            if class_id is None and not note and not dubious:
                continue
            classes, noted = found.setdefault(ordinal, (set(), False))
            if class_id is not None:
                classes.add(names.get(class_id, ""))
            found[ordinal] = classes, noted or bool(note)
    return {o: (" / ".join(sorted(classes)), note) for o, (classes, note) in found.items()}
