"""What a model directory says about itself: ``univldr.json``, or defaults derived for a stock CLIP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
            template.format(caption="", expansions="")
            return cls(
                dim=int(values["dim"]),
                max_tokens=int(values["max_tokens"]),
                fixed_length=bool(values.get("fixed_length", False)),
                template=template,
                onnx=graphs,
            )
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
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
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: a {type(value).__name__} where an object is needed")
    return value
