"""What a worker is told by its environment; every name has the prefix ``CLOUDCHAMBER_``."""

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Settings of a worker; it needs the two addresses and no shared folder."""

    model_config = SettingsConfigDict(env_prefix="CLOUDCHAMBER_", extra="ignore")

    database_url: str = Field(description="sqlite:////path/to/file.db or postgresql://…")
    broker_url: str = Field(description="redis://host:port/0 or redis+socket:///path/to/socket")
    cache_dir: Path | None = Field(None, description="Where compiled code is kept between starts")
    worker_concurrency: int = Field(2, ge=1, le=64, description="Jobs at a time")
    task_modules: str = Field(
        "", description="Modules with job kinds of your own, comma-separated (see `registry`)"
    )
    lease_seconds: float = Field(30.0, gt=0, description="A silent worker loses its job after this")
    beat_seconds: float = Field(5.0, gt=0, description="How often a lease is renewed")
    tick_seconds: float = Field(1.0, gt=0, description="How often news and a cancel are looked for")
    sweep_seconds: float = Field(2.0, gt=0, description="How often forgotten jobs are looked for")
    patience_seconds: float = Field(5.0, gt=0, description="An unclaimed job is rung for again")
    stall_seconds: float = Field(
        3600.0, gt=0, description="An attempt without any sign of life is ended after this"
    )
    max_attempts: int = Field(3, ge=1, le=10)
    memory_fraction: float = Field(
        0.9, gt=0, le=1, description="How much of the machine's memory one job may take"
    )
    nice: int = Field(10, ge=0, le=19, description="Priority of the jobs; people come first")

    @model_validator(mode="after")
    def _beats_before_the_lease_ends(self) -> "WorkerSettings":
        if self.lease_seconds < 2 * self.beat_seconds:
            raise ValueError("lease_seconds must be at least twice beat_seconds")
        return self
