"""Runs an import's task in this process, on a real database, as the child process does."""

import hashlib
import uuid
from dataclasses import dataclass, field

import pytest

from cloudchamber.data import datasets, jobs, leases, people, uploads
from cloudchamber.data.accounts import FileAccount
from cloudchamber.data.database import Database
from cloudchamber.data.job_requests import KINDS
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks import import_files


@dataclass
class Importer:
    """Imports files given as bytes into one dataset."""

    database: Database
    dataset_id: int
    told: list = field(default_factory=list)
    last: int = 0

    def upload(self, name: str, data: bytes) -> int:
        with self.database.write() as session:
            upload = uploads.create_upload(session, name, len(data))
            for offset in range(0, len(data), uploads.CHUNK_BYTES):
                chunk = data[offset : offset + uploads.CHUNK_BYTES]
                uploads.write_chunk(session, upload.id, offset, chunk)
            return uploads.complete_upload(session, upload.id, hashlib.sha256(data).hexdigest()).id

    def job(self, files: dict[str, bytes | tuple[str, bytes]], **params) -> int:
        """A queued import; a file's value is its bytes, or (role, bytes)."""
        refs = []
        for name, content in files.items():
            role, data = content if isinstance(content, tuple) else ("data", content)
            parcel = name.endswith(".parcel.tar")
            refs.append({"id": self.upload(name, data), "role": role, "parcel": parcel})
        checked = KINDS["import_files"].params.model_validate({"uploads": refs, **params})
        with self.database.write() as session:
            who = people.person_named(session, "tester")
            return jobs.add_job(
                session, kind="import_files", queue="cpu", dataset_id=self.dataset_id,
                params=checked.model_dump(mode="json"), key=str(uuid.uuid4()), created_by=who.id,
            ).id  # fmt: skip

    def attempt(self, job_id: int) -> None:
        """Claim the job and run it here; a job whose lease is out is claimed again."""
        with self.database.write() as session:
            lease = leases.claim(session, job_id, owner="test", seconds=-1.0, max_attempts=99)
        assert lease is not None
        import_files.run(JobContext(self.database, lease, self.told.append))

    def run(
        self, files: dict[str, bytes | tuple[str, bytes]], **params
    ) -> dict[str, jobs.ImportFile]:
        """Import and return the report by file name."""
        self.last = self.job(files, **params)
        self.attempt(self.last)
        return self.report(self.last)

    @property
    def account_of(self) -> dict[str, FileAccount]:
        """The account of the last run, by file name."""
        lines = self.report(self.last).values()
        return {line.name: FileAccount.model_validate(line.detail) for line in lines}

    @property
    def result(self) -> dict:
        """The result of the last run."""
        with self.database.read() as session:
            return session.get_one(jobs.Job, self.last).result or {}

    def report(self, job_id: int) -> dict[str, jobs.ImportFile]:
        with self.database.read() as session:
            lines = jobs.list_import_files(session, job_id, limit=10_000)
            assert len({line.name for line in lines}) == len(lines)
            return {line.name: line for line in lines}


@pytest.fixture
def importer(database: Database) -> Importer:
    """An empty dataset to import into."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, "night")
        return Importer(database, dataset.id)
