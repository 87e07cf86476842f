"""Questions of an import, answered by options of the command line."""

from typing import Any

OPTIONS = {
    "taken_as": "--as",
    "text_images": "--text-images",
    "skipper": "--skipper",
    "existing_labels": "--existing-labels",
    "existing_values": "--existing-values",
    "label_column": "--label-column",
    "annotator_column": "--annotator-column",
}
ROLES = {
    "bias": "--bias FILE",
    "dark": "--dark FILE",
    "defects": "--defects FILE",
    "labels": "--labels FILE",
}
FEW = 3


def options(questions: list[dict[str, Any]]) -> str:
    """The ways to answer: "--as exposures or --as crops"; empty where no option is one."""
    return "; ".join(filter(None, (_ways(question["answers"]) for question in questions)))


def _ways(answers: list[dict[str, str]]) -> str:
    if len(answers) > FEW:
        names = ", ".join(answer["value"] for answer in answers)
        return f"{OPTIONS[answers[0]['param']]} with one of {names}"
    return " or ".join(_option(answer) for answer in answers)


def _option(answer: dict[str, str]) -> str:
    param, value = answer["param"], answer["value"]
    if param == "role":  # what no option says is done by leaving the file out
        return ROLES.get(value, "leave it out")
    return f"{OPTIONS[param]} {value}"
