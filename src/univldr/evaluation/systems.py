"""Retrieval systems by name, each a row of the table: BM25, dense, divide and conquer, its oracle form.

A system is a value that parses, prints and hashes as its name:

| name | what it does |
|---|---|
| ``MODEL`` | dense search over all documents together, by any name that ``load_encoder`` takes |
| ``bm25`` | BM25 over passages and captions together |
| ``MODEL:text``, ``MODEL+center:text``, ``bm25:image`` | the same, over the documents of one modality only |
| ``MODEL[caption,ocr]``, ``bm25[tags]`` | the words of these verbalizers join the captions of pictures |
| ``MODEL[caption:PATH]`` | the same, with that model for a captioner |
| ``MODEL+words`` | of a picture its caption and generated words alone, without the pixels |
| ``MODEL+center`` | each modality's mean taken out of its vectors, the texts' mean out of queries (GR-CLIP) |
| ``MODEL+center-queries`` | the same, with the queries' own mean taken out of queries |
| ``divide:MODEL`` | BM25 over the texts and MODEL over the pictures, apart; their lists fused |
| ``divide-dense:MODEL`` | MODEL over both, apart; their lists fused |
| ``divide(minmax):MODEL`` | fused otherwise: one of ``univldr.fusion.METHODS``; ``rrf`` is the default |
| ``oracle:MODEL``, ``oracle-dense:MODEL`` | the same lists, each query sent only to its positives' modality |
| ``index:PATH``, ``index:PATH:image`` | an index, a directory's or a URI's, as a search asks it |
| ``index(vectors):PATH`` | the same, by its vectors alone: words do not count, nothing is centered |

The brackets stand behind the model: ``divide:clip[ocr]+words+center``, ``clip[ocr]+center:image``.

The texts' and the pictures' lists have no document in common, so ``rrf`` and ``roundrobin`` let them take
turns. Which one begins is drawn from the query's id: neither modality gains by it over many queries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from univldr.errors import ConfigError
from univldr.evaluation.lexical import BM25Settings
from univldr.fusion import check_method
from univldr.types import Modality
from univldr.verbalize.settings import NONE, Plan

DEFAULT_FUSION = "rrf"

Centering: TypeAlias = Literal["", "text", "queries"]
"""Whose mean is taken out of queries; "" centers nothing."""

INDEX = re.compile(r"index(?:\((.*?)\))?:(.*)", re.DOTALL)
"""How the name of an index begins: what is in brackets, then the rest."""

_MODALITIES = tuple(Modality)
_PREFIX = re.compile(r"(divide|divide-dense|oracle|oracle-dense)(?:\((.*?)\))?:(.*)")
_BRACKETS = re.compile(r"(.*)\[([^\[\]]*)\]")
_WORDS = "+words"
_CENTERINGS: dict[Centering, str] = {"": "", "text": "+center", "queries": "+center-queries"}
_ENDS = (_WORDS, "+center", "+center-queries", *(f":{modality}" for modality in _MODALITIES))


@dataclass(frozen=True, slots=True)
class Lexical:
    """BM25.

    Attributes:
        pool: The modality that is searched; all of them by default.
        settings: How it weighs.
        verbalize: Whose words join the captions, as :meth:`univldr.verbalize.settings.Plan.of` reads it.
    """

    pool: Modality | None = None
    settings: BM25Settings = field(default_factory=BM25Settings)
    verbalize: str = ""

    def __str__(self) -> str:
        return f"bm25{_brackets(self.verbalize)}{_suffix(self.pool)}"


@dataclass(frozen=True, slots=True)
class Dense:
    """An encoder's vectors, searched exactly.

    Attributes:
        model: A name that ``load_encoder`` takes.
        pool: The modality that is searched; all of them by default.
        center: Whose mean is taken out of queries, after each modality's mean is taken out of its
            documents; by default nothing is taken out of anything.
        words: Whether a picture is its caption and generated words alone.
        verbalize: Whose words join the captions, as :meth:`univldr.verbalize.settings.Plan.of` reads it.
    """

    model: str
    pool: Modality | None = None
    center: Centering = ""
    words: bool = False
    verbalize: str = ""

    def __str__(self) -> str:
        name = f"{self.model}{_brackets(self.verbalize)}{_WORDS if self.words else ''}"
        return f"{name}{_CENTERINGS[self.center]}{_suffix(self.pool)}"


@dataclass(frozen=True, slots=True)
class Divided:
    """Divide and conquer: each modality is searched apart, then the lists are fused.

    Attributes:
        texts: Searches the texts.
        others: Searches each other modality.
        fusion: One of ``univldr.fusion.METHODS``.
        oracle: Send each query only to the modalities that its positives have.
    """

    texts: Lexical | Dense
    others: Dense
    fusion: str = DEFAULT_FUSION
    oracle: bool = False

    def __str__(self) -> str:
        kind = "oracle" if self.oracle else "divide"
        dense = "-dense" if isinstance(self.texts, Dense) else ""
        fusion = "" if self.fusion == DEFAULT_FUSION else f"({self.fusion})"
        return f"{kind}{dense}{fusion}:{self.others}"


@dataclass(frozen=True, slots=True)
class Indexed:
    """An index that there is, searched as it is: approximate, filtered, with the words that it has.

    Attributes:
        path: A directory, or a URI such as ``qdrant://host:6333/name``.
        pool: The modality that is searched; all of them by default.
        vectors: By the vectors alone: words do not count, nothing is centered.
    """

    path: str
    pool: Modality | None = None
    vectors: bool = False

    def __str__(self) -> str:
        return f"index{'(vectors)' if self.vectors else ''}:{self.path}{_suffix(self.pool)}"


System: TypeAlias = Lexical | Dense | Divided | Indexed


def words_of(system: System) -> str:
    """What stands in a system's brackets; "" where there are none."""
    if isinstance(system, Indexed):
        return ""
    return system.others.verbalize if isinstance(system, Divided) else system.verbalize


def parse_system(spec: str) -> System:
    """The system of a name; see the module's table.

    Raises:
        ConfigError: it is no such name; the message says what would be.
    """
    spec = spec.strip()
    if found := INDEX.fullmatch(spec):
        return _index(found[1], found[2], spec)
    if not (found := _PREFIX.fullmatch(spec)):
        return _single(spec, spec)
    kind, fusion, inner = found.groups()
    part = _single(inner, spec)
    if not isinstance(part, Dense):
        raise ConfigError(f'system "{spec}": BM25 sees no pixels; name a model, as in {kind}:clip')
    if part.pool is not None:
        raise ConfigError(f'system "{spec}" searches every modality; leave out :{part.pool}')
    fusion = DEFAULT_FUSION if fusion is None else fusion
    check_method(fusion)
    texts = part if kind.endswith("-dense") else Lexical()
    return Divided(texts, part, fusion, oracle=kind.startswith("oracle"))


def _index(how: str | None, text: str, spec: str) -> Indexed:
    path, pool = _pooled(text)
    if how not in (None, "vectors"):
        raise ConfigError(
            f'system "{spec}": an index is searched as it is, index:PATH, or index(vectors):PATH'
        )
    if not path:
        raise ConfigError(f'system "{spec}" names no index; write index:DIR or index:qdrant://host:6333/name')
    return Indexed(path, pool, vectors=how is not None)


def _pooled(text: str) -> tuple[str, Modality | None]:
    """A name and the modality behind its last colon."""
    head, _, last = text.rpartition(":")
    return (head, Modality(last)) if last in _MODALITIES else (text, None)


def _single(text: str, spec: str) -> Lexical | Dense:
    """A system without fusion: ``text`` is all or a part of ``spec``."""
    name, pool = _pooled(text)
    center = next(whose for whose in reversed(_CENTERINGS) if name.endswith(_CENTERINGS[whose]))
    whole = name.removesuffix(_CENTERINGS[center])
    called = whole.removesuffix(_WORDS)
    model, verbalize = _verbalized(called, spec)
    if not model:
        raise ConfigError(f'system "{spec}" names no model; write bm25, a model such as clip, or divide:clip')
    if model == "bm25":
        if name != called:
            raise ConfigError(f'system "{spec}": BM25 has no vectors to center and no pixels; write bm25')
        return Lexical(pool, verbalize=verbalize)
    prefix, colon, _ = model.partition(":")
    if colon and prefix != "openmatch" and len(prefix) > 1 and not Path(model).exists():
        raise ConfigError(
            f'system "{spec}": "{model}" is no model; before a colon can stand divide, divide-dense, oracle, '
            f"oracle-dense or index, and {' or '.join(_MODALITIES)} at the very end, as in clip+center:image"
        )
    return Dense(model, pool, center, words=whole != called, verbalize=verbalize)


def _verbalized(name: str, spec: str) -> tuple[str, str]:
    """A model's name and what stands in brackets behind it."""
    found = None if Path(name).exists() else _BRACKETS.fullmatch(name)
    model, words = found.groups() if found else (name, "")
    misplaced = found is not None and model.endswith(_ENDS)
    if misplaced or (re.search(r"[\[\]]", model) and not Path(model).exists()):
        raise ConfigError(
            f'system "{spec}": the names of verbalizers stand in brackets right behind the model, '
            "as in clip[caption,ocr]+words+center:image"
        )
    try:
        Plan.of(words)
    except ConfigError as error:
        raise ConfigError(f'system "{spec}": {error}') from error
    parts = [part.strip() for part in words.split(",")]
    return model, ",".join(part for part in parts if part not in ("", NONE))


def _brackets(words: str) -> str:
    return f"[{words}]" if words else ""


def _suffix(pool: Modality | None) -> str:
    return "" if pool is None else f":{pool}"
