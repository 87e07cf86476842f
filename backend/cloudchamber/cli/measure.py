"""``measure``: measure a dataset's cutouts by today's rules."""

from typing import Annotated

import typer

from cloudchamber.cli.connection import Data, Url, connect
from cloudchamber.cli.output import Json, give
from cloudchamber.cli.waiting import start_job, wait_for_job


def measure(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Measure all cutouts again, by the rules of this program. Labels, models and maps stay.

    Datasets that an older program measured say so beside their columns.
    """
    with connect(data, url) as api:
        target = api.dataset(dataset)
        job = wait_for_job(api, start_job(api, "measure_again", target["id"], {}))
    result = {"dataset": target["name"], **(job["result"] or {})}
    text = f"{target['name']}: {result.get('measured', 0)} cutouts measured again"
    give(result, as_json=as_json, text=text)
