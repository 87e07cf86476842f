"""What is remembered about detectors: it stands before what the headers of their files say."""

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.base import Base, JsonDocument, UtcDateTime, now
from cloudchamber.errors import NotFound

MAX_NAME = 200
Gain = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
SECTION = re.compile(r"\[\s*\d+\s*:\s*\d+\s*,\s*\d+\s*:\s*\d+\s*\]")


class DetectorSettings(BaseModel):
    """What is said about a detector; what is left out is as its header says."""

    model_config = ConfigDict(extra="forbid")

    unit: str | None = Field(
        None, max_length=20, pattern=r"^[^\x00]*$", description="Unit of the pixels"
    )
    gain: list[Gain] | None = Field(
        None, min_length=1, max_length=256,
        description="Electrons per ADU, one for all amplifiers or one for each",
    )  # fmt: skip
    data_sections: list[str] | None = Field(
        None, min_length=1, max_length=256,
        description="Pixels that each amplifier read, as [x1:x2,y1:y2] of the file",
    )  # fmt: skip
    overscan_sections: list[str] | None = Field(
        None, max_length=256, description="The overscan of each amplifier, or an empty text"
    )
    mask_bits: int | None = Field(
        None, ge=0, lt=2**32, description="Bits of the quality extension that mask a pixel"
    )
    samples: int | None = Field(
        None, ge=1, le=100_000,
        description="Samples of a pixel side by side (Skipper); 1 where they are averaged",
    )  # fmt: skip
    skip_samples: int | None = Field(
        None, ge=0, le=100_000, description="Samples at the beginning that are left out"
    )
    row_order: Literal["BOTTOM-UP", "TOP-DOWN"] | None = Field(
        None, description="Whether the first row of the file is drawn at the bottom or on top"
    )

    @field_validator("data_sections", "overscan_sections")
    @classmethod
    def _are_sections(cls, texts: list[str] | None) -> list[str] | None:
        for text in texts or []:
            if text and not SECTION.fullmatch(text.strip()):
                raise ValueError(f"{text!r} is no section such as [1:1024,1:512]")
        return texts


class Detector(Base):
    """A detector by the name that its headers give (INSTRUME and DETECTOR), and what is said."""

    __tablename__ = "detector"

    name: Mapped[str] = mapped_column(String(MAX_NAME), primary_key=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)


def list_detectors(session: Session) -> list[Detector]:
    """Every detector that something is remembered of, by name."""
    return list(session.scalars(select(Detector).order_by(Detector.name)))


def remembered(session: Session) -> dict[str, dict[str, Any]]:
    """Settings by the detector's name."""
    return {one.name: one.settings for one in list_detectors(session)}


def get_detector(session: Session, name: str) -> Detector:
    """The detector, or NotFound."""
    found = session.get(Detector, name)
    if found is None:
        raise NotFound(f"Nothing is remembered about a detector {name!r}.")
    return found


def remember(session: Session, name: str, settings: DetectorSettings) -> Detector:
    """Replace what is remembered about a detector."""
    found = session.get(Detector, name) or Detector(name=name)
    found.settings = settings.model_dump(exclude_none=True)
    found.changed_at = now()
    session.add(found)
    session.flush()
    return found


def forget(session: Session, name: str) -> None:
    """Forget what is remembered about a detector; NotFound where it is nothing."""
    session.delete(get_detector(session, name))
    session.flush()
