"""Everything that can be set, read once at the edge; prefix CLOUDCHAMBER_ in the environment."""

import getpass
import ipaddress
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def default_data_dir() -> Path:
    """Where data lie unless told otherwise: `cloudchamber` in the user's data folder."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "cloudchamber"


def system_user() -> str:
    """The operating system's name of who runs the server."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "annotator"


class Settings(BaseSettings):
    """Settings of the API server."""

    model_config = SettingsConfigDict(env_prefix="CLOUDCHAMBER_", extra="ignore")

    data_dir: Path = Field(default_factory=default_data_dir)
    """Folder of the SQLite file and of caches that may be deleted at any time."""
    database_url: str = ""
    """Postgres or SQLite; empty means `cloudchamber.db` in `data_dir`."""
    broker_url: str = ""
    """Redis or Valkey that rings workers; empty means jobs wait until a sweep finds a broker."""
    host: str = "127.0.0.1"
    port: int = 8000
    token: SecretStr | None = None
    """Needed unless the server listens on the loopback address only."""
    allowed_hosts: Annotated[list[str], NoDecode] = []
    """Names under which browsers may reach the server, besides loopback and `host`; with commas."""
    annotator: str = Field(default_factory=system_user)
    """Who labels when a request does not say."""
    read_only: bool = False
    max_upload_bytes: int = 64 << 30
    min_free_bytes: int = 500 << 20
    """Uploads are refused when less is free where the SQLite file lies; labels are not."""
    statement_timeout: float = 30.0

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def resolved_database_url(self) -> str:
        """The database URL, with the SQLite file of `data_dir` where none is set."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'cloudchamber.db'}"

    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
