"""The uploads of an index as a corpus whose sources are their records: made up for, made anew."""

from __future__ import annotations

from collections.abc import Callable

from univldr.corpus.base import Scan, Source
from univldr.errors import CorpusError
from univldr.index import Store
from univldr.index.uploads import RECORDS, Uploads
from univldr.pipeline.run import IndexReport, index_corpus
from univldr.types import Document, Encoder, Progress
from univldr.verbalize.run import Verbalization


class UploadsCorpus:
    """What came by itself into an index; see :class:`univldr.corpus.base.Corpus`.

    A source is one document, its key that one's id.
    """

    def __init__(self, uploads: Uploads) -> None:
        self.root = uploads.path
        self._uploads = uploads

    def scan(self) -> Scan:
        if not self._uploads.exist:
            raise CorpusError(
                f"{self.root}: its {RECORDS} is gone; restore it, or delete what came from there"
            )
        path = self.root / RECORDS
        return Scan([Source(key, stamp, path) for key, stamp in self._uploads.stamps().items()], [])

    def read(self, source: Source) -> list[Document]:
        found = self._uploads.get(source.key)
        if found is None or found[0] != source.stamp:
            raise CorpusError(f"{source.key}: changed while the index was being made; index again")
        return [found[1]]


def catch_up(
    store: Store,
    encoder: Callable[[], Encoder],
    verbalization: Verbalization | None = None,
    *,
    progress: Progress | None = None,
) -> IndexReport | None:
    """Make an index hold exactly the uploads that are recorded beside it; ``None`` where none ever were.

    It has something to do for an index that is made anew, and after a crash during ``put`` or ``drop``. A
    document that cannot be encoded, such as one whose picture is not where it was, is left out, reported and
    tried again the next time.

    Args:
        store: The index; whoever wants to change it meanwhile waits.
        encoder: Gives the encoder; called only when there is something to encode.
        verbalization: Makes the words that join those which the uploads brought; see ``index_corpus``.
        progress: Told how far it is.

    Raises:
        ModelError: the encoder is not the one the index was made with, or a verbalizer's model fails.
        StoreError: the index or the records cannot be read or written.
    """
    if not store.uploads.exist:
        return None
    with store.writing:
        uploads = UploadsCorpus(store.uploads)
        report = index_corpus(uploads, store, encoder, verbalization, progress=progress, insist=True)
        if store.is_published:  # always: of a put that died and was made again, nothing else is left
            store.uploads.sweep()
    return report
