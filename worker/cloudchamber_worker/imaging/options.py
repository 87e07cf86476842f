"""How an upload is to be decoded."""

from dataclasses import dataclass, field
from typing import Any, Literal

from cloudchamber_worker.imaging.dialects.settings import DetectorSettings, settings_for

Role = Literal["data", "bias", "dark", "defects", "labels", "metadata"]
TakenAs = Literal["auto", "exposures", "crops"]
Skipper = Literal["ask", "average", "averaged"]
TextImages = Literal["ask", "yes", "no"]


@dataclass(frozen=True)
class Options:
    """What the user has said about an upload.

    name : relative path of the uploaded file
    role : what it is for
    parcel : whether it is a tar that a client made only to send small files together; its name
        is then no part of theirs
    taken_as : what images of PNG, TIFF, NPY, HDF5 are; 'auto' asks where their size leaves doubt
    text_images : whether matrices of numbers in text files are images; 'ask' sends them with a
        question
    skipper : whether frames whose header names samples are to be averaged where nothing else tells
    detector : `DetectorSettings` for this import, as JSON
    detectors : those that are remembered, by the name that `settings.detector_of` gives
    """

    name: str
    role: Role = "data"
    parcel: bool = False
    taken_as: TakenAs = "auto"
    text_images: TextImages = "ask"
    skipper: Skipper = "ask"
    detector: dict[str, Any] = field(default_factory=dict)
    detectors: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings(self, header: dict[str, Any]) -> DetectorSettings:
        """What is said about the detector of an exposure with this header."""
        remembered = {name: DetectorSettings.of(said) for name, said in self.detectors.items()}
        return settings_for(header, DetectorSettings.of(self.detector), remembered)
