"""``manifest.json``: what an index was made with, so that it is never searched with anything else."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from univldr.errors import ModelError, StoreError
from univldr.index.base import corpus_of, rebuild_remedy, unusable
from univldr.index.files import MANIFEST, UPLOADS
from univldr.types import Encoder

_ON_HUB = re.compile(r"\w[\w.-]*/[\w.-]+@[\w./-]+")

FORMAT = 3
"""2: the stamp of a picture's source says which words it was indexed with. 3: generations and places."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was made with.

    Attributes:
        encoder: The name to give ``load_encoder``.
        fingerprint: The encoder's; another one means other vectors.
        dim: Length of a vector.
        fusion: How picture and words of one document become one vector.
        template: How caption and expansions become one text; "" leaves it to the model.
        max_tokens: Longest text, below what the model reads; 0 leaves it to the model.
        verbalize: The verbalizers whose words join the captions, in order, each with its settings.
        modality_means: Mean vector by modality, for centering; ``None`` before they are first taken.
        modality_counts: How many documents each was taken over.
        modality_nearest: No document is nearer to its modality's mean.
        changed_since_means: Documents that changed since they were taken.
        roots: The corpora in the index, absolute paths; the folder of its uploads is one of them.
        place: The index's own directory when it was last opened, absolute; "" where that is not known.
        generation: Which of the files in the directory count; see :mod:`univldr.index.files`.
        engine: The URI of the cluster that has vectors and documents; "" where the directory has them.
        copying: What it is being filled from, while it is not whole and nobody may search it; "" afterwards.
        created: ISO 8601, UTC, to the microsecond: no other index has it.
        format: Version of the index's directory layout.
    """

    encoder: str
    fingerprint: str
    dim: int
    fusion: str = "sum"
    template: str = ""
    max_tokens: int = 0
    verbalize: Mapping[str, Any] = field(default_factory=dict)
    modality_means: Mapping[str, list[float]] | None = None
    modality_counts: Mapping[str, int] = field(default_factory=dict)
    modality_nearest: Mapping[str, float] = field(default_factory=dict)
    changed_since_means: int = 0
    roots: tuple[str, ...] = ()
    place: str = ""
    generation: int = 0
    engine: str = ""
    copying: str = ""
    created: str = ""
    format: int = FORMAT

    @classmethod
    def of(cls, encoder: Encoder, *, template: str = "", max_tokens: int = 0) -> Manifest:
        """The manifest of a new index for ``encoder``, which was loaded with this template and limit."""
        return cls(
            encoder.name,
            encoder.fingerprint,
            encoder.dim,
            template=template,
            max_tokens=max_tokens,
            created=now(),
        )

    @classmethod
    def read(cls, index: Path, *, file: str = MANIFEST) -> Manifest:
        """Read the manifest of the index in the directory ``index``.

        Raises:
            StoreError: there is none, it is broken, or a newer univldr wrote it.
        """
        try:
            fields = json.loads((index / file).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            corpus = corpus_of(index)
            if corpus and not corpus.exists():
                raise StoreError(f"{corpus}: no such file or folder, and no index of it") from error
            remedy = corpus or f"DIR --index {index}"
            raise StoreError(f"no index at {index}; make one: univldr index {remedy}") from error
        except OSError as error:
            raise unusable(index, "read", error) from error
        except ValueError as error:
            raise _broken(index, str(error)) from error
        return cls.of_fields(index, fields)

    @classmethod
    def of_fields(cls, index: Path, fields: Any) -> Manifest:
        """The manifest of the index ``index``, as JSON has it.

        Raises:
            StoreError: it is broken, or a newer univldr wrote it.
        """
        if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
            raise _broken(index, 'no "format"')
        if fields["format"] > FORMAT:
            raise StoreError(
                f"index {index} has format {fields['format']}, this univldr reads up to {FORMAT}; "
                f"upgrade univldr, or {rebuild_remedy(index)}"
            )
        if fields["format"] < 2:  # no words yet; the template it names was the model's own
            fields |= {"template": "", "max_tokens": 0, "verbalize": {}}
        if fields["format"] < 3:
            fields |= {"place": "", "generation": 0}
        fields = {"engine": "", "copying": "", **fields}
        types = {
            "encoder": str,
            "fingerprint": str,
            "dim": int,
            "fusion": str,
            "template": str,
            "max_tokens": int,
            "verbalize": dict,
            "roots": list,
            "place": str,
            "generation": int,
            "engine": str,
            "copying": str,
        }
        for name, kind in types.items():
            if not isinstance(fields.get(name), kind):
                raise _broken(index, f'"{name}" is {fields.get(name)!r}, not a {kind.__name__}')
        known = {field.name: fields[field.name] for field in dataclasses.fields(cls) if field.name in fields}
        return cls(**{**known, "roots": tuple(fields["roots"])})

    def write(self, index: Path, *, file: str = MANIFEST) -> None:
        """Replace the manifest in one step: a crash leaves the old one or the new one.

        Raises:
            StoreError: it cannot be written.
        """
        temporary = index / f"{file}.tmp"
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                json.dump(dataclasses.asdict(self), stream, indent=2, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(index / file)
        except OSError as error:
            raise unusable(index, "write", error) from error

    @property
    def uploads(self) -> str:
        """The root of documents that came by themselves; it is among ``roots`` once there are any."""
        return str(Path(self.place, UPLOADS))

    @property
    def corpora(self) -> tuple[str, ...]:
        """The roots that somebody named: folders and files of records."""
        return tuple(root for root in self.roots if root != self.uploads)

    def is_alike(self, other: Manifest) -> bool:
        """Whether the making of an index with that manifest can go on with what this one's has made.

        It is of the same corpora, made by the same model, and half a copy only for who copies the same.
        """
        same = ("format", "engine", "corpora", "copying")
        return self.has_model_of(other) and all(getattr(self, name) == getattr(other, name) for name in same)

    def has_model_of(self, other: Manifest) -> bool:
        """Whether the vectors are made by the same model in the same way."""
        names = ("encoder", "fingerprint", "dim", "fusion", "template", "max_tokens")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def check_name(self, index: Path, name: str) -> None:
        """Refuse another model by the name it was asked for, before it is loaded.

        Raises:
            ModelError: the index was made with another one.
        """
        if not is_same_name(self.encoder, name):
            raise ModelError(
                f"index {index} was made with model {self.encoder!r}, not {name!r}; "
                f"use --model {self.encoder}, or {rebuild_remedy(index)} --model {name}"
            )

    def check(self, index: Path, encoder: Encoder) -> None:
        """Refuse an encoder whose vectors do not belong here.

        Raises:
            ModelError: it is another model, or the same one changed since.
        """
        self.check_name(index, encoder.name)
        if (encoder.fingerprint, encoder.dim) != (self.fingerprint, self.dim):
            raise ModelError(
                f"model {encoder.name!r} changed since index {index} was made "
                f"({self.fingerprint}, {self.dim} dimensions; now {encoder.fingerprint}, {encoder.dim}); "
                f"{rebuild_remedy(index)}"
            )


def now() -> str:
    """For ``Manifest.created``."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def is_same_name(one: str, other: str) -> bool:
    """Whether two names may mean one model: a path however written, a hub's with or without its commit."""
    if one in (other, str(Path(other).expanduser().resolve())):
        return True
    long, short = sorted((one, other), key=len, reverse=True)
    return bool(_ON_HUB.fullmatch(long)) and long.startswith(f"{short}@")


def _broken(index: Path, reason: str) -> StoreError:
    return StoreError(f"index {index} is broken: {MANIFEST}: {reason}; {rebuild_remedy(index)}")
