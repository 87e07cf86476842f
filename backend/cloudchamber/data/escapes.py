"""Text where a format has too few characters for it: ``%2F`` stands for ``/``, as in an address.

What is escaped can always be restored: a ``%`` that would be taken for an escape is one itself.
"""

import re

# Windows, macOS and zip tools refuse or change these in the name of a file or folder.
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
PASSED_OVER = re.compile(r"__MACOSX|__pycache__|\..*")  # folders that an import passes over
ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
NOT_ASCII = re.compile(r"[^\x20-\x7e]")


def ascii_of(text: str) -> str:
    """`text` in printable ASCII, the rest as the ``%XX`` of its UTF-8 bytes."""
    return NOT_ASCII.sub(lambda m: _percent(m[0]), _guarded(text))


def folder_of(class_name: str) -> str:
    """A class's name as the name of a folder, on any system."""
    name = UNSAFE.sub(lambda m: _percent(m[0]), _guarded(class_name))
    stem = name.rstrip(". ")
    name = stem + _percent(name[len(stem) :])
    if RESERVED.fullmatch(name) or PASSED_OVER.fullmatch(name) or name.startswith(" "):
        name = _percent(name[0]) + name[1:]
    return name


def restored(text: str) -> str:
    """What `ascii_of` or `folder_of` was given; other text, and bytes that are no UTF-8, stay."""

    def unescaped(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return match[0]

    return ESCAPES.sub(unescaped, text)


def _guarded(text: str) -> str:
    return re.sub(r"%(?=[0-9A-Fa-f]{2})", "%25", text)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
