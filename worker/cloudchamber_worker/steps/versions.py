"""Which code made a model: libraries, machine, and the sources themselves."""

import hashlib
import logging
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from threadpoolctl import threadpool_info

import cloudchamber.data
import cloudchamber_worker

log = logging.getLogger(__name__)
LIBRARIES = (
    "cloudchamber", "torch", "scikit-learn", "xgboost-cpu", "scipy", "numpy", "umap-learn",
    "hdbscan", "optuna", "safetensors",
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Versions of what made a model, to be kept with it.

    ``code`` is the SHA-256 of the sources of the worker and of the data room, ``commit`` the git
    commit where they lie in a checkout. ``device`` names the processor's architecture, the threads
    and the instruction sets that PyTorch and the BLAS computed with: on a CPU the same seed gives
    the same weights for the same of all these.
    """
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            log.warning("no version of %s is known", name)
    found["python"] = platform.python_version()
    found["device"] = _device()
    found["code"] = code_digest()
    if (commit := _commit()) is not None:
        found["commit"] = commit
    return found


def _device() -> str:
    """What decides the last bits: ``cpu, x86_64, PyTorch 2 threads AVX2, OpenBLAS 2 threads
    Haswell`` (of OpenBLAS the family of processors whose kernels it took)."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    capability = torch.backends.cpu.get_cpu_capability()
    said = [device, platform.machine(), f"PyTorch {_threads(torch.get_num_threads())} {capability}"]
    names = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            name = names.get(pool["internal_api"], pool["internal_api"])
            kernels = pool.get("architecture") or ""
            said.append(f"{name} {_threads(pool['num_threads'])} {kernels}".rstrip())
    return ", ".join(dict.fromkeys(said))  # NumPy and SciPy bring one OpenBLAS each


def _threads(n: int) -> str:
    return f"{n} thread{'s'[: n != 1]}"


@cache
def code_digest() -> str:
    """SHA-256 (hex) over names and contents of the Python sources of worker and data room."""
    digest = hashlib.sha256()
    for package in (cloudchamber_worker, cloudchamber.data):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            name = f"{package.__name__}/{path.relative_to(folder).as_posix()}"
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def _commit() -> str | None:
    """Of the checkout the sources lie in; None where they were installed."""
    root = Path(cloudchamber_worker.__path__[0]).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
