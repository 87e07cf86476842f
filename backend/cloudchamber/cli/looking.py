"""``import --dry-run``: what would become of everything, and nothing is changed."""

from typing import Any

from cloudchamber.cli.account import NOT_ALL, STATES, WORDS
from cloudchamber.cli.connection import Api
from cloudchamber.cli.output import table
from cloudchamber.cli.questions import options
from cloudchamber.cli.waiting import start_job, wait_for_job


def look(api: Api, dataset_id: int | None, params: dict[str, Any]) -> dict[str, Any]:
    """Have the server look at the uploads, and take them away again."""
    try:
        return wait_for_job(api, start_job(api, "look", dataset_id, params))["result"]
    finally:
        for upload in params["uploads"]:
            api.request("DELETE", f"/uploads/{upload['id']}")


def look_as_text(dataset: str, looked: dict[str, Any], hidden: list[str]) -> str:
    """What each file was taken for and why, what tables would join, what has to be answered."""
    lines = [f"{dataset}: a look only, nothing was imported", *looked["sentences"]]
    lines += [sentence for one in looked["tables"] for sentence in one["sentences"]]
    files = sorted(looked["files"], key=lambda file: STATES.index(file["state"]))
    rows = [
        (
            file["name"] if file["n"] == 1 else f"{file['name']} ({file['n']} files)",
            WORDS.get(file["state"], file["state"]),
            file["taken_for"].replace("_", " "),
            file["shape"],
            f"{file['reason'] or file['why']} {_ways(file)}".rstrip(),
        )
        for file in files
    ]
    lines += ["", table(("file", "state", "taken for", "pixels", "why"), rows)]
    lines += [
        f"{one['file']}: {question['text']} {options([question])}"
        for one in looked["tables"]
        for question in one["questions"]
    ]
    if looked["classes"]:
        found = ", ".join(f"{c['name']} {c['n']}" for c in looked["classes"])
        lines += ["", f"Folders that may be classes (--class-folders labels): {found}"]
    if (exposure := looked["exposure"]) is not None:
        lines += [
            "",
            f"{exposure['name']}: {exposure['height']} x {exposure['width']} px, noise "
            f"{exposure['noise']:.3g} {exposure['unit']}",
        ]
    if hidden:
        lines += ["", f"Left out (hidden files, links that lead nowhere): {len(hidden)}"]
    return "\n".join(lines)


def _ways(file: dict[str, Any]) -> str:
    return "" if file["question"] is None else options([file["question"]])


def look_exit_code(looked: dict[str, Any]) -> int:
    """0 when all of it would go in, else 3."""
    return 0 if looked["complete"] else NOT_ALL
