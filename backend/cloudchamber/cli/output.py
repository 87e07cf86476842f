"""What commands print: results on standard output, all else on standard error."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]

told = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Tell a person something that is not the result."""
    told.print(text, markup=False)


def fail(message: str, hint: str = "") -> int:
    """Say what went wrong and what to do about it; return the exit code."""
    say(f"Error: {message}")
    if hint:
        say(f"  → {hint}")
    return 1


def give(result: Any, *, as_json: bool, text: str) -> None:
    """Print the result, as JSON or as text."""
    typer.echo(json.dumps(result, indent=2, ensure_ascii=False) if as_json else text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out rows under a head; all but the first column are aligned to the right."""
    grid = Table(box=None, pad_edge=False, header_style="")
    for place, title in enumerate(head):
        grid.add_column(title, justify="left" if place == 0 else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(str(cell) for cell in row))
    # As wide as it needs: a confusion matrix that is cut off says nothing.
    console = Console(width=10_000, color_system=None)
    with console.capture() as captured:
        console.print(grid)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def percent(value: float | None, sd: float | None = None) -> str:
    """A share with its spread: ``0.832 ± 0.011``; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if sd is None else f"{value:.3f} ± {sd:.3f}"
