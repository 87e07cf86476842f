"""What became of everything that was brought, as the command line tells it."""

from typing import Any

from cloudchamber.cli.connection import Api
from cloudchamber.cli.output import say
from cloudchamber.cli.questions import options
from cloudchamber.cli.waiting import Job, wait_for_follow_ups, wait_for_job
from cloudchamber.errors import CloudchamberError

NOT_ALL = 3
STATES = ("refused", "needs_answer", "ignored", "joined", "in")  # worst first
WORDS = {"needs_answer": "needs an answer"}


def follow(api: Api, job: Job, hidden: list[str] | None = None) -> dict[str, Any]:
    """Wait for an import and the map after it, telling what is refused as it is met.

    hidden : names of files that were left out on this machine
    """
    met: list[dict[str, Any]] = []
    after = 0

    def hear(_: Job) -> None:
        nonlocal after
        while True:
            page = api.get(f"/jobs/{job['id']}/files", after=after, limit=1000)
            for file in page["items"]:
                met.append(file)
                after = file["id"]
                if file["state"] == "refused":
                    say(f"refused: {file['name']}: {file['reason']}")
            if page["next"] is None:
                return

    done = wait_for_job(api, job, hear)
    try:
        follow_ups = wait_for_follow_ups(api, done)
    except CloudchamberError as error:
        say(f"The files are in, but what came after failed: {error.message}")
        follow_ups = []
    # Anew: tables are joined after their files were read.
    after = 0
    met.clear()
    hear(done)
    by_state = {
        state: [{k: f[k] for k in ("name", "reason")} for f in met if f["state"] == state]
        for state in ("refused", "needs_answer", "ignored")
    }
    account = api.get(f"/jobs/{job['id']}/account")
    return {
        "job_id": job["id"],
        "counts": {state: n for state, n in account["files"].items() if n},
        "account": account,
        "tables": [
            {"file": file["name"], **table} for file in met for table in file["account"]["tables"]
        ],
        "n_cutouts": sum(file["n_cutouts"] for file in met),
        "n_duplicates": sum(file["n_duplicates"] for file in met),
        "result": done["result"],
        "follow_ups": [{"job_id": j["id"], "kind": j["kind"]} for j in follow_ups],
        **by_state,
        "hidden": hidden or [],
    }


def as_text(report: dict[str, Any]) -> str:
    """The report of an import."""
    lines = account_lines(report["account"])
    lines += (report["result"] or {}).get("notes", [])
    lines[0] = f"{report['dataset']['name']}: {lines[0]}"
    if report["hidden"]:
        lines.append(f"Left out (hidden files, links that lead nowhere): {len(report['hidden'])}")
    return "\n".join(lines)


def account_lines(account: dict[str, Any]) -> list[str]:
    """Sentences, then what did not simply come in, the worst first."""
    worst = []
    for line in account["worst"]:
        told = f"  {WORDS.get(line['state'], line['state'])}: {line['name']}: {line['reason']}"
        worst.append(f"{told} {options(line['questions'])}".rstrip())
    return [*account["sentences"], *worst]


def exit_code(report: dict[str, Any]) -> int:
    """0 when all of it went in, else 3."""
    return 0 if report["account"]["complete"] else NOT_ALL
