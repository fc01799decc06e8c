"""Results as people want them: one hit for a file, and one for copies of a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from univldr.index.base import Index
from univldr.search.candidates import Candidate
from univldr.search.copies import are_copies, nearest_first
from univldr.types import Document, Float32Array, Modality

_PART = re.compile(r"(#page=\d+)?(#\d+)?$")  # of a file's document: which page, which passage


@dataclass(slots=True)
class Group:
    """A candidate and those it stands for.

    Attributes:
        best: The one to show.
        more: Further candidates of its file, best first.
        copies: Pictures that look the same.
    """

    best: Candidate
    more: list[Candidate] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)


def file_of(document: Document) -> str:
    """What the documents of one file, or the passages of one record, have in common, and no others.

    A document of a folder has the file's path, and an id that begins with its end; the passages of a record
    say of which record they are. Anything else is a file of its own.
    """
    whole = _PART.sub("", document.id)
    path = document.metadata.get("path")
    if isinstance(path, str) and path.replace("\\", "/").endswith(f"/{whole}"):
        return path
    return whole if document.metadata.get("record") == whole else document.id


def by_file(candidates: Sequence[Candidate]) -> list[Group]:
    """One group for each file, in the order of their best."""
    groups: dict[str, Group] = {}
    for one in candidates:
        group = groups.setdefault(file_of(one.document), Group(one))
        if group.best is not one:
            group.more.append(one)
    return list(groups.values())


def folded(groups: Sequence[Group], index: Index) -> list[Group]:
    """Groups without those whose picture is a copy of one before, which then names it.

    Pages of PDFs are left alone: two pages that look alike need not say the same.
    """
    rows = index.vectors([group.best.document.id for group in groups if _is_photo(group.best.document)])
    kept: list[Group] = []
    seen: list[Group] = []
    vectors = np.empty((len(rows), next(iter(rows.values())).size if rows else 0), np.float32)
    for group in groups:
        row = rows.get(group.best.document.id)
        if row is not None:
            if (original := _copied(group, row, seen, vectors[: len(seen)])) is not None:
                original.copies.append(group.best.document.id)
                continue
            vectors[len(seen)] = row
            seen.append(group)
        kept.append(group)
    return kept


def _copied(group: Group, row: Float32Array, seen: Sequence[Group], vectors: Float32Array) -> Group | None:
    """The group that ``group`` is a copy of."""
    for number, cosine in nearest_first(row, vectors):
        if are_copies(group.best.document, seen[number].best.document, cosine):
            return seen[number]
    return None


def _is_photo(document: Document) -> bool:
    return document.modality is Modality.IMAGE and "page" not in document.metadata
