"""The account of an import: sums that agree with what was given, sentences, the worst first."""

from cloudchamber.data.accounts import (
    FileAccount,
    LabelCounts,
    Part,
    Rows,
    State,
    Table,
    TableColumn,
    each_kind_once,
)
from cloudchamber.data.jobs import ImportFile
from cloudchamber.services.account import sum_up


def line(name: str, state: State = "in", reason: str = "", n: int = 0, **detail) -> ImportFile:
    account = FileAccount(**detail).model_dump(mode="json")
    return ImportFile(
        name=name, state=state, reason=reason, n_cutouts=n, n_duplicates=0, detail=account
    )


def labels(**states: int) -> Table:
    rows = Rows(given=sum(states.values()), examples=["row 3: names no cutout"], **states)
    counts = LabelCounts(
        given=rows.given, new=rows.joined, refused=rows.refused, asked=rows.needs_answer
    )
    return Table(
        role="labels", key="file", label_column="class", rows=rows, labels=counts, cutouts=4, of=9
    )


def test_what_joined_is_said_in_one_sentence_per_table():
    table = Table(
        key="name", rows=Rows(given=492, joined=492), cutouts=492, of=509,
        columns=[
            TableColumn(name="name", state="joined", use="key"),
            *(TableColumn(name=n, state="joined", use="metadata") for n in "abcd"),
        ],
    )  # fmt: skip
    account = sum_up([line("x.png", n=509), line("m.csv", "joined", tables=[table])])
    assert account.complete
    assert account.sentences == [
        "509 cutouts from 2 of 2 files",
        "m.csv: 4 columns on 492 of 509 cutouts by column 'name'",
    ]
    assert (account.columns.joined, account.rows.joined, account.files.joined) == (5, 492, 1)


def test_a_row_that_was_refused_leaves_the_import_incomplete():
    account = sum_up([line("l.csv", "joined", tables=[labels(joined=4, refused=1)])])
    assert not account.complete
    assert account.worst[0].reason == "row 3: names no cutout"
    assert account.sentences[1] == "l.csv: 4 of 5 labels, 1 of 5 rows refused by column 'file'"


def test_a_label_that_asks_leaves_the_import_incomplete():
    account = sum_up([line("l.csv", "needs_answer", tables=[labels(joined=4, needs_answer=2)])])
    assert not account.complete
    assert "2 have another label already: keep or replace?" in account.sentences[2]


def test_a_part_that_was_refused_is_named_though_the_file_is_in():
    parts = [Part(name="a.fits-AMP1", state="in"), Part(name="AMP4", state="refused", reason="cut")]
    account = sum_up([line("a.fits", n=3, parts=parts, exposures=1)])
    assert not account.complete
    assert (account.parts.in_, account.parts.refused) == (1, 1)
    assert [(w.name, w.reason) for w in account.worst] == [("a.fits: AMP4", "cut")]


def test_the_worst_come_first_and_many_of_one_reason_are_one_line():
    before = [line(f"{k}.png", "ignored", "was imported before") for k in range(40)]
    account = sum_up([*before, line("b.png", "refused", "is damaged"), line("c.png", n=1)])
    assert [(w.name, w.state) for w in account.worst] == [
        ("b.png", "refused"),
        ("0.png and 39 more", "ignored"),
    ]
    assert account.files.given == 42


def test_a_label_that_was_refused_leaves_the_import_incomplete():
    table = labels(joined=3)
    assert table.labels is not None
    table.labels.given, table.labels.refused = 4, 1  # its row gave values, but no label
    assert not sum_up([line("l.csv", "joined", tables=[table])]).complete


def test_what_went_into_a_master_is_no_exposure_of_the_dataset():
    masters = [line(f"b{k}.fits", taken_for="bias", exposures=1) for k in range(3)]
    account = sum_up([*masters, line("a.fits", n=55, taken_for="exposure", exposures=1)])
    assert account.sentences == [
        "55 cutouts from 4 of 4 files, 1 exposure",
        "Master bias of 3 exposures",
    ]


def test_notes_of_one_kind_are_told_once_with_the_number_of_files():
    notes = [["its alpha is its mask: 3 of 9"], ["its alpha is its mask: 4 of 9", "odd: x"],
             ["turned"], ["turned", "turned"], []]  # fmt: skip
    told = each_kind_once(notes, 2)
    assert told == [
        "its alpha is its mask (2 files)", "turned (2 files)",
        "and 1 other note, each at its file",
    ]  # fmt: skip
    assert each_kind_once(notes, 3)[-1] == "odd: x"
