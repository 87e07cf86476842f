"""The gain of an amplifier, electrons per ADU, by its header."""

from typing import Any

# EGAIN first: where a camera writes both, GAIN is the setting of its amplifier.
KEYS = ("EGAIN", "GAIN", "CCDGAIN", "ATODGAIN", "ATODGN")
LARGEST = 1000.0  # electrons per ADU: what is larger is a setting


def gain_of(header: dict[str, Any], suffix: str = "") -> tuple[float, str] | None:
    """The gain that a header states for the amplifier of this suffix ('', '1', 'A' ...), and the
    keyword; None where it states none, or what can be none."""
    keys = [f"{key}{suffix}" for key in KEYS] if suffix else []
    for key in [*keys, *KEYS]:
        value = header.get(key)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if 0 < value < LARGEST:
            return float(value), key
    return None
