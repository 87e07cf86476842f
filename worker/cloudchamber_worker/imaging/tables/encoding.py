"""Bytes to text: by mark, by zeros, as UTF-8, and last by what the bytes are like."""

import codecs
import re

from cloudchamber_worker.imaging.errors import Unreadable

MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
SAMPLE = 1 << 16  # bytes that are looked at where a guess is needed
# Windows-1252 leaves these five bytes open: a text that has them is something else.
NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def decoded(data: bytes) -> tuple[str, str, str | None]:
    """The text, the name of its encoding, and a sentence where that was guessed.

    Unmarked UTF-16 is known by the zeros in every other byte. What is no UTF-8 is Windows-1252
    where its letters beyond ASCII stand alone, as in European words, and otherwise what
    charset-normalizer finds: on short texts it takes "Malmö" for Japanese.

    Raises
    ------
    Unreadable
        When the bytes are no text.
    """
    for mark, codec, name in MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], codec, name), name, None
    codec = utf16_without_mark(data)
    if codec is not None:
        return _strict(data, codec, "UTF-16"), "UTF-16 without a mark", None
    try:
        return data.decode("utf-8"), "UTF-8", None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n")
    if b"\0" in data[:SAMPLE]:
        raise Unreadable("is no text: it holds zero bytes")
    codec, name = _guessed(data)
    text = data.decode(codec, "replace")
    odd = data.split(b"\n", line + 1)[line].decode(codec, "replace").strip()
    note = f"read as {name}, a guess: line {line + 1} is no UTF-8 ({odd[:60]})"
    if "\ufffd" in text:
        note += f"; {text.count(chr(0xFFFD))} characters could not be read"
    return text, name, note


def utf16_without_mark(data: bytes) -> str | None:
    """'utf-16-le' or 'utf-16-be' where every other byte of the beginning is zero, else None."""
    sample = data[:512]
    if len(sample) < 8:
        return None
    even, odd = sample[0::2], sample[1::2]
    zeros = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros[1] > 0.7 and zeros[0] < 0.1:
        return "utf-16-le"
    if zeros[0] > 0.7 and zeros[1] < 0.1:
        return "utf-16-be"
    return None


def _guessed(data: bytes) -> tuple[str, str]:
    sample = b"".join(line for line in data.split(b"\n") if not line.isascii())[:SAMPLE]
    runs = re.findall(rb"[\x80-\xff]+", sample)
    alone = sum(len(run) == 1 for run in runs) >= 0.7 * len(runs)
    if alone and not NOT_WINDOWS.search(sample):
        return "cp1252", "Windows-1252"
    from charset_normalizer import from_bytes  # rarely needed

    best = from_bytes(data[:SAMPLE] if len(data) > SAMPLE else data).best()
    if best is None:
        raise Unreadable("is text of an encoding that is not known: save it as UTF-8")
    return best.encoding, best.encoding.replace("cp125", "Windows-125").replace("_", "-")


def _strict(data: bytes, codec: str, name: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise Unreadable(f"says it is {name}, but byte {error.start} is none") from error
