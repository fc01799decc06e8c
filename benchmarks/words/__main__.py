"""``python -m benchmarks.words``: what generated words do for retrieval, in the joint pool of ``ordering``.

It needs what ``benchmarks.ordering`` left in its folder, and the captioners of ``recipes/captioner.toml``.
Runs every encoder over the pool with every choice of words, trains with words, and writes ``docs/words.md``.
What is done already is not done again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from benchmarks.words.ablation import Ablation
from benchmarks.words.report import write_report
from benchmarks.words.samples import write_samples
from benchmarks.words.training import train


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that benchmarks/README.md describes"
    )
    parser.add_argument("--ordering", type=Path, default=Path(".work/ordering"), help="where ordering is")
    parser.add_argument("--words", type=Path, default=Path(".work/words"), help="captioners, and all results")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where words.md goes")
    parser.add_argument("--only", choices=("ablation", "training", "report"), help="one part")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    ablation = Ablation(arguments.ordering, arguments.words)
    if arguments.only in (None, "ablation"):
        ablation.run()
        write_samples(arguments.data, arguments.ordering, arguments.words, ablation.wording())
    if arguments.only in (None, "training"):
        train(arguments.ordering, arguments.words)
    if arguments.only in (None, "report"):
        write_report(arguments.ordering, arguments.words, arguments.docs)


if __name__ == "__main__":
    main()
