"""A retriever of LlamaIndex."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from univldr._optional import require
from univldr._pdf import page_of
from univldr.integrations.asking import (
    Asked,
    Found,
    ask,
    check,
    fields_of,
    found,
    found_async,
    split_uri,
    words_of,
)
from univldr.search import Results
from univldr.types import Modality

_PURPOSE = "univldr.integrations.llamaindex"
_Base: Any = require("llama_index.core.retrievers", extra="llamaindex", purpose=_PURPOSE).BaseRetriever
_schema = require("llama_index.core.schema", extra="llamaindex", purpose=_PURPOSE)

_NOT_FOR_MODELS = ["id", "score", "relevance", "modality", "path", "explanation"]
"""What a language model has no use for; LlamaIndex would put it before the text."""


class UnivldrRetriever(_Base):  # type: ignore[misc]
    """Texts as ``TextNode`` and pictures as ``ImageNode`` of LlamaIndex, with their scores, best first.

    A picture's text is its caption and the words that were generated of it. ``metadata`` has ``id``,
    ``score``, ``relevance``, ``modality``, ``title`` and ``path`` beside the document's own; the file is the
    node's source. A ``QueryBundle`` may have an ``image_path``.
    """

    def __init__(
        self,
        searcher: Asked,
        *,
        k: int = 10,
        options: Mapping[str, Any] | None = None,
        pictures: bool = False,
        **base: Any,
    ) -> None:
        """Ask ``searcher``.

        Args:
            searcher: ``univldr.open(...)``, ``univldr.Client(...)``, or, for ``aretrieve``, ``AsyncClient``.
            k: How many nodes.
            options: Keywords of ``Searcher.search``; also ``plus``, ``minus`` and ``like`` of ``Query``.
            pictures: Whether pictures come along; one that has gone since does not. Without it, an
                ``ImageNode`` has the path alone: of a server's index, one on the server's machine; of a page
                of a PDF, none.
            base: Keywords of LlamaIndex's ``BaseRetriever``.

        Raises:
            ConfigError: one of these is wrong.
        """
        check(searcher, k, options or {})
        self.searcher = searcher
        self._k = k
        self._options = dict(options or {})
        self._pictures = pictures
        super().__init__(**base)

    def _retrieve(self, query_bundle: Any) -> list[Any]:
        results = self._asked(query_bundle)
        return [_node(one) for one in found(results, self.searcher, self._pictures)]

    async def _aretrieve(self, query_bundle: Any) -> list[Any]:
        results = self._asked(query_bundle)
        return [_node(one) for one in await found_async(results, self.searcher, self._pictures)]

    def _asked(self, bundle: Any) -> Results:
        image = {"image": Path(bundle.image_path)} if bundle.image_path else {}
        return ask(self.searcher, bundle.query_str, self._k, self._options | image)


def _node(one: Found) -> Any:
    hit, picture = one
    document = hit.document
    fields = {
        "id_": document.id,
        "text": words_of(document),
        "metadata": fields_of(hit),
        "excluded_llm_metadata_keys": _NOT_FOR_MODELS,
        "excluded_embed_metadata_keys": _NOT_FOR_MODELS,
    }
    if document.path is not None:
        source = _schema.RelatedNodeInfo(node_id=document.path)
        fields["relationships"] = {_schema.NodeRelationship.SOURCE: source}
    if document.modality is Modality.TEXT:
        return _schema.NodeWithScore(node=_schema.TextNode(**fields), score=hit.score)
    if picture is not None:
        fields["image_mimetype"], fields["image"] = split_uri(picture)
    elif isinstance(document.image, Path) and page_of(document.image) is None:
        fields["image_path"] = str(document.image)
    return _schema.NodeWithScore(node=_schema.ImageNode(**fields), score=hit.score)
