"""What imaging refuses, in words for a physicist."""


class Unreadable(Exception):
    """A file, frame or crop that cannot be used; the message says why and what to do."""
