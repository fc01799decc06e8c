"""The tour of ``univldr demo``: a corpus, its index, six questions, and what to try next."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from univldr.demo.corpus import write_corpus
from univldr.demo.questions import TOUR, Question
from univldr.pipeline import update
from univldr.search import Searcher
from univldr.search import open as open_index
from univldr.types import Modality

_SHOWN = 4
_NAME = 36


def tour(folder: Path, model: str = "mini") -> None:
    """Write the demo corpus into ``folder``, index it with ``model``, and ask the questions of ``TOUR``."""
    console = Console(highlight=False)
    started = time.perf_counter()
    write_corpus(folder)
    console.print(f"Drew the pictures and wrote the notes in [bold]{folder}[/] ({_since(started)}).")
    report = update(folder, model=model)
    console.print(
        f"Indexed {report.documents} documents with model [bold]{model}[/] in {report.seconds:.1f} s.\n"
    )
    with open_index(folder) as searcher:
        right = sum(_ask(searcher, question, console) for question in TOUR)
    console.print(f"{right} of {len(TOUR)} questions have their answer first; all took {_since(started)}.\n")
    console.print("Try next, on your own pictures and texts too:")
    for command in (
        f'univldr search {folder} "a boat on the sea"',
        f'univldr search {folder} "what feeds a hurricane" --modality text',
        f"univldr search {folder} --image {folder}/pictures/{_a_picture(folder)} -k 5",
        'univldr search ~/Pictures "a dog in the snow"',
    ):
        console.print(f"  {command}", soft_wrap=True)


def _ask(searcher: Searcher, question: Question, console: Console) -> bool:
    hits = searcher.search(question.text, k=_SHOWN, lexical="off")  # names of files would tell it
    right = [hit.document.id.partition("#")[0] in question.answers for hit in hits]
    table = Table(title=f"“{question.text}”", title_justify="left", title_style="bold", box=None)
    for name in ("", "score", "kind", "document", "caption or text"):
        table.add_column(name, no_wrap=True, header_style="dim")
    for hit, is_right in zip(hits, right, strict=True):
        kind = "[magenta]image[/]" if hit.document.modality == Modality.IMAGE else "[green]text[/]"
        words = (
            " ".join(hit.document.text.removeprefix(hit.document.title).split()) or "(found by its pixels)"
        )
        name, about = _cut(hit.document.id, _NAME), _cut(words, console.width - _NAME - 20)
        table.add_row("[green]✓[/]" if is_right else "", f"{hit.score:.2f}", kind, name, about)
    console.print(table, "")
    return right[0]


def _cut(text: str, width: int) -> str:
    return escape(text if len(text) <= width else text[: width - 1] + "…")


def _a_picture(folder: Path) -> str:
    return min(path.name for path in (folder / "pictures").iterdir() if path.suffix in (".png", ".jpg"))


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.1f} s"
