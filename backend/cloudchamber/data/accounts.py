"""The account of an import: what became of every file, part, row and column that was given.

One `Line` per file or archive member (table ``import_file``), with its parts and tables inside.
Nothing that was given is missing from it, so its sums agree with what was brought.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["in", "joined", "refused", "ignored", "needs_answer"]
STATES: tuple[State, ...] = ("refused", "needs_answer", "ignored", "joined", "in")  # worst first
TakenFor = Literal[
    "exposure", "crop", "hit_list", "labels", "metadata", "bias", "dark", "defect_mask",
    "instrument_run", "archive", "unknown",
]  # fmt: skip
MAX_EXAMPLES = 20


class Document(BaseModel):
    """What all parts of an account share: unknown fields are a mistake of the writer."""

    model_config = ConfigDict(extra="forbid")


class Answer(Document):
    """One way to answer a question: the import's parameter `param` takes `value`; `role` is that
    of the file's upload."""

    caption: str
    param: str
    value: str


class Question(Document):
    """What the program cannot know."""

    text: str
    answers: list[Answer] = Field(default_factory=list)


class Part(Document):
    """An HDU, page, frame or plane of a file that did not simply come in.

    n : how many it stands for, where a file has very many
    """

    name: str
    state: State
    reason: str = ""
    n: int = 1


class Rows(Document):
    """The rows of a table; ``joined + refused + ignored + needs_answer == given``.

    examples : at most `MAX_EXAMPLES` sentences, each naming a row by its number in the file
    """

    given: int = 0
    joined: int = 0
    refused: int = 0
    ignored: int = 0
    needs_answer: int = 0
    examples: list[str] = Field(default_factory=list)


class TableColumn(Document):
    """A column of a table.

    column : what it is called in the dataset, where it became one
    on : cutouts that got a value from it
    """

    name: str
    state: State
    use: Literal["key", "label", "annotator", "weight", "metadata", ""] = ""
    column: str | None = None
    on: int = 0
    reason: str = ""


class LabelCounts(Document):
    """The labels of a table; the sums agree with `given`.

    new : where the annotator had none · same : equal to what was there · replaced, kept : where
    another was there, by what was asked · asked : the same, nothing having been asked ·
    refused : unusable rows (no such cutout, empty or impossible class …)
    """

    given: int = 0
    new: int = 0
    same: int = 0
    replaced: int = 0
    kept: int = 0
    asked: int = 0
    refused: int = 0


class Table(Document):
    """What became of one table of a file (a sheet, an HDU, the file itself).

    of : cutouts of the dataset
    """

    title: str = ""
    format: str = ""
    role: Literal["labels", "metadata"] = "metadata"
    why: str = ""
    key: str | None = None
    label_column: str | None = None
    annotator_column: str | None = None
    state: State = "joined"
    reason: str = ""
    rows: Rows = Field(default_factory=Rows)
    columns: list[TableColumn] = Field(default_factory=list)
    labels: LabelCounts | None = None
    cutouts: int = 0
    of: int = 0
    notes: list[str] = Field(default_factory=list)
    questions: list[Question] = Field(default_factory=list)


class FileAccount(Document):
    """What an import says of one file beside its state and reason.

    question : what the person has to answer before the file, or the rest of it, comes in; what
        its tables ask stands there
    notes : what was done to it that changes what is seen (turned, cast, counted …)
    """

    taken_for: TakenFor = "unknown"
    why: str = ""
    exposures: int = 0
    parts: list[Part] = Field(default_factory=list)
    tables: list[Table] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    question: Question | None = None


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number and what it counts: "1 cutout has", "2 cutouts have"; `many` is `one` and an s."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def each_kind_once(notes_of_files: Iterable[Sequence[str]], most: int) -> list[str]:
    """Notes on many files, each kind once with the number of files it was said of, the commonest
    first; notes that differ behind a colon alone are of one kind.
    """
    files: Counter[str] = Counter()
    texts: dict[str, set[str]] = defaultdict(set)
    for notes in notes_of_files:
        files.update({note.partition(": ")[0] for note in notes})
        for note in notes:
            texts[note.partition(": ")[0]].add(note)
    told = []
    for kind, n in files.most_common(most):
        text = next(iter(texts[kind])) if len(texts[kind]) == 1 else kind
        told.append(text if n == 1 else f"{text} ({n} files)")
    more = len(files) - most
    rest = f"and {counted(more, 'other note', 'other notes')}, each at its file"
    return [*told, *([rest] if more > 0 else [])]


def of_labels(counts: LabelCounts) -> str:
    """The labels of a table in a sentence's half: "306 of 306 labels"."""
    joined = counts.new + counts.same + counts.replaced
    return f"{joined} of {counts.given} labels"


def of_columns(table: Table) -> str | None:
    """The columns that joined: "4 columns on 492 of 509 cutouts"; None where none was offered."""
    offered = [c for c in table.columns if c.use == "metadata"]
    if not offered:
        return None
    joined = [c for c in offered if c.state == "joined"]
    return f"{counted(len(joined), 'column')} on {table.cutouts} of {table.of} cutouts"


def table_sentences(table: Table, file_name: str) -> list[str]:
    """What a table joined, and what of it did not; then how it was read."""
    halves = []
    if table.labels is not None:
        halves.append(of_labels(table.labels))
        if table.labels.asked:
            verb = counted(table.labels.asked, "has", "have")
            halves.append(f"{verb} another label already: keep or replace?")
        if table.labels.kept:
            halves.append(f"{table.labels.kept} kept as they were")
        if table.labels.replaced:
            halves.append(f"{table.labels.replaced} replaced")
    if (columns := of_columns(table)) is not None:
        halves.append(columns)
    rows = table.rows
    for n, word in ((rows.refused, "refused"), (rows.ignored, "ignored")):
        if n:
            halves.append(f"{n} of {rows.given} rows {word}")
    apart = table.title and table.title not in file_name
    title = f"{file_name} ({table.title})" if apart else file_name
    by = f" by column {table.key!r}" if table.key else ""
    what = ", ".join(halves) or f"{rows.joined} of {rows.given} rows"
    read = f" (read as {table.format})" if table.format else ""
    first = f"{title}: {what}{by}{read}" + (f"; {table.reason}" if table.reason else "")
    return [first, *(f"{title}: {note}" for note in table.notes)]
