"""What a job says of the number of cutouts of a class, so that nobody takes a guess for a count."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["measured", "upper_limit", "not_identifiable"]


class CorrectedCount(BaseModel):
    """The number of one class, corrected for confusion.

    class_name  its name
    verdict     ``measured``: the count with its 95 % interval; ``upper_limit``: none may be there,
                at most interval[1] (95 %); ``not_identifiable``: the held-out labels do not carry
                it, and the interval is what is left open
    count       posterior mean; None where it is not identifiable
    interval    95 %, from the prior and the labels together
    held_out    labels that the rates of the class were measured on
    reason      why it is not identifiable
    words       all of it as a person reads it: "66 (51 to 84)", "≤ 3.4 (95 %)",
                "not identifiable (0 to 131)"
    """

    model_config = ConfigDict(frozen=True)

    class_name: str
    verdict: Verdict
    count: float | None
    interval: tuple[float, float]
    held_out: int
    reason: str | None
    words: str


class CountTogether(BaseModel):
    """The number of several classes together that are not told apart."""

    model_config = ConfigDict(frozen=True)

    classes: list[str]
    count: float
    interval: tuple[float, float]
    words: str


def count_words(verdict: Verdict, count: float | None, interval: tuple[float, float]) -> str:
    """A count as it is stated: no figure without its interval, and no zero in place of a limit."""
    low, high = (_rounded(edge) for edge in interval)
    if verdict == "not_identifiable" or count is None:
        return f"not identifiable ({low} to {high})"
    if verdict == "upper_limit":
        return f"≤ {high} (95 %)"
    return f"{_rounded(count)} ({low} to {high})"


def _rounded(value: float) -> str:
    """Whole above ten, one digit below: 0.4 is not nothing."""
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"
