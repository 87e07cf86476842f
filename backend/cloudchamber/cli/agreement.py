"""``agreement``: how far people agree; and a learning curve in words."""

from typing import Annotated, Any

import typer

from cloudchamber.cli.connection import Data, Url, connect
from cloudchamber.cli.output import Json, give, percent, table


def agreement(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Tell how far the annotators agree: Cohen's kappa of each pair, Fleiss' kappa of all.

    Blind repeats of one's own labels are stated for each annotator.
    """
    with connect(data, url, worker=False) as api:
        target = api.dataset(dataset)
        found = api.get(f"/datasets/{target['id']}/agreement")
    give(found, as_json=as_json, text=_agreement(found))


def _agreement(found: dict[str, Any]) -> str:
    parts = [table(("annotator", "labels"), [(a["name"], a["n"]) for a in found["annotators"]])]
    if found["pairs"]:
        rows = [(f"{p['a']} and {p['b']}", *_kappa(p)) for p in found["pairs"]]
        parts.append(table(("pair", "both", "agreed", "kappa", "95 % interval"), rows))
    else:
        parts.append("No cutout is labelled by two people yet.")
    if found["fleiss"]:
        fleiss = found["fleiss"]
        parts.append(
            f"Fleiss' kappa {_figure(fleiss['kappa'])} over {fleiss['n']} cutouts, "
            f"{found['n_disputed']} of them disputed"
        )
    if found["repeats"]:
        rows = [(p["name"], *_kappa(p)) for p in found["repeats"]]
        parts.append(table(("blind repeats of", "n", "agreed", "kappa", "95 % interval"), rows))
    return "\n\n".join(parts)


def _kappa(row: dict[str, Any]) -> tuple[Any, ...]:
    low, high = row["interval"] or (None, None)
    return (
        row["n"],
        percent(row["agreed"]),
        _figure(row["kappa"]),
        "" if low is None else f"{low:.2f} to {high:.2f}",
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


VERDICTS = {
    "stop": "Stop, or label where the model is unsure.",
    "go_on": "More labels pay.",
    "unclear": "What they would bring is not known well enough yet.",
}


def curve_words(result: dict[str, Any]) -> str:
    """A learning curve as the command line tells it."""
    orders = result["orders"]
    rows = [
        (size, *(percent(orders[o]["mean"][i], orders[o]["sd"][i]) for o in ("random", "typical")))
        for i, size in enumerate(result["sizes"])
    ]
    lines = [table(("labels", "random order", "typical first"), rows)]
    lines.append(
        f"Mean and standard deviation over {result['repeats']} divisions, tested on "
        f"{result['n_test']} labels each; extra-trees and a kernel method on the measurements."
    )
    if result["biased_sample"]:
        lines.append("The test labels were chosen, not drawn: on all cutouts accuracy may differ.")
    if following := result["next"]:
        lines.append(
            f"The next {following['labels']} labels would bring {100 * following['gain']:.1f} ± "
            f"{100 * following['sd']:.1f} points. {VERDICTS[following['verdict']]}"
        )
    return "\n".join(lines)
