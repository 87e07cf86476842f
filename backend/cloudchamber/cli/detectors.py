"""``detectors``: what is remembered about detectors, and taking it along."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudchamber.cli.connection import Data, Url, connect
from cloudchamber.cli.exposure_options import (
    DataSection,
    Gain,
    MaskBits,
    OverscanSection,
    SkipSamples,
    Unit,
    detector_params,
)
from cloudchamber.cli.output import Json, give
from cloudchamber.errors import CloudchamberError


class Deed(StrEnum):
    LIST = "list"
    SET = "set"
    FORGET = "forget"
    LOAD = "load"


def detectors(
    deed: Annotated[
        Deed, typer.Argument(help="list them, set or forget one, or load a file of them.")
    ] = Deed.LIST,
    name: Annotated[
        str | None, typer.Argument(help="The detector (INSTRUME DETECTOR), or the file to load.")
    ] = None,
    unit: Unit = None,
    gain: Gain = None,
    data_section: DataSection = None,
    overscan_section: OverscanSection = None,
    mask_bits: MaskBits = None,
    skip_samples: SkipSamples = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """What is remembered about detectors, which stands before what the headers of their files say.

    `list --json` writes what `load FILE` takes.
    """
    if deed is not Deed.LIST and name is None:
        raise typer.BadParameter(f"say which detector: detectors {deed.value} NAME")
    said = detector_params(unit, gain, data_section, overscan_section, mask_bits, skip_samples).get(
        "detector", {}
    )
    with connect(data, url, worker=False) as api:
        if deed is Deed.SET:
            api.put("/detectors", {"name": name, "settings": said})
        elif deed is Deed.FORGET:
            api.delete("/detectors", name=name)
        elif deed is Deed.LOAD:
            for one in _read(Path(str(name))):
                api.put("/detectors", {"name": one["name"], "settings": one["settings"]})
        found = api.get("/detectors")
    lines = [f"{one['name']}: {json.dumps(_kept(one['settings']))}" for one in found]
    text = "\n".join(lines) or "Nothing is remembered about any detector."
    kept = [{"name": one["name"], "settings": _kept(one["settings"])} for one in found]
    give(kept, as_json=as_json, text=text)


def _kept(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text())
        return [{"name": one["name"], "settings": one["settings"]} for one in found]
    except OSError as error:
        raise CloudchamberError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise CloudchamberError(
            f"{path} is no list of detectors.", hint="Write one by: detectors list --json"
        ) from error
