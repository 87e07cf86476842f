"""Which function does a job kind: ``tasks/<kind>.py`` with a ``run``, by its name alone.

A lab's own kinds come from modules named in ``CLOUDCHAMBER_TASK_MODULES``; such a module has a dict
``TASKS`` from kind to ``run`` function.
"""

import importlib
from collections.abc import Callable, Iterable

from cloudchamber.data.job_requests import KINDS
from cloudchamber_worker.lease import JobContext

Task = Callable[[JobContext], None]


def kinds(modules: Iterable[str] = ()) -> list[str]:
    """Return the names of all job kinds, without importing the built-in (heavy) tasks."""
    return [*KINDS, *_own(modules)]


def find_task(kind: str, modules: Iterable[str] = ()) -> Task:
    """Import and return the function of a kind; LookupError if there is none."""
    if kind in KINDS:
        return importlib.import_module(f"cloudchamber_worker.tasks.{kind}").run
    own = _own(modules)
    if kind not in own:
        raise LookupError(f"this worker knows no job kind {kind!r}")
    return own[kind]


def module_names(setting: str) -> list[str]:
    """Split the comma-separated setting."""
    return [name.strip() for name in setting.split(",") if name.strip()]


def _own(modules: Iterable[str]) -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    for name in modules:
        tasks |= importlib.import_module(name).TASKS
    return tasks
