"""Options that say how exposures are read, calibrated and searched, and the parameters they are."""

from enum import StrEnum
from typing import Annotated, Any

import typer


class Background(StrEnum):
    AUTO = "auto"
    CONSTANT = "constant"
    COLUMNS = "columns"
    MESH = "mesh"


class Polarity(StrEnum):
    BRIGHT = "bright"
    DARK = "dark"


class Skipper(StrEnum):
    ASK = "ask"
    AVERAGE = "average"
    AVERAGED = "averaged"


BackgroundOption = Annotated[
    Background | None,
    typer.Option(
        "--background",
        help="What is subtracted: one level per amplifier, one per column and row, or a local "
        "mesh.  [default: auto]",
    ),
]
PolarityOption = Annotated[
    Polarity | None,
    typer.Option("--polarity", help="Whether tracks are brighter or darker than the background."),
]
SkipperOption = Annotated[
    Skipper | None,
    typer.Option(
        "--skipper", help="Whether frames whose header names samples of a pixel are to be averaged."
    ),
]
ScaleDark = Annotated[
    bool, typer.Option("--scale-dark", help="Scale the master dark to each exposure's time.")
]
MaskHot = Annotated[
    bool,
    typer.Option("--mask-hot", help="Mask pixels that are hot in most exposures of a detector."),
]
Unit = Annotated[str | None, typer.Option("--unit", help="Unit of the pixels, instead of BUNIT's.")]
Gain = Annotated[
    list[float] | None,
    typer.Option("--gain", help="Electrons per ADU; repeated, one for each amplifier."),
]
DataSection = Annotated[
    list[str] | None,
    typer.Option("--data-section", help="[x1:x2,y1:y2] of an amplifier's data; repeated for more."),
]
OverscanSection = Annotated[
    list[str] | None,
    typer.Option("--overscan-section", help="The same of its overscan, in the same order."),
]
MaskBits = Annotated[
    int | None,
    typer.Option("--mask-bits", help="Bits of the quality extension that mask a pixel, as a sum."),
]
SkipSamples = Annotated[
    int | None,
    typer.Option("--skip-samples", help="First samples of a raw Skipper frame that are left out."),
]


def detector_params(
    unit: str | None,
    gain: list[float] | None,
    data_section: list[str] | None,
    overscan_section: list[str] | None,
    mask_bits: int | None,
    skip_samples: int | None,
) -> dict[str, Any]:
    """The parameter `detector` of what was said about it; empty where nothing was."""
    said = {
        "unit": unit, "gain": gain or None, "data_sections": data_section or None,
        "overscan_sections": overscan_section or None, "mask_bits": mask_bits,
        "skip_samples": skip_samples,
    }  # fmt: skip
    kept = {name: value for name, value in said.items() if value is not None}
    return {"detector": kept} if kept else {}
