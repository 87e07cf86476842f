"""Small runs of instruments, as the instruments write them; the tests make all of it themselves."""

import io

import numpy as np
from PIL import Image

FIELDS = {
    "id": "int32", "image_x": "int32", "image_y": "int32", "image_w": "int32", "image_h": "int32",
    "cal_const": "double", "raw_area": "double", "abd_area": "double", "timestamp": "timestamp",
    "collage_file": "string", "image_id": "guid",
}  # fmt: skip
BOXES = [(0, 0, 6, 5), (8, 0, 7, 4), (0, 9, 5, 8)]  # x, y, w, h in the collage
RUN = "water-1"


def tiff(pixels: np.ndarray) -> bytes:
    """As VisualSpreadsheet writes them: LZW."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "TIFF", compression="tiff_lzw")
    return out.getvalue()


def particle_list(rows: list[list[object]], fields: dict[str, str] = FIELDS) -> bytes:
    """A `.lst` with these particles."""
    head = ["017", f"num-fields|{len(fields)}", *(f"{n}|{t}" for n, t in fields.items())]
    return "\r\n".join([*head, *("|".join(map(str, row)) for row in rows), ""]).encode()


def row(number: int, box: tuple[int, int, int, int], area: float, collage: str) -> list[object]:
    """The fields of one particle."""
    return [number, *box, "0.5544", area, area * 0.3, f"2024-04-08T11:11:0{number}.303", collage,
            f"{number:08X}-FD7F-44E5-9696-CF9BB1C802B8"]  # fmt: skip


def collage_and_mask() -> tuple[np.ndarray, np.ndarray]:
    """A colour collage of 20 x 24 pixels with the particles of `BOXES`, and where they are."""
    image = np.full((20, 24, 3), 180, np.uint8)
    mask = np.zeros((20, 24), np.uint8)
    for k, (x, y, w, h) in enumerate(BOXES):
        mask[y + 1 : y + h - 1, x + 1 : x + w - 1] = 255
        image[y + 1 : y + h - 1, x + 1 : x + w - 1] = 20 * k + np.arange(w - 2)[None, :, None]
    return image, mask


def areas() -> list[float]:
    """Pixels of the particles' masks."""
    return [(w - 2) * (h - 2) for _, _, w, h in BOXES]


def flowcam(folder: str = "water-1/", collages: int = 2) -> dict[str, bytes]:
    """The files of a FlowCam run: three particles a collage, numbered through."""
    image, mask = collage_and_mask()
    rows, files = [], {}
    for c in range(collages):
        name = f"{RUN}_{c + 1:06d}.tif"
        files[f"{folder}{name}"] = tiff(image + np.uint8(c))
        files[f"{folder}{RUN}_{c + 1:06d}_bin.tif"] = tiff(mask)
        rows += [
            row(3 * c + k + 1, box, area, name)
            for k, (box, area) in enumerate(zip(BOXES, areas(), strict=True))
        ]
    files[f"{folder}{RUN}.lst"] = particle_list(rows)
    files[f"{folder}{RUN}.ctx"] = b"[Fluid]\r\nCalibrationConstant=0.5544\r\n"
    files[f"{folder}{RUN}.csv"] = b"Particle ID,Area (ABD)\r\n1,7.2\r\n"
    files[f"{folder}{RUN}_summary.csv"] = b"List File,x\r\nCount,6\r\n"
    files[f"{folder}{RUN}_run_summary.txt"] = b"Run:\r\n\tMode:  AutoImage\r\n"
    files[f"{folder}{RUN}.edg"] = b"1,16,911,446,77\r\n2,9,156,280,77\r\n"
    files[f"{folder}{RUN}.cla"] = b"v3\r\n1\r\n"
    files[f"{folder}cal_image_000001.tif"] = tiff(image[:, :, 0])
    return files


def ifcb(new: bool) -> tuple[str, dict[str, bytes], list[np.ndarray]]:
    """Name, files and images of an IFCB bin of four triggers, the second without an image."""
    name = "D20130526T095207_IFCB013" if new else "IFCB5_2012_028_081515"
    images = [np.arange(k, k + w * h, dtype=np.uint8).reshape(h, w)
              for k, (w, h) in enumerate([(8, 3), (5, 6), (4, 4)])]  # fmt: skip
    roi = bytearray(b"" if new else b"\x00")  # the first instruments begin at byte 1
    lines = []
    for number in range(1, 5):
        image = None if number == 2 else images[max(number - 2, 0)]
        h, w = (0, 0) if image is None else image.shape
        place = [700 + number, 160, w, h, len(roi)]
        roi += b"" if image is None else image.tobytes()
        if new:
            cells = [number, *[f"0.{number}00"] * 12, *place, "-999.0", 0, 0, 0, "1.5", "0.25"]
        else:
            cells = [number, *[f".{number}05"] * 8, *place, "-.2755", ""]
        lines.append(",".join(map(str, cells)))
    files = {
        f"bins/{name}.adc": ("\n".join(lines) + "\n").encode(),
        f"bins/{name}.roi": bytes(roi),
        f"bins/{name}.hdr": b"softwareVersion: 2.5\nhumidity: 40\n",
    }
    return name, files, images


def png(value: int) -> bytes:
    """A small grey image."""
    out = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def tsv(rows: list[list[object]]) -> bytes:
    """Tab-separated lines."""
    return "".join("\t".join(map(str, row)) + "\r\n" for row in rows).encode()
