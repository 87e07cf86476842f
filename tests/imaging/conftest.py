import pytest

from cloudchamber_worker.imaging import sandbox
from cloudchamber_worker.imaging.options import Role


@pytest.fixture
def decoded(tmp_path):
    """Decode bytes as a file of this name: (name, items, refused or ignored) of each file."""

    def run(data: bytes, name: str, role: Role = "data", **options):
        path = tmp_path / "upload"
        path.write_bytes(data)
        found = []
        with path.open("rb") as stream:
            for file in sandbox.decode(stream, name, role, **options):
                items = list(file.items)
                found.append((file.name, items, file.refused or file.ignored))
        return found

    return run
