"""What becomes of every row of a table: counted by reason, with the first few told by number."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from cloudchamber.data.accounts import MAX_EXAMPLES, STATES, Rows, State
from cloudchamber_worker.imaging.tables import ReadTable


class RowStates:
    """The rows of one table, joined until something else is said of them.

    A row that is refused stays so; `needs_answer` and `ignored` give way to it.
    """

    def __init__(self, read: ReadTable) -> None:
        self.read = read
        self.state = np.full(read.table.num_rows, "joined", dtype="<U12")
        self.reasons: dict[State, Counter[str]] = {state: Counter() for state in STATES}
        self._first: dict[tuple[State, str], str] = {}
        self._examples: dict[State, list[str]] = {state: [] for state in STATES}
        for row, why in read.refused_rows:
            self._tell("refused", row, why)
        for row, why in read.ignored_rows:
            self._tell("ignored", row, why)

    def mark(self, index: int, state: State, kind: str, detail: str = "") -> None:
        """Say of the row at `index` what became of it; `kind` is counted, `detail` an example."""
        if self.state[index] == "refused" or self.state[index] == state:
            return
        self.state[index] = state
        self.reasons[state][kind] += 1
        row = int(self.read.rows[index])
        self._first.setdefault((state, kind), f"row {row}: {detail}" if detail else f"row {row}")
        self._tell(state, row, f"{kind}: {detail}" if detail else kind)

    def mark_all(self, indices: Iterable[int], state: State, kind: str) -> None:
        """`mark` for several rows."""
        for index in indices:
            self.mark(int(index), state, kind)

    def rows(self) -> Rows:
        """The counts, which add up to the rows of the file, and examples, the worst first."""
        read = self.read
        count = Counter(self.state.tolist())
        examples = [text for state in STATES for text in self._examples[state]]
        return Rows(
            given=read.given,
            joined=count["joined"],
            refused=count["refused"] + len(read.refused_rows),
            ignored=count["ignored"] + len(read.ignored_rows),
            needs_answer=count["needs_answer"],
            examples=examples[:MAX_EXAMPLES],
        )

    def sentences(self, state: State) -> list[str]:
        """One for each reason: "5 of 8 rows name no cutout of this dataset (row 2: a.png)"."""
        given = self.read.given
        told = [
            f"{n} of {given} rows {kind} ({self._first[state, kind]})"
            for kind, n in self.reasons[state].most_common()
        ]
        left = {"refused": self.read.refused_rows, "ignored": self.read.ignored_rows}.get(state)
        if left:
            row, why = left[0]
            told.append(f"{len(left)} of {given} rows are {state} as read (row {row} {why})")
        return told

    def _tell(self, state: State, row: int, why: str) -> None:
        if len(self._examples[state]) < MAX_EXAMPLES:
            self._examples[state].append(f"row {row}: {why}")
