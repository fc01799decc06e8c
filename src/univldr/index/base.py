"""What every index engine does, and the stored form of a document."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from univldr.errors import CorpusError, StoreError
from univldr.index.uri import uri_of
from univldr.types import Document, Expansion, Float32Array, Hit, Modality
from univldr.where import Where

if TYPE_CHECKING:
    from univldr.index.manifest import Manifest

Payload = dict[str, Any]

MAX_NESTING = 100
"""How deep metadata may be nested; the engine reads 128 levels of a payload."""

SCAN_SIZE = 1000
"""Documents that a scan gives at a time."""


@dataclass(frozen=True, slots=True)
class Made:
    """Words that verbalizers made of some documents' pictures.

    Attributes:
        by: The verbalizers, by the key of their :class:`univldr.verbalize.run.Verbalization`.
        words: For each document, in order, what joins the expansions that it brought.
    """

    by: str
    words: Sequence[Sequence[Expansion]]

    def joined(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with these words."""
        return [
            replace(one, expansions=(*one.expansions, *words)) if words else one
            for one, words in zip(documents, self.words, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index is: its engine, the length of its vectors, how many documents it holds."""

    engine: str
    dim: int
    documents: int


class Index(Protocol):
    """Unit vectors and their documents; scores are inner products, which on unit rows are cosines."""

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """Store or overwrite ``documents`` by id; ``vectors`` is float32 [len(documents), dim], unit rows.

        Raises:
            CorpusError: a document cannot be stored; none of the call's documents was.
            StoreError: the vectors do not fit, or the index cannot be written.
        """

    def delete(self, ids: Sequence[str]) -> int:
        """Forget documents; unknown ids are fine. Returns how many there were."""

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """The documents in the order asked for, without their pixels."""

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """The stored rows, float32 [dim] by document id; unknown ids are left out."""

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """Everything there is, in the engine's order, ``size`` documents at a time, without their pixels.

        With them come their vectors, float32 [n, dim]; [0, dim] without ``vectors``. The index must not
        change meanwhile.
        """

    def query(
        self, vector: Float32Array, k: int, *, modality: Modality | None = None, where: Where | None = None
    ) -> list[Hit]:
        """The best ``k`` for ``vector``, float32 [dim]: by score downwards, equal scores by id.

        ``modality`` and ``where`` are applied during the search: ``k`` hits wherever ``k`` documents match.
        """

    def query_words(
        self,
        text: str,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """The best ``k`` by BM25 over passages, captions, generated words, titles and file names.

        Only documents that share a word with ``text``, stop words aside. A score is the share of what the
        words of ``text`` could give, in [0, 1]; see :mod:`univldr.index.words`.

        Args:
            ids: Only these documents; unknown ones are fine. How telling a word is, all documents decide.

        Raises:
            NoWordsError: the engine keeps none.
            StoreError: ``k`` is below 1.
        """

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """How many documents there are, of this modality, that match."""

    def flush(self) -> None:
        """Return once everything so far would survive a power cut."""

    def optimize(self) -> None:
        """Tidy up after many changes; answers stay the same, up to the engine's approximation."""

    def info(self) -> IndexInfo:
        """What this index is."""

    def close(self) -> None:
        """Release files and locks; the index cannot be used afterwards."""


class Engine(Index, Protocol):
    """An index that a store writes to."""

    def require_space(self) -> None:
        """Refuse to write where there is no room.

        Raises:
            StoreError: there is none.
        """

    def add_words(self) -> int:
        """Let documents that were stored before there were words be found by them. Returns how many."""


class Held(Protocol):
    """An index that is open, in this process or in another one; threads may share it.

    Attributes:
        path: The directory.
        manifest: What it was made with.
        engine: The vectors and documents.
    """

    @property
    def path(self) -> Path: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def engine(self) -> Index: ...

    def put(self, documents: Sequence[Document], vectors: Float32Array, made: Made | None = None) -> None:
        """Store or overwrite documents that belong to no corpus, by id; of one id in a call the last counts.

        When it returns, they survive a power cut, and are taken along when the index is made anew. Pictures
        given as bytes are kept beside the index; those given as paths stay where they are.

        Args:
            documents: With the words that they bring.
            vectors: float32 [len(documents), dim], unit rows.
            made: What the index's verbalizers say of their pictures. It is stored, and made again with the
                index.

        Raises:
            CorpusError: a document cannot be stored, or its id is that of a file or record of a corpus of the
                index; none of the call's was stored.
            ImageError: bytes are no picture; none of the call's was stored.
            StoreError: the vectors do not fit, the index was made anew meanwhile, or it cannot be written.
        """

    def drop(self, ids: Sequence[str]) -> int:
        """Forget documents; unknown ids are fine. Returns how many there were.

        Of those that came by ``put``, also what was kept of them. One whose file is still in its corpus comes
        back when that file changes.

        Raises:
            StoreError: the index was made anew meanwhile, or it cannot be written.
        """

    def ids_of(self, root: str, keys: Sequence[str]) -> list[str]:
        """The documents of some sources of the corpus at ``root``, as :attr:`manifest` names it."""

    def is_stale(self) -> bool:
        """Whether another index took this one's place; who searches should close it and open anew.

        Raises:
            StoreError: there is no index any more.
        """

    def close(self) -> None:
        """Let go of it."""


def to_payload(document: Document) -> Payload:
    """A document as plain JSON values, without its pixels.

    Raises:
        CorpusError: a field is not JSON (NaN and lone surrogates included), or nested too deep.
    """
    _check_nesting(document)
    payload = plain(document)
    try:
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise CorpusError(
            f"document {document.id!r} cannot be stored: {error}; texts must be Unicode and metadata JSON"
        ) from error
    return payload


def plain(document: Document) -> Payload:
    """The same without any check: for documents that were stored already."""
    return {
        "id": document.id,
        "modality": document.modality.value,
        "text": document.text,
        "image": str(document.image) if isinstance(document.image, Path) else None,
        "title": document.title,
        "expansions": [words.plain() for words in document.expansions],
        "metadata": dict(document.metadata),
    }


def _check_nesting(document: Document) -> None:
    """The engine could write what is nested deeper, but not read it, nor anything beside it."""
    level: list[Any] = [document.metadata]
    for _ in range(MAX_NESTING):
        inner = (one.values() if isinstance(one, Mapping) else one for one in level)
        level = [one for values in inner for one in values if isinstance(one, Mapping | list | tuple)]
        if not level:
            return
    raise CorpusError(
        f"document {document.id!r} cannot be stored: its metadata nests over {MAX_NESTING} deep; flatten it"
    )


def from_payload(payload: Mapping[str, Any]) -> Document:
    """The document that ``to_payload`` stored."""
    image = payload["image"]
    return Document(
        id=payload["id"],
        modality=Modality(payload["modality"]),
        text=payload["text"],
        image=None if image is None else Path(image),
        title=payload["title"],
        expansions=tuple(map(Expansion.parse, payload["expansions"])),
        metadata=payload["metadata"],
    )


def fields_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What filters see of a document: its metadata by name, and over them ``id modality title path``.

    ``path`` has two values in an index of a folder: the whole path, and the one relative to the folder, which
    is the document's id without the number of its passage.
    """
    metadata = payload["metadata"]
    own = {name: payload[name] or None for name in ("id", "modality", "title")}
    path = metadata.get("path") or payload["image"]
    if isinstance(path, str):
        path = path.replace("\\", "/") if os.name == "nt" else path
        keys = (payload["id"], payload["id"].rpartition("#")[0])
        path = [path, *(key for key in keys if key and path.endswith(f"/{key}"))]
    return {**metadata, **own, "path": path, "metadata": metadata}


def rank(scored: Sequence[tuple[float, Document]]) -> list[Hit]:
    """Hits by score downwards; equal scores by id, so that a ranking can be repeated."""
    ordered = sorted(scored, key=lambda pair: (-pair[0], pair[1].id))
    return [Hit(position, score, document) for position, (score, document) in enumerate(ordered, start=1)]


def check_rows(documents: Sequence[Document], vectors: Float32Array, dim: int) -> None:
    """Refuse vectors that do not belong to ``documents`` or would poison the index.

    Raises:
        StoreError: the shape is not [len(documents), dim], or a value is not finite.
    """
    if vectors.shape != (len(documents), dim):
        raise StoreError(
            f"vectors of shape {list(vectors.shape)} for {len(documents)} documents; "
            f"this index takes [{len(documents)}, {dim}]"
        )
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        document = documents[int(np.argmin(finite))]
        raise StoreError(f"the vector of document {document.id!r} is not finite; is the model broken?")


def check_query(vector: Float32Array, k: int, dim: int) -> None:
    """Refuse a query that this index cannot answer.

    Raises:
        StoreError: the vector is not [dim], or ``k`` is below 1.
    """
    if vector.shape != (dim,):
        raise StoreError(f"query vector of shape {list(vector.shape)}; this index takes [{dim}]")
    check_count(k)


def check_count(k: int) -> None:
    """Refuse to look for no hits.

    Raises:
        StoreError: ``k`` is below 1.
    """
    if k < 1:
        raise StoreError(f"k is {k}; ask for at least 1 hit")


def unusable(index: Path, action: str, error: BaseException) -> StoreError:
    """What went wrong with the files of ``index``, and what helps."""
    reason = " ".join(str(error).split())[:200]
    if "WouldBlock" in reason:
        return StoreError(f"index {index} is in use by another process; wait for it or stop it")
    if "No space left" in reason or "disk is full" in reason:
        return StoreError(f"no space to {action} index {index}; free some, or use --index elsewhere")
    if any(words in reason for words in ("Permission denied", "Read-only", "readonly")):
        return StoreError(
            f"cannot {action} index {index}: {reason}; even a search writes there: "
            "make it writable, or put it elsewhere with --index"
        )
    return StoreError(f"cannot {action} index {index}: {reason}; {rebuild_remedy(index)}")


def rebuild_remedy(index: Path) -> str:
    """The command that makes a broken index anew; one on a cluster under another name."""
    if uri := uri_of(index):
        return f"make it anew, under another name: univldr index --rebuild DIR --index {uri}_2"
    return f"make it anew: univldr index --rebuild {corpus_of(index) or f'DIR --index {index}'}"


def corpus_of(index: Path) -> Path | None:
    """The folder or file that an index directory lies in or beside; ``None`` where its name does not say."""
    if index.name == ".univldr":
        return index.parent
    found = re.fullmatch(r"\.(.+)\.univldr", index.name)
    return index.with_name(found[1]) if found else None
