"""Small things about processes that the standard library has no word for."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux only)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel had heard us
        os._exit(1)


def describe_exit(status: int) -> str:
    """Say how a process ended, from its `Popen.returncode`."""
    if status >= 0:
        return f"it ended by itself with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    reasons = {
        "SIGKILL": "it was killed, most often because the machine ran out of memory",
        "SIGSEGV": "it crashed (segmentation fault)",
        "SIGABRT": "it crashed (abort)",
        "SIGBUS": "it crashed (bus error)",
        "SIGXCPU": "it used more processor time than allowed",
    }
    return reasons.get(name, f"it was ended by {name}")


def memory_of_machine() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        return min(total, int(text))
    return total
