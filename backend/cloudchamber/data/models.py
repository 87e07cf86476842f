"""Model versions: one trained network or tree each, immutable but for its name."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import zstandard
from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.base import Base, JsonDocument, UtcDateTime, now
from cloudchamber.data.datasets import lock_dataset
from cloudchamber.data.jobs import Job
from cloudchamber.data.people import Person
from cloudchamber.errors import NotFound


class ModelVersion(Base):
    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("dataset_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    architecture: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    config: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    classes: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument, default=list)
    metrics: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    curves: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument, default=list, deferred=True)
    label_snapshot: Mapped[bytes] = mapped_column(LargeBinary, default=b"", deferred=True)
    label_snapshot_hash: Mapped[str] = mapped_column(String(64), default="")
    label_action_id: Mapped[int] = mapped_column(default=0)
    seed: Mapped[int] = mapped_column(default=0)
    versions: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[str | None] = mapped_column(String(100))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))


class ModelWeights(Base):
    __tablename__ = "model_weights"

    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True)
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary, deferred=True)


def add_model_version(
    session: Session,
    dataset_id: int,
    *,
    kind: str,
    architecture: str,
    name: str = "",
    config: dict[str, Any],
    classes: Sequence[dict[str, Any]] = (),
    metrics: dict[str, Any],
    curves: Sequence[dict[str, Any]] = (),
    label_ordinals: np.ndarray | None = None,
    label_class_ids: np.ndarray | None = None,
    label_action_id: int = 0,
    seed: int = 0,
    versions: dict[str, Any] | None = None,
    created_by: str | None = None,
    job_id: int | None = None,
    weights: bytes | None = None,
) -> ModelVersion:
    """Add a model version with the next number of its dataset.

    Parameters
    ----------
    label_ordinals, label_class_ids : int arrays of one length
        The labels it was trained on; kept compressed, with their hash.
    created_by : str, optional
        By default who asked for the job.
    weights : bytes
        A safetensors file.
    """
    lock_dataset(session, dataset_id)
    last = session.scalar(
        select(func.max(ModelVersion.number)).where(ModelVersion.dataset_id == dataset_id)
    )
    number = (last or 0) + 1
    snapshot = _snapshot(label_ordinals, label_class_ids)
    model = ModelVersion(
        dataset_id=dataset_id, number=number, kind=kind, architecture=architecture,
        name=name or f"{architecture} {number}", config=config, classes=list(classes),
        metrics=metrics, curves=list(curves),
        label_snapshot=zstandard.compress(snapshot) if snapshot else b"",
        label_snapshot_hash=hashlib.sha256(snapshot).hexdigest() if snapshot else "",
        label_action_id=label_action_id, seed=seed, versions=versions or {},
        created_by=created_by or _who_asked(session, job_id), job_id=job_id,
    )  # fmt: skip
    session.add(model)
    session.flush()
    if weights is not None:
        session.add(ModelWeights(model_version_id=model.id, data=weights))
        session.flush()
    revisions.bump(session, dataset_id, "dataset")
    return model


def read_weights(session: Session, model_version_id: int) -> bytes:
    """The safetensors file of a model version, or NotFound."""
    found = session.scalar(
        select(ModelWeights.data).where(ModelWeights.model_version_id == model_version_id)
    )
    if found is None:
        raise NotFound("The model version has no weights.")
    return found


def read_label_snapshot(session: Session, model: ModelVersion) -> tuple[np.ndarray, np.ndarray]:
    """Ordinals and class ids, int32 [n] each, that the model version was trained on."""
    packed = session.scalar(select(ModelVersion.label_snapshot).where(ModelVersion.id == model.id))
    if not packed:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    table = np.frombuffer(zstandard.decompress(packed), "<i4").reshape(2, -1)
    return table[0], table[1]


def get_model(session: Session, model_version_id: int) -> ModelVersion:
    """The model version, or NotFound."""
    model = session.get(ModelVersion, model_version_id)
    if model is None:
        raise NotFound("There is no such model.")
    return model


def list_models(session: Session, dataset_id: int) -> list[ModelVersion]:
    """The model versions of a dataset, newest first."""
    return list(
        session.scalars(
            select(ModelVersion)
            .where(ModelVersion.dataset_id == dataset_id)
            .order_by(ModelVersion.number.desc())
        )
    )


def _who_asked(session: Session, job_id: int | None) -> str | None:
    if job_id is None:
        return None
    return session.scalar(
        select(Person.name).join(Job, Job.created_by == Person.id).where(Job.id == job_id)
    )


def _snapshot(ordinals: np.ndarray | None, class_ids: np.ndarray | None) -> bytes:
    if ordinals is None or class_ids is None or not len(ordinals):
        return b""
    return np.stack([ordinals, class_ids]).astype("<i4").tobytes()
