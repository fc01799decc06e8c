"""The words of all pictures of a folder or of a file of records."""

from __future__ import annotations

from collections.abc import Iterator

from univldr.corpus.base import UNSUPPORTED, Corpus, Skipped
from univldr.corpus.folder import TEXT_SUFFIXES
from univldr.errors import CorpusError, ImageError, MissingExtra
from univldr.types import Document, Progress
from univldr.verbalize.run import Verbalization


def words_of_corpus(
    corpus: Corpus, verbalization: Verbalization, *, progress: Progress | None = None
) -> Iterator[Document | Skipped]:
    """Every picture document with its words, in the corpus's order, or why there is none; texts are not read.

    Words are kept in the cache of ``verbalization`` as they are made, so an interrupted run goes on there.

    Args:
        corpus: A folder or a file of records.
        verbalization: Makes the words.
        progress: Told how far it is, in files or records.

    Raises:
        CorpusError: the corpus as a whole cannot be listed.
        ModelError: a verbalizer's model cannot be loaded or fails.
        StoreError: the cache cannot be read or written.
    """
    scan = corpus.scan()
    yield from (skipped for skipped in scan.skipped if not skipped.reason.startswith(UNSUPPORTED))
    sources = [source for source in scan.sources if source.path.suffix.lower() not in TEXT_SUFFIXES]
    if progress and sources:
        progress(0, len(sources), "verbalizing")
    batch: list[Document] = []
    for done, source in enumerate(sources, start=1):
        try:
            batch += [document for document in corpus.read(source) if document.image is not None]
        except (CorpusError, ImageError, MissingExtra) as error:
            yield Skipped(source.key, str(error))
        if len(batch) >= verbalization.batch or done == len(sources):
            for document, result in zip(batch, verbalization.attempt(batch), strict=True):
                yield result if isinstance(result, Document) else Skipped(document.id, str(result))
            batch = []
            if progress:
                progress(done, len(sources), "verbalizing")
