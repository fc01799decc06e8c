"""Documents divided into bodies that a server takes, and what became of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2

from univldr.client.answers import encoded, json_of
from univldr.client.calls import Call, batched
from univldr.client.pictures import data_uri
from univldr.errors import ConfigError, CorpusError, TooLargeError, UnivldrError, error_of
from univldr.index.base import to_payload
from univldr.types import Document

DIVIDED = (TooLargeError, ConfigError)
"""What a server says of a whole body although it may be about one document."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document; ``error`` is ``None`` for one that is stored."""

    id: str
    error: UnivldrError | None = None


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """What became of each document, in order. What is stored survives a crash of the server."""

    outcomes: tuple[Outcome, ...]

    @property
    def stored(self) -> int:
        """How many were stored."""
        return sum(outcome.error is None for outcome in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that were not."""
        return tuple(outcome for outcome in self.outcomes if outcome.error is not None)


@dataclass(frozen=True, slots=True)
class _Item:
    place: int
    id: str
    content: bytes


class Upload:
    """Which bodies to send next; whoever does says what became of them.

    >>> while (call := upload.next()) is not None:  # doctest: +SKIP
    ...     upload.take(send(call))
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._outcomes: list[Outcome | None] = []
        # Of one id the last counts, so two of one id do not come together.
        items = self._encoded(documents)
        self._batches = batched(items, size=lambda item: len(item.content), apart=lambda item: item.id)
        self._waiting: deque[list[_Item]] = deque()

    def next(self) -> Call[list[Outcome]] | None:
        """The next body to send, the same one until ``take`` or ``divide``; ``None`` when all are done."""
        if not self._waiting:
            if (batch := next(self._batches, None)) is None:
                return None
            self._waiting.append(batch)
        items = self._waiting[0]
        body = b'{"documents":[' + b",".join(item.content for item in items) + b"]}"
        return Call("POST", "/v1/documents", partial(_outcomes, len(items)), body)

    def take(self, outcomes: list[Outcome]) -> None:
        """What became of the documents of the last body."""
        for item, outcome in zip(self._waiting.popleft(), outcomes, strict=True):
            self._outcomes[item.place] = Outcome(item.id, outcome.error)

    def divide(self, error: UnivldrError) -> None:
        """The last body was refused as a whole: send its halves, or blame the one document that it has."""
        items = self._waiting.popleft()
        if len(items) == 1:
            self._outcomes[items[0].place] = Outcome(items[0].id, error)
            return
        half = len(items) // 2
        self._waiting.extendleft((items[half:], items[:half]))

    @property
    def report(self) -> UpsertReport:
        """What became of those that are done."""
        return UpsertReport(tuple(outcome for outcome in self._outcomes if outcome is not None))

    def _encoded(self, documents: Iterable[Document]) -> Iterator[_Item]:
        """Each as JSON; one that cannot be is failed here."""
        for place, document in enumerate(documents):
            self._outcomes.append(None)
            try:
                yield _Item(place, document.id, encoded(_fields(document)))
            except UnivldrError as error:
                self._outcomes[place] = Outcome(document.id, error)


def _fields(document: Document) -> dict[str, Any]:
    if document.id == "":
        raise CorpusError("a document without an id; give it one")
    fields: Mapping[str, Any] = to_payload(document)
    picture = document.image
    return {
        **{name: fields[name] for name in ("id", "modality", "text", "title", "expansions", "metadata")},
        "image": None if picture is None else data_uri(picture),
    }


def _outcomes(count: int, response: httpx2.Response) -> list[Outcome]:
    found = [_outcome(fields) for fields in json_of(response)["documents"]]
    if len(found) != count:
        raise ValueError("another number of documents than was sent")
    return found


def _outcome(fields: Mapping[str, Any]) -> Outcome:
    if fields["status"] == "stored":
        return Outcome(fields["id"])
    error = fields["error"]
    text = f"{error['message']}; {error['remedy']}" if error["remedy"] else error["message"]
    return Outcome(fields["id"], error_of(error["type"], text))
