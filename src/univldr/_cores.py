"""How many cores there are to work on."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores this process may use, which a container or ``taskset`` may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
