"""Text that is safe in a spreadsheet: a cell that begins like a formula is not run as one."""

# Excel, LibreOffice and Sheets take a cell for a formula when it begins with one of these
# (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"
GUARDED = tuple(GUARD + sign for sign in FORMULA)
RESTORED = (*GUARDED, GUARD + GUARD)


def neutralise(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would run it."""
    return GUARD + text if text.startswith((*FORMULA, *GUARDED)) else text


def restore(text: str) -> str:
    """What `neutralise` was given."""
    return text[1:] if text.startswith(RESTORED) else text
