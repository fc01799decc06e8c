"""The readers of ``benchmarks.hostile`` under atheris, which finds inputs by the code that they reach.

python -m benchmarks.hostile.guided KIND [-max_total_time=60] [CORPUS]    needs atheris

Everything after KIND goes to libFuzzer. It stops at the first exception that is not of ``univldr.errors``, at
an input over 5 seconds or at 1 GB, and leaves that input in the working directory.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """``python -m benchmarks.hostile.guided``."""
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        sys.exit("pip install atheris")
    with atheris.instrument_imports(include=["univldr"]):
        from benchmarks.hostile.kinds import KINDS
        from univldr.errors import UnivldrError
    if len(sys.argv) < 2 or sys.argv[1] not in KINDS:
        sys.exit(f"give one of {', '.join(KINDS)}")
    name = sys.argv.pop(1)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as seeds,
        KINDS[name].reader(Path(folder)) as read,
    ):
        for number, seed in enumerate(KINDS[name].seeds()):
            Path(seeds, str(number)).write_bytes(seed)

        def test(data: bytes) -> None:
            with contextlib.suppress(UnivldrError):
                read(data)

        options = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=20000", *sys.argv[1:], seeds]
        atheris.Setup([sys.argv[0], *options], test)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
