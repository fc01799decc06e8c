"""WebQA: the files that UniVL-DR's authors made of it, and its original release, made into the same.

The authors' preprocessing (their process_data.py) is reproduced to the order of its rows: texts before
pictures, each at its first mention with the words of its last one; questions, facts and captions without
surrounding quotes and carriage returns; the training questions in the order of numpy's legacy generator with
seed 1234, of which the first 5,000 are dev; WebQA's val as test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from univldr.corpus.build import Build
from univldr.corpus.fields import Fields, entries, identifier, references, string
from univldr.corpus.json_stream import read_members
from univldr.corpus.shards import InShard, Member
from univldr.errors import CorpusError

DEV_QUERIES = 5000
SEED = 1234
TSV = "imgs.tsv"
NEW_INDEX, OLD_INDEX = "imgs.lineidx.new", "imgs.lineidx"
CAPTIONS = "all_imgs.json"
SPLITS = ("train", "dev", "test")
TRAIN_VAL, TEST = "WebQA_train_val.json", "WebQA_test.json"

_AUTHORS = "data.zip of github.com/OpenMatch/UniVL-DR"
_RELEASE = "the main data of github.com/WebQnA/WebQA"
_IMAGES = "the images of github.com/WebQnA/WebQA (all of imgs.7z.001 to .051, then 7z x imgs.7z.001)"
_QUERIES = 'questions, one a line: {"qid", "Q", "A", "img_posFacts", "txt_posFacts", ...}'
HOLDINGS = {
    "all_docs.json": ('passages, one a line: {"snippet_id", "fact"}', _AUTHORS),
    CAPTIONS: ('captions, one a line: {"image_id", "caption"}', _AUTHORS),
    **{f"{split}.json": (_QUERIES, _AUTHORS) for split in SPLITS},
    TRAIN_VAL: ("questions of train and val with their facts, one JSON object by question", _RELEASE),
    TEST: ("questions of test with their facts, one JSON object by question", _RELEASE),
    TSV: ("pictures, one a line: id, tab, base64; about 51 GB", _IMAGES),
    NEW_INDEX: ("where each picture is in imgs.tsv, one a line: id, tab, byte offset", _AUTHORS),
}
"""File to what it holds and where it comes from."""

MODULUS = 10_000_000  # the original index has line int(id) % 10000000 for a picture
_LARGEST_STEP = 16 * 1024 * 1024  # between two offsets: beyond, the index is not in the order of the file


class ProcessedWebQA:
    """The authors' files: all_docs.json, all_imgs.json, train.json, dev.json, test.json and the pictures.

    Nothing in them is changed. With a detail, the captions come from that file instead, e.g. one with
    verbalized captions.
    """

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root
        self._captions = detail or CAPTIONS

    @staticmethod
    def recognises(root: Path) -> bool:
        return any((root / name).is_file() for name in ("all_docs.json", CAPTIONS))

    def sources(self) -> list[Path]:
        names = ("all_docs.json", self._captions, *(f"{split}.json" for split in SPLITS))
        return [*(required(self._root, name) for name in names), required(self._root, TSV), index(self._root)]

    def read(self, build: Build) -> None:
        build.each(self._root / "all_docs.json", partial(add_text, build, as_is))
        pictures = Pictures(self._root, build)
        build.each(self._root / self._captions, partial(add_image, build, pictures, as_is))
        for split in SPLITS:
            build.each(self._root / f"{split}.json", partial(add_query, build, split, as_is))


class OriginalWebQA:
    """WebQA's own release: WebQA_train_val.json, WebQA_test.json and the pictures.

    The questions of WebQA's test have no public answers: only their facts join the corpus. Each of the two
    files is read twice, once for the texts and questions and once for the pictures, so that neither has to
    be kept in memory.
    """

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root

    @staticmethod
    def recognises(root: Path) -> bool:
        return (root / TRAIN_VAL).is_file()

    def sources(self) -> list[Path]:
        return [*(required(self._root, name) for name in (TRAIN_VAL, TEST, TSV)), index(self._root)]

    def read(self, build: Build) -> None:
        build.repeats = "last"
        add = partial(add_text, build, stripped)
        for where, example in self._examples(build, TRAIN_VAL):
            self._facts(build, where, example, ("txt_posFacts", "txt_negFacts"), add)
            split = "train" if example.get("split") == "train" else "test"
            build.attempt(where, example, partial(add_query, build, split, stripped))
        for where, example in self._examples(build, TEST):
            self._facts(build, where, example, ("txt_Facts",), add)
        add = partial(add_image, build, Pictures(self._root, build), stripped)
        for where, example in self._examples(build, TRAIN_VAL):
            self._facts(build, where, example, ("img_posFacts", "img_negFacts"), add)
        for where, example in self._examples(build, TEST):
            self._facts(build, where, example, ("img_Facts",), add)
        self._split(build)

    def _examples(self, build: Build, name: str) -> Iterator[tuple[str, Fields]]:
        for key, value in read_members(self._root / name):
            where = f'{name} "{key}"'
            if isinstance(value, dict):
                yield where, {**value, "qid": key}
            else:
                build.problem(where, "not a JSON object")

    def _facts(
        self,
        build: Build,
        where: str,
        example: Fields,
        kinds: Iterable[str],
        add: Callable[[Fields, str], None],
    ) -> None:
        for kind in kinds:
            try:
                facts = entries(example, kind)
            except CorpusError as error:
                build.problem(where, str(error))
                continue
            for number, fact in enumerate(facts, 1):
                build.attempt(f"{where} {kind} {number}", fact, add)

    def _split(self, build: Build) -> None:
        count = build.count_queries("train")
        dev = min(DEV_QUERIES, count)
        build.deal("train", shuffled(count), [("dev", dev), ("train", count - dev)])


def shuffled(count: int) -> list[int]:
    """The order that ``numpy.random.seed(1234)``, then ``numpy.random.shuffle`` of a list gives.

    That is numpy's legacy generator (``RandomState``: MT19937 and a Fisher-Yates walk from the end), whose
    stream numpy has frozen; a ``default_rng`` with the same seed gives another order. A permutation of
    0 … count - 1 draws the same numbers as the shuffle of any list of that length.
    """
    order: list[int] = np.random.RandomState(SEED).permutation(count).tolist()
    return order


def stripped(text: str) -> str:
    """Without surrounding blanks and quotes, and without carriage returns, as the authors strip."""
    return text.strip().strip('"').replace("\r", "").strip()


def as_is(text: str) -> str:
    """The text itself."""
    return text


class Pictures:
    """Names the lines of imgs.tsv by their ids, from either index of offsets."""

    def __init__(self, root: Path, build: Build) -> None:
        path = index(root)
        self._by_id = path.name == NEW_INDEX
        found = _by_id(build, path) if self._by_id else _by_line(build, path)
        build.index_shard(TSV, _sized(found))

    def of(self, id: str) -> InShard:
        """The picture of an image."""
        if self._by_id:
            return InShard(TSV, id)
        try:
            return InShard(TSV, str(int(id) % MODULUS))
        except ValueError as error:
            raise CorpusError(f'the image id "{id}" is no number, which {OLD_INDEX} needs') from error


def add_text(build: Build, clean: Callable[[str], str], fields: Fields, where: str) -> None:
    """Add a fact as a document."""
    id = identifier(fields.get("snippet_id"), "snippet_id")
    metadata = {"url": url} if (url := string(fields, "url")) else None
    build.document(where, id, clean(string(fields, "fact")), title=string(fields, "title"), metadata=metadata)


def add_image(
    build: Build, pictures: Pictures, clean: Callable[[str], str], fields: Fields, where: str
) -> None:
    """Add an image with its caption as a document."""
    id = identifier(fields.get("image_id"), "image_id")
    build.document(
        where, id, clean(string(fields, "caption")), pictures.of(id), title=string(fields, "title")
    )


def add_query(build: Build, split: str, clean: Callable[[str], str], fields: Fields, where: str) -> None:
    """Add a question; its facts are ids, or objects with an id."""
    images, texts = (
        [references(fields, f"{kind}_{label}Facts", key) for label in ("pos", "neg")]
        for kind, key in (("img", "image_id"), ("txt", "snippet_id"))
    )
    build.query(
        where,
        identifier(fields.get("qid"), "qid"),
        clean(string(fields, "Q")),
        split=split,
        positives=images[0] + texts[0],
        negatives=images[1] + texts[1],
    )


def required(root: Path, name: str) -> Path:
    """The path of a file.

    Raises:
        CorpusError: it is missing; the message says what it holds and where to get it.
    """
    path = root / name
    if not path.is_file():
        holds, origin = HOLDINGS.get(name, HOLDINGS[CAPTIONS])
        raise CorpusError(f"{path} is missing: {holds}; it is part of {origin}")
    return path


def index(root: Path) -> Path:
    """The index of imgs.tsv: the authors' by id if it is there, else the original one.

    Raises:
        CorpusError: there is neither.
    """
    old = root / OLD_INDEX
    return old if old.is_file() and not (root / NEW_INDEX).is_file() else required(root, NEW_INDEX)


def _by_id(build: Build, path: Path) -> Iterator[tuple[str, int]]:
    for number, line in _lines(path):
        id, tab, offset = line.partition(b"\t")
        if tab and is_offset(offset):
            yield id.decode("utf-8", "replace"), int(offset)
        else:
            build.problem(f"{path.name} line {number}", "not an id, a tab and a byte offset")


def _by_line(build: Build, path: Path) -> Iterator[tuple[str, int]]:
    for number, line in _lines(path):
        if is_offset(line):
            yield str(number - 1), int(line)
        else:
            build.problem(f"{path.name} line {number}", "not a byte offset")


def is_offset(digits: bytes) -> bool:
    """Whether a file can be so long, and a database hold the number."""
    return digits.isdigit() and len(digits) <= 18


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line.strip()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error


def _sized(found: Iterable[tuple[str, int]]) -> Iterator[Member]:
    """With the distance to the next line as its size, where that is plausible."""
    last: tuple[str, int] | None = None
    for name, offset in found:
        if last is not None:
            step = offset - last[1]
            yield Member(*last, step if 0 < step <= _LARGEST_STEP else 0)
        last = (name, offset)
    if last is not None:
        yield Member(*last, 0)
