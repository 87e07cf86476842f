"""Names of an archive's members, as text that is safe to show; they are never used as paths."""

import re
import unicodedata
import zlib
from pathlib import PurePosixPath

# Control characters, halves of characters, and what turns the direction of the text around it and
# so shows another name than there is.
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
UNICODE_PATH = 0x7075  # Info-ZIP's extra field


class MemberNames:
    """Names within one archive, each given once.

    legacy : the encodings that a name which is no UTF-8 may have, the likeliest first
    """

    def __init__(self, legacy: tuple[str, ...]) -> None:
        self.legacy = legacy
        self._given: dict[str, int] = {}

    def name(self, raw: bytes) -> tuple[str, list[str]]:
        """The name that these bytes are, and what is to be said about it."""
        text, notes = decoded(raw, self.legacy)
        return self.clean(text, notes)

    def clean(self, text: str, notes: list[str] | None = None) -> tuple[str, list[str]]:
        """A relative path with `/`, in Unicode NFC, that no earlier member has."""
        notes = list(notes or ())
        path, why = relative(text)
        notes += why
        number = self._given[path] = self._given.get(path, 0) + 1
        while number > 1:
            numbered = PurePosixPath(path)
            other = str(numbered.with_name(f"{numbered.stem}~{number}{numbered.suffix}"))
            if other not in self._given:
                self._given[other] = 1
                notes.append(f"the archive holds another file named {path}; this one is {other}")
                return other, notes
            number += 1
        return path, notes


def decoded(raw: bytes, legacy: tuple[str, ...]) -> tuple[str, list[str]]:
    """The text of a name: UTF-8 where it is that, else the encoding that makes letters of it."""
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    texts = {encoding: raw.decode(encoding, "replace") for encoding in legacy}
    for encoding, text in texts.items():
        if all(letter.isalpha() for letter in text if not letter.isascii()):
            return text, [f"its name is no UTF-8, and is read as {encoding}"]
    return texts[legacy[0]], [f"its name is no UTF-8 and may be wrong: it is read as {legacy[0]}"]


def relative(text: str) -> tuple[str, list[str]]:
    """A member's name as a relative path, and what was changed about it.

    Backslashes become `/` and Unicode its composed form (NFC) without a word: Windows and macOS
    write them so. What leads out of the archive, and what no screen shows, goes with a word.
    """
    notes: list[str] = []
    path = unicodedata.normalize("NFC", text.replace("\\", "/"))
    shown = HIDDEN.sub("\ufffd", path)
    if shown != path:
        notes.append("its name holds control characters, shown as \ufffd")
    drive = re.match(r"[A-Za-z]:/", shown)
    parts = [part for part in shown[2 if drive else 0 :].split("/") if part not in ("", ".")]
    kept = [part for part in parts if part != ".."]
    if drive or shown.startswith("/") or len(kept) < len(parts):
        notes.append(f"its name leads out of the archive ({shown}); it is taken without that")
    return "/".join(kept) or "unnamed", notes


def unicode_path(extra: bytes, raw: bytes) -> bytes | None:
    """A zip member's UTF-8 name from the extra field 0x7075, where it belongs to this name.

    Reference: APPNOTE.TXT 6.3.10, section 4.6.9.
    """
    place = 0
    while place + 4 <= len(extra):
        tag = int.from_bytes(extra[place : place + 2], "little")
        size = int.from_bytes(extra[place + 2 : place + 4], "little")
        body = extra[place + 4 : place + 4 + size]
        if tag == UNICODE_PATH and len(body) > 5 and body[0] == 1:
            if int.from_bytes(body[1:5], "little") == zlib.crc32(raw):
                return body[5:]
            return None
        place += 4 + size
    return None
