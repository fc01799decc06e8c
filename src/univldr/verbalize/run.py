"""Verbalizers at work on documents: what is known is reused, what is new is kept, and all is counted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from univldr.errors import CorpusError, ImageError, MissingExtra, ModelError, UnivldrError
from univldr.images import check_picture
from univldr.types import Document, Expansion
from univldr.verbalize.base import Verbalizer, Words
from univldr.verbalize.cache import WordCache, digest
from univldr.verbalize.clean import clean
from univldr.verbalize.settings import NAMES

SWITCH = "verbalize"
"""The field of a document's metadata that says which verbalizers may speak."""


@dataclass(slots=True)
class Counts:
    """What became of the picture documents that one verbalizer was meant for.

    Attributes:
        made: Documents whose picture it was given.
        reused: Documents whose words were there already: in the cache, or of the same picture.
        empty: Documents, made or reused, of which it had nothing to say.
        cut: Texts it made that were longer than ``clean.MAX_WORDS`` or ``clean.MAX_LETTERS``.
        dropped: Texts left out: nothing in them, or said of this document already.
        seconds: The time it took itself.
    """

    made: int = 0
    reused: int = 0
    empty: int = 0
    cut: int = 0
    dropped: int = 0
    seconds: float = 0.0


class Verbalization:
    """Some verbalizers, in the order in which their words follow the caption, and the cache they share.

    Attributes:
        names: Of the verbalizers.
        batch: How many pictures they like to be given at once, at most; 1 without verbalizers.
        counts: By verbalizer, of everything since this was made.
    """

    def __init__(self, verbalizers: Sequence[Verbalizer], cache: WordCache) -> None:
        """Cheap: nothing is opened, and no fingerprint is asked for."""
        self._verbalizers = tuple(verbalizers)
        self._cache = cache
        self.names = tuple(verbalizer.name for verbalizer in verbalizers)
        self.batch = max((verbalizer.batch for verbalizer in verbalizers), default=1)
        self.counts = {name: Counts() for name in self.names}

    @cached_property
    def key(self) -> str:
        """16 hex digits over the names and fingerprints, in order; "" where there are no verbalizers.

        Raises:
            ModelError: a model's files cannot be read.
        """
        if not self._verbalizers:
            return ""
        record = json.dumps([(v.name, v.fingerprint, *_less(v.weight)) for v in self._verbalizers])
        return hashlib.blake2b(record.encode(), digest_size=8).hexdigest()

    def expand(self, documents: Sequence[Document]) -> list[Document]:
        """The documents, pictures with their words after the expansions they have, passages as they are.

        A document's ``metadata["verbalize"]`` is honoured: ``False`` leaves it as it is, a list of names lets
        only these speak. Whatever was said is in the cache, a batch later at most, also when this raises.

        Raises:
            CorpusError: ``metadata["verbalize"]`` is something else; the message names the document.
            ImageError: a picture cannot be decoded; the message names the first such document. The words of
                the others are in the cache.
            MissingExtra: a picture or a verbalizer needs an optional dependency.
            ModelError: a verbalizer's model cannot be loaded or fails.
            StoreError: the cache cannot be read or written.
        """
        expanded = []
        for result in self.attempt(documents):
            if isinstance(result, UnivldrError):
                raise result
            expanded.append(result)
        return expanded

    def attempt(self, documents: Sequence[Document]) -> list[Document | UnivldrError]:
        """As :meth:`expand`, with the error in the place of each document that is at fault itself.

        Such a document is not counted. What is wrong with a verbalizer or with the cache is raised.
        """
        asked = [self._asked(document) for document in documents]
        for verbalizer in self._verbalizers:
            self._add(verbalizer, [one for one in asked if verbalizer.name in one.names and not one.error])
        return [one.result() for one in asked]

    def _asked(self, document: Document) -> _Asked:
        if document.image is None or not self._verbalizers:
            return _Asked(document)
        try:
            names = self._allowed(document)
            if not names:
                return _Asked(document)
            check_picture(document.image, name=document.id)
            return _Asked(document, names, digest(document.image))
        except (CorpusError, ImageError, MissingExtra) as error:
            return _Asked(document, error=error)

    def _allowed(self, document: Document) -> tuple[str, ...]:
        """The verbalizers that may speak of a picture."""
        switch = document.metadata.get(SWITCH)
        if switch is None:
            return self.names
        if switch is False:
            return ()
        known = {*NAMES, *self.names}
        if isinstance(switch, list | tuple) and all(isinstance(n, str) and n in known for n in switch):
            return tuple(name for name in self.names if name in switch)
        raise CorpusError(
            f'{document.id}: "{SWITCH}" is {json.dumps(switch, default=str)[:60]}; it must be false, or a '
            f"list of some of {', '.join(sorted(known))}; left out, all may speak"
        )

    def _add(self, verbalizer: Verbalizer, asked: Sequence[_Asked]) -> None:
        """What one verbalizer says, added to each of ``asked``, or the error why it cannot."""
        counts = self.counts[verbalizer.name]
        said = self._cache.get([one.picture for one in asked], verbalizer)
        new: dict[str, _Asked] = {}
        for one in asked:
            if one.picture not in said:
                new.setdefault(one.picture, one)
        unreadable: dict[str, str] = {}
        for batch in _batches(list(new.values()), verbalizer.batch):
            said |= self._make(verbalizer, batch, unreadable)
        counts.made += len(new) - len(unreadable)
        for one in asked:
            if one.picture in unreadable:
                one.error = ImageError(f"{one.document.id}: {unreadable[one.picture]}")
                continue
            counts.reused += one is not new.get(one.picture)
            counts.empty += not said[one.picture]
            counts.dropped += one.add(said[one.picture], verbalizer)

    def _make(
        self, verbalizer: Verbalizer, batch: Sequence[_Asked], unreadable: dict[str, str]
    ) -> Mapping[str, list[Words]]:
        """Words by picture, now in the cache; on a bad picture, halve until it stands alone."""
        try:
            answers = self._answers(verbalizer, batch)
        except ImageError as error:
            if len(batch) == 1:
                unreadable[batch[0].picture] = str(error)
                return {}
            middle = len(batch) // 2
            first = self._make(verbalizer, batch[:middle], unreadable)
            return {**first, **self._make(verbalizer, batch[middle:], unreadable)}
        counts = self.counts[verbalizer.name]
        said: dict[str, list[Words]] = {}
        for one, answer in zip(batch, answers, strict=True):
            said[one.picture], cut, dropped = clean(answer)
            counts.cut += cut
            counts.dropped += dropped
        self._cache.put(verbalizer, said)
        return said

    def _answers(self, verbalizer: Verbalizer, batch: Sequence[_Asked]) -> list[list[Words]]:
        started = time.perf_counter()
        try:
            answers = verbalizer.verbalize([one.image for one in batch])
        finally:
            self.counts[verbalizer.name].seconds += time.perf_counter() - started
        if len(answers) != len(batch):
            raise ModelError(
                f"{verbalizer.name}: words of {len(answers)} pictures where {len(batch)} were given: is the "
                "model broken?"
            )
        return answers


@dataclass(slots=True, eq=False)
class _Asked:
    """A document on its way.

    Attributes:
        document: As it came.
        names: The verbalizers that may speak; none of a passage.
        picture: The digest of its picture, where they may.
        words: What they said so far.
        error: What is wrong with the document.
    """

    document: Document
    names: tuple[str, ...] = ()
    picture: str = ""
    words: list[Expansion] = field(default_factory=list)
    error: UnivldrError | None = None

    @property
    def image(self) -> Path | bytes:
        assert self.document.image is not None, "only pictures are asked about"
        return self.document.image

    def add(self, said: Sequence[Words], verbalizer: Verbalizer) -> int:
        """Take what is new; returns how many texts were not."""
        there = {words.text for words in (*self.document.expansions, *self.words)}
        origin, weight = verbalizer.name, verbalizer.weight
        new = [Expansion(words.text, origin, weight) for words in said if words.text not in there]
        self.words += new
        return len(said) - len(new)

    def result(self) -> Document | UnivldrError:
        if self.error or not self.words:
            return self.error or self.document
        return replace(self.document, expansions=(*self.document.expansions, *self.words))


def _less(weight: float) -> tuple[float, ...]:
    """The weight where it is not the usual one, so that the usual key stays as it is."""
    return () if weight == 1 else (weight,)


def _batches(asked: Sequence[_Asked], size: int) -> list[Sequence[_Asked]]:
    return [asked[start : start + size] for start in range(0, len(asked), size)]
