"""A ranked list that is made when it is looked at, for programs, tables and notebooks."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypedDict, overload, runtime_checkable

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.search.fields import hit_fields
from univldr.search.request import Request, Switch
from univldr.types import MINUS, Document, Hit, Modality, Query, Term
from univldr.where import And, Where, parse


class Options(TypedDict, total=False):
    """Keywords of :meth:`univldr.search.Searcher.search`: the fields of ``Request``, in their plain forms."""

    offset: int
    modality: Modality | str | None
    where: Where | str | None
    center: Switch
    image_bias: float
    lexical: Switch
    per_file: bool
    fold: bool
    min_relevance: float | None
    explain: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a request.

    Attributes:
        hits: Best first.
        answered: Whether any of them counts as an answer, as far as the model can tell; with ``False`` they
            are the nearest that the index has, and nothing more.
        took_ms: Milliseconds, encoding the query included.
    """

    hits: list[Hit]
    answered: bool | None
    took_ms: float


class Runs(Protocol):
    """What answers requests."""

    def run(self, request: Request) -> Found:
        """Answer a request now."""


@runtime_checkable
class RunsAsync(Protocol):
    """What answers requests without a thread of its own, when results are awaited."""

    async def run_async(self, request: Request) -> Found:
        """Answer a request."""


@runtime_checkable
class HasPictures(Protocol):
    """What keeps the pictures of its hits elsewhere than where their documents say."""

    def picture_of(self, document: Document) -> bytes | None:
        """A small picture of the document, encoded; ``None`` where it cannot be had."""


class Results(Sequence[Hit]):
    """Hits, best first; the search runs once, when they are first looked at.

    Methods that change the request give new results and leave these as they are:

    >>> searcher.search("boats").where("year > 2020").minus("people").limit(5)  # doctest: +SKIP

    ``await`` runs it beside other work. In a notebook the hits are shown with their pictures.
    """

    def __init__(self, searcher: Runs, request: Request) -> None:
        self._searcher = searcher
        self.request = request

    # --- what is asked for ---

    def limit(self, k: int) -> Results:
        """At most ``k`` hits."""
        return self._changed(k=k)

    def offset(self, hits: int) -> Results:
        """Pass over the first ``hits`` hits."""
        return self._changed(offset=hits)

    def where(self, where: str | Where) -> Results:
        """Only documents that match this filter and those given before."""
        wanted = parse(where) if isinstance(where, str) else where
        before = self.request.where
        return self._changed(where=wanted if before is None else And((before, wanted)))

    def only(self, modality: Modality | str | None) -> Results:
        """Only texts, or only images; ``None`` for both."""
        return self._changed(modality=_modality(modality))

    def plus(self, text: str = "", *, image: Path | bytes | None = None, weight: float = 1.0) -> Results:
        """What should be there as well."""
        query = self.request.query
        return self._asking(replace(query, plus=(*query.plus, Term(text, image, weight))))

    def minus(self, text: str = "", *, image: Path | bytes | None = None, weight: float = MINUS) -> Results:
        """What should not be there."""
        query = self.request.query
        return self._asking(replace(query, minus=(*query.minus, Term(text, image, weight))))

    def like(self, *documents: Hit | str) -> Results:
        """Near to these documents, too; they themselves are left out."""
        ids = tuple(one.document.id if isinstance(one, Hit) else one for one in documents)
        return self._asking(replace(self.request.query, like=(*self.request.query.like, *ids)))

    def center(self, switch: Switch = "on") -> Results:
        """Take each modality's mean out of the vectors, or not."""
        return self._changed(center=switch)

    def lexical(self, switch: Switch = "on") -> Results:
        """Let shared words count beside the vectors, or not."""
        return self._changed(lexical=switch)

    def image_bias(self, bias: float) -> Results:
        """Add this to the score of every picture."""
        return self._changed(image_bias=bias)

    def per_file(self, one: bool = True) -> Results:
        """One hit for each file, or every passage and page on its own."""
        return self._changed(per_file=one)

    def fold(self, copies: bool = True) -> Results:
        """One hit for copies of a picture, or each on its own."""
        return self._changed(fold=copies)

    def min_relevance(self, relevance: float) -> Results:
        """Leave out hits of less relevance."""
        return self._changed(min_relevance=relevance)

    def explain(self, wanted: bool = True) -> Results:
        """Split each hit's score into parts."""
        return self._changed(explain=wanted)

    # --- what was found ---

    @cached_property
    def _found(self) -> Found:
        return self._searcher.run(self.request)

    @property
    def hits(self) -> list[Hit]:
        """All of them."""
        return list(self._found.hits)

    @property
    def answered(self) -> bool | None:
        """See ``Found.answered``."""
        return self._found.answered

    @property
    def took_ms(self) -> float:
        """See ``Found.took_ms``."""
        return self._found.took_ms

    def __len__(self) -> int:
        return len(self._found.hits)

    @overload
    def __getitem__(self, position: int) -> Hit: ...
    @overload
    def __getitem__(self, position: slice) -> list[Hit]: ...
    def __getitem__(self, position: int | slice) -> Hit | list[Hit]:
        return self._found.hits[position]

    def __eq__(self, other: object) -> bool:
        """Equal hits, whether in results or in a list."""
        if isinstance(other, Results):
            return self._found.hits == other._found.hits
        return self._found.hits == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __await__(self) -> Generator[Any, None, Results]:
        if isinstance(self._searcher, RunsAsync):
            if "_found" not in self.__dict__:
                self._found = yield from self._searcher.run_async(self.request).__await__()
            return self
        import asyncio  # here, as a search from the command line needs neither it nor HTML

        yield from asyncio.to_thread(len, self).__await__()
        return self

    def to_dicts(self) -> list[dict[str, Any]]:
        """Each hit as plain JSON values, by the names that ``univldr search --json`` uses."""
        return [hit_fields(hit) for hit in self._found.hits]

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``, a row for each hit, with the columns of ``to_dicts``.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = require("pandas", extra="pandas", purpose="to_pandas()")
        return pandas.DataFrame(self.to_dicts(), columns=list(hit_fields(None)))

    def __repr__(self) -> str:
        lines = [f"{hit.rank:>3}  {hit.score:.3f}  {_line(hit)}" for hit in self._found.hits]
        return "\n".join(lines) or "(nothing found)"

    def _repr_html_(self) -> str:
        """For notebooks: the hits as a grid of cards with their pictures."""
        from univldr.search import html

        source = self._searcher.picture_of if isinstance(self._searcher, HasPictures) else html.of_document
        return html.grid(self._found.hits, answered=self._found.answered, picture_of=source)

    def _asking(self, query: Query) -> Results:
        return self._changed(query=query)

    def _changed(self, **fields: Any) -> Results:
        return Results(self._searcher, replace(self.request, **fields))


def requested(query: str | Query, k: int, options: Mapping[str, Any]) -> Request:
    """A request of plain values.

    Raises:
        ConfigError: see ``Request``; also an option that there is not, and a filter that cannot be parsed.
    """
    if unknown := options.keys() - Options.__annotations__.keys():
        known = ", ".join(Options.__annotations__)
        raise ConfigError(f"a search has no option {min(unknown)!r}; it has {known}")
    fields: dict[str, Any] = dict(options)
    if isinstance(where := fields.get("where"), str):
        fields["where"] = parse(where)
    fields["modality"] = _modality(fields.get("modality"))
    return Request(Query(query) if isinstance(query, str) else query, k, **fields)


def _modality(value: Modality | str | None) -> Modality | None:
    try:
        return None if value is None else Modality(value)
    except ValueError:
        raise ConfigError(f"modality is {value!r}; give text or image") from None


def _line(hit: Hit) -> str:
    document = hit.document
    words = " ".join((document.text or document.title or document.id).split())
    return f"{document.modality.value:<5}  {document.id}  {words[:80]}"
