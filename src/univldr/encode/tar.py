"""Samples in a tar shard, as WebDataset lays them out: ``a/0001.jpg`` with ``a/0001.txt`` or ``.json``."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from univldr.corpus.records import MAX_RECORD_BYTES, Row
from univldr.corpus.text import decode, parse_json
from univldr.errors import CorpusError
from univldr.images import IMAGE_SUFFIXES, MAX_BYTES

_BLOCK = 512


class TarFile:
    """The samples of a tar file as records; see :class:`univldr.corpus.records.RecordFile`.

    Files that follow one another and share their name up to the first dot are a sample: a picture, its
    caption in ``.txt``, its fields in ``.json``; a sample without a picture is a text. Others are left alone.
    The id is the one in the fields, else the file's name and the member's, as in ``a.tar/0001.jpg``. A
    position is the offset of the sample's first header.
    """

    unit = "sample"

    def __init__(self, path: Path, start: int = 0, stop: int | None = None, *, before: int = 0) -> None:
        """The samples of ``path`` whose first header lies from ``start`` up to ``stop``.

        ``before`` is how many come before ``start``, so that numbers are the file's.
        """
        self._path = path
        self._start, self._stop, self._before = start, stop, before

    def starts(self) -> Iterator[int]:
        """The offset of each sample's first header; no contents are read.

        Raises:
            CorpusError: a header is broken, or the file is cut off.
        """
        with self._path.open("rb") as stream:
            for members in self._samples(stream):
                yield members[0].offset

    def rows(self) -> Iterator[Row]:
        """The samples; see :class:`univldr.corpus.records.RecordFile`.

        Raises:
            CorpusError: a header is broken, or the file is cut off.
        """
        with self._path.open("rb") as stream:
            for number, members in enumerate(self._samples(stream), self._before + 1):
                yield Row(number, members[0].offset, self._value(stream, members))

    def fetch(self, position: int) -> Any:
        """The sample that begins at an offset."""
        with self._path.open("rb") as stream:
            stream.seek(position)
            return self._value(stream, next(self._samples(stream)))

    def _samples(self, stream: BinaryIO) -> Iterator[list[tarfile.TarInfo]]:
        for _, members in groupby(self._members(stream), lambda member: _key(member.name)):
            sample = list(members)
            if any(_suffix(member.name) in _KNOWN for member in sample):
                yield sample

    def _members(self, stream: BinaryIO) -> Iterator[tarfile.TarInfo]:
        stream.seek(self._start)
        try:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                while (member := tar.next()) is not None:
                    tar.members.clear()  # type: ignore[attr-defined]  # or it would keep every header
                    if self._stop is not None and member.offset >= self._stop:
                        return
                    if member.isreg() and not member.issparse():
                        yield member
                end = tar.offset
            stream.seek(end)
            if any(stream.read(_BLOCK)):  # tarfile takes a broken header for the end
                raise tarfile.ReadError(f"no header at byte {end:,}")
        except (OSError, tarfile.TarError, EOFError) as error:
            raise CorpusError(
                f"{self._path}: not a plain tar file, or cut off: {error}; "
                "copy it again, or unpack .tar.gz to .tar"
            ) from error

    def _value(self, stream: BinaryIO, members: list[tarfile.TarInfo]) -> dict[str, Any] | CorpusError:
        """A sample's fields, or why it has none. The stream may be left anywhere: tarfile finds back."""
        try:
            return self._fields(stream, members)
        except CorpusError as error:
            return error

    def _fields(self, stream: BinaryIO, members: list[tarfile.TarInfo]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        by_kind = {_suffix(member.name): member for member in reversed(members)}
        if ".json" in by_kind:
            fields = parse_json(decode(self._bytes(stream, by_kind[".json"], MAX_RECORD_BYTES)))
            if not isinstance(fields, dict):
                raise CorpusError(f"{by_kind['.json'].name} is not a JSON object")
            fields.pop("image", None)  # a name or an address; the picture is beside it
        if ".txt" in by_kind:
            text = decode(self._bytes(stream, by_kind[".txt"], MAX_RECORD_BYTES))
            fields = {"caption": text} | fields
        picture = next((member for kind, member in by_kind.items() if kind in IMAGE_SUFFIXES), None)
        main = picture or members[0]
        if picture is not None:
            fields["image"] = self._bytes(stream, picture, MAX_BYTES)
        name = main.name.removeprefix("./")
        own = {"id": f"{self._path.name}/{name}", "path": str(self._path), "member": name}
        return own | {key: value for key, value in fields.items() if value is not None}

    def _bytes(self, stream: BinaryIO, member: tarfile.TarInfo, limit: int) -> bytes:
        if member.size > limit:
            raise CorpusError(f"{member.name}: {member.size:,} bytes, over the limit of {limit:,}")
        stream.seek(member.offset_data)
        data = stream.read(member.size)
        if len(data) < member.size:
            raise CorpusError(f"{member.name}: the file ends inside it; copy it again")
        return data


_KNOWN = IMAGE_SUFFIXES | {".txt", ".json"}


def _key(name: str) -> str:
    folder, file = posixpath.split(name.removeprefix("./"))
    return posixpath.join(folder, file.partition(".")[0])


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()
