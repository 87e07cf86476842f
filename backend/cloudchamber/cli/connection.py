"""The way to a server: one named by URL, one that runs on the data directory, or an own one."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from cloudchamber.cli.output import say
from cloudchamber.errors import CloudchamberError, Unavailable
from cloudchamber.running import find_server
from cloudchamber.settings import Settings, system_user

STARTS_SECONDS = 60.0
ENDS_SECONDS = 15.0

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Directory of the data.  [default: CLOUDCHAMBER_DATA_DIR]"),
]
Url = Annotated[str | None, typer.Option("--url", help="A running server, instead of --data.")]
Annotator = Annotated[
    str | None, typer.Option("--annotator", help="Whose labels.  [default: your user name]")
]


@dataclass
class Api:
    """HTTP with a server; answers that are problems become exceptions.

    `own` tells that the server was started for this command and ends with it.
    """

    http: httpx.Client
    own: bool = False

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.request("POST", path, json=body if body is not None else {}).json()

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self.request("PUT", path, json=body).json()

    def delete(self, path: str, **params: Any) -> None:
        self.request("DELETE", path, params=params)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; raise `CloudchamberError` with the server's own sentence."""
        try:
            answer = self.http.request(method, f"/api/v1{path}", **options)
        except httpx.TransportError as error:
            raise _no_answer(self.http, error) from None
        check(answer)
        return answer

    def dataset(self, name: str) -> dict[str, Any]:
        """Return the dataset with this name (or id), or raise."""
        known = self.get("/datasets")
        for dataset in known:
            if dataset["name"] == name:
                return dataset
        for dataset in known:
            if str(dataset["id"]) == name:
                return dataset
        names = ", ".join(dataset["name"] for dataset in known[:10])
        raise CloudchamberError(
            f"There is no dataset {name!r}.",
            hint=f"There are: {names}" if names else "Import one first: cloudchamber import --help",
        )


def check(answer: httpx.Response) -> None:
    """Raise what a problem+json answer says."""
    if answer.is_success:
        return
    answer.read()
    try:
        problem = answer.json()
        message, hint = problem["detail"], problem.get("hint", "")
    except (ValueError, KeyError, TypeError):
        message, hint = f"The server answered {answer.status_code}.", ""
    if answer.status_code == 401:
        hint = hint or "Set CLOUDCHAMBER_TOKEN to the server's token."
    raise CloudchamberError(message, hint=hint)


@contextlib.contextmanager
def connect(
    data: Path | None, url: str | None, *, annotator: str | None = None, worker: bool = True
) -> Iterator[Api]:
    """Find a server, or start one for as long as the block lasts.

    Parameters
    ----------
    data, url : the command's options; not both
    annotator : str, optional
        Who asks; by default the user's name.
    worker : bool
        Whether a server of our own needs a worker.
    """
    if data is not None and url is not None:
        raise typer.BadParameter("name either --data or --url")
    token = os.environ.get("CLOUDCHAMBER_TOKEN")
    if url is not None:
        with _client(url, token, annotator) as http:
            yield Api(http)
        return
    data_dir = (data or Settings().data_dir).expanduser().resolve()
    if (server := find_server(data_dir)) is not None:
        with _client(server.url, server.token or token, annotator) as http:
            yield Api(http)
        return
    with _own_server(data_dir, worker) as address, _client(address, token, annotator) as http:
        yield Api(http, own=True)


def _client(url: str, token: str | None, annotator: str | None) -> httpx.Client:
    headers = {"X-Annotator": quote(annotator or system_user()), "Sec-Fetch-Site": "none"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    # No proxy from the environment: the server is this machine's or the lab's.
    timeout = httpx.Timeout(120.0, connect=5.0)
    return httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout, trust_env=False)


@contextlib.contextmanager
def _own_server(data_dir: Path, worker: bool) -> Iterator[str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "logs").mkdir(exist_ok=True)
    log = data_dir / "logs" / "server.log"
    command = [sys.executable, "-m", "cloudchamber.cli", "serve", "--data", str(data_dir)]
    command += ["--host", "127.0.0.1", "--port", "0", "--no-browser"]
    command += [] if worker else ["--no-worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the command's; it stops the server in order
        )
    try:
        yield _wait_for(process, data_dir, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            say("The server did not end in time and was killed.")
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> str:
    deadline = time.monotonic() + STARTS_SECONDS
    while time.monotonic() < deadline:
        server = find_server(data_dir)
        if server is not None and server.pid == process.pid:
            return server.url
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    raise Unavailable(f"No server could be started on {data_dir}.\n{tail}", hint=f"See {log}")


def _no_answer(http: httpx.Client, error: httpx.TransportError) -> CloudchamberError:
    return Unavailable(
        f"No answer from {http.base_url}: {error}", hint="Does the server run? cloudchamber serve"
    )
