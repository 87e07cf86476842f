"""``python -m cloudchamber_worker [QUEUES]``: a worker that ends with whoever started it."""

import os
import sys

from cloudchamber_worker.process import die_with_parent


def main() -> None:
    """Start the Celery worker on the queues named by the first argument (default ``cpu,gpu``)."""
    die_with_parent()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    from cloudchamber_worker.app import app

    queues = sys.argv[1] if len(sys.argv) > 1 else "cpu,gpu"
    app.worker_main(
        [
            "worker",
            f"--queues={queues}",
            "--pool=threads",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=INFO",
        ]
    )


if __name__ == "__main__":
    main()
