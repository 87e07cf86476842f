"""``serve``, ``demo`` and ``migrate``: the commands that are a server or speak to the database."""

import logging
import os
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cloudchamber.cli.connection import Api, Data, connect
from cloudchamber.cli.output import say
from cloudchamber.cli.waiting import start_job, wait_for_follow_ups, wait_for_job
from cloudchamber.data.database import Database
from cloudchamber.errors import CloudchamberError, Unauthorised
from cloudchamber.settings import Settings, default_data_dir

DEMO = "Demo"

Host = Annotated[
    str | None, typer.Option(help="Address to listen on; any but this machine's needs a token.")
]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")]


def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    no_browser: NoBrowser = False,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only the page and its API; jobs run elsewhere.")
    ] = False,
) -> None:
    """Start the app: the page, its API, a private Valkey and a worker. Ctrl-C ends it.

    The data directory holds the SQLite file, logs and caches. A database and a broker of the lab
    are named by CLOUDCHAMBER_DATABASE_URL and CLOUDCHAMBER_BROKER_URL.
    """
    settings = _settings(host, port, data)

    def ready(url: str) -> None:
        say(f"Cloudchamber is ready at {_with_token(url, settings)}  (Ctrl-C ends it)")
        if not no_browser:
            _open(_with_token(url, settings))

    _run(settings, with_worker=not no_worker, on_ready=ready)


def demo(
    host: Host = None,
    port: Port = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Directory of the demo's data.  [default: one of its own]"),
    ] = None,
    no_browser: NoBrowser = False,
    count: Annotated[int, typer.Option(min=1, help="Exposures to simulate.")] = 6,
) -> None:
    """Start the app on simulated exposures, already cut out, measured and mapped.

    The first start makes them; later ones find them there.
    """
    settings = _settings(host, port, data or default_data_dir().with_name("cloudchamber-demo"))
    # The demo keeps out of the lab's database, whatever the environment names.
    settings = settings.model_copy(update={"database_url": "", "broker_url": ""})

    def ready(url: str) -> None:
        say(f"Cloudchamber starts at {_with_token(url, settings)}  (Ctrl-C ends it)")
        try:
            with connect(settings.data_dir, None) as api:
                dataset_id = _demo_dataset(api, count)
        except CloudchamberError as error:
            say(f"Error: {error.message}\n  → {error.hint}")
            return
        page = f"{url}/d/{dataset_id}/explore"
        say(f"The demo is ready: {page}")
        if not no_browser:
            _open(_with_token(url, settings) if settings.token else page)

    _run(settings, with_worker=True, on_ready=ready)


def migrate(data: Data = None) -> None:
    """Create the database's tables or bring them to this version."""
    settings = _settings(None, None, data)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.resolved_database_url())
    database.upgrade()
    database.dispose()
    say("The database is at this version.")


def _demo_dataset(api: Api, count: int) -> int:
    """Return the demo's dataset, with exposures and map, made now where they lack."""
    found = [dataset for dataset in api.get("/datasets") if dataset["name"] == DEMO]
    dataset = found[0] if found else api.post("/datasets", {"name": DEMO})
    if not dataset["n_cutouts"]:
        job = start_job(api, "simulate_exposures", dataset["id"], {"count": count})
        job = wait_for_job(api, job)
        wait_for_follow_ups(api, job)
    return dataset["id"]


def _settings(host: str | None, port: int | None, data: Path | None) -> Settings:
    given = {"host": host, "port": port, "data_dir": data.expanduser() if data else None}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    if not settings.is_loopback() and settings.token is None:
        raise Unauthorised(
            f"{settings.host} can be reached from other machines, and no token is set.",
            hint="Set CLOUDCHAMBER_TOKEN to a long random text, or leave --host out.",
        )
    return settings


def _run(settings: Settings, *, with_worker: bool, on_ready: Callable[[str], None]) -> None:
    # Here and not above: the other commands need not wait for the web framework.
    from cloudchamber.stack import serve as serve_stack

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    for noisy in ("httpx", "alembic", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    serve_stack(settings, with_worker=with_worker, on_ready=on_ready)


def _with_token(url: str, settings: Settings) -> str:
    return f"{url}/login?token={settings.token.get_secret_value()}" if settings.token else url


def _open(url: str) -> None:
    """Open a graphical browser if there may be one; never a text browser in this terminal."""
    graphical = (
        sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    if graphical:
        webbrowser.open(url)
