"""How an upload is to be decoded."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["data", "bias", "dark", "labels", "metadata"]
TakenAs = Literal["auto", "exposures", "crops"]
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
    """

    name: str
    role: Role = "data"
    parcel: bool = False
    taken_as: TakenAs = "auto"
    text_images: TextImages = "ask"
