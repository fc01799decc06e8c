"""What the commands print: tables for people, JSON and paths for programs; progress goes to stderr."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from univldr.cli import preview
from univldr.corpus.base import UNSUPPORTED, Skipped
from univldr.pipeline import IndexReport
from univldr.search.fields import hit_fields
from univldr.types import Hit
from univldr.types import Progress as Report
from univldr.verbalize.run import Counts

_SNIPPET = 240


def print_json(fields: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(fields, ensure_ascii=False, indent=2) + "\n")


def result_fields(query: str, hits: Sequence[Hit], took_ms: float) -> dict[str, Any]:
    """The JSON form of a ranked list."""
    return {"query": query, "took_ms": round(took_ms, 2), "hits": list(map(hit_fields, hits))}


def print_paths(hits: Sequence[Hit]) -> None:
    """Each file once, best first, one a line."""
    for path in dict.fromkeys(filter(None, (hit.document.path for hit in hits))):
        print(path)


def print_hits(query: str, hits: Sequence[Hit], took_ms: float, *, answered: bool | None = None) -> None:
    """A ranked list as a table, with the pictures where the terminal can show them.

    The hits' relevance has a column where any is known. ``answered`` says whether any hit is an answer.
    """
    console = Console()
    if not hits:
        console.print(f"Nothing found for [bold]{escape(query)}[/].")
        return
    if answered is False:
        console.print("[yellow]Nothing in the index seems to answer this; the nearest:[/]")
    judged = any(hit.relevance is not None for hit in hits)
    table = Table(box=None, padding=(0, 2, 1 if preview.possible(console) else 0, 0), show_header=judged)
    table.add_column(justify="right", style="bold")
    table.add_column("score", style="cyan")
    if judged:
        table.add_column("relevance", justify="right")
    table.add_column()
    table.add_column(overflow="fold", ratio=1)
    for hit in hits:
        relevance = [_relevance(hit)] if judged else []
        table.add_row(str(hit.rank), f"{hit.score:.3f}", *relevance, _kind(hit), _body(hit, query, console))
    console.print(table)
    console.print(f"[dim]{len(hits)} {'hit' if len(hits) == 1 else 'hits'} in {took_ms:.0f} ms[/]")


def _relevance(hit: Hit) -> str:
    return "" if hit.relevance is None else f"{hit.relevance:.2f}"


def _kind(hit: Hit) -> Text:
    return Text(hit.document.modality.value, style="magenta" if hit.document.modality == "image" else "green")


def _body(hit: Hit, query: str, console: Console) -> Text:
    document = hit.document
    body = Text(document.title or document.id, style="bold")
    if words := document.text.removeprefix(document.title).strip():
        body.append("\n" + snippet(words, query), style="not bold")
    for origin, some in groupby(document.expansions, lambda expansion: expansion.origin):
        words = snippet(" · ".join(expansion.text for expansion in some), query)
        body.append(f"\ngenerated{', ' if origin else ''}{origin}:", style="not bold dim")
        body.append(f" {words}", style="not bold italic dim")
    if hit.explanation:
        body.append("\n" + _explained(hit), style="not bold cyan")
    if (path := document.path) is not None:
        body.append("\n" + _from_here(path), style="not bold dim")
    if others := _others(hit):
        body.append(f"\n{others}", style="not bold dim italic")
    if document.image is not None and (picture := preview.render(document, console)):
        body.append("\n")
        body.append_text(picture)
    return body


def _others(hit: Hit) -> str:
    """What else the hit stands for."""
    more, copies = len(hit.more), len(hit.copies)
    part = "page or passage" if "page" in hit.document.metadata else "passage"
    parts = [f"{more} more {part}{'s' if more > 1 else ''} of this file"] if more else []
    parts += (
        [f"{copies} more {'pictures look' if copies > 1 else 'picture looks'} the same"] if copies else []
    )
    return "; ".join(parts)


def _explained(hit: Hit) -> str:
    """``0.53 = 0.31 pixels + 0.22 caption``; a part may be negative."""
    terms = [
        f"{'-' if value < 0 else '+'} {abs(value):.3f} {name}" for name, value in hit.explanation.items()
    ]
    return f"{hit.score:.3f} = {' '.join(terms).removeprefix('+ ')}"


def _from_here(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def snippet(text: str, query: str, limit: int = _SNIPPET) -> str:
    """About ``limit`` characters of ``text``, from where most of the query's words stand."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    wanted = {word.lower() for word in re.findall(r"\w{3,}", query)}
    starts = [0, *(match.end() for match in re.finditer(r"[.!?] ", text))]

    def found(start: int) -> tuple[int, int]:
        window = text[start : start + limit].lower()
        sentence = re.split(r"[.!?] ", window, maxsplit=1)[0]
        return sum(word in window for word in wanted), sum(word in sentence for word in wanted)

    best = max(starts, key=found)
    best = min(best, max(start for start in starts if start <= len(text) - limit))
    cut = text[best : best + limit]
    if best + limit < len(text):
        cut = cut.rpartition(" ")[0] + " …"
    return ("… " if best else "") + cut


def print_fields(fields: Mapping[str, Any]) -> None:
    """Names and values, one pair a line."""
    table = Table(box=None, show_header=False)
    for name, value in fields.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        table.add_row(name, _bytes(value) if name == "bytes" else str(shown))
    Console().print(table)


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def report_fields(report: IndexReport) -> dict[str, Any]:
    """The JSON form of what an update did."""
    return {
        "documents": report.documents,
        "added": report.added,
        "updated": report.updated,
        "renamed": report.renamed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "encoded": report.encoded,
        "skipped": [{"key": skipped.key, "reason": skipped.reason} for skipped in report.skipped],
        "seconds": round(report.seconds, 3),
        "words": {name: dataclasses.asdict(counts) for name, counts in report.words.items()},
        "dropped_expansions": report.dropped_expansions,
    }


def report_line(report: IndexReport) -> str:
    """What an update did, on one line."""
    renamed = f"{report.renamed} renamed, " if report.renamed else ""
    return (
        f"{report.documents} documents; {report.added} sources added, {report.updated} updated, {renamed}"
        f"{report.removed} removed, {report.unchanged} unchanged in {report.seconds:.1f} s"
    )


def print_report(report: IndexReport) -> None:
    """What an update did, and what it had to skip, alike reasons on one line."""
    console = Console()
    console.print(report_line(report))
    for line in words_lines(report.words):
        console.print(Text(line), soft_wrap=True)
    if report.dropped_expansions:
        console.print(
            Text(f"{report.dropped_expansions} generated texts left out: captions were full", style="yellow")
        )
    kinds: dict[str, list[Skipped]] = {}
    for skipped in report.skipped:
        kinds.setdefault(skipped.reason, []).append(skipped)
    for reason, alike in kinds.items():
        line = str(alike[0]) if len(alike) == 1 else f"{len(alike)} × {reason}, {alike[0].key} the first"
        console.print(Text(f"skipped {line}", style="yellow"), soft_wrap=True)


def words_lines(words: Mapping[str, Counts]) -> list[str]:
    """What each verbalizer did, a line for each that did anything."""
    lines = []
    for name, counts in words.items():
        if counts.made or counts.reused:
            speed = f", {counts.made / counts.seconds:.0f}/s" if counts.made and counts.seconds else ""
            line = f"{name}: {counts.made} pictures worded{speed}, {counts.reused} known already"
            more = {
                "with nothing to say": counts.empty,
                "texts cut": counts.cut,
                "texts dropped": counts.dropped,
            }
            lines.append(", ".join([line, *(f"{count} {what}" for what, count in more.items() if count)]))
    return lines


def warn_skipped(report: IndexReport) -> None:
    """One line on stderr where something that belongs in the index could not be indexed."""
    if count := sum(not skipped.reason.startswith(UNSUPPORTED) for skipped in report.skipped):
        print(f"univldr: {count} skipped; univldr index lists them with the reasons", file=sys.stderr)


@contextmanager
def progress(*, shown: bool = True) -> Iterator[Report]:
    """A callback that draws a bar with an estimate on stderr, in a terminal, once there is work to show."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, disable=not (shown and console.is_terminal), transient=True
    ) as bars:
        tasks: dict[str, Any] = {}

        def report(done: int, total: int, label: str) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        try:
            yield report
        except KeyboardInterrupt:
            bars.stop()
            print(
                "univldr: interrupted; what is done is kept, the same command goes on from there",
                file=sys.stderr,
            )
            raise typer.Exit(130) from None
