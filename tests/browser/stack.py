"""The program as a person starts it: one `cloudchamber serve` in a process group of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
COMMAND = Path(sys.executable).parent / "cloudchamber"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """API, page, broker and worker on one data folder.

    Parameters
    ----------
    folder : Path
        The data folder; kept when the stack stops, so that another can start on it.
    port : int, optional
        The port to listen on; a free one by default.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers as ready."""
        command = [COMMAND, "serve", "--data", self.folder, "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--no-browser"],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/api/v1/health/ready", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the app did not start:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Stop as Ctrl-C does; kill the group where that does not help."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self) -> None:
        """End every process of the stack at once, as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Delete the data folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Api:
    """What the tests prepare through the API before they look at the page."""

    def __init__(self, url: str, token: str = "", annotator: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Annotator": annotator} if annotator else {}
        self.annotator = annotator
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET; raises for every status that is not 2xx."""
        return self.http.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """The JSON of a POST; raises for every status that is not 2xx."""
        response = self.http.post(path, json=body)
        if not response.is_success:
            raise AssertionError(f"POST {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def create_dataset(self, name: str, **fields: Any) -> int:
        """Create a dataset; gives its id."""
        return self.post("/datasets", {"name": name, **fields})["id"]

    def upload(self, path: Path) -> int:
        """Send a file in chunks; gives the upload's id."""
        content = path.read_bytes()
        upload = self.post("/uploads", {"name": path.name, "size": len(content)})
        step = 8 << 20
        for offset in range(0, len(content), step):
            self.http.put(
                f"/uploads/{upload['id']}/chunks",
                params={"offset": offset},
                content=content[offset : offset + step],
                headers={"Content-Type": "application/octet-stream"},
            ).raise_for_status()
        self.post(f"/uploads/{upload['id']}/complete", {})
        return upload["id"]

    def start_job(self, kind: str, dataset_id: int, params: dict[str, Any]) -> int:
        """Start a job; gives its id."""
        import uuid

        body = {"kind": kind, "dataset_id": dataset_id, "params": params, "key": str(uuid.uuid4())}
        return self.post("/jobs", body)["id"]

    def wait_for(self, job_id: int, seconds: float = 120.0) -> dict[str, Any]:
        """The job once it has ended well; raises when it failed or took too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.get(f"/jobs/{job_id}")
            if job["state"] == "succeeded":
                return job
            if job["state"] in ("failed", "cancelled"):
                raise AssertionError(f"{job['kind']} {job['state']}: {job['error']}")
            time.sleep(0.1)
        raise AssertionError(f"job {job_id} took longer than {seconds} s")

    def wait_until_quiet(self, dataset_id: int, seconds: float = 180.0) -> None:
        """Return when no job of the dataset is queued or running."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            jobs = self.get("/jobs", dataset_id=dataset_id)
            jobs = jobs["items"] if isinstance(jobs, dict) else jobs
            if not any(job["state"] in ("queued", "running", "cancelling") for job in jobs):
                return
            time.sleep(0.2)
        raise AssertionError(f"jobs still run after {seconds} s")

    def import_paths(self, dataset_id: int, *paths: Path, **params: Any) -> dict[str, Any]:
        """Upload the files, import them and wait; gives the job."""
        uploads = [{"id": self.upload(path), "role": "data"} for path in paths]
        job = self.start_job("import_files", dataset_id, {"uploads": uploads, **params})
        return self.wait_for(job)

    def labels(self, dataset_id: int) -> list[int]:
        """Class id of every cutout, 0 for none."""
        import numpy

        response = self.http.get(f"/datasets/{dataset_id}/labels").raise_for_status()
        n = int(response.headers["X-Labels"].split(";")[0])
        return numpy.frombuffer(response.content, "<i4", n).tolist()

    def history(self, dataset_id: int, ordinal: int) -> list[dict[str, Any]]:
        """What this annotator has said about a cutout, in the order it was said."""
        events = self.get(f"/datasets/{dataset_id}/labels/history", ordinal=ordinal)
        return [event for event in events if event["annotator"] == self.annotator]
