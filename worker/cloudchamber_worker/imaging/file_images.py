"""The images of one file, sent as crops or as exposures, as the user has said."""

from typing import TYPE_CHECKING, Any

from cloudchamber_worker.imaging import archives, crops, matrices
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import Image, LeftOut
from cloudchamber_worker.imaging.places import Place

if TYPE_CHECKING:
    from cloudchamber_worker.imaging.decoder import Decoder


def send_images(decoder: "Decoder", place: Place, data: bytes, kind: str) -> None:
    """Send the images of one file as crops or exposures, and name what is none of it.

    Raises
    ------
    Unreadable, NeedsAnswer, Ignored
        With the reason, or the question.
    """
    sent, refused = 0, ""
    for image in crops.read_crops(data, kind):
        try:
            if isinstance(image, LeftOut):
                kept = "part_ignored" if image.ignored else "part_refused"
                decoder.tell(kept, part=image.part, reason=image.reason)
                refused = refused or f"{image.part} {image.reason}"
                continue
            _send(decoder, place, image, kind, sent)
            sent += 1
        except Unreadable as error:
            if not image.part:
                raise
            decoder.tell("part_refused", part=image.part, reason=str(error))
            refused = refused or f"{image.part} {error}"
    if not sent:
        raise Unreadable(f"holds no image that can be taken: {refused}")


def _send(decoder: "Decoder", place: Place, image: Image, kind: str, number: int) -> None:
    """Send one image, or ask what it is."""
    name = place.name + image.part
    known: dict[str, Any] = {}
    if image.from_text:
        _ask_for_matrix(decoder, place, image)
        known["text_matrix"] = True
    um_per_px = decoder.um_per_px.get(place.name, image.um_per_px)
    if um_per_px is not None:
        known["um_per_px"] = um_per_px
    if decoder.options.taken_as == "exposures" and kind not in crops.PICTURES:
        crops.refuse_exposure(image)
        plane = number if image.part else None
        known |= {"hdu": 0, "plane": plane, "header": {}, "notes": image.notes}
        decoder.array("frame", image.pixels, name=name, **known)
        return
    if decoder.options.taken_as == "auto":
        crops.ask_for_exposure(image, kind)
    crops.refuse_large(image)
    folder = place.folder.rpartition("/")[2] or None
    decoder.array("crop", image.pixels, image.mask, name=name, folder=folder, notes=image.notes,
               **known)  # fmt: skip


def _ask_for_matrix(decoder: "Decoder", place: Place, image: Image) -> None:
    """Send the question that a matrix in a text file is; it goes with the image."""
    if decoder.options.text_images == "yes":
        return
    if decoder.options.text_images == "no":
        raise archives.Ignored("is a matrix of numbers, and text is taken for no image")
    matrices.refuse_tables(image, place.name)
    height, width = image.pixels.shape
    decoder.tell("question", reason=matrices.QUESTION.format(height=height, width=width),
                 asks="image_or_table")  # fmt: skip
