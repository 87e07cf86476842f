"""One file on its way into an import's account."""

from dataclasses import dataclass, field

from cloudchamber.data.accounts import FileAccount, Part, State
from cloudchamber.data.jobs import ImportFile
from cloudchamber_worker.imaging.sandbox import DecodedFile

SEEN_BEFORE = "was imported before, unchanged: nothing was added"


@dataclass
class Line:
    """What an import has made of one file so far.

    known : images of it that were in the dataset before; `waiting` images are not yet stored
    """

    name: str
    state: State = "in"
    reason: str = ""
    n_cutouts: int = 0
    n_duplicates: int = 0
    known: int = 0
    account: FileAccount = field(default_factory=FileAccount)

    def refuse_part(self, part: str, reason: str) -> None:
        """Note that a part of the file did not come in, and why."""
        self.account.parts.append(Part(name=part, state="refused", reason=reason))

    def close(self, file: DecodedFile) -> None:
        """Say what became of the file, now that all of it is through."""
        account = self.account
        account.notes = [*file.notes, *account.notes]
        if file.instrument is not None:
            account.taken_for = "instrument_run"
            account.why = f"part of a run of {file.instrument}"
        account.parts += [
            Part(name=part, state="refused", reason=why) for part, why in file.parts_refused
        ] + [Part(name=part, state="ignored", reason=why) for part, why in file.parts_ignored]
        if file.instrument is not None:
            account.taken_for = "instrument_run"
        refused = [part for part in account.parts if part.state == "refused"]
        came_in = self.n_cutouts or self.known or account.exposures or account.tables
        if file.question is not None and not came_in:
            account.question = self.reason = file.question
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
        elif self.known and not self.n_cutouts:
            self.state, self.reason = "ignored", SEEN_BEFORE

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


def _in_words(refused: list[Part]) -> str:
    first = f"{refused[0].name}: {refused[0].reason}" if refused[0].name else refused[0].reason
    return first if len(refused) == 1 else f"{first}; and {len(refused) - 1} more parts"
