"""What every command has: a help text, exit codes, errors that are sentences."""

import pytest
from typer.testing import CliRunner

from cloudchamber.cli import app

COMMANDS = (
    "serve", "demo", "import", "train", "evaluate", "apply", "export", "label", "agreement",
    "detect", "measure", "detectors", "doctor", "migrate", "user",
)  # fmt: skip
OPTIONS = {
    "serve": ["--host", "--port", "--data", "--no-browser"],
    "import": [
        "--labels", "--metadata", "--threshold-sigma", "--threshold-adu", "--label-set", "--bias",
        "--dark", "--min-pixels", "--margin", "--max-size", "--class-folders", "--data", "--url",
        "--json",
    ],
    "train": ["--kind", "--param", "--wait", "--data", "--url", "--json"],
    "evaluate": ["--labels", "--model", "--data", "--url", "--json"],
    "apply": ["--model", "--joint-map", "--data", "--url", "--json"],
    "export": ["--what", "--format", "-o", "--data", "--url", "--json"],
    "detect": [
        "--exposure", "--threshold-sigma", "--threshold-adu", "--min-pixels", "--background",
        "--undo", "--data", "--url", "--json",
    ],
    "label": ["--file", "--json"],
    "doctor": ["--data", "--json"],
}  # fmt: skip


def test_the_commands_are_those_of_the_documentation():
    assert [command.name for command in app.registered_commands] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_its_options(command):
    ran = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert ran.exit_code == 0
    for option in OPTIONS.get(command, []):
        assert option in ran.output


def test_wrong_usage_is_exit_code_2(shell):
    assert shell("train").code == 2
    assert shell("train", "x", "--kind", "fly").code == 2
    assert shell("import", "x", "y", "--threshold-sigma", 3, "--threshold-adu", 4).code == 2


def test_a_server_that_does_not_answer_is_a_sentence(shell):
    ran = shell("user", "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.err.startswith("Error: No answer from http://127.0.0.1:9")
    assert "Traceback" not in ran.err
