"""A folder of notes, pages and pictures as a corpus."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from univldr.corpus.base import UNSUPPORTED, Cutter, Scan, Skipped, Source
from univldr.corpus.captions import CAPTION_FILES, Beside, picture_key, read_captions, sidecar
from univldr.corpus.html import declared_charset, parse_html
from univldr.corpus.markdown import parse_markdown
from univldr.corpus.pdf import PDF_SUFFIXES, pdf_documents
from univldr.corpus.text import Page, Section, decode, prettified
from univldr.errors import CorpusError
from univldr.images import IMAGE_SUFFIXES, check_picture, describe
from univldr.types import Document, Modality

MAX_TEXT_BYTES = 50_000_000
"""Largest text file that is read; its passages are in memory at once."""

_MARKDOWN = frozenset({".md", ".markdown"})
_HTML = frozenset({".html", ".htm"})
TEXT_SUFFIXES = frozenset({".txt"}) | _MARKDOWN | _HTML
"""File name endings that are texts, in lower case."""

RECORD_SUFFIXES = frozenset({".jsonl", ".ndjson", ".parquet"})
"""File name endings that are files of records, in lower case."""


class FolderCorpus:
    """Texts, pictures and PDFs below a folder; see :class:`univldr.corpus.base.Corpus`.

    Hidden files and folders are left alone. Every folder is visited once, so links may form loops. Texts
    become passages ``notes/a.md#0``, ``#1``, ...; a PDF becomes pictures of its pages ``report.pdf#page=1``,
    ``#page=2``, ... (:func:`univldr.corpus.pdf.pdf_documents`); a picture becomes one document with its path
    as id. Its caption is what ``photo.jpg.txt`` says, or ``captions.jsonl`` or ``captions.csv`` (the nearest
    folder's first), or the description inside the picture; a file name is a title, never a caption. A
    picture's ``verbalize`` in ``captions.jsonl`` becomes its switch. ``metadata`` has the file's ``path`` and
    when it was ``modified``, local time as ``2024-05-31T18:20:00``, unless its front matter says so itself.
    """

    def __init__(self, root: Path, cutter: Cutter) -> None:
        self.root = root
        self._cutter = cutter
        self._captions: dict[str, Beside] | None = None

    def scan(self) -> Scan:
        listing = _Listing()
        for folder in _walk(self.root, listing.skipped):
            listing.take_in(folder)
        self._captions = listing.captions
        return listing.scan()

    def read(self, source: Source) -> list[Document]:
        suffix = source.path.suffix.lower()
        try:
            if suffix in IMAGE_SUFFIXES:
                documents = self._picture(source)
            else:
                documents = self._pages(source) if suffix in PDF_SUFFIXES else self._passages(source)
            status = source.path.stat()
        except OSError as error:
            raise CorpusError(f"{source.key}: cannot be read: {error.strerror or error}") from error
        if _file_stamp(status) != source.stamp.partition("+")[0]:
            raise CorpusError(f"{source.key}: changed while it was being read; index again")
        modified = _moment(status.st_mtime)
        return [replace(one, metadata={"modified": modified, **one.metadata}) for one in documents]

    def _passages(self, source: Source) -> list[Document]:
        try:
            page = _page(source.path)
        except CorpusError as error:
            raise CorpusError(f"{source.key}: {error}") from error
        title = page.title or prettified(source.path.stem)
        texts = [
            (title if section.heading in ("", title) else f"{title} / {section.heading}", passage)
            for section in page.sections
            for passage in self._cutter(section.text)
        ]
        metadata = {**page.metadata, "path": str(source.path)}
        return [
            Document(f"{source.key}#{n}", Modality.TEXT, passage, title=title, metadata=metadata)
            for n, (title, passage) in enumerate(texts)
        ]

    def _pages(self, source: Source) -> list[Document]:
        try:
            return pdf_documents(source.path, source.key, self._cutter)
        except CorpusError as error:
            raise CorpusError(f"{source.key}: {error}") from error

    def _picture(self, source: Source) -> list[Document]:
        check_picture(source.path, name=source.key)
        said = self._said(source)
        caption = said.caption or describe(source.path)
        title = prettified(source.path.stem)
        metadata = {"path": str(source.path)}
        if said.verbalize is not None:
            metadata["verbalize"] = said.verbalize
        return [Document(source.key, Modality.IMAGE, caption, source.path, title, metadata=metadata)]

    def _said(self, source: Source) -> Beside:
        """What people wrote beside the picture; a file of its own comes before a captions file."""
        beside = sidecar(source.path)
        try:
            text = " ".join(decode(beside.read_bytes()).split()) if beside.is_file() else ""
        except CorpusError as error:
            raise CorpusError(f"{source.key}: its caption {beside.name}: {error}") from error
        if self._captions is None:
            self.scan()
        said = (self._captions or {}).get(picture_key(source.key), Beside())
        return replace(said, caption=text) if text else said


def _page(path: Path) -> Page:
    raw = path.read_bytes()
    suffix = path.suffix.lower()
    text = decode(raw, declared_charset(raw) if suffix in _HTML else None)
    if suffix in _HTML:
        return parse_html(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return parse_markdown(text) if suffix in _MARKDOWN else Page("", [Section("", text)])


def _file_stamp(status: os.stat_result) -> str:
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"


def _moment(seconds: float) -> str:
    """ISO 8601, local time; "" of what no calendar has."""
    try:
        return datetime.fromtimestamp(int(seconds)).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _text_stamp(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


# --- scanning ---


@dataclass(frozen=True, slots=True)
class _Folder:
    prefix: str  # its key with a "/" at the end; "" for the root
    files: dict[str, os.DirEntry[str]]  # by name, in order


def _walk(root: Path, skipped: list[Skipped]) -> Iterator[_Folder]:
    """Folders, each once; those that are only linked to come last, so that a folder keeps its own name."""
    seen: set[tuple[int, int]] = set()
    pending, linked = [(str(root), "")], list[tuple[str, str]]()
    while pending or linked:
        path, prefix = pending.pop() if pending else linked.pop(0)
        try:
            status = Path(path).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as found:
                entries = sorted((e for e in found if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            if not prefix:
                raise CorpusError(f"{root}: cannot be listed: {error.strerror or error}") from error
            skipped.append(Skipped(_shown(prefix), f"cannot be listed: {error.strerror or error}"))
            continue
        files = {}
        if prefix and _is_index({entry.name for entry in entries}):
            continue  # the pictures in it are its own
        for entry in entries:
            if _is_folder(entry):
                (linked if entry.is_symlink() else pending).append((entry.path, f"{prefix}{entry.name}/"))
            else:
                files[entry.name] = entry
        yield _Folder(prefix, files)


def _is_index(names: Collection[str]) -> bool:
    """Whether a folder with these names in it is an index, which need not be called ``.univldr``."""
    return "manifest.json" in names and any(
        name.startswith("sources") and name.endswith(".sqlite") for name in names
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _shown(key: str) -> str:
    """A key as it can be printed and stored, also when the name behind it is not valid UTF-8."""
    return os.fsencode(key).decode("utf-8", "replace")


@dataclass(slots=True)
class _Listing:
    """What a walk has found so far."""

    captions: dict[str, Beside] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    _texts: list[Source] = field(default_factory=list)
    _pictures: list[Source] = field(default_factory=list)
    _captioned: dict[str, set[str]] = field(default_factory=dict)  # captions file to the pictures it names

    def take_in(self, folder: _Folder) -> None:
        for name in CAPTION_FILES:
            if name in folder.files:
                self._take_captions(folder.files[name], folder.prefix + name)
        for name, entry in folder.files.items():
            if name not in CAPTION_FILES:
                key = folder.prefix + name
                try:
                    key.encode()
                    self._take_file(key, entry, folder.files)
                except UnicodeEncodeError:
                    self.skipped.append(Skipped(_shown(key), "its name is not valid UTF-8; rename it"))
                except OSError as error:
                    self.skipped.append(Skipped(key, f"cannot be read: {error.strerror or error}"))

    def scan(self) -> Scan:
        """All that was found, in the order of the keys; captions are final only now."""
        pictures = [self._with_caption(source) for source in self._pictures]
        known = {picture_key(source.key) for source in pictures}
        for key, named in self._captioned.items():
            if missing := sorted(named - known):
                count = f"{len(missing):,} of the {len(named):,}"
                reason = f"{count} pictures it names are not there, e.g. {missing[0]}"
                self.skipped.append(Skipped(key, reason))
        sources = sorted([*self._texts, *pictures], key=lambda source: source.key)
        return Scan(sources, sorted(self.skipped, key=lambda skipped: skipped.key))

    def _take_captions(self, entry: os.DirEntry[str], key: str) -> None:
        captions, skipped = read_captions(Path(entry.path), key)
        self.captions.update(captions)
        self.skipped += skipped
        self._captioned[key] = set(captions)

    def _take_file(self, key: str, entry: os.DirEntry[str], beside: dict[str, os.DirEntry[str]]) -> None:
        suffix = _suffix(entry.name)
        if suffix not in IMAGE_SUFFIXES | TEXT_SUFFIXES | PDF_SUFFIXES:
            self.skipped.append(Skipped(key, _unsupported(key, suffix)))
            return
        status = entry.stat()
        if not entry.is_file():
            self.skipped.append(Skipped(key, "not a regular file"))
        elif suffix in IMAGE_SUFFIXES:
            caption = beside.get(f"{entry.name}.txt")
            stamp = _file_stamp(status) + (f"+{_file_stamp(caption.stat())}" if caption else "")
            self._pictures.append(Source(key, stamp, Path(entry.path)))
        elif _is_sidecar(entry.name, beside):
            return
        elif suffix in TEXT_SUFFIXES and status.st_size > MAX_TEXT_BYTES:
            self.skipped.append(Skipped(key, _too_large(status.st_size)))
        else:
            self._texts.append(Source(key, _file_stamp(status), Path(entry.path)))

    def _with_caption(self, source: Source) -> Source:
        said = self.captions.get(picture_key(source.key))
        if said is None:
            return source
        text = said.caption if said.verbalize is None else f"{said.caption}\0{said.verbalize!r}"
        return Source(source.key, f"{source.stamp}+{_text_stamp(text)}", source.path)


def _suffix(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return (dot + ending).lower() if stem else ""


def _is_sidecar(name: str, beside: dict[str, os.DirEntry[str]]) -> bool:
    picture = name.removesuffix(".txt")
    return picture in beside and _suffix(picture) in IMAGE_SUFFIXES


def _unsupported(key: str, suffix: str) -> str:
    if suffix in RECORD_SUFFIXES:
        return f"records; index them on their own: univldr index {key}"
    return f"{UNSUPPORTED} {suffix}" if suffix else f"{UNSUPPORTED}: no file name ending"


def _too_large(size: int) -> str:
    return f"{size:,} bytes of text, over the limit of {MAX_TEXT_BYTES:,}; split the file"
