"""Runs of FlowCam, IFCB and EcoTaxa come in as the particles they hold, all files accounted for."""

import io
import tarfile
import zipfile

import numpy as np
import pytest

from cloudchamber_worker.imaging import sandbox
from imaging.instrument_files import (
    BOXES,
    FIELDS,
    RUN,
    areas,
    collage_and_mask,
    flowcam,
    ifcb,
    particle_list,
    png,
    row,
    tiff,
    tsv,
)


@pytest.fixture
def opened(tmp_path):
    """Decode files as one archive: the decoded files by name, each with its items."""

    def run(files: dict[str, bytes], name: str = "set.zip", parcel: bool = False):
        path = tmp_path / "upload"
        with path.open("wb") as out:
            if name.endswith(".zip"):
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                    for member, data in files.items():
                        archive.writestr(member, data)
            else:
                with tarfile.open(fileobj=out, mode="w") as archive:
                    for member, data in files.items():
                        info = tarfile.TarInfo(member)
                        info.size = len(data)
                        archive.addfile(info, io.BytesIO(data))
        with path.open("rb") as stream:
            found = [(f, list(f.items)) for f in sandbox.decode(stream, name, parcel=parcel)]
        assert len({f.name for f, _ in found}) == len(found)
        return {f.name: (f, items) for f, items in found}

    return run


def crops(found) -> dict:
    return {i.name: i for _, items in found.values() for i in items if i.kind == "crop"}


def table(found):
    (item,) = [i for _, items in found.values() for i in items if i.kind == "table"]
    return item


@pytest.mark.parametrize(
    ("name", "parcel", "before"),
    [("set.zip", False, "set.zip/"), ("a.tar", False, "a.tar/"), ("files-0.tar", True, "")],
)
def test_a_flowcam_run_comes_in_as_its_particles(opened, name, parcel, before):
    found = opened(flowcam(), name, parcel)
    image, mask = collage_and_mask()
    came = crops(found)
    assert len(came) == 6
    for k, (x, y, w, h) in enumerate(BOXES):
        crop = came[f"{before}water-1/{RUN}_{k + 4:08X}-FD7F-44E5-9696-CF9BB1C802B8.png"]
        assert np.array_equal(crop.pixels, image[y : y + h, x : x + w] + 1)
        assert np.array_equal(crop.mask, mask[y : y + h, x : x + w] > 0)
        assert (crop.about["um_per_px"], crop.about["folder"]) == (0.5544, "water-1")


def test_a_flowcam_runs_table_holds_every_field_by_the_cutouts_path(opened):
    found = opened(flowcam())
    item = table(found)
    assert item.table.column_names == ["path", *FIELDS]
    assert set(item.table["path"].to_pylist()) == set(crops(found))
    assert item.table["id"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert item.table["raw_area"].to_pylist() == areas() * 2
    assert item.table["timestamp"][0].as_py() == "2024-04-08T11:11:01.303"
    about = item.about
    assert (about["key"], about["role"], about["refused_rows"]) == ("path", "metadata", [])
    assert about["rows"] == 14
    assert about["units"]["raw_area"] == "px²"
    assert about["units"]["abd_area"] == "µm²"
    assert about["notes"] == [f"6 of 6 particles of the FlowCam run {RUN}"]


def test_every_file_of_a_flowcam_run_is_accounted_for(opened):
    found = opened(flowcam())
    assert {f.name.rsplit("/", 1)[-1] for f, _ in found.values()} == {
        n.rsplit("/", 1)[-1] for n in flowcam()
    }
    assert {f.instrument for f, _ in found.values()} == {"FlowCam"}
    assert not [f.name for f, _ in found.values() if f.refused]
    ignored = {f.name.rsplit("/", 1)[-1] for f, _ in found.values() if f.ignored}
    assert ignored == {
        f"{RUN}.csv", f"{RUN}_summary.csv", f"{RUN}_run_summary.txt", f"{RUN}.edg", f"{RUN}.cla",
        "cal_image_000001.tif",
    }  # fmt: skip
    used = [f for f, items in found.values() if not items and not f.ignored]
    assert len(used) == 3  # two files of masks and the settings
    assert all(f.notes for f in used)


def test_what_is_wrong_with_one_particle_costs_that_one_and_names_it(opened):
    files = flowcam(collages=1)
    name = f"{RUN}_000001.tif"
    whole = [row(k + 1, b, a, name) for k, (b, a) in enumerate(zip(BOXES, areas(), strict=True))]
    outside = row(4, (20, 0, 9, 4), 4, name)
    elsewhere = row(5, BOXES[0], 4, f"{RUN}_000009.tif")
    files[f"water-1/{RUN}.lst"] = (
        particle_list([*whole, outside, elsewhere]) + b"6|0|0|5"  # cut off
    )
    found = opened(files)
    assert len(crops(found)) == 3
    about = table(found).about
    assert [number for number, _ in about["refused_rows"]] == [17, 18, 19]
    words = [why for _, why in about["refused_rows"]]
    assert words[0] == "particle 4: lies outside its collage (9 x 4 at 20, 0)"
    assert words[1] == f"particle 5: its collage {RUN}_000009.tif is not there"
    assert words[2] == "has 4 of 11 fields"
    assert about["notes"][0] == f"3 of 6 particles of the FlowCam run {RUN}"


@pytest.mark.parametrize("damage", ["absent", "cut off", "of another size"])
def test_particles_without_their_mask_are_refused_where_the_run_has_masks(opened, damage):
    files = flowcam()
    mask = f"water-1/{RUN}_000002_bin.tif"
    if damage == "absent":
        del files[mask]
    else:
        wrong = tiff(np.zeros((5, 5), np.uint8))
        files[mask] = files[mask][:100] if damage == "cut off" else wrong
    found = opened(files)
    assert len(crops(found)) == 3
    refused = table(found).about["refused_rows"]
    assert [why.split(":")[0] for _, why in refused] == [f"particle {k}" for k in (4, 5, 6)]
    assert all(f"{RUN}_000002_bin.tif" in why for _, why in refused)
    assert damage == "absent" or found[f"set.zip/{mask}"][0].refused


def test_a_run_saved_without_masks_comes_in_and_says_so(opened):
    files = {name: data for name, data in flowcam().items() if "_bin" not in name}
    found = opened(files)
    assert len(crops(found)) == 6
    assert all(crop.mask is None for crop in crops(found).values())
    assert any("without masks" in note for note in table(found).about["notes"])


def test_a_damaged_collage_costs_its_own_particles(opened):
    files = flowcam()
    files[f"water-1/{RUN}_000001.tif"] = files[f"water-1/{RUN}_000001.tif"][:60]
    found = opened(files)
    assert len(crops(found)) == 3
    assert found[f"set.zip/water-1/{RUN}_000001.tif"][0].refused
    assert len(table(found).about["refused_rows"]) == 3


def test_masks_that_are_not_as_large_as_the_list_says_are_told(opened):
    files = flowcam(collages=1)
    name = f"{RUN}_000001.tif"
    rows = [
        row(k + 1, b, a + (k == 1), name)
        for k, (b, a) in enumerate(zip(BOXES, areas(), strict=True))
    ]
    files[f"water-1/{RUN}.lst"] = particle_list(rows)
    notes = table(opened(files)).about["notes"]
    assert notes[1] == "The mask is not as large as raw_area says for the particles 2."


def test_a_list_that_ends_in_its_header_refuses_the_run_and_no_collage_becomes_a_cutout(opened):
    files = flowcam()
    files[f"water-1/{RUN}.lst"] = b"017\r\nnum-fields|65\r\nid|int32\r\nimage_x|int32\r\n"
    found = opened(files)
    assert not crops(found)
    refused = {f.name.rsplit("/", 1)[-1] for f, _ in found.values() if f.refused}
    assert {f"{RUN}.lst", f"{RUN}_000001.tif", f"{RUN}_000001_bin.tif"} <= refused


@pytest.mark.parametrize("lone", [f"{RUN}.lst", "D20130526T095207_IFCB013.adc", "a.roi"])
def test_one_file_of_a_run_alone_is_refused_with_what_to_do(opened, lone, tmp_path):
    data = flowcam()[f"water-1/{RUN}.lst"] if lone.endswith(".lst") else b"1,0.04\n2,0.05\n"
    path = tmp_path / lone
    path.write_bytes(data)
    with path.open("rb") as stream:
        ((file, items),) = [(f, list(f.items)) for f in sandbox.decode(stream, lone)]
    assert not items
    assert "at once" in (file.refused or "")
    ((file, items),) = opened({f"day/{lone}": data}).values()
    assert not items
    assert "at once" in (file.refused or "")


def test_a_label_table_named_like_the_run_is_read_as_a_table(opened):
    files = flowcam() | {f"water-1/{RUN}.csv": b"name,label\n1,diatom\n"}
    file, items = opened(files)[f"set.zip/water-1/{RUN}.csv"]
    assert (file.instrument, [item.kind for item in items]) == (None, ["table"])


@pytest.mark.parametrize("new", [True, False], ids=["new columns", "old columns"])
def test_an_ifcb_bin_comes_in_as_its_images_with_the_columns_of_their_triggers(opened, new):
    name, files, images = ifcb(new)
    found = opened(files)
    came = crops(found)
    paths = [f"set.zip/bins/{name}_{k:05d}.png" for k in (1, 3, 4)]
    assert list(came) == paths
    for path, image in zip(paths, images, strict=True):
        assert np.array_equal(came[path].pixels, image)
        assert "um_per_px" not in came[path].about
    item = table(found)
    assert item.table["path"].to_pylist() == paths
    assert item.table["roi_number"].to_pylist() == [1, 3, 4]
    assert item.table["roi_width"].to_pylist() == [8, 5, 4]
    assert item.table["roi_x"].to_pylist() == [701, 703, 704]
    expected = ("pmt_a", 0.1) if new else ("fluorescence_low", 0.105)
    assert item.table[expected[0]][0].as_py() == expected[1]
    assert item.about["ignored_rows"] == [[2, "a trigger without an image"]]
    assert item.about["notes"][0] == f"3 of 3 images of the IFCB bin {name}."
    assert {f.instrument for f, _ in found.values()} == {"IFCB"}


def test_an_ifcb_header_names_the_columns(opened):
    name, files, _ = ifcb(True)
    files[f"bins/{name}.hdr"] = (
        b"ADCFileFormat: trigger#, ADCtime, PMTA, PMTB, PMTC, PMTD, PeakA, PeakB, PeakC, PeakD, "
        b"TimeOfFlight, GrabTimeStart, GrabTimeEnd, RoiX, RoiY, RoiWidth, RoiHeight, StartByte, "
        b"ComparatorOut, StartPoint, SignalLength, Status, RunTime, InhibitTime\n"
    )
    names = table(opened(files)).table.column_names
    assert names[2:8] == ["trigger", "adc_time", "pmt_a", "pmt_b", "pmt_c", "pmt_d"]
    assert names[-2:] == ["run_time", "inhibit_time"]


def test_an_image_that_the_roi_file_does_not_hold_is_refused_by_number(opened):
    name, files, _ = ifcb(True)
    files[f"bins/{name}.roi"] = files[f"bins/{name}.roi"][:-5]
    found = opened(files)
    assert len(crops(found)) == 2
    ((number, why),) = table(found).about["refused_rows"]
    assert (number, why.split(":")[0]) == (4, "target 4")


def ecotaxa(*more: list[object], pixel: tuple[str, object] = ("process_pixel", 10.6)):
    head = ["img_file_name", "object_id", "object_area", "object_annotation_category", pixel[0]]
    rows = [
        head,
        ["[t]", "[t]", "[f]", "[t]", "[f]"],
        ["img/1.png", "o1", 100.5, "Copepoda", pixel[1]],
        ["img/2.png", "o2", "", "Detritus", pixel[1]],
    ]
    return {
        "zoo/ecotaxa_scan.tsv": tsv([*rows, *more]),
        "zoo/img/1.png": png(1),
        "zoo/img/2.png": png(2),
    }


def test_an_ecotaxa_zip_has_its_labels_columns_and_pixel_size(opened):
    found = opened(ecotaxa())
    came = crops(found)
    assert {name: crop.about["um_per_px"] for name, crop in came.items()} == {
        "set.zip/zoo/img/1.png": 10.6,
        "set.zip/zoo/img/2.png": 10.6,
    }
    item = table(found)
    assert item.table["path"].to_pylist() == list(came)
    assert item.table["object_area"].to_pylist() == [100.5, None]
    assert item.about["label_column"] == "object_annotation_category"
    assert item.table["object_annotation_category"].to_pylist() == ["Copepoda", "Detritus"]
    assert item.about["rows"] == 3


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("process_particle_pixel_size_mm", 0.0106, 10.6),
        ("object_um_per_px", 0.5544, 0.5544),
        ("acq_resolution_pixel_per_micron", 4, 0.25),
        ("acq_pixel", 0.0053, 5.3),
        ("process_pixel", 1.25, 1.25),
        ("acq_pixel", 0.088, None),
    ],
)
def test_a_pixel_size_is_taken_in_its_unit_or_not_at_all(opened, column, value, expected):
    found = opened(ecotaxa(pixel=(column, value)))
    sizes = [crop.about.get("um_per_px") for crop in crops(found).values()]
    assert sizes == [pytest.approx(expected)] * 2 if expected else sizes == [None, None]
    told = [note for note in table(found).about["notes"] if column in note]
    assert len(told) == 1
    assert expected or "mm or in µm" in told[0]


def test_the_instrument_tells_the_unit_of_a_pixel_size(opened):
    for instrument, expected in (("uvp5", 88.0), ("PlanktoScope v2.6", 0.088)):
        files = ecotaxa(pixel=("acq_pixel", 0.088))
        lines = files["zoo/ecotaxa_scan.tsv"].decode().splitlines()
        more = ["acq_instrument", "[t]", instrument, instrument]
        text = "\n".join(f"{line}\t{cell}" for line, cell in zip(lines, more, strict=True))
        found = opened(files | {"zoo/ecotaxa_scan.tsv": text.encode()})
        sizes = [crop.about["um_per_px"] for crop in crops(found).values()]
        assert sizes == [pytest.approx(expected)] * 2


def test_rows_without_their_image_and_images_without_a_row_are_told(opened):
    files = ecotaxa(["img/9.png", "o9", 1, "Copepoda", 10.6], ["img/1.png", "o1"])
    files["zoo/img/3.png"] = png(3)
    found = opened(files)
    assert len(crops(found)) == 3
    assert table(found).about["refused_rows"] == [
        [5, "its image img/9.png is not there"],
        [6, "has 2 cells where the header has 5"],
    ]
    assert "um_per_px" not in crops(found)["set.zip/zoo/img/3.png"].about


def test_what_ecotaxa_predicted_is_no_label(opened):
    files = ecotaxa()
    status = ["object_annotation_status", "[t]", "validated", "predicted"]
    lines = files["zoo/ecotaxa_scan.tsv"].decode().splitlines()
    text = "\n".join(f"{line}\t{cell}" for line, cell in zip(lines, status, strict=True))
    item = table(opened(files | {"zoo/ecotaxa_scan.tsv": text.encode()}))
    assert item.about["label_column"] == "object_annotation_category"
    assert item.table["object_annotation_category"].to_pylist() == ["Copepoda", None]
    assert any("1 categories are not validated" in note for note in item.about["notes"])


def test_a_real_flowcam_run_is_whole_and_its_masks_and_pixel_size_are_those_of_its_fields(
    opened, shared_data
):
    folder = shared_data / "flowcam-run"
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found = opened(files, "files-0.tar", parcel=True)
    item, came = table(found), crops(found)
    assert (len(came), item.table.num_rows, len(item.table.column_names)) == (1000, 1000, 66)
    field = {name: item.table[name].to_numpy() for name in item.table.column_names}
    masks = np.array([came[path].mask.sum() for path in item.table["path"].to_pylist()])
    assert np.array_equal(masks, field["raw_area"])
    size = np.array([came[path].about["um_per_px"] for path in item.table["path"].to_pylist()])
    assert np.allclose(size * field["raw_perimeter"], field["perimeter"], atol=1e-4)
    # A disc of the mask's area, less the fringe: what the instrument calls its diameter.
    disc = 2 * np.sqrt(masks / np.pi)
    diameter = size * np.maximum(disc - field["fringe_size"], disc / 2)
    assert np.allclose(diameter, field["abd_diameter"], atol=1e-4)
    assert np.allclose(np.pi / 4 * diameter**2, field["abd_area"], atol=1e-3)
    assert not item.about["refused_rows"]
