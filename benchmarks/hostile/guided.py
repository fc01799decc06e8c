"""The readers of ``benchmarks.hostile`` under atheris, which finds inputs by the code that they reach.

python -m benchmarks.hostile.guided KIND [-max_total_time=60] [CORPUS]    needs atheris
python -m benchmarks.hostile.guided all [--seconds 60] [--kinds PDF webqa] [--keep DIR]    a row for each kind

A kind stops at the first exception that is not of ``univldr.errors``, at an input over 60 s by the clock or
over 1 GB, and leaves that input in DIR, or in the working directory. What follows KIND goes to libFuzzer.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_RUNS = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+)", re.MULTILINE)
_HARM = re.compile(r"^(?:===?.*(?:Uncaught|ERROR).*|.*Error: .*|.*Exception: .*)$", re.MULTILINE)


def fuzz(name: str, options: list[str]) -> None:
    """One kind, in this process, which libFuzzer ends."""
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        sys.exit("pip install atheris")
    with atheris.instrument_imports(include=["univldr", "PIL"]):
        from benchmarks.hostile.kinds import KINDS
        from univldr.errors import UnivldrError
    if name not in KINDS:
        sys.exit(f"give all, or one of {', '.join(KINDS)}")
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

        usual = ["-timeout=60", "-rss_limit_mb=1024", "-max_len=20000"]
        atheris.Setup([sys.argv[0], *usual, *options, seeds], test)
        atheris.Fuzz()


def fuzz_all(seconds: int, names: list[str], keep: Path) -> int:
    """Each kind for some seconds in a process of its own; how many stopped early."""
    from univldr.evaluation.tables import markdown_table  # not above: what is fuzzed is imported by ``fuzz``

    keep.mkdir(parents=True, exist_ok=True)
    rows, stopped = [], 0
    for name in names:
        command = [sys.executable, "-m", "benchmarks.hostile.guided", name, f"-max_total_time={seconds}"]
        prefix = f"-artifact_prefix={keep}/{name.replace(' ', '-')}-"
        done = subprocess.run(
            [*command, prefix], capture_output=True, text=True, errors="replace", check=False
        )
        said = done.stdout + done.stderr
        runs, coverage, features = (_RUNS.findall(said) or [("0", "0", "0")])[-1]
        harm = _HARM.findall(said)[-1:] if done.returncode else []
        stopped += bool(done.returncode)
        rows.append(
            (name, f"{int(runs):,}", coverage, features, (harm or [str(done.returncode or "")])[0][:200])
        )
        print(*rows[-1], file=sys.stderr, flush=True)
    print(markdown_table(("inputs", "runs", "blocks reached", "features", "harm"), rows))
    return stopped


def main() -> None:
    """``python -m benchmarks.hostile.guided``."""
    if sys.argv[1:2] != ["all"]:
        if len(sys.argv) < 2:
            sys.exit(__doc__)
        fuzz(sys.argv[1], sys.argv[2:])
        return
    from benchmarks.hostile.kinds import KINDS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each kind")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--keep", type=Path, default=Path())
    options = parser.parse_args(sys.argv[2:])
    if fuzz_all(options.seconds, options.kinds, options.keep.absolute()):
        sys.exit(1)


if __name__ == "__main__":
    main()
