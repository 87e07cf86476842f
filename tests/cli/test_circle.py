"""The circle by the command line: crops in, labels, a model, figures, files out."""

import csv
import io
import struct
import time
import zlib

import numpy as np
import pytest

from shells import Shell, wait_for_server

CLASSES = ("dot", "line")


def crop(kind, dice):
    """A dot or a line of random place and length on a faint background."""
    image = dice.integers(0, 12, (24, 24), dtype=np.uint8)
    y, x = dice.integers(5, 19, 2)
    if kind == "dot":
        image[y - 1 : y + 2, x - 1 : x + 2] = 200
    else:
        image[y, 3 : 3 + dice.integers(12, 19)] = 200
    return image


def png(image):
    """An 8-bit grey PNG, written out by hand: the test needs no image library."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    dice = np.random.default_rng(1)
    for number in range(60):
        kind = CLASSES[number % 2]
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"c{number:03}.png").write_bytes(png(crop(kind, dice)))
    return folder


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def served(request, tmp_path_factory):
    """A shell whose commands find one running server."""
    folder = tmp_path_factory.mktemp("served")
    environment = {"CLOUDCHAMBER_DATA_DIR": str(folder / "data")}
    if request.param == "postgres":
        environment["CLOUDCHAMBER_DATABASE_URL"] = request.getfixturevalue("postgres").create()
    shell = Shell(folder, **environment)
    process = shell.start("serve", "--port", 0, "--no-browser")
    wait_for_server(folder / "data", process)
    yield shell
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture(scope="module")
def imported(served, crops):
    ran = served("import", "crops", crops, "--class-folders", "labels", "--json")
    assert ran.code == 0, ran.err
    return ran.json


def test_an_import_reports_what_came_in_and_leaves_a_map(served, imported):
    assert imported["counts"] == {"in": 60}
    assert imported["n_cutouts"] == 60
    assert imported["dataset"]["n_labelled"] == 60
    assert [c["name"] for c in imported["dataset"]["label_set"]["classes"]] == list(CLASSES)
    assert [job["kind"] for job in imported["follow_ups"]] == ["fit_map"]
    assert imported["dataset"]["active_map_job_id"] == imported["follow_ups"][0]["job_id"]


def test_importing_the_same_again_adds_nothing(served, imported, crops):
    again = served("import", "crops", crops, "--class-folders", "labels", "--json")
    assert again.code == 0, again.err
    assert again.json["dataset"]["n_cutouts"] == 60
    assert again.json["counts"] == {"ignored": 60}


def test_a_dry_run_says_what_would_come_in_and_changes_nothing(served, crops, tmp_path):
    (tmp_path / "l.csv").write_text("file,label\nc001.png,line\nnobody.png,dot\n")
    words = ("import", "not yet", crops, "--labels", tmp_path / "l.csv", "--dry-run")
    ran = served(*words, "--json")
    assert ran.code == 3, ran.err
    assert ran.json["sentences"][0] == "60 new cutouts from 61 files"
    assert {c["name"] for c in ran.json["classes"]} == set(CLASSES)
    (table,) = ran.json["tables"]
    assert (table["key"], table["rows"]["joined"], table["rows"]["refused"]) == ("file", 1, 1)
    told = served(*words).out
    assert "a look only, nothing was imported" in told
    assert "--class-folders labels" in told
    assert served("export", "not yet", "--what", "labels", "-o", tmp_path / "x.csv").code == 1


def test_a_table_that_joins_nothing_is_said_with_exit_code_3(served, imported, crops, tmp_path):
    (tmp_path / "l.csv").write_text("name,label\nIMG_1.png,line\nIMG_2.png,dot\n")
    ran = served("label", "crops", "--file", tmp_path / "l.csv", "--json")
    assert ran.code == 3
    (table,) = ran.json["import"]["tables"]
    assert (table["state"], table["rows"]["refused"]) == ("refused", 2)
    assert "IMG_1.png" in table["reason"]


def test_files_of_one_name_are_all_in_with_their_paths(served, tmp_path):
    for k, folder in enumerate(("day1", "day2")):
        (tmp_path / folder / "crops").mkdir(parents=True)
        image = png(crop("dot", np.random.default_rng(k)))
        (tmp_path / folder / "crops" / "1.png").write_bytes(image)
    folders = (tmp_path / "day1" / "crops", tmp_path / "day2" / "crops")
    ran = served("import", "two days", *folders, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["account"]["files"]["in"] == 2
    out = tmp_path / "columns.csv"
    assert served("export", "two days", "--what", "columns", "-o", out).code == 0
    lines = [line.split(",")[:2] for line in out.read_text().splitlines()]
    assert lines == [
        ["name", "path"],
        ["day1/crops/1", "day1/crops/1.png"],
        ["day2/crops/1", "day2/crops/1.png"],
    ]


def test_a_refused_file_is_named_with_its_reason_and_exit_code_3(served, imported, tmp_path):
    (tmp_path / "good.png").write_bytes(png(crop("dot", np.random.default_rng(9))))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    ran = served("import", "mixed", tmp_path / "good.png", tmp_path / "broken.png")
    assert ran.code == 3, ran.err
    assert "broken.png: " in ran.out
    assert "1 cutout from 1 of 2 files" in ran.out


def test_an_import_of_nothing_readable_is_exit_code_3(served, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    ran = served("import", "empty", tmp_path / "broken.png", "--json")
    assert ran.code == 3
    assert [file["name"] for file in ran.json["refused"]] == ["broken.png"]
    assert served("import", "empty", tmp_path / "absent.png").code == 1


def test_labels_come_from_a_file_and_are_counted(served, imported, tmp_path):
    (tmp_path / "labels.csv").write_text("name,label\nc001,line\n")
    words = ("--file", tmp_path / "labels.csv", "--annotator", "Ada", "--json")
    ran = served("label", "crops", *words)
    assert ran.code == 0, ran.err
    counts = {c["name"]: c["n"] for c in ran.json["classes"]}
    assert counts == {"dot": 0, "line": 1}, "Ada's labels, apart from the others'"
    assert "Ada" in served("user", "list").out


@pytest.fixture(scope="module")
def trained(served, imported):
    words = ("--kind", "train_classifier", "--param", "architecture=trees", "--param", "folds=3")
    ran = served("train", "crops", *words, "--param", "novelty_check=false", "--wait", "--json")
    assert ran.code == 0, ran.err
    return ran.json


def test_training_gives_held_out_figures_with_their_spread(served, trained):
    accuracy = trained["model"]["metrics"]["accuracy"]
    assert accuracy["mean"] > 0.8
    assert {"sd", "interval"} <= set(accuracy)
    assert trained["job"]["state"] == "succeeded"


def test_evaluate_compares_with_a_label_file(served, trained, tmp_path):
    lines = [f"c{n:03},{CLASSES[n % 2]}" for n in range(60)]
    (tmp_path / "truth.csv").write_text("\n".join(["name,label", *lines]))
    ran = served("evaluate", "crops", "--labels", tmp_path / "truth.csv", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["n"], ran.json["in_training"]) == (60, 60)
    text = served("evaluate", "crops", "--labels", tmp_path / "truth.csv").out
    assert "60 of these labels were trained on" in text
    assert "label \\ prediction" in text


def test_exports_have_the_documented_columns(served, trained, tmp_path):
    heads = {
        "labels": ["name", "path", "label"],
        "predictions": ["name", "path", "label", "probability", *CLASSES],
        "map": ["name", "path", "x", "y", "cluster"],
    }
    for what, head in heads.items():
        file = tmp_path / f"{what}.csv"
        ran = served("export", "crops", "--what", what, "--format", "csv", "-o", file)
        assert ran.code == 0, ran.err
        rows = list(csv.reader(io.StringIO(file.read_text())))
        assert rows[0] == head
        assert len(rows) == 61
    ran = served("export", "crops", "--what", "columns", "-o", "-")
    assert ran.out.startswith("name,")
    assert served("export", "crops", "--what", "embedding", "-o", tmp_path / "e.npy").code == 0
    assert np.load(tmp_path / "e.npy").shape[0] == 60


def test_what_cannot_be_done_is_a_sentence(served, trained):
    ran = served("train", "absent")
    assert ran.code == 1
    assert "There is no dataset 'absent'" in ran.err
    assert "crops" in ran.err
    ran = served("train", "crops", "--param", "folds=1")
    assert ran.code == 1
    assert "folds" in ran.err


def test_without_wait_a_job_is_only_queued(served, trained):
    ran = served("train", "crops", "--kind", "fit_map", "--json")
    assert ran.code == 0
    assert ran.json["state"] == "queued"


@pytest.mark.slow
def test_a_command_starts_and_ends_its_own_server(shell, crops, tmp_path):
    from cloudchamber.running import find_server

    data = tmp_path / "own"
    ran = shell("import", "crops", crops, "--data", data, seconds=280)
    assert ran.code == 0, ran.err
    assert "60 cutouts from 60 of 60 files" in ran.out
    assert find_server(data) is None


@pytest.mark.slow
def test_control_c_cancels_what_it_waits_for(served, imported):
    import signal

    words = ("--kind", "train_autoencoder", "--param", "epochs=2000", "--wait")
    process = served.start("train", "crops", *words)
    time.sleep(15)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Cancelling" in err
