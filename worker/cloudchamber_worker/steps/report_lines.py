"""One file on its way into an import's account."""

from collections import Counter
from dataclasses import dataclass, field
from typing import cast, get_args

from cloudchamber.data.accounts import FileAccount, Part, State, TakenFor
from cloudchamber.data.jobs import ImportFile
from cloudchamber_worker.imaging.sandbox import DecodedFile
from cloudchamber_worker.steps.questions import question_of_file

MAX_NOTES = 50  # of a file
MAX_PARTS = 200
SEEN_BEFORE = "was imported before, unchanged: nothing was added"


@dataclass
class Line:
    """What an import has made of one file so far.

    known : images of it that were in the dataset before; `waiting` images are not yet stored
    detected_again : whether an exposure of it that was there has a new detection
    """

    name: str
    state: State = "in"
    reason: str = ""
    n_cutouts: int = 0
    n_duplicates: int = 0
    known: int = 0
    detected_again: bool = False
    account: FileAccount = field(default_factory=FileAccount)

    def refuse_part(self, part: str, reason: str) -> None:
        """Note that a part of the file did not come in, and why."""
        self.account.parts.append(Part(name=part, state="refused", reason=reason))

    def close(self, file: DecodedFile) -> None:
        """Say what became of the file, now that all of it is through."""
        account = self.account
        account.notes = _summed([*file.notes, *account.notes])
        if file.taken_for in get_args(TakenFor):
            account.taken_for = cast(TakenFor, file.taken_for)
        if file.instrument is not None:
            account.taken_for = "instrument_run"
            account.why = f"part of a run of {file.instrument}"
        account.parts += [
            Part(name=part, state="refused", reason=why) for part, why in file.parts_refused
        ] + [Part(name=part, state="ignored", reason=why) for part, why in file.parts_ignored]
        refused = [part for part in account.parts if part.state == "refused"]
        came_in = self.n_cutouts or self.known or account.exposures or account.tables
        if file.question is not None:
            account.question = question_of_file(file.question, file.asks)
            self.reason = file.question
            if came_in:  # what came in stands; the rest waits
                rest = Part(name="the rest", state="needs_answer", reason=file.question)
                account.parts.append(rest)
            else:
                self.state = "needs_answer"
        elif file.ignored is not None:
            self.state, self.reason = "ignored", file.ignored
        elif file.refused is not None:
            self.state, self.reason = ("in" if came_in else "refused"), file.refused
            if came_in:  # what came in stands; what did not is a part that was refused
                self.refuse_part("the rest", file.refused)
        elif refused:
            self.state = "in" if came_in else "refused"
            self.reason = _in_words(refused)
        elif self.known and not self.n_cutouts and not self.detected_again:
            self.state, self.reason = "ignored", SEEN_BEFORE
        account.parts = _fewer(account.parts)

    def row(self, job_id: int, dataset_id: int) -> ImportFile:
        """The line as it is stored."""
        return ImportFile(
            job_id=job_id,
            dataset_id=dataset_id,
            name=self.name,
            state=self.state,
            reason=self.reason,
            n_cutouts=self.n_cutouts,
            n_duplicates=self.n_duplicates,
            detail=self.account.model_dump(mode="json"),
        )


def _summed(notes: list[str]) -> list[str]:
    """Every sentence once, with how often it was said; a file may hold a million images."""
    counted = Counter(notes)
    told = [note if n == 1 else f"{note} ({n} images)" for note, n in counted.items()]
    if len(told) <= MAX_NOTES:
        return told
    return [*told[:MAX_NOTES], f"and {len(told) - MAX_NOTES} other notes of this kind"]


def _fewer(parts: list[Part]) -> list[Part]:
    """At most `MAX_PARTS` by name; those beyond are counted by what became of them and why."""
    rest: Counter[tuple[State, str]] = Counter(
        (part.state, part.reason) for part in parts[MAX_PARTS:]
    )
    if len(rest) > MAX_PARTS:
        rest = Counter((part.state, "for reasons of their own") for part in parts[MAX_PARTS:])
    return parts[:MAX_PARTS] + [
        Part(name=f"{n} more", state=state, reason=reason, n=n)
        for (state, reason), n in rest.items()
    ]


def _in_words(refused: list[Part]) -> str:
    first = f"{refused[0].name}: {refused[0].reason}" if refused[0].name else refused[0].reason
    return first if len(refused) == 1 else f"{first}; and {len(refused) - 1} more parts"
