"""What a model directory says about itself: ``univldr.json``, or defaults derived for a stock CLIP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from univldr.calibration import Calibration
from univldr.encoders.captions import check_template
from univldr.errors import ConfigError, ModelError
from univldr.types import Modality

FORMAT = 1
FILE_NAME = "univldr.json"
DEFAULT_TEMPLATE = "{caption} [SEP] {expansions}"
_CLIP_TOKENS = 77
_FEWEST_TOKENS = 8
_GRAPH_STEMS = {Modality.TEXT: "text_model", Modality.IMAGE: "vision_model"}


@dataclass(frozen=True, slots=True)
class TextSettings:
    """What a user may change of how a model reads texts; every choice gives other vectors.

    Attributes:
        template: Joins a caption and its expansions; "" leaves it to the model.
        max_tokens: Longest text, below what the model reads; 0 leaves it to the model.
    """

    template: str = ""
    max_tokens: int = 0

    def __post_init__(self) -> None:
        if self.template:
            check_template(self.template)
        if self.max_tokens and self.max_tokens < _FEWEST_TOKENS:
            raise ConfigError(f"max_tokens is {self.max_tokens}; give at least {_FEWEST_TOKENS}")

    def applied(self, settings: ModelSettings) -> ModelSettings:
        """The model's settings with these in their places.

        Raises:
            ConfigError: the model reads fewer tokens.
        """
        if self.max_tokens > settings.max_tokens:
            raise ConfigError(
                f"max_tokens is {self.max_tokens}; the model reads {settings.max_tokens}, give at most that"
            )
        return replace(
            settings,
            template=self.template or settings.template,
            max_tokens=self.max_tokens or settings.max_tokens,
        )


UNCHANGED = TextSettings()
"""Everything as the model has it."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings an encoder needs beside its weights.

    Attributes:
        dim: Length of a vector; ``None`` where only the graphs tell.
        max_tokens: Longest text encoded whole, special tokens included.
        fixed_length: Texts are always padded to ``max_tokens``: SigLIP pools the last position, unmasked.
        template: Joins a caption and its expansions.
        onnx: File names below ``onnx/`` for ``text`` and ``image``, where they are not the plain ones.
    """

    dim: int | None = None
    max_tokens: int = _CLIP_TOKENS
    fixed_length: bool = False
    template: str = DEFAULT_TEMPLATE
    onnx: Mapping[str, str] = field(default_factory=dict)

    def graph(self, modality: Modality, variant: str | None = None) -> str:
        """Name of a graph below ``onnx/``: that variant, else what ``onnx`` says, else the plain one."""
        stem = _GRAPH_STEMS[modality]
        return f"{stem}_{variant}.onnx" if variant else self.onnx.get(modality, f"{stem}.onnx")

    @classmethod
    def load(cls, directory: Path) -> ModelSettings:
        """Read ``univldr.json``; without one, derive from transformers' ``config.json`` and its tokenizer's.

        Raises:
            ModelError: the file is not JSON, of another format, or asks for what this version cannot do.
        """
        path = directory / FILE_NAME
        if not path.is_file():
            return cls._derived(directory)
        values = read_json(path)
        if values.get("format") != FORMAT:
            raise ModelError(f"{path}: format {values.get('format')!r}, this version reads {FORMAT}")
        if values.get("fusion", "sum") != "sum":
            raise ModelError(f'{path}: fusion {values["fusion"]!r} is not known; use "sum"')
        try:
            graphs = values.get("onnx") or {}
            if any(Path(name).name != name for name in graphs.values()):
                raise ValueError(f"onnx {graphs} may only name files in onnx/")
            template = values.get("template", DEFAULT_TEMPLATE)
            check_template(template)
            return cls(
                dim=int(values["dim"]),
                max_tokens=int(values["max_tokens"]),
                fixed_length=bool(values.get("fixed_length", False)),
                template=template,
                onnx=graphs,
            )
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError, ConfigError) as error:
            raise ModelError(f"{path}: missing or malformed value: {error}") from error

    @classmethod
    def _derived(cls, directory: Path) -> ModelSettings:
        config = read_json(directory / "config.json", missing={})
        tokenizer = read_json(directory / "tokenizer_config.json", missing={})
        limits = (
            tokenizer.get("model_max_length"),
            (config.get("text_config") or {}).get("max_position_embeddings"),
        )
        known = [int(limit) for limit in limits if limit and limit < 100_000]  # "no limit" is written as 1e30
        return cls(
            max_tokens=min(known, default=_CLIP_TOKENS),
            fixed_length=str(config.get("model_type", "")).startswith("siglip"),
        )


def read_json(path: Path, *, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON object from a file; ``missing`` where there is no file.

    Raises:
        ModelError: no file and no ``missing``, or not a JSON object.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        if missing is not None:
            return missing
        raise ModelError(f"{path}: no such file; is {path.parent} a model directory?") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: a {type(value).__name__} where an object is needed")
    return value


CALIBRATION = "calibration"
"""The key of ``univldr.json`` that says what scores mean; no vector depends on it."""


def load_calibration(directory: Path) -> Calibration | None:
    """The calibration of a model directory; ``None`` where it has none.

    Raises:
        ModelError: it is malformed.
    """
    path = directory / FILE_NAME
    fields = read_json(path, missing={}).get(CALIBRATION)
    try:
        return None if fields is None else Calibration.parse(fields)
    except ValueError as error:
        raise ModelError(f"{path}: {CALIBRATION}: {error}; write it again with univldr calibrate") from error


def save_calibration(calibration: Calibration, directory: Path) -> None:
    """Write a calibration into a model directory's ``univldr.json``, in place of the one it has.

    Raises:
        ModelError: there is no such file, or it cannot be written.
    """
    path = directory / FILE_NAME
    fields = read_json(path)
    part = path.with_name(f"{path.name}.part")
    try:
        written = _written_as(path, fields | {CALIBRATION: calibration.plain()})
        part.write_bytes(written)
        part.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error}") from error


JOINT = "joint"
"""The key of ``univldr.json`` that is false for a model whose texts and pictures lie apart."""


@runtime_checkable
class Joint(Protocol):
    """An encoder that knows how it was trained."""

    @property
    def joint(self) -> bool:
        """Whether it was trained to rank texts and pictures in one list, so that no gap lies between them."""


@runtime_checkable
class Drafts(Protocol):
    """An encoder that says at what size it reads pictures."""

    @property
    def draft(self) -> tuple[int, int] | None:
        """(width, height) in pixels that suffice, as :func:`univldr.images.load_image` takes it."""


def is_joint(directory: Path) -> bool:
    """What ``univldr.json`` says of ``joint``, true where it does not say; false without that file.

    No vector depends on it.

    Raises:
        ModelError: the file is malformed, or it is neither true nor false.
    """
    path = directory / FILE_NAME
    stated = read_json(path, missing={JOINT: False}).get(JOINT, True)
    if not isinstance(stated, bool):
        raise ModelError(f"{path}: {JOINT} is {stated!r}; write true or false")
    return stated


def what_vectors_depend_on(path: Path) -> Path | bytes:
    """What of a file counts for a fingerprint: of a ``univldr.json`` all but the calibration and ``joint``.

    The rest is laid out as the file is: what was calibrated has the fingerprint that it had before.
    """
    if path.name != FILE_NAME or not {CALIBRATION, JOINT} & (fields := read_json(path)).keys():
        return path
    return _written_as(path, {key: value for key, value in fields.items() if key not in (CALIBRATION, JOINT)})


def _written_as(path: Path, fields: Mapping[str, Any]) -> bytes:
    """Fields in the layout of the JSON file at ``path``, where it is one of the usual ones."""
    there = path.read_bytes()
    known = read_json(path)
    for indent in (2, 4, None):
        for end in ("\n", ""):
            if (json.dumps(known, indent=indent) + end).encode() == there:
                return (json.dumps(fields, indent=indent) + end).encode()
    return (json.dumps(fields, indent=2) + "\n").encode()
