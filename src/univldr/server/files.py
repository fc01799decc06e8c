"""Files that a server may show: those below the folders of its index, whatever a path says.

A path is resolved first, then opened part by part from the folder down, following no link: what is put in the
place of a file between the two is not shown, and what was opened is what is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from univldr._pdf import page_of
from univldr.errors import ImageError, NotFoundError
from univldr.images import MAX_BYTES
from univldr.types import Document

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for somebody to write


@dataclass(frozen=True, slots=True)
class PictureFile:
    """The open file of a document's picture.

    Attributes:
        name: What errors call it: the document's id.
        stream: The file.
        page: The page of a PDF that is the picture, from 1; ``None`` where the file is.
        size: Bytes of the file.
        stamp: Changes with the file, and tells it from all others.
    """

    name: str
    stream: BinaryIO
    page: int | None
    size: int
    stamp: tuple[int | str | None, ...]

    def read(self) -> bytes:
        """The whole file, as far as it went when it was opened.

        Raises:
            ImageError: it has over ``univldr.images.MAX_BYTES``.
        """
        if self.size > MAX_BYTES:
            raise ImageError(
                f"{self.name}: {self.size:,} bytes, over the limit of {MAX_BYTES:,}; save it smaller"
            )
        self.stream.seek(0)
        return self.stream.read(self.size)


@contextmanager
def opened_picture(document: Document, roots: Sequence[str]) -> Iterator[PictureFile]:
    """The file of a document's picture, if it lies in one of ``roots`` once every link is followed.

    Args:
        document: Its ``image`` is a path; nothing else of it is believed.
        roots: The corpora of an index: a folder, or a file of records, whose folder then counts.

    Raises:
        NotFoundError: it has no picture, or the file is gone, is no regular file, or lies elsewhere.
    """
    if not isinstance(document.image, Path):
        raise NotFoundError(f"document {document.id!r} has no picture; ask for one of modality image")
    file, page = page_of(document.image) or (document.image, None)
    descriptor = _opened(document.id, file, roots)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _gone(document.id)
    with os.fdopen(descriptor, "rb") as stream:
        times = status.st_mtime_ns, status.st_ctime_ns
        stamp = (str(file), page, status.st_dev, status.st_ino, status.st_size, *times)
        yield PictureFile(document.id, stream, page, status.st_size, stamp)


def _opened(name: str, file: Path, roots: Sequence[str]) -> int:
    """The descriptor of a file that lies in one of ``roots``."""
    try:
        real = Path(os.path.realpath(file))
        for root in filter(None, map(_folder, roots)):
            if real.is_relative_to(root) and real != root:
                return _open_below(root, real.relative_to(root).parts)
    except (OSError, ValueError):  # it is gone, became a link or a folder, or its name has a NUL
        raise _gone(name) from None
    raise NotFoundError(
        f"the picture of document {name!r} lies outside the folders of the index and is not shown; "
        "index the folder that it really lies in"
    )


def _folder(root: str) -> Path | None:
    real = Path(os.path.realpath(root))
    return real if real.is_dir() else real.parent if real.is_file() else None


def _open_below(folder: Path, parts: Sequence[str]) -> int:
    """The descriptor of ``folder/parts``, where none of ``parts`` is a link."""
    if os.open not in os.supports_dir_fd:  # Windows, where it takes privileges to make a link
        return os.open(folder.joinpath(*parts), _READ)
    place = os.open(folder, _READ | _FOLDER)
    try:
        for part in parts[:-1]:
            below = os.open(part, _READ | _FOLDER | _NO_LINK, dir_fd=place)
            os.close(place)
            place = below
        return os.open(parts[-1], _READ | _NO_LINK | _NO_WAIT, dir_fd=place)
    finally:
        os.close(place)


def _gone(name: str) -> NotFoundError:
    return NotFoundError(f"the picture of document {name!r} is gone; bring the index up to date")
