"""The demo corpus's own questions: how many have a right document first, by kind."""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

from univldr.demo.corpus import write_corpus
from univldr.demo.questions import QUESTIONS
from univldr.pipeline import update
from univldr.search import Searcher
from univldr.search import open as open_index
from univldr.types import Modality

DEPTH = 500
_KINDS = {Modality.TEXT: "passage", Modality.IMAGE: "captioned picture"}


def rank(searcher: Searcher, text: str, answers: frozenset[str]) -> tuple[int, str]:
    """The rank of the first right document, and its kind."""
    for hit in searcher.search(text, k=DEPTH, lexical="off"):  # names of files would tell it
        if hit.document.id.partition("#")[0] in answers:
            is_bare = hit.document.modality == Modality.IMAGE and not hit.document.text
            return hit.rank, "bare picture" if is_bare else _KINDS[hit.document.modality]
    raise AssertionError(f"{text!r} has none of {sorted(answers)} in the index")


def ranks_by_kind(model: str) -> dict[str, list[tuple[int, str]]]:
    """By kind of answer, the rank of the first right document for each question."""
    ranks: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        update(Path(folder), model=model)
        with open_index(folder) as searcher:
            for question in QUESTIONS:
                found, kind = rank(searcher, question.text, question.answers)
                ranks[kind].append((found, question.text))
    return ranks


def main() -> None:
    """``python -m benchmarks.demo``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mini", help="any name that load_encoder takes")
    ranks = ranks_by_kind(parser.parse_args().model)
    for kind, found in sorted(ranks.items()):
        for place, text in found:
            print(f"{place:4}  {kind:17}  {text}")
    for kind, found in sorted(ranks.items()):
        print(f"{kind}: first for {sum(place == 1 for place, _ in found)} of {len(found)}")
    first = sum(place == 1 for found in ranks.values() for place, _ in found)
    print(f"all: first for {first} of {len(QUESTIONS)}")


if __name__ == "__main__":
    main()
