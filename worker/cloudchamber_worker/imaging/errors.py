"""What imaging refuses, in words for a physicist."""


class Unreadable(Exception):
    """A file, frame or crop that cannot be used; the message says why and what to do."""


class NeedsAnswer(Exception):
    """A file that can be read in two ways; the message asks, and says how to answer."""
