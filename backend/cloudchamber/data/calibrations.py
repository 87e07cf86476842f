"""What was done to an exposure before it was searched: everything its history tells."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Fields that an older program has not written have defaults; others are a writer's mistake."""

    model_config = ConfigDict(extra="forbid")


class AmplifierRecord(Record):
    """One amplifier; `x0`, `y0`, `w`, `h` in the trimmed frame, values in the exposure's unit.

    name : suffix of its keywords, '' for an only one
    data, overscan_section : IRAF sections of the file
    baseline, noise, overscan : None where nothing could be measured, or there is none
    gain : electrons per ADU
    background : 'constant', 'columns' or 'mesh'
    """

    x0: int
    y0: int
    w: int
    h: int
    name: str = ""
    data: str = ""
    overscan_section: str | None = None
    baseline: float | None = None
    noise: float | None = None
    overscan: float | None = None
    gain: float | None = None
    gain_source: str = ""
    background: str = "constant"


class MasterRecord(Record):
    """A master that was subtracted: of how many readouts, and what was done to these."""

    n: int = 0
    exposure_time: float | None = None
    scale: float | None = None
    notes: list[str] = Field(default_factory=list)


class Calibration(Record):
    """From the file's pixels to those that were searched.

    origin : 0-based column and row of the file at which the trimmed frame begins
    step : columns and rows of the file that a pixel covers
    rows_up : whether the file's first row is drawn at the bottom; None where nobody has said
    layout : which keywords told the amplifiers apart
    masked : pixels without a value by cause
    flags, used_flags : pixels by bit of the quality extension, and the bits that mask
    unit_source, unit_stated : how the unit is known
    electrons : whether a gain (and time, where the unit is per second) makes electrons of it
    """

    threshold: dict[str, Any] = Field(default_factory=dict)
    min_pixels: int = 1
    margin: int = 3
    max_size: int = 512
    background: str = "constant"
    background_asked: str = "auto"
    inverted: bool = False
    bias: bool = False
    dark: bool = False
    masters: dict[str, MasterRecord] = Field(default_factory=dict)
    origin: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)
    amplifiers: list[AmplifierRecord] = Field(default_factory=list)
    rows_up: bool | None = None
    layout: str = ""
    masked: dict[str, int] = Field(default_factory=dict)
    flags: dict[int, int] = Field(default_factory=dict)
    used_flags: int = 0
    unit_source: str = ""
    unit_stated: bool = True
    electrons: bool = False
    exposure_time: float | None = None
    detector: str = ""
    extension: str = ""
    notes: list[str] = Field(default_factory=list)
