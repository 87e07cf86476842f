"""The rooms keep to themselves, and nothing in them can run what somebody uploaded."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = ("backend", "worker")
# Each of these runs code from the bytes it reads.
UNSAFE = re.compile(
    r"\bimport (pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\b"
    r"|\bfrom (pickle|dill|cloudpickle|joblib|marshal|shelve) import\b"
    r"|\btorch\.(load|save)\(|\bjoblib\.(load|dump)\(|allow_pickle\s*=\s*True"
    r"|\byaml\.(load|unsafe_load)\(|\bread_pickle\("
)
LINES = 400


def python_files(root: Path) -> list[Path]:
    return [path for source in SOURCES for path in sorted((root / source).rglob("*.py"))]


def test_the_import_contracts_hold(repository: Path) -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=repository, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_backend_starts_without_the_worker_and_its_libraries(repository: Path) -> None:
    absent = ["cloudchamber_worker", "torch", "sklearn", "umap", "astropy", "scipy", "PIL"]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}));"
        "import cloudchamber.app, cloudchamber.cli"
    )
    subprocess.run([sys.executable, "-c", script], cwd=repository, check=True, timeout=60)


def test_nothing_deserialises_code(repository: Path) -> None:
    found = [
        f"{path.relative_to(repository)}:{number}: {line.strip()}"
        for path in python_files(repository)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if UNSAFE.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "weights = torch.load(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_gate_sees_what_it_is_for(line: str) -> None:
    assert UNSAFE.search(line)


def test_no_module_has_grown_too_long(repository: Path) -> None:
    long = {
        str(path.relative_to(repository)): lines
        for path in python_files(repository)
        if (lines := len(path.read_text().splitlines())) > LINES
        and "versions" not in path.parts  # a migration is as long as the tables it makes
    }
    assert not long
