"""Which verbalizers, and how each works; the same settings in recipes, indexes and on the command line."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from univldr.config import override, parse, to_dict
from univldr.errors import ConfigError

NAMES = ("caption", "query", "ocr", "tags")
"""The verbalizers there are; an expansion's origin is one of these."""

NONE = "none"
BLIP = "Salesforce/blip-image-captioning-base"


def _check_weight(weight: float) -> None:
    if not 0 < weight <= 1:
        raise ConfigError(f"weight is {weight}; it must be above 0 and at most 1")


def _at_least_one(settings: object, *names: str) -> None:
    for name in names:
        if getattr(settings, name) < 1:
            raise ConfigError(f"{name} is {getattr(settings, name)}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class CaptionSettings:
    """A model that describes pictures.

    Attributes:
        model: A directory, or a hub id: any image-to-text or image-text-to-text model of transformers.
        prompt: What the model is told; for a model without prompts it must be "".
        max_tokens: Most tokens it may write for one text.
        min_tokens: Fewest tokens.
        beams: Of the search; 1 is greedy.
        count: Texts for one picture. More than one are the best beams, so ``beams`` must be as many.
        max_side: The longer side in pixels at which a picture is read; a larger one is scaled down: it says
            what a model costs that reads pictures at their own size, as Qwen-VL does.
        batch: Pictures at a time.
        device: ``cpu``, ``cuda``, ...; "" takes the best there is.
        weight: Of the words in a picture's vector, above 0 and up to 1, which is UniVL-DR's; see
            :class:`univldr.types.Expansion`. It changes no words.
        trust_remote_code: Run code that comes with the model.
    """

    model: str = BLIP
    prompt: str = ""
    max_tokens: int = 40
    min_tokens: int = 0
    beams: int = 1
    count: int = 1
    max_side: int = 1024
    batch: int = 16
    device: str = ""
    weight: float = 1.0
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        _at_least_one(self, "max_tokens", "beams", "count", "max_side", "batch")
        _check_weight(self.weight)
        if self.min_tokens > self.max_tokens:
            raise ConfigError(
                f"min_tokens is {self.min_tokens}; it must be at most max_tokens ({self.max_tokens})"
            )
        if self.count > self.beams:
            raise ConfigError(f"count is {self.count}; it must be at most beams ({self.beams})")


@dataclass(frozen=True, slots=True)
class QuerySettings(CaptionSettings):
    """A model that writes the question somebody would ask for a picture.

    Attributes:
        model: What ``univldr train-verbalizer`` made; there is none to fall back on.
    """

    model: str = ""


@dataclass(frozen=True, slots=True)
class OcrSettings:
    """The text inside a picture.

    Attributes:
        min_confidence: Lines that are less certain are left out, from 0 to 1.
        max_pixels: Width times height at which a picture is read; a larger one is scaled down.
        batch: Pictures at a time.
        weight: As of captions.
    """

    min_confidence: float = 0.8
    max_pixels: int = 4_000_000
    batch: int = 8
    weight: float = 1.0

    def __post_init__(self) -> None:
        _at_least_one(self, "batch")
        _check_weight(self.weight)
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence is {self.min_confidence}; it must be from 0 to 1")
        if self.max_pixels < 4096:
            raise ConfigError(f"max_pixels is {self.max_pixels}; it must be at least 4096")


@dataclass(frozen=True, slots=True)
class TagSettings:
    """Words from a vocabulary that the encoder itself places near the picture.

    Attributes:
        vocabulary: A file with a word or phrase a line; by default the list that comes with univldr.
        count: Most tags for one picture.
        threshold: How far a tag must stand out, in standard deviations of a picture's scores over the whole
            vocabulary; the same for every model (:mod:`univldr.verbalize.tags`). At 4, 57 to 61 of 100 tags
            were words that people used for the same photo, at 5 about 70, but there were half as many.
        template: The sentence in which a word is encoded, at ``{}``.
        batch: Pictures at a time.
        weight: As of captions. Little: they tell their own encoder nothing new, and in full they harm it.
    """

    vocabulary: Path | None = None
    count: int = 8
    threshold: float = 4.0
    template: str = "a photo of {}"
    batch: int = 32
    weight: float = 0.1

    def __post_init__(self) -> None:
        _at_least_one(self, "count", "batch")
        _check_weight(self.weight)
        if not 0 <= self.threshold < math.inf:
            raise ConfigError(f"threshold is {self.threshold}; it must be at least 0, and finite")
        if "{}" not in self.template:
            raise ConfigError(f'template is "{self.template}"; it must say with {{}} where the word goes')


@dataclass(frozen=True, slots=True)
class VerbalizerSettings:
    """How each verbalizer works, whether it is used or not: the table ``[verbalize]`` of a recipe."""

    caption: CaptionSettings = CaptionSettings()
    query: QuerySettings = QuerySettings()
    ocr: OcrSettings = OcrSettings()
    tags: TagSettings = TagSettings()

    def in_full(self) -> VerbalizerSettings:
        """The same, but all words weigh as much as a caption: how a model reads them in training."""
        return VerbalizerSettings(*(dataclasses.replace(getattr(self, name), weight=1.0) for name in NAMES))


@dataclass(frozen=True, slots=True)
class Plan:
    """Which verbalizers to use, in the order in which their words follow the caption, and how.

    Attributes:
        names: Of ``NAMES``, each once; none turns verbalization off.
        settings: Of all of them.
    """

    names: tuple[str, ...] = ()
    settings: VerbalizerSettings = VerbalizerSettings()

    def __post_init__(self) -> None:
        for number, name in enumerate(self.names):
            _check_name(name)
            if name in self.names[:number]:
                raise ConfigError(f'verbalizer "{name}" is named twice; name each once')

    @classmethod
    def of(cls, spec: str, settings: VerbalizerSettings = VerbalizerSettings()) -> Plan:
        """From ``caption,ocr``, or with models: ``caption:PATH,query:PATH,tags:FILE``; ``none`` turns it off.

        Raises:
            ConfigError: an unknown verbalizer, or one twice.
        """
        names = []
        for part in filter(None, (part.strip() for part in spec.split(","))):
            name, colon, value = part.partition(":")
            if part == NONE:
                continue
            _check_name(name)
            names.append(name)
            if colon:
                settings = _with_model(settings, name, value)
        return cls(tuple(names), settings)

    def changed(self, spec: str | None, assignments: Sequence[str] = ()) -> Plan:
        """Another plan: ``spec`` as in :meth:`of`, or the same names; settings such as ``caption.beams=3``.

        Raises:
            ConfigError: a verbalizer or a setting is unknown, or a value makes no sense.
        """
        settings = parse(VerbalizerSettings, override(to_dict(self.settings), assignments), "--set")
        return Plan(self.names, settings) if spec is None else Plan.of(spec, settings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the settings only of the verbalizers in use: what an index remembers.

        Files and directories are given in full, since a later command may run elsewhere.
        """
        values = {name: to_dict(getattr(self.settings, name)) for name in self.names}
        for settings in values.values():
            settings |= {key: _in_full(settings[key]) for key in ("model", "vocabulary") if key in settings}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> Plan:
        """From :meth:`to_dict`; ``where`` the values come from begins every message.

        Raises:
            ConfigError: a setting is unknown or makes no sense.
        """
        names = tuple(values)
        known = {name: values[name] for name in names if name in NAMES}
        return cls(names, parse(VerbalizerSettings, known, where))


def _in_full(path: str) -> str:
    return str(Path(path).expanduser().resolve()) if path and Path(path).expanduser().exists() else path


def _check_name(name: str) -> None:
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, n=1)
        hint = f'did you mean "{nearest[0]}"? ' if nearest else ""
        raise ConfigError(f'no verbalizer "{name}": {hint}There are {", ".join(NAMES)}, and {NONE}')


def _with_model(settings: VerbalizerSettings, name: str, value: str) -> VerbalizerSettings:
    match name:
        case "caption":
            return dataclasses.replace(settings, caption=dataclasses.replace(settings.caption, model=value))
        case "query":
            return dataclasses.replace(settings, query=dataclasses.replace(settings.query, model=value))
        case "tags":
            vocabulary = Path(value)
            return dataclasses.replace(
                settings, tags=dataclasses.replace(settings.tags, vocabulary=vocabulary)
            )
    raise ConfigError(f'verbalizer "{name}" takes no model, so "{name}:{value}" says nothing; write {name}')
