"""The account of an import in sums and sentences, the same for the page and the command line."""

from collections import Counter
from collections.abc import Iterable
from typing import cast

from pydantic import Field

from cloudchamber.data.accounts import (
    MAX_EXAMPLES,
    STATES,
    Document,
    FileAccount,
    LabelCounts,
    Question,
    State,
    Table,
    counted,
    each_kind_once,
    table_sentences,
)
from cloudchamber.data.jobs import ImportFile

WORST = 50
MASTERS = ("bias", "dark")
ALIKE = 3  # more lines of one state and reason are told as one
NOTES = 20


class Sums(Document):
    """How many ended in each state; together, how many were given."""

    refused: int = 0
    needs_answer: int = 0
    ignored: int = 0
    joined: int = 0
    in_: int = Field(0, alias="in")

    def add(self, state: State, n: int = 1) -> None:
        """Count `n` more of a state."""
        name = "in_" if state == "in" else state
        setattr(self, name, getattr(self, name) + n)

    @property
    def given(self) -> int:
        """How many there were."""
        return self.refused + self.needs_answer + self.ignored + self.joined + self.in_


class WorstLine(Document):
    """A file, part or table of which not all came in, and why; with what is asked of it."""

    name: str
    state: State
    reason: str
    questions: list[Question] = Field(default_factory=list)


class Account(Document):
    """What became of everything that an import was given.

    complete : nothing was refused or waits for an answer, and every table joined something
    worst : at most 50 lines, the worst first
    """

    files: Sums = Field(default_factory=lambda: Sums.model_validate({}))
    parts: Sums = Field(default_factory=lambda: Sums.model_validate({}))
    rows: Sums = Field(default_factory=lambda: Sums.model_validate({}))
    columns: Sums = Field(default_factory=lambda: Sums.model_validate({}))
    labels: LabelCounts = Field(default_factory=LabelCounts)
    n_cutouts: int = 0
    n_duplicates: int = 0
    n_exposures: int = 0
    complete: bool = True
    sentences: list[str] = Field(default_factory=list)
    worst: list[WorstLine] = Field(default_factory=list)


def sum_up(files: Iterable[ImportFile], folders: Table | None = None) -> Account:
    """The account of all files of an import, and of the folders that were classes."""
    account = Account()
    lines: list[WorstLine] = []
    joined: list[str] = []
    notes: list[list[str]] = []
    masters: Counter[str] = Counter()
    for file in files:
        detail = FileAccount.model_validate(file.detail or {})
        state = cast(State, file.state)
        account.files.add(state)
        account.n_cutouts += file.n_cutouts
        account.n_duplicates += file.n_duplicates
        if detail.taken_for in MASTERS:
            masters[detail.taken_for] += detail.exposures  # none where it still waits for an answer
        else:
            account.n_exposures += detail.exposures
        if state in ("refused", "needs_answer", "ignored"):
            asked = [detail.question] if detail.question is not None else []
            asked += [question for table in detail.tables for question in table.questions]
            lines.append(
                WorstLine(name=file.name, state=state, reason=file.reason, questions=asked)
            )
        for part in detail.parts:
            account.parts.add(part.state, part.n)
            if part.state != "in" and state in ("in", "joined"):
                name = part.name if file.name in part.name else f"{file.name}: {part.name}"
                lines.append(WorstLine(name=name, state=part.state, reason=part.reason))
        for table in detail.tables:
            _add_table(account, table, file.name, state, lines)
            joined += table_sentences(table, file.name)
        notes.append(detail.notes)
    if folders is not None:
        _add_table(account, folders, "folders", "joined", lines)
        joined += table_sentences(folders, "class folders")
    worst = _worst_first(lines)
    account.worst = worst[:WORST]
    cut = [f"{WORST} of {len(worst)} lines are told below"] if len(worst) > WORST else []
    account.complete = not (
        account.files.refused
        or account.files.needs_answer
        or account.parts.refused
        or account.parts.needs_answer
        or account.rows.refused
        or account.rows.needs_answer
        or account.columns.refused
        or account.columns.needs_answer
        or account.labels.refused
        or account.labels.asked
    )
    made = [f"Master {kind} of {counted(n, 'exposure')}" for kind, n in masters.items() if n]
    told = each_kind_once(notes, NOTES)
    account.sentences = [*_what_came_in(account), *made, *joined, *told, *cut]
    return account


def _worst_first(lines: list[WorstLine]) -> list[WorstLine]:
    """The lines in the order of their states; many of one reason are one, with their number."""
    alike: dict[tuple[State, str], list[WorstLine]] = {}
    for line in lines:
        alike.setdefault((line.state, line.reason), []).append(line)
    told: list[WorstLine] = []
    for group in alike.values():
        if len(group) <= ALIKE:
            told += group
            continue
        name = f"{group[0].name} and {len(group) - 1} more"
        told.append(group[0].model_copy(update={"name": name}))
    return sorted(told, key=lambda line: STATES.index(line.state))


def _add_table(
    account: Account, table: Table, name: str, state: State, lines: list[WorstLine]
) -> None:
    rows = table.rows
    for column in table.columns:
        account.columns.add(column.state)
        if column.state in ("refused", "needs_answer") or (
            column.state == "ignored" and column.reason
        ):
            lines.append(
                WorstLine(
                    name=f"{name}: column {column.name}", state=column.state, reason=column.reason
                )
            )
    account.rows.add("joined", rows.joined)
    account.rows.add("refused", rows.refused)
    account.rows.add("ignored", rows.ignored)
    account.rows.add("needs_answer", rows.needs_answer)
    if table.labels is not None:
        for field in LabelCounts.model_fields:
            total = getattr(account.labels, field) + getattr(table.labels, field)
            setattr(account.labels, field, total)
    if state in ("in", "joined"):
        # The examples are in the order of the states, the worst first.
        of_each: list[State] = []
        for each in STATES:
            if each != "in":
                of_each += [each] * min(getattr(rows, each), MAX_EXAMPLES)
        lines += [
            WorstLine(name=name, state=each, reason=example)
            for each, example in zip(of_each, rows.examples, strict=False)
        ]


def _what_came_in(account: Account) -> list[str]:
    files = account.files
    came = files.in_ + files.joined
    of_files = counted(files.given, "file")
    sentence = f"{counted(account.n_cutouts, 'cutout')} from {came} of {of_files}"
    if account.n_exposures:
        sentence += f", {counted(account.n_exposures, 'exposure')}"
    if account.n_duplicates:
        sentence += f"; {counted(account.n_duplicates, 'exact duplicate')}, kept and marked"
    others = [
        f"{n} {words}"
        for words, n in (
            ("refused", files.refused),
            ("waiting for an answer", files.needs_answer),
            ("ignored", files.ignored),
        )
        if n
    ]
    parts = [
        f"{n} {words}"
        for words, n in (
            ("refused", account.parts.refused),
            ("need an answer", account.parts.needs_answer),
        )
        if n
    ]
    return [
        sentence,
        *([f"Files: {', '.join(others)}"] if others else []),
        *([f"Parts of files: {', '.join(parts)}"] if parts else []),
    ]
