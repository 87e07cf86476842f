"""Labels and metadata of an import: every row, column and label ends somewhere, and is counted."""

import io
import json
import unicodedata
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from cloudchamber.data import (
    columns,
    cutouts,
    datasets,
    jobs,
    label_sets,
    labels,
    leases,
    people,
)
from cloudchamber.data.accounts import Table
from cloudchamber.data.job_requests import Joining
from cloudchamber.data.names import Names, tidy
from cloudchamber_worker.imaging.sandbox import Item
from cloudchamber_worker.imaging.tables import read_tables
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.report_lines import Line


@dataclass
class Joiner:
    """Joins tables given as bytes to cutouts given as paths, in one dataset."""

    importer: Any  # the fixture of `conftest`

    @property
    def database(self):
        return self.importer.database

    @property
    def dataset_id(self) -> int:
        return self.importer.dataset_id

    def cutouts(self, *paths: str) -> None:
        made = [
            cutouts.NewCutout(tidy(path), np.full((5, 6), k, np.uint16))
            for k, path in enumerate(paths)
        ]
        with self.database.write() as session:
            cutouts.append_cutouts(session, self.dataset_id, made)

    def tables(self, **params) -> Tables:
        with self.database.write() as session:
            who = people.person_named(session, "tester")
            job_id = jobs.add_job(
                session, kind="import_files", queue="cpu", dataset_id=self.dataset_id, params={},
                key=str(uuid.uuid4()), created_by=who.id,
            ).id  # fmt: skip
        with self.database.write() as session:
            lease = leases.claim(session, job_id, owner="test", seconds=60.0, max_attempts=9)
        assert lease is not None
        job = JobContext(self.database, lease, lambda _: None)
        return Tables(job, Joining.model_validate(params))

    def run(self, data: bytes | str, role: str = "data", kind: str = "text", **params) -> Line:
        """Join one file; its line says what became of it."""
        tables = self.tables(**params)
        line = Line("t")
        for read in read_tables(data.encode() if isinstance(data, str) else data, kind, "t"):
            tables.add(line, Item("table", "t", table=read.table, about=read.about()), role)
        tables.join()
        return line


@pytest.fixture
def joiner(importer) -> Joiner:
    """A dataset of four cutouts."""
    made = Joiner(importer)
    made.cutouts("roi_0.png", "roi_1.png", "roi_2.png", "roi_3.png")
    return made


@pytest.fixture
def empty(importer) -> Joiner:
    """A dataset without cutouts."""
    return Joiner(importer)


def account(line: Line) -> Table:
    """The account of the only table of a file; its sums agree."""
    (table,) = line.account.tables
    rows = table.rows
    assert rows.joined + rows.refused + rows.ignored + rows.needs_answer == rows.given
    if table.labels is not None:
        n = table.labels
        assert n.new + n.same + n.replaced + n.kept + n.asked + n.refused == n.given
    return table


def labels_of(importer, person: str | None = "tester") -> dict[str, str]:
    """Class by name of cutout: one person's labels, or (None) what most say."""
    with importer.database.read() as session:
        dataset = datasets.get_dataset(session, importer.dataset_id)
        label_set = label_sets.get_label_set(session, dataset.label_set_id)
        by_id = {c.id: c.name for c in label_set.all_classes}
        who = None if person is None else people.find_person(session, person)
        if person is not None and who is None:
            return {}
        ids = labels.current(session, importer.dataset_id, who and who.id).class_id
        names = cutouts.names(session, importer.dataset_id)
        return {n: by_id[int(i)] for n, i in zip(names, ids, strict=True) if i}


def values(importer, name: str) -> list:
    with importer.database.read() as session:
        (column,) = columns.find_columns(session, importer.dataset_id, "metadata", names=[name])
        read = columns.read_column(session, column).tolist()
        return (
            [column.categories[k] if k >= 0 else None for k in read] if column.categories else read
        )


def columns_there(importer) -> set[str]:
    with importer.database.read() as session:
        return {c.name for c in columns.find_columns(session, importer.dataset_id, "metadata")}


def states(table: Table) -> dict[str, str]:
    return {c.name: c.state for c in table.columns}


@pytest.mark.parametrize("column", ["label", "area"])
def test_a_table_that_meets_no_cutout_is_refused_and_never_joined_by_its_numbers(empty, column):
    empty.cutouts("5.png", "7.png")
    cells = {"label": ("muon", "muon"), "area": ("5", "7")}[column]
    line = empty.run(f"filename,{column}\nIMG_0.png,{cells[0]}\nIMG_1.png,{cells[1]}\n")
    assert line.state == "refused"
    assert line.reason == "names no cutout of this dataset: e.g. IMG_0.png, IMG_1.png"
    assert account(line).rows.refused == 2
    assert columns_there(empty) == set()
    assert labels_of(empty) == {}


def test_a_table_whose_names_are_all_ambiguous_says_how_many_each_meets(empty):
    empty.cutouts("d1/a.png", "d2/a.png", "d1/b.png", "d2/b.png", "d3/b.png")
    line = empty.run("file,label\na.png,muon\nb.png,muon\nz.png,muon\n")
    told = account(line)
    assert line.state == "refused"
    assert (told.key, told.rows.refused) == ("file", 3)
    assert line.reason == (
        "joins nothing: "
        "2 of 3 rows name several cutouts (row 2: a.png may mean 2 cutouts); "
        "1 of 3 rows name no cutout of this dataset (row 4: z.png); "
        "bring its names with their folders"
    )
    assert "row 3: name several cutouts: b.png may mean 3 cutouts" in told.rows.examples
    assert labels_of(empty) == {}


def test_a_table_that_joins_nothing_says_also_what_was_refused_as_read(empty):
    empty.cutouts("a.png", "b.png")
    document = {
        "images": [{"id": k, "file_name": n} for k, n in enumerate(["a.png", "b.png", "gone.png"])],
        "categories": [{"id": 3, "name": "muon"}, {"id": 5, "name": "worm"}],
        "annotations": [
            {"image_id": i, "category_id": c} for i, c in [(0, 3), (0, 5), (1, 9), (2, 3)]
        ],
    }
    line = empty.run(json.dumps(document), "labels")
    assert line.reason == (
        "joins nothing: 1 of 3 rows name no cutout of this dataset (row 3: gone.png); "
        "2 of 3 rows are refused as read (row 1 a.png has 2 classes (muon, worm))"
    )
    assert "row 2: b.png has the unlisted category 9" in account(line).rows.examples


@pytest.mark.parametrize("sure", ["probability", "Confidence"])
def test_predictions_beside_the_images_label_nothing_unless_given_as_labels(empty, sure):
    """Also those that the program exported itself."""
    empty.cutouts("a.png", "b.png")
    table = f"name,path,label,{sure},muon\na,a.png,muon,0.9,0.9\nb,b.png,worm,0.6,0.4\n"
    told = account(empty.run(table, "data"))
    assert labels_of(empty) == {}
    assert "label (metadata)" in columns_there(empty)
    assert f"label stands beside {sure}, as a model's predictions do" in told.notes[0]
    empty.run(table, "labels")
    assert set(labels_of(empty).values()) == {"muon", "worm"}


def test_of_two_columns_of_names_the_exact_one_is_the_key(empty):
    empty.cutouts("muon/a.png", "worm/b.png")
    table = "path,file,label\nrun7/a.png,muon/a.png,muon\nrun8/b.png,worm/b.png,worm\n"
    told = account(empty.run(table))
    assert (told.key, told.rows.joined) == ("file", 2)
    assert not any("file name alone" in note for note in told.notes)


def test_every_row_and_column_of_metadata_is_accounted_for(joiner):
    table = (
        b"file,area,big,site,file2,width\nroi_0.png,1.5,a,x,roi_0.png,3\nroi_1,2.5,b,y,roi_1.png,4\n"
        b"roi_9.png,3,c,z,roi_9.png,5\nroi_2.png\n,4,d,x,,6\n"
    )
    line = joiner.run(table, "metadata")
    told = account(line)
    assert (line.state, told.key, told.cutouts, told.of) == ("joined", "file", 2, 4)
    assert (told.rows.given, told.rows.joined, told.rows.refused) == (5, 2, 3)
    assert "1 of 5 rows name no cutout of this dataset (row 4: roi_9.png)" in line.reason
    assert any("row 5: has 1 cells" in text for text in told.rows.examples)
    assert values(joiner, "area")[:2] == [1.5, 2.5]
    assert np.isnan(values(joiner, "area")[2:]).all()
    assert values(joiner, "site") == ["x", "y", None, None]
    assert values(joiner, "width (metadata)")[0] == 3
    assert {c.name: c.on for c in told.columns if c.state == "joined"} == {
        "file": 0, "area": 2, "big": 2, "site": 2, "file2": 2, "width": 2,
    }  # fmt: skip


def test_a_corrected_column_asks_keeps_or_replaces_and_fills_gaps(joiner):
    joiner.run(b"name,m,k\nroi_0,1,a\nroi_1,2,b\n", "metadata")
    again = b"name,m,k\nroi_0,1,a\nroi_1,2.5,c\nroi_2,3,d\n"
    asked = joiner.run(again, "metadata")
    told = account(asked)
    assert asked.state == "needs_answer"
    each = "m: 1 cutout has another value already; k: 1 cutout has another value already"
    assert f"{each}: keep or replace?" in asked.reason
    assert (told.rows.joined, told.rows.needs_answer) == (2, 1)
    assert values(joiner, "m")[:3] == [1, 2, 3]
    assert values(joiner, "k") == ["a", "b", "d", None]
    kept = joiner.run(again, "metadata", existing_values="keep")
    assert (kept.state, values(joiner, "m")[1]) == ("joined", 2)
    joiner.run(again, "metadata", existing_values="replace")
    assert values(joiner, "m")[:3] == [1, 2.5, 3]
    assert values(joiner, "k") == ["a", "c", "d", None]
    same = joiner.run(again, "metadata")
    assert (same.state, account(same).rows.joined) == ("joined", 3)


def test_a_column_of_another_type_or_unit_is_refused_with_a_word(joiner):
    joiner.run(b"name,m,p\nroi_0,1,5%\n", "metadata")
    told = account(joiner.run(b"name,m,p\nroi_0,big,5%\nroi_1,small,7%\n", "metadata"))
    (column,) = [c for c in told.columns if c.name == "m"]
    assert column.state == "refused"
    assert "holds numbers, this one words" in column.reason
    assert values(joiner, "p")[:2] == [5, 7]


def test_rows_that_contradict_each_other_are_refused_and_equal_ones_count_once(empty):
    names = [f"c{k:04d}.png" for k in range(12)]
    rows = "".join(f"{n},{k}\n" for k, n in enumerate(names))
    table = f"file,v\n{rows}c0000.png,0\nc0001.png,99\n"
    empty.cutouts(*names)
    told = account(empty.run(table, "metadata"))
    assert (told.rows.joined, told.rows.ignored, told.rows.refused) == (11, 1, 2)
    assert np.isnan(values(empty, "v")[1])
    assert any("rows 3, 15" in text for text in told.rows.examples)


def test_names_meet_by_case_unicode_folder_and_upload_and_ambiguous_ones_are_refused(empty):
    decomposed = unicodedata.normalize("NFD", "Malmö.png")
    empty.cutouts(decomposed, "B.PNG", "d1/a.png", "d2/a.png", "e.png")
    table = (
        "file,label\nMalmö.png,k0\nb.png,k1\nd2/a.png,k2\na.png,k3\n"
        "/data/upload/3/0123abcd-e.png,k4\n"
    )
    line = empty.run(table, "labels")
    told = account(line)
    assert sorted(labels_of(empty).values()) == ["k0", "k1", "k2", "k4"]
    assert (told.rows.joined, told.rows.refused) == (4, 1)
    assert "name several cutouts" in line.reason
    assert any("1 row joined though upper and lower case differ" in n for n in told.notes)


def test_classes_that_differ_by_spelling_are_one_and_bad_rows_cost_themselves(joiner):
    table = (
        "name,label\nroi_0,Muon track\nroi_1,muon_track\nroi_2,-\nroi_3," + "x" * 101 + "\n"
        "roi_9,muon\n"
    )
    line = joiner.run(table.encode(), "labels")
    told = account(line)
    assert labels_of(joiner) == {"roi_0": "Muon track", "roi_1": "Muon track"}
    assert told.labels is not None
    assert (told.labels.given, told.labels.new, told.labels.refused) == (5, 2, 3)
    assert line.state == "joined"
    assert any("Muon track, muon_track are one class" in n for n in told.notes)
    for words in ("have no class", "more than 100 characters", "name no cutout"):
        assert words in line.reason


def test_classes_beyond_the_limit_cost_the_rows_of_the_rarest(empty):
    names = [f"c{k:03d}.png" for k in range(204)]
    rows = "".join(f"{n},{'often' if k < 3 else f'class {k}'}\n" for k, n in enumerate(names))
    empty.cutouts(*names)
    line = empty.run(f"name,label\n{rows}", "labels")
    told = account(line)
    assert told.labels is not None
    assert (told.labels.new, told.labels.refused) == (202, 2)
    assert "beyond the 200 most frequent ones" in line.reason


def test_every_annotator_keeps_their_own_labels(joiner):
    table = (
        b"name,annotator,label\nroi_0,anna,muon\nroi_0,bert,electron\nroi_1,anna,muon\n"
        b"roi_1,anna,electron\nroi_2,bert,muon\nroi_2,bert,muon\n"
    )
    told = account(joiner.run(table, "labels"))
    assert labels_of(joiner, "anna") == {"roi_0": "muon"}
    assert labels_of(joiner, "bert") == {"roi_0": "electron", "roi_2": "muon"}
    assert labels_of(joiner, "tester") == {}
    assert told.annotator_column == "annotator"
    assert told.labels is not None
    assert (told.labels.new, told.labels.same, told.labels.refused) == (3, 1, 2)
    assert any("muon in row 4, electron in row 5" in text for text in told.rows.examples)


def test_a_corrected_label_file_asks_keeps_or_replaces(joiner):
    joiner.run(b"name,label\nroi_0,muon\nroi_1,muon\n", "labels")
    again = b"name,label\nroi_0,electron\nroi_1,muon\nroi_2,muon\n"
    asked = joiner.run(again, "labels")
    counts = account(asked).labels
    assert counts is not None
    assert (asked.state, counts.asked, counts.same, counts.new) == ("needs_answer", 1, 1, 1)
    assert asked.reason == "1 cutout has another label already: keep or replace?"
    assert labels_of(joiner) == {"roi_0": "muon", "roi_1": "muon", "roi_2": "muon"}
    kept = account(joiner.run(again, "labels", existing_labels="keep"))
    assert kept.labels is not None
    assert (kept.state, kept.labels.kept) == ("joined", 1)
    joiner.run(again, "labels", existing_labels="replace")
    assert labels_of(joiner)["roi_0"] == "electron"
    same = joiner.run(again, "labels")
    assert (same.state, same.reason) == ("joined", "")
    counts = account(same).labels
    assert counts is not None
    assert counts.same == 3


def test_a_table_of_labels_without_a_class_column_asks_with_the_candidates(joiner):
    table = b"name,who,what\nroi_0,anna,muon\nroi_1,bert,electron\n"
    line = joiner.run(table, "labels")
    assert line.state == "needs_answer"
    assert line.reason == "Which column holds the class?"
    (asked,) = line.account.tables[0].questions
    assert [(a.param, a.value) for a in asked.answers] == [
        ("label_column", "who"),
        ("label_column", "what"),
    ]
    assert account(line).rows.needs_answer == 2
    named = {"label_column": "what", "annotator_column": "who", "key": "name"}
    assert joiner.run(table, "labels", **named).state == "joined"
    assert labels_of(joiner, "anna") == {"roi_0": "muon"}
    wrong = joiner.run(table, "labels", key="nowhere")
    assert (wrong.state, wrong.reason) == (
        "refused", "has no column nowhere: it has name, who, what",
    )  # fmt: skip


def test_class_folders_of_one_name_are_one_class_and_images_outside_are_counted(empty):
    paths = ("p/Dust/a.png", "p/dust /b.png", "p/pollen/c.png", "d.png")
    empty.cutouts(*paths)
    tables = empty.tables(class_folders="labels")
    for path in paths:
        tables.note_crop(path, path.split("/")[-2] if "/" in path else None)
    tables.join()
    assert sorted(labels_of(empty).values()) == ["Dust", "Dust", "pollen"]
    assert tables.folders is not None
    assert tables.folders.labels is not None
    assert tables.folders.labels.new == 3
    assert "1 image lies in no folder: no label" in tables.folders.notes


def test_a_preview_gives_the_same_account_and_writes_nothing(joiner):
    data = b"name,label,area\nroi_0,muon,1\nroi_9,muon,2\n"
    tables = joiner.tables()
    (read,) = read_tables(data, "text", "t")
    tables.add_table(read)
    with joiner.database.read() as session:
        names = Names(cutouts.paths(session, joiner.dataset_id))
    (before,) = tables.preview(names)
    assert labels_of(joiner) == {}
    assert columns_there(joiner) == set()
    assert before == account(joiner.run(data))


def test_more_texts_than_categories_may_be_are_left_out_with_a_word(empty):
    names = [f"c{k:04d}.png" for k in range(1001)]
    empty.cutouts(*names)
    rows = "".join(f"{n},text {k}\n" for k, n in enumerate(names))
    told = account(empty.run(f"file,note\n{rows}", "metadata"))
    (column,) = [c for c in told.columns if c.name == "note"]
    assert (column.state, column.column) == ("ignored", None)
    assert "1001 different texts" in column.reason


def test_a_table_among_the_images_gives_labels_and_columns(joiner):
    told = account(joiner.run(b"name,label,area\nroi_0,muon,1\nroi_1,,2\n"))
    assert labels_of(joiner) == {"roi_0": "muon"}
    assert values(joiner, "area")[:2] == [1, 2]
    assert states(told) == {"name": "joined", "label": "joined", "area": "joined"}
    assert told.labels is not None
    assert (told.labels.given, told.labels.new, told.rows.joined) == (1, 1, 2)


def test_labels_without_a_header_lose_no_row(joiner):
    joiner.run(b"roi_0,muon\nroi_1,electron\n", "labels")
    assert labels_of(joiner) == {"roi_0": "muon", "roi_1": "electron"}


@pytest.mark.parametrize("form", ["votes", "soft", "voters"])
def test_votes_are_judgements_of_several_annotators(joiner, form):
    table = {
        "votes": b"name,votes muon,votes electron\nroi_0,2,1\nroi_1,0,1\n",
        "soft": b"name,muon,electron\nroi_0,0.66,0.34\nroi_1,0.0,1.0\n",
        "voters": b"name,anna,bert,carl\nroi_0,muon,muon,electron\nroi_1,,electron,\n",
    }[form]
    line = joiner.run(table, "labels")
    counts = account(line).labels
    assert line.state == "joined"
    assert counts is not None
    assert counts.new == {"votes": 4, "soft": 20, "voters": 4}[form]
    assert labels_of(joiner, None) == {"roi_0": "muon", "roi_1": "electron"}
    first = {"votes": "vote 1", "soft": "vote 1", "voters": "anna"}[form]
    assert labels_of(joiner, first)["roi_0"] == "muon"


def test_the_seeds_array_joins_by_index(joiner):
    out = io.BytesIO()
    np.save(out, np.array([[0, 1, 9, 2], [3, 1, 1, 77]]))
    line = joiner.run(out.getvalue(), "labels", "npy")
    assert labels_of(joiner) == {"roi_0": "muon", "roi_1": "X-ray"}
    assert account(line).rows.refused == 2
    assert "an index beyond the dataset" in line.reason


# ── what nothing may be said about in silence ────────────────────────────────────────────────


def test_a_sum_of_votes_is_no_class(joiner):
    line = joiner.run("name,muon,worm,total\nroi_0,3,2,5\nroi_1,1,1,2\n", role="labels")
    table = account(line)

    assert table.labels is not None
    assert table.labels.given == table.labels.new == 7
    assert any("total is taken for a sum of votes" in note for note in table.notes)


def test_a_column_asked_for_as_the_class_labels_whatever_it_is_called(joiner):
    table = account(joiner.run("name,sort,q\nroi_0,muon,1\nroi_1,worm,2\n", label_column="sort"))

    assert table.labels is not None
    assert (table.label_column, table.labels.new) == ("sort", 2)


def test_rows_without_a_class_are_said_where_the_table_describes_too(joiner):
    table = account(joiner.run("name,label,q\nroi_0,,1\nroi_1,NA,2\nroi_2,muon,3\n"))

    assert table.labels is not None
    assert (table.rows.joined, table.labels.given, table.labels.new) == (3, 1, 1)
    assert any("2 of 3 rows have no class" in note for note in table.notes)


def test_numbers_of_runs_are_no_names(joiner):
    joiner.cutouts("1.png", "2.png")
    line = joiner.run("run_id,area\n1,10\n2,20\n")

    assert line.state == "refused"


def test_values_that_a_corrected_table_lacks_are_kept_and_said(joiner):
    joiner.run("name,q\nroi_0,1\nroi_1,2\n")
    table = account(joiner.run("name,q\nroi_0,\nroi_1,2\n", existing_values="replace"))

    (column,) = [c for c in table.columns if c.name == "q"]
    assert column.reason == "1 cutout keeps its values where this table has none"


def test_texts_on_no_cutout_do_not_count_against_a_column(joiner):
    rows = "".join(f"q{k},u{k}\n" for k in range(1_001))
    table = account(joiner.run(f"name,t\nroi_0,x\nroi_1,y\n{rows}"))

    assert [c.on for c in table.columns if c.name == "t"] == [2]


def test_columns_of_a_table_that_waits_for_an_answer_are_counted(joiner):
    table = account(joiner.run("name,class_id\nroi_0,0\nroi_1,1\n", role="labels"))

    assert [c.state for c in table.columns] == ["needs_answer", "needs_answer"]
