"""What imaging refuses, in words for a physicist."""


class Told(Exception):
    """What is said of a file; `taken_for` names what it was recognised as, '' for nothing."""

    def __init__(self, message: str, *, taken_for: str = "") -> None:
        super().__init__(message)
        self.taken_for = taken_for


class Unreadable(Told):
    """A file, frame or crop that cannot be used; the message says why and what to do."""


class NeedsAnswer(Told):
    """A file that can be read in two ways: the message asks, `asks` names the kind of answer."""

    def __init__(self, message: str, *, asks: str = "", taken_for: str = "") -> None:
        super().__init__(message, taken_for=taken_for)
        self.asks = asks
