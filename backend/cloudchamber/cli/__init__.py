"""The command line: ``cloudchamber COMMAND``. All but `serve`, `demo`, `migrate` and `doctor` speak
HTTP to a server, as the page does.

Exit codes: 0 done; 1 it failed, a sentence on standard error says why; 2 wrong usage; 3 done in
part (`import` refused some files); 130 interrupted.
"""

import sys

import typer

from cloudchamber.cli import agreement, bring, detect, detectors, look, measure, serve, train
from cloudchamber.cli.apply import apply
from cloudchamber.cli.doctor import doctor
from cloudchamber.cli.output import fail
from cloudchamber.errors import CloudchamberError

app = typer.Typer(
    name="cloudchamber",
    help="Sort CCD tracks and other particle images: cut out, label, retrain, map, find the odd.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("serve")(serve.serve)
app.command("demo")(serve.demo)
app.command("import")(bring.import_)
app.command("train")(train.train)
app.command("evaluate")(train.evaluate)
app.command("apply")(apply)
app.command("export")(look.export)
app.command("label")(bring.label)
app.command("agreement")(agreement.agreement)
app.command("detect")(detect.detect)
app.command("measure")(measure.measure)
app.command("detectors")(detectors.detectors)
app.command("doctor")(doctor)
app.command("migrate")(serve.migrate)
app.command("user")(look.user)


def main() -> None:
    """Run the command line; every error the program knows is one sentence and its cure."""
    try:
        app()
    except CloudchamberError as error:
        sys.exit(fail(error.message, error.hint))
