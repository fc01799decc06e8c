"""A look at a WebQA download before an hour is lost: files, their ends, sampled pictures, counts."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from univldr.corpus.json_stream import read_members
from univldr.corpus.shards import PictureFiles
from univldr.corpus.webqa import (
    CAPTIONS,
    MODULUS,
    NEW_INDEX,
    SPLITS,
    TEST,
    TRAIN_VAL,
    TSV,
    OriginalWebQA,
    ProcessedWebQA,
    index,
    is_offset,
    required,
)
from univldr.errors import CorpusError, ImageError
from univldr.images import load_image

WARNING = "warning: "
"""How a line begins that names something unusual, not something broken."""

SAMPLES = 20
"""How many pictures are decoded."""

TEXTS, IMAGES, TEST_QUERIES = 787_697, 389_750, 4_966
"""Passages and images by the paper's count, and questions of WebQA's val."""

QUERIES_BY_KIND = {"dev": (2_446, 2_554), "test": (2_455, 2_511)}
"""Queries with a text and with an image among their positives, in the authors' splits."""

_TAIL = 4 * 1024 * 1024
_CHUNK = 1 << 24
_FIELDS = {
    "all_docs.json": ("snippet_id", "fact"),
    CAPTIONS: ("image_id", "caption"),
    **dict.fromkeys((f"{split}.json" for split in SPLITS), ("qid", "Q", "img_posFacts", "txt_posFacts")),
}
_VAL = re.compile(rb'"split"\s*:\s*"val"')


def check_webqa(path: Path) -> list[str]:
    """What is wrong with the WebQA files in a folder, processed or original; nothing if all is well.

    Every expected file is there and not empty; its first and last record can be read; the index fits
    imgs.tsv; sampled pictures decode; numbers are those of the paper, else a line that begins with
    "warning: ". Takes seconds: imgs.tsv, by far the largest, is only sampled, and texts are not parsed.
    """
    root = path.expanduser().absolute()
    original = OriginalWebQA.recognises(root) and not ProcessedWebQA.recognises(root)
    names = (TRAIN_VAL, TEST) if original else tuple(_FIELDS)
    missing = list(_missing(root, (*names, TSV)))
    if missing:
        return missing
    look = _look_at_original if original else _look_at_processed
    return [*look(root), *_look_at_pictures(root)]


def _missing(root: Path, names: Iterable[str]) -> Iterator[str]:
    for find in (*(partial(required, root, name) for name in names), partial(index, root)):
        try:
            path = find()
            if path.stat().st_size == 0:
                yield f"{path} is empty; download it again"
        except CorpusError as error:
            yield str(error)


def _look_at_processed(root: Path) -> Iterator[str]:
    for name, fields in _FIELDS.items():
        for which, line in (("first", _first_line(root / name)), ("last", _last_line(root / name))):
            try:
                absent = [field for field in fields if field not in json.loads(line)]
            except (ValueError, TypeError):
                absent = ["JSON"]
            if absent:
                yield f"{root / name}: the {which} line has no {absent[0]}; cut off? download it again"
    yield from _expect(root / "all_docs.json", "texts", _lines(root / "all_docs.json"), TEXTS)
    yield from _expect(root / CAPTIONS, "images", _lines(root / CAPTIONS), IMAGES)
    for split, expected in QUERIES_BY_KIND.items():
        yield from _look_at_queries(root / f"{split}.json", expected)


def _look_at_queries(path: Path, expected: tuple[int, int]) -> Iterator[str]:
    texts = images = 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                query = json.loads(line)
                texts += bool(query.get("txt_posFacts"))
                images += bool(query.get("img_posFacts"))
            except (ValueError, AttributeError):  # building names the line
                continue
    yield from _expect(path, "queries with a text as positive", texts, expected[0])
    yield from _expect(path, "queries with an image as positive", images, expected[1])


def _look_at_original(root: Path) -> Iterator[str]:
    for name in (TRAIN_VAL, TEST):
        path = root / name
        try:
            key, example = next(read_members(path), ("", None))
        except CorpusError as error:
            yield str(error)
            continue
        if not isinstance(example, dict) or "Q" not in example:
            yield f'{path}: the first question "{key}" has no "Q"; it is not WebQA\'s release'
        if not _last_line(path).endswith(b"}"):
            yield f"{path}: does not end in a bracket; cut off? download it again"
    yield from _expect(root / TRAIN_VAL, "questions of val", _val(root / TRAIN_VAL), TEST_QUERIES)


def _look_at_pictures(root: Path) -> Iterator[str]:
    """The index fits the TSV file: sampled entries lead to the lines they should, which hold pictures."""
    tsv, offsets = root / TSV, index(root)
    count = _lines(offsets)
    yield from _expect(offsets, "images", count, IMAGES)
    wanted = {0, count - 1, *random.Random(0).sample(range(count), min(SAMPLES - 2, count))}
    files = PictureFiles()
    with offsets.open("rb") as lines:
        for number, line in enumerate(lines):
            if number in wanted:
                yield from _look_at_line(tsv, offsets, number, line.strip(), files)


def _look_at_line(tsv: Path, offsets: Path, number: int, line: bytes, files: PictureFiles) -> Iterator[str]:
    where = f"{offsets} line {number + 1}"
    *id, offset = line.split(b"\t")
    if not is_offset(offset) or len(id) != (offsets.name == NEW_INDEX):
        yield f'{where}: "{line[:40].decode(errors="replace")}" is no entry; download it again'
        return
    at = int(offset)
    if at >= tsv.stat().st_size:
        yield f"{where}: byte {at:,} is beyond the end of {TSV}; cut off? download it again"
        return
    try:
        key = id[0].decode(errors="replace") if id else _key(tsv, at, number)
        load_image(files.tsv(tsv, at, 0, key), name=f"{where}: the picture {key}")
    except ImageError as error:
        yield str(error)


def _key(tsv: Path, offset: int, number: int) -> str:
    """The id of the line at ``offset``, which must be that of line ``number`` of the original index."""
    with tsv.open("rb") as file:
        file.seek(max(0, offset - 1))
        before = file.read(1) if offset else b"\n"
        key = file.read(64).partition(b"\t")[0]
    if before != b"\n" or not key.isdigit() or int(key) % MODULUS != number:
        found = key[:20].decode(errors="replace")
        raise ImageError(f'{tsv}: at byte {offset:,} is "{found}", which is not the line of image {number:,}')
    return key.decode()


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(_TAIL)


def _last_line(path: Path) -> bytes:
    """The last line that is not blank; of a very long one its last megabytes."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read().rstrip()
    return tail[tail.rfind(b"\n") + 1 :]


def _lines(path: Path) -> int:
    """The number of lines, counting a last one without an end."""
    count, chunk = 0, b"\n"
    with path.open("rb") as file:
        while more := file.read(_CHUNK):
            chunk = more
            count += chunk.count(b"\n")
    return count + (not chunk.endswith(b"\n"))


def _val(path: Path) -> int:
    """The number of questions of WebQA's val, without parsing the file."""
    count, rest = 0, b""
    with path.open("rb") as file:
        while more := file.read(_CHUNK):
            rest += more
            found = [match.end() for match in _VAL.finditer(rest)]
            count += len(found)
            rest = rest[max([len(rest) - 64, *found[-1:]]) :]
    return count


def _expect(path: Path, what: str, count: int, expected: int) -> Iterator[str]:
    if count != expected:
        yield f"{WARNING}{path}: {count:,} {what}, {expected:,} in the paper"
