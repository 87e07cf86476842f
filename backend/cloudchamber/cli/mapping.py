"""What a map's audit says, as lines: does direction drive it, does it agree with the labels."""

from typing import Any

from cloudchamber.cli.output import percent


def map_words(result: dict[str, Any]) -> str:
    """The result of a `fit_map` job, told."""
    lines = [
        f"A map of {result['n']} cutouts ({result['embedding']}) is drawn: "
        f"{result['clusters']} clusters, {result['unclustered']:.0%} unclustered."
    ]
    audit = result.get("audit") or {}
    if retrieval := audit.get("retrieval"):
        lines.append(
            f"turned copies find their original  {percent(retrieval['share'])}"
            f"   ({retrieval['n']} copies of {retrieval['sample']})"
        )
    if angle := audit.get("angle"):
        lines.append(
            f"angle between neighbours           {angle['mean']:.1f}° ± {angle['error']:.1f}°"
            f"   ({angle['n']} elongated; {angle['chance']:.1f}° is chance)"
        )
    labels = audit.get("labels") or {}
    for name, words in (("ari", "ARI"), ("nmi", "NMI"), ("purity", "purity")):
        if labels.get(name) is not None:
            lines.append(
                f"{words} of clusters and labels".ljust(35)
                + f"{percent(labels[name])}   ({labels['n']} labels)"
            )
    lines += [f"{reason}" for reason in (audit.get("reasons") or {}).values()]
    return "\n".join(lines)
