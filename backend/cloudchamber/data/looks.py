"""The look before an import: what would become of everything, and pictures of the first of it."""

from pydantic import Field
from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.accounts import Document, Question, State, Table, TakenFor
from cloudchamber.data.base import Base
from cloudchamber.data.calibrations import Calibration
from cloudchamber.errors import NotFound


class LookPreview(Base):
    """Pictures for the look, as the packs that the API sends; see `api.looks`."""

    __tablename__ = "look_preview"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)
    exposure: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    crops: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


def get_preview(session: Session, job_id: int) -> LookPreview:
    """The pictures of a look, or NotFound."""
    preview = session.get(LookPreview, job_id)
    if preview is None:
        raise NotFound("This look has no pictures.")
    return preview


class LookFile(Document):
    """What a file, or `n` alike ones of one folder, would become.

    upload_ids : the uploads it came in, or they did
    role : what the import would be told of its upload
    shape : sides of its images, such as ``1024 x 1024`` or ``12-200 x 15-180``
    """

    name: str
    n: int = 1
    upload_ids: list[int]
    role: str = "data"
    taken_for: TakenFor = "unknown"
    why: str = ""
    state: State = "in"
    reason: str = ""
    question: Question | None = None
    n_crops: int = 0
    n_exposures: int = 0
    shape: str = ""
    dtype: str = ""
    folder: str | None = None
    notes: list[str] = Field(default_factory=list)


class LookTable(Table):
    """A table as it would be joined, and what else its columns could be used for.

    sentences : what it would join, where nobody sees the table itself
    """

    file: str
    all_columns: list[str] = Field(default_factory=list)
    sentences: list[str] = Field(default_factory=list)


class FolderClass(Document):
    """A class that folders offer: its name and how many crops lie there."""

    name: str
    n: int


class SetChoice(Document):
    """A label set, and how many of the classes that were found it has."""

    id: int
    name: str
    matches: int


class ExposurePreview(Document):
    """The first exposure as drawn.

    scale : pixels of the exposure per pixel of the picture, a maximum over blocks
    noise : of the first amplifier, in `unit`
    floor_sigma, n_bright : pixels above that many sigma are listed one by one
    rows_up : whether its first row is drawn at the bottom
    calibration : how it was understood, and what was done to it
    n_hot, hot_in : pixels that are hot in most of so many exposures of its detector
    """

    name: str
    height: int
    width: int
    scale: int
    unit: str
    noise: float
    floor_sigma: float
    n_bright: int
    rows_up: bool = False
    calibration: Calibration = Field(default_factory=Calibration)
    n_hot: int = 0
    hot_in: int = 0


class Look(Document):
    """The result of the job `look`.

    complete : nothing would be refused or has to be answered
    """

    suggested_name: str
    complete: bool = True
    n_files: int
    files: list[LookFile] = Field(default_factory=list)
    tables: list[LookTable] = Field(default_factory=list)
    classes: list[FolderClass] = Field(default_factory=list)
    n_without_folder: int = 0
    label_sets: list[SetChoice] = Field(default_factory=list)
    exposure: ExposurePreview | None = None
    n_crops_shown: int = 0
    sentences: list[str] = Field(default_factory=list)
