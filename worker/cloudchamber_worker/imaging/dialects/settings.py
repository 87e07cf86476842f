"""What a person has said about a detector: it stands before what its header states."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# The first that is there names the detector; those behind tell apart what shares a camera.
CAMERA = ("INSTRUME", "CAMERA", "DETNAM")
SENSOR = ("DETECTOR", "CCDNAME", "DETSER", "CHIPID", "CCDID", "SENSOR")


@dataclass(frozen=True)
class DetectorSettings:
    """None means: as the header says.

    unit : of the pixels, as `units.pixel_unit` understands it
    gain : electrons per ADU, one for all amplifiers or one for each
    data_sections, overscan_sections : IRAF sections, one per amplifier; '' for no overscan
    mask_bits : which bits of a quality extension mask a pixel, as a number; 0 for none
    samples : of a raw Skipper frame that lie side by side; 1 where it is averaged already
    skip_samples : of these, how many at the beginning are left out
    row_order : 'BOTTOM-UP' or 'TOP-DOWN'
    """

    unit: str | None = None
    gain: tuple[float, ...] | None = None
    data_sections: tuple[str, ...] | None = None
    overscan_sections: tuple[str, ...] | None = None
    mask_bits: int | None = None
    samples: int | None = None
    skip_samples: int | None = None
    row_order: str | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> "DetectorSettings":
        """From JSON; lists become tuples."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            value = (said or {}).get(field.name)
            if value is not None:
                values[field.name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    def over(self, other: "DetectorSettings") -> "DetectorSettings":
        """These, and those of `other` where these say nothing."""
        return DetectorSettings(
            **{
                field.name: mine
                if (mine := getattr(self, field.name)) is not None
                else getattr(other, field.name)
                for field in fields(self)
            }
        )


def detector_of(header: Mapping[str, Any]) -> str:
    """What a header calls its detector: camera and sensor; '' when it says nothing."""
    said = []
    for keys in (CAMERA, SENSOR):
        words = [str(header[key]).strip() for key in keys if str(header.get(key, "")).strip()]
        said += words[:1]
    return " ".join(dict.fromkeys(said))[:200]


def settings_for(
    header: Mapping[str, Any],
    this_import: DetectorSettings,
    remembered: Mapping[str, DetectorSettings],
) -> DetectorSettings:
    """What is said about the detector of `header`: for this import first, then remembered."""
    return this_import.over(remembered.get(detector_of(header), DetectorSettings()))
