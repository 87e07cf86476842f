"""Cuts on columns, read as the page reads them: ``charge > 1200 & 5 < length <= 40``.

The language (``frontend/src/lib/cuts.ts`` reads the same; ``tests/contract/cuts.json`` holds both
to it): comparisons joined by ``&``, each of a column with a number (``<``, ``<=``, ``>``, ``>=``,
``==``, or between two), or with names (``class == muon``, ``class != "readout error"``,
``class in [muon, "X-ray"]``, ``not in``). Column names that are no identifier stand in backticks.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from cloudchamber.errors import Invalid


@dataclass(frozen=True)
class RangeCut:
    """Values between two ends, exclusive unless said otherwise."""

    column: str
    low: float = -math.inf
    high: float = math.inf
    low_in: bool = False
    high_in: bool = False


@dataclass(frozen=True)
class NameCut:
    """A class, a predicted class or a category; `out`: all others."""

    column: str
    names: tuple[str, ...]
    out: bool = False


Cut = RangeCut | NameCut

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![a-z0-9_.]))
    | (?P<tick>`[^`]+`)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<sign><=|>=|==|!=|&&|[<>=&(),\[\]])
    | (?P<word>[a-z_][a-z0-9_]*(?:-[a-z0-9_]+)*)
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def parse_cuts(text: str) -> list[Cut]:
    """The cuts of a string, one per column.

    Raises
    ------
    Invalid
        With a sentence saying what could not be read.
    """
    merged: dict[tuple[type, str], Cut] = {}
    for cut in _Reader(text).cuts():
        key = (type(cut), cut.column)
        merged[key] = _both(merged[key], cut) if key in merged else cut
    return list(merged.values())


def passing(
    cuts: Sequence[Cut],
    n: int,
    numbers: Callable[[str], np.ndarray],
    codes: Callable[[str, Sequence[str]], tuple[np.ndarray, list[int]]],
) -> np.ndarray:
    """Which of `n` cutouts pass every cut.

    Parameters
    ----------
    numbers : (column) -> array [m], m <= n
        Values of a column; raises Invalid where there is no such column of numbers. Undefined
        values, and cutouts beyond `m`, fail.
    codes : (column, names) -> (int array [m], codes of the names)
        Values of a column of names as codes; raises Invalid for unknown columns and names.

    Returns
    -------
    mask : bool [n]
    """
    mask = np.ones(n, bool)
    for cut in cuts:
        if isinstance(cut, NameCut):
            values, wanted = codes(cut.column, cut.names)
            is_in = np.zeros(n, bool)
            is_in[: len(values)] = np.isin(values[:n], wanted)
            mask &= is_in != cut.out
        else:
            values = numbers(cut.column)[:n]
            # A column is compared in its own precision: 0.1 in float32 equals 0.1 as written.
            values = values if values.dtype.kind == "f" else values.astype(np.float64)
            with np.errstate(over="ignore"):
                low, high = values.dtype.type(cut.low), values.dtype.type(cut.high)
            above = (values > low) | (cut.low_in & (values == low))
            below = (values < high) | (cut.high_in & (values == high))
            mask[: len(values)] &= above & below
            mask[len(values) :] = False
    return mask


def _both(a: Cut, b: Cut) -> Cut:
    if isinstance(a, RangeCut) and isinstance(b, RangeCut):
        lower = b if b.low > a.low or (b.low == a.low and not b.low_in) else a
        upper = b if b.high < a.high or (b.high == a.high and not b.high_in) else a
        return RangeCut(a.column, lower.low, upper.high, lower.low_in, upper.high_in)
    assert isinstance(a, NameCut) and isinstance(b, NameCut)
    if a.out and b.out:
        return replace(a, names=tuple(dict.fromkeys(a.names + b.names)))
    keep, other = (b, a) if a.out else (a, b)
    names = tuple(name for name in keep.names if (name in other.names) != other.out)
    return NameCut(a.column, names)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Cuts joined by "&"; brackets may stand around one or several, and mean nothing."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._tokens = text, 0, []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                self._fail(at)
            start = match.start(match.lastgroup)
            self._tokens.append(_Token(match.lastgroup, match[match.lastgroup], start))
            at = match.end()

    def cuts(self) -> list[Cut]:
        cuts: list[Cut] = []
        depth = 0
        while self._tokens:
            while self._take("("):
                depth += 1
            cuts.append(self._cut())
            while depth > 0 and self._take(")"):
                depth -= 1
            if self._at == len(self._tokens):
                break
            if not (self._take("&") or self._take("&&") or self._take_word("and")):
                self._fail()
        if depth > 0:
            self._fail()
        return cuts

    def _cut(self) -> Cut:
        first = self._peek()
        if first is not None and first.kind == "number":
            value = self._value()
            sign = self._comparison()
            column = self._column()
            cut = self._side(column, _MIRRORED.get(sign, sign), value)
            second = self._peek()
            if second is None or second.text not in _MIRRORED:
                return cut
            if sign[0] != second.text[0]:
                self._fail()
            self._at += 1
            return _both(cut, self._side(column, second.text, self._value()))
        column = self._column()
        if self._take_word("in"):
            return NameCut(column, self._list())
        if self._take_word("not"):
            if not self._take_word("in"):
                self._fail()
            return NameCut(column, self._list(), out=True)
        unequal = self._take("!=")
        sign = "!=" if unequal else self._comparison()
        value = self._peek()
        if value is not None and value.kind == "number" and not unequal:
            return self._side(column, sign, self._value())
        if sign[0] in "<>":
            self._fail()
        return NameCut(column, (self._name(),), out=unequal)

    @staticmethod
    def _side(column: str, sign: str, value: float) -> RangeCut:
        if sign[0] == "=":
            return RangeCut(column, value, value, True, True)
        if sign[0] == ">":
            return RangeCut(column, low=value, low_in=sign == ">=")
        return RangeCut(column, high=value, high_in=sign == "<=")

    def _list(self) -> tuple[str, ...]:
        close = "]" if self._take("[") else ")" if self._take("(") else self._fail()
        names = [self._name()]
        while self._take(","):
            names.append(self._name())
        if not self._take(close):
            self._fail()
        return tuple(dict.fromkeys(names))

    def _comparison(self) -> str:
        token = self._peek()
        if token is None or token.text not in {*_MIRRORED, "=", "=="}:
            self._fail()
        self._at += 1
        return token.text

    def _column(self) -> str:
        return self._one_of("word", "tick")

    def _name(self) -> str:
        return self._one_of("word", "text")

    def _one_of(self, bare: str, quoted: str) -> str:
        token = self._peek()
        if token is None or token.kind not in (bare, quoted):
            self._fail()
        self._at += 1
        return token.text if token.kind == bare else token.text[1:-1]

    def _value(self) -> float:
        token = self._peek()
        value = float(token.text) if token is not None and token.kind == "number" else math.nan
        if not math.isfinite(value):
            self._fail()
        self._at += 1
        return value

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, sign: str) -> bool:
        token = self._peek()
        taken = token is not None and token.kind == "sign" and token.text == sign
        self._at += taken
        return taken

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        taken = token is not None and token.kind == "word" and token.text.lower() == word
        self._at += taken
        return taken

    def _fail(self, at: int | None = None) -> NoReturn:
        if at is None:
            token = self._peek()
            at = len(self._text) if token is None else token.at
        rest = self._text[at:].strip()[:40]
        if rest.startswith("|") or re.match(r"or\b", rest, re.IGNORECASE):
            raise Invalid("Cuts are joined by “&”; “or” is not among them.")
        there = " there" if self._text[:at].strip() else ""
        where = f"“{rest}”{there}" if rest else "the end: something is missing"
        raise Invalid(f"Cannot read {where}; write for example length < 40.")
