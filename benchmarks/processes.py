"""Commands as processes: wall time from start to exit and peak memory, several commands taking turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost.

    Attributes:
        seconds: From process start to exit.
        megabytes: Peak resident memory, in 2**20 bytes.
        output: What it printed.
    """

    seconds: float
    megabytes: float
    output: str


def measured(*arguments: str) -> Cost:
    """Run Python with ``arguments`` once; exits where that fails.

    Peak memory is at least what this process has itself: the system counts from before the program starts.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=_environment()
    )
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"python {' '.join(arguments)} exited with {process.returncode}")
    return Cost(seconds, usage.ru_maxrss / 1024, output)


def medians(commands: Sequence[Sequence[str]], runs: int) -> list[Cost]:
    """The median cost of each command over ``runs`` rounds after a warm-up; in each round all have a turn."""
    rounds = [[measured(*command) for command in commands] for _ in range(runs + 1)][1:]
    return [
        Cost(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(cost.megabytes for cost in costs),
            costs[-1].output,
        )
        for costs in zip(*rounds, strict=True)
    ]


def _environment() -> dict[str, str]:
    """Bytecode is cached, as for an installed package, but not in the source tree; no network."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    cache = Path(tempfile.gettempdir(), f"univldr-bytecode-{os.getuid()}")
    return {"PYTHONPYCACHEPREFIX": str(cache), "HF_HUB_OFFLINE": "1", **kept}
