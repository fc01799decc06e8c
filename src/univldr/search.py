"""One query in, one ranked list of passages and pictures out."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from univldr.encoders import load_encoder
from univldr.errors import ConfigError
from univldr.index import Store, index_of
from univldr.index.base import Index
from univldr.types import Encoder, Hit, Modality, Query


class Searcher:
    """An encoder and the index it made; holds the index until closed.

    >>> with univldr.open("~/stuff") as searcher:
    ...     hits = searcher.search("the whiteboard with the pricing model", k=5)
    """

    def __init__(self, encoder: Encoder, index: Index, *, store: Store | None = None) -> None:
        self.encoder = encoder
        self.index = index
        self._held = store or index

    def search(self, query: str | Query, k: int = 10, *, modality: Modality | None = None) -> list[Hit]:
        """The best ``k`` documents: by score downwards, equal scores by id.

        Args:
            query: Words, or a ``Query`` of words, a picture or both.
            k: How many hits; fewer come only where the index holds fewer.
            modality: Only texts or only images, applied during the search.

        Raises:
            ConfigError: the query has neither words nor a picture, or ``k`` is below 1.
            ImageError: the query's picture cannot be decoded.
        """
        query = Query(text=query) if isinstance(query, str) else query
        if not query.text.strip() and query.image is None:
            raise ConfigError("the query is empty; give it words, a picture or both")
        if k < 1:
            raise ConfigError(f"k is {k}; ask for at least 1 hit")
        [vector] = self.encoder.encode_queries([query])
        return self.index.query(vector, k, modality=modality)

    def close(self) -> None:
        """Let another process open the index."""
        self._held.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(path: str | Path, *, model: str | None = None) -> Searcher:
    """Open the index of a corpus, or an index directory itself, with the model it was made with.

    Args:
        path: The corpus, or the index.
        model: Refuse an index that was made with another one; ``None`` and ``auto`` take any.

    Raises:
        StoreError: there is no index, it is broken, or another process holds it.
        ModelError: its model is missing or has changed since.
    """
    directory = index_of(Path(path).expanduser())
    store = Store.open(directory)
    try:
        if model not in (None, "auto"):
            store.manifest.check_name(directory, model)
        encoder = load_encoder(store.manifest.encoder)
        store.manifest.check(directory, encoder)
    except BaseException:
        store.close()
        raise
    return Searcher(encoder, store.engine, store=store)
