"""A retriever of LangChain."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from univldr._optional import require
from univldr.integrations.asking import Found, ask, check, fields_of, found, found_async, words_of

_PURPOSE = "univldr.integrations.langchain"
_Base: Any = require("langchain_core.retrievers", extra="langchain", purpose=_PURPOSE).BaseRetriever
_Document: Any = require("langchain_core.documents", extra="langchain", purpose=_PURPOSE).Document


class UnivldrRetriever(_Base):  # type: ignore[misc]
    """Texts and pictures as ``Document``s of LangChain, best first.

    A picture's content is its caption and the words that were generated of it. ``metadata`` has ``id``,
    ``score``, ``relevance``, ``modality``, ``title`` and ``path`` beside the document's own, and ``image``,
    a data URI, where pictures were wanted.

    ``invoke`` and ``ainvoke`` take ``k`` and the options of a search as keywords, also ``image``, ``plus``,
    ``minus`` and ``like``, which change the query.

    Attributes:
        searcher: ``univldr.open(...)``, ``univldr.Client(...)``, or, for ``ainvoke``, ``AsyncClient``.
        k: How many documents.
        options: Keywords of ``Searcher.search``, for every search.
        pictures: Whether pictures come along; one that has gone since does not.

    Raises:
        ConfigError: at once, one of these is wrong.
    """

    searcher: Any
    k: int = 10
    options: dict[str, Any] = Field(default_factory=dict)
    pictures: bool = False

    @model_validator(mode="after")
    def _checked(self) -> Self:
        check(self.searcher, self.k, self.options)
        return self

    def _get_relevant_documents(self, query: str, *, run_manager: Any, **changes: Any) -> list[Any]:
        results = ask(self.searcher, query, changes.pop("k", self.k), self.options | changes)
        return [_document(one) for one in found(results, self.searcher, self.pictures)]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any, **changes: Any) -> list[Any]:
        results = ask(self.searcher, query, changes.pop("k", self.k), self.options | changes)
        return [_document(one) for one in await found_async(results, self.searcher, self.pictures)]


def _document(one: Found) -> Any:
    hit, picture = one
    metadata = fields_of(hit) | ({"image": picture} if picture else {})
    return _Document(words_of(hit.document), id=hit.document.id, metadata=metadata)
