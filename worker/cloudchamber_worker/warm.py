"""Fit one small map so that numba's compiled kernels lie in the cache before anyone waits for them.

Run once after an installation by ``python -m cloudchamber_worker.warm`` at the lowest priority, in
the background of the worker's start.
"""

import hashlib
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path

from cloudchamber_worker.process import die_with_parent
from cloudchamber_worker.settings import WorkerSettings

log = logging.getLogger(__name__)

PACKAGES = ("numba", "numpy", "umap-learn", "pynndescent", "hdbscan")


def main() -> int:
    """Warm the cache once for each set of versions."""
    settings = WorkerSettings()  # pyright: ignore[reportCallIssue] - from the environment
    if settings.cache_dir is None:
        return 0
    die_with_parent()
    os.nice(19)
    names = " ".join(f"{name}={version(name)}" for name in PACKAGES) + sys.version
    mark = settings.cache_dir / f"warm-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
    if mark.exists():
        return 0
    from cloudchamber_worker.learning.projection import warm

    warm()
    Path(mark).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
