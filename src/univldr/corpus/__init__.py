"""Reading documents from folders and from files of records."""

from __future__ import annotations

from pathlib import Path

from univldr.corpus.base import Corpus, Cutter, Scan, Skipped, Source
from univldr.corpus.folder import RECORD_SUFFIXES, TEXT_SUFFIXES, FolderCorpus
from univldr.corpus.parquet import ParquetFile
from univldr.corpus.passages import PassageCutter
from univldr.corpus.pdf import PDF_SUFFIXES
from univldr.corpus.records import JsonlFile, RecordsCorpus
from univldr.errors import CorpusError
from univldr.images import IMAGE_SUFFIXES

__all__ = ["Corpus", "Cutter", "PassageCutter", "Scan", "Skipped", "Source", "open_corpus"]


def open_corpus(path: Path, cutter: Cutter) -> Corpus:
    """The corpus at ``path``: a folder, or a .jsonl, .ndjson or .parquet file of records.

    Args:
        path: A folder or a file; ``~`` is the home folder.
        cutter: Cuts texts into passages.

    Raises:
        CorpusError: there is nothing at ``path``, or nothing of these.
        MissingExtra: Parquet without pyarrow.
    """
    path = path.expanduser().absolute()
    suffix = path.suffix.lower()
    if path.is_dir():
        return FolderCorpus(path, cutter)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file or folder; give a folder, or a .jsonl or .parquet file")
    if suffix in RECORD_SUFFIXES:
        return RecordsCorpus(path, ParquetFile(path) if suffix == ".parquet" else JsonlFile(path), cutter)
    if suffix in TEXT_SUFFIXES | IMAGE_SUFFIXES | PDF_SUFFIXES:
        raise CorpusError(f"{path}: a single file is no corpus; give its folder: {path.parent}")
    raise CorpusError(
        f'{path}: "{suffix}" is not a file of records; give a folder, or a .jsonl or .parquet file'
    )
