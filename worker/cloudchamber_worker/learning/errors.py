"""What learning can refuse, as sentences a physicist understands.

LearningError(ValueError)
├── NotEnoughLabels      fewer than two classes with two labels each
├── BadHyperparameter    one an architecture does not have, or a value outside its range
└── BrokenCheckpoint     bytes that are no checkpoint of this program, or of another training
"""


class LearningError(ValueError):
    """Base of everything this room raises on purpose; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.hint = hint


class NotEnoughLabels(LearningError):
    """The labels at hand cannot train a classifier."""


class BadHyperparameter(LearningError):
    """A hyperparameter that the architecture does not have, or a value outside its range."""


class BrokenCheckpoint(LearningError):
    """A checkpoint cannot be read, or belongs to another training."""
