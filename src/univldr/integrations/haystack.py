"""A retriever component of Haystack."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from types import GenericAlias
from typing import Any, Self

from univldr._optional import require
from univldr.client import Client
from univldr.errors import ConfigError
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
from univldr.integrations.haystack_filters import where_of
from univldr.search import Results
from univldr.where import And, parse

_PURPOSE = "univldr.integrations.haystack"
_haystack = require("haystack", extra="haystack", purpose=_PURPOSE)
_dataclasses = require("haystack.dataclasses", extra="haystack", purpose=_PURPOSE)

_OUT = {"documents": GenericAlias(list, _dataclasses.Document)}


@_haystack.component
class UnivldrRetriever:
    """Texts and pictures as ``Document``s of Haystack, with their scores, best first.

    A picture's content is its caption and the words that were generated of it. ``meta`` has ``id``,
    ``score``, ``relevance``, ``modality``, ``title`` and ``path`` beside the document's own; also
    ``file_path``, and of a PDF's page ``page_number``, where ``DocumentToImageContent`` looks for them.
    """

    def __init__(
        self,
        searcher: Asked,
        top_k: int = 10,
        options: Mapping[str, Any] | None = None,
        pictures: bool = False,
    ) -> None:
        """Ask ``searcher``.

        Args:
            searcher: ``univldr.open(...)``, ``univldr.Client(...)``, or, for ``run_async``, ``AsyncClient``.
            top_k: How many documents.
            options: Keywords of ``Searcher.search``; also ``plus``, ``minus`` and ``like`` of ``Query``.
            pictures: Whether pictures come along, as ``blob``; one that has gone since does not.

        Raises:
            ConfigError: one of these is wrong.
        """
        check(searcher, top_k, options or {})
        self.searcher = searcher
        self.top_k = top_k
        self.options = dict(options or {})
        self.pictures = pictures

    @_haystack.component.output_types(**_OUT)  # type: ignore[untyped-decorator]
    def run(
        self,
        query: str = "",
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
        image: Any = None,
    ) -> dict[str, Any]:
        """Search.

        Args:
            query: What is looked for; may be empty beside an image.
            filters: Haystack's, beside the ``where`` of ``options``: all must match.
            top_k: How many documents, in place of the component's own number.
            image: A path or a ``ByteStream``: a picture to look for, with the words or without.

        Returns:
            ``documents``: a list of ``Document``.

        Raises:
            ConfigError: see ``Searcher.search``; also a filter or an image of another kind.
            UnivldrError: what the search raises.
        """
        results = self._asked(query, filters, top_k, image)
        return {"documents": list(map(_document, found(results, self.searcher, self.pictures)))}

    @_haystack.component.output_types(**_OUT)  # type: ignore[untyped-decorator]
    async def run_async(
        self,
        query: str = "",
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
        image: Any = None,
    ) -> dict[str, Any]:
        """See ``run``."""
        results = self._asked(query, filters, top_k, image)
        return {"documents": list(map(_document, await found_async(results, self.searcher, self.pictures)))}

    def to_dict(self) -> dict[str, Any]:
        """For pipelines that are written down: the server's address stands for it, and a key is left out.

        Raises:
            ConfigError: the searcher is no ``Client``, or an option has no written form.
        """
        if not isinstance(self.searcher, Client):
            raise ConfigError(
                f"a pipeline with {type(self.searcher).__name__} cannot be written down; start "
                "univldr serve and give the component univldr.Client(...)"
            )
        options = {name: _written(name, value) for name, value in self.options.items()}
        written: dict[str, Any] = _haystack.default_to_dict(
            self, searcher=self.searcher.url, top_k=self.top_k, options=options, pictures=self.pictures
        )
        return written

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """What ``to_dict`` wrote; the key comes from the environment, if the server asks for one."""
        settings = data["init_parameters"]
        return cls(**settings | {"searcher": Client(settings["searcher"])})

    def _asked(self, query: str, filters: dict[str, Any] | None, top_k: int | None, image: Any) -> Results:
        options = dict(self.options)
        if filters:
            wanted = where_of(filters)
            always = options.get("where")
            always = parse(always) if isinstance(always, str) else always
            options["where"] = wanted if always is None else And((always, wanted))
        if image is not None:
            options["image"] = _image(image)
        return ask(self.searcher, query, self.top_k if top_k is None else top_k, options)


def _image(image: object) -> Path | bytes:
    if isinstance(image, _dataclasses.ByteStream):
        data: bytes = image.data
        return data
    if isinstance(image, str | Path):
        return Path(image)
    raise ConfigError(f"image is a {type(image).__name__}; give a path or a ByteStream")


def _written(name: str, value: object) -> str | float | None:
    if name == "where" and value is not None:
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)  # a Modality is one, which YAML does not know
    raise ConfigError(f"the option {name} cannot be written down; leave it out of a pipeline that is")


def _document(one: Found) -> Any:
    hit, picture = one
    document = hit.document
    meta = fields_of(hit)
    if document.path is not None:
        meta["file_path"] = document.path
        if document.path.lower().endswith(".pdf") and "page" in meta:
            meta["page_number"] = meta["page"]
    blob = None
    if picture is not None:
        kind, content = split_uri(picture)
        blob = _dataclasses.ByteStream(base64.b64decode(content), mime_type=kind)
    return _dataclasses.Document(
        id=document.id, content=words_of(document), blob=blob, meta=meta, score=hit.score
    )
