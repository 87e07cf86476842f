"""``detect``: search the exposures of a dataset anew, and go back."""

from typing import Annotated, Any

import typer

from cloudchamber.cli.connection import Api, Data, Url, connect
from cloudchamber.cli.exposure_options import BackgroundOption, PolarityOption
from cloudchamber.cli.output import Json, give, say
from cloudchamber.cli.waiting import start_job, wait_for_follow_ups, wait_for_job
from cloudchamber.errors import CloudchamberError

MOST_TOLD = 20


def detect(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    exposure: Annotated[
        list[str] | None,
        typer.Option("--exposure", help="Name of an exposure; repeated for more.  [default: all]"),
    ] = None,
    threshold_sigma: Annotated[
        float | None, typer.Option("--threshold-sigma", help="Times the noise.", min=0.0)
    ] = None,
    threshold_adu: Annotated[
        float | None, typer.Option("--threshold-adu", help="In the exposure's unit.", min=0.0)
    ] = None,
    min_pixels: Annotated[
        int | None, typer.Option("--min-pixels", help="Smaller footprints are left out.", min=1)
    ] = None,
    background: BackgroundOption = None,
    polarity: PolarityOption = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back the detection before the current one.")
    ] = False,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Search exposures that are there anew, with another threshold or background.

    A footprint that is found again keeps its cutout with its labels and notes; what could not be
    carried over is named. The old detection stays in the exposure's history: --undo brings it
    back, and --undo once more the one before.
    """
    said = [threshold_sigma, threshold_adu, min_pixels, background, polarity]
    if undo and any(value is not None for value in said):
        raise CloudchamberError("--undo goes back as it was: leave the other options out.")
    if threshold_sigma is not None and threshold_adu is not None:
        raise CloudchamberError("Give one threshold, in sigma or in ADU.")
    with connect(data, url) as api:
        target = api.dataset(dataset)
        chosen = _exposures(api, target, exposure)
        if undo:
            job = _go_back(api, target, chosen)
        else:
            params: dict[str, Any] = {}
            for value, unit in ((threshold_sigma, "sigma"), (threshold_adu, "adu")):
                if value is not None:
                    params["threshold"] = {"value": value, "unit": unit}
            if min_pixels is not None:
                params["min_pixels"] = min_pixels
            if background is not None:
                params["background"] = background.value
            if polarity is not None:
                params["polarity"] = polarity.value
            if exposure:
                params["exposure_ids"] = [one["id"] for one in chosen]
            job = wait_for_job(api, start_job(api, "detect_again", target["id"], params))
            wait_for_follow_ups(api, job)
    result = job["result"] or {}
    for one in result.get("refused", []):
        say(f"{one['exposure']} {one['reason']}")
    give(result, as_json=as_json, text=as_text(target["name"], result))
    raise typer.Exit(3 if result.get("refused") else 0)


def as_text(name: str, result: dict[str, Any]) -> str:
    """What became of the cutouts."""
    n = result["exposures"]
    exposures = "1 exposure" if n == 1 else f"{n} exposures"
    if "words" not in result:
        return f"{name}: {len(result['undo'])} of {exposures} brought back"
    if not result["undo"]:
        return f"{name}: nothing differs in {exposures}"
    lines = [f"{name}, {exposures}: {result['words']}"]
    for lost in result["lost"][:MOST_TOLD]:
        what = lost["label"] or "with a note"
        lines.append(f"  {lost['name']} ({what}) could not be carried over: {lost['why']}")
    if result["labels_lost"] > MOST_TOLD:
        lines.append(f"  and {result['labels_lost'] - MOST_TOLD} more")
    return "\n".join(lines)


def _exposures(api: Api, target: dict[str, Any], names: list[str] | None) -> list[dict[str, Any]]:
    there = api.get(f"/datasets/{target['id']}/exposures")
    if not names:
        return there
    unknown = [name for name in names if name not in {one["name"] for one in there}]
    if unknown:
        known = ", ".join(one["name"] for one in there[:10]) or "none"
        raise CloudchamberError(
            f"There is no exposure called {unknown[0]}.", hint=f"There are: {known}"
        )
    return [one for one in there if one["name"] in names]


def _go_back(api: Api, target: dict[str, Any], chosen: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring back, of every exposure, the detection that its current one replaced."""
    before = []
    for one in chosen:
        found = api.get(f"/exposures/{one['id']}/detections")
        current = next((d for d in found if d["current"]), None)
        if current is not None and current["before_id"] is not None:
            before.append(current["before_id"])
    if not before:
        raise CloudchamberError(
            "There is no detection to go back to.", hint="The current one is that of the import."
        )
    params = {"detection_ids": before}
    return wait_for_job(api, start_job(api, "bring_back_detections", target["id"], params))
