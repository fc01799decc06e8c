"""Encoders by name. Importing this package loads no model and no runtime."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable
from pathlib import Path

from univldr._optional import require
from univldr.encoders import hub
from univldr.encoders.settings import UNCHANGED, TextSettings
from univldr.errors import ModelError
from univldr.types import Encoder

logger = logging.getLogger("univldr")

_PACKAGE = Path(__file__).parents[1]
_MINI_PLACES = (
    _PACKAGE / "models" / "mini",
    _PACKAGE.parents[1] / "models" / "mini",
)  # installed; a checkout


def load_encoder(name: str = "auto", texts: TextSettings = UNCHANGED) -> Encoder:
    """Load an encoder.

    Args:
        name: One of

            - ``auto``: ``clip`` if it is cached or the hub answers within 3 s, else ``mini``;
            - ``mini``: the bundled model, works offline;
            - ``clip``: CLIP ViT-B/32 as ONNX from the hub, pinned by revision;
            - ``hash``: the deterministic fake for tests;
            - ``openmatch:PATH``: a checkpoint of UniVL-DR's authors, converted once and cached;
            - a directory, or ``org/name`` on the hub: ONNX where it has it, torch otherwise. The name
              of the encoder has the commit, ``org/name@commit``, so that an index keeps to it;
              ``org/name@revision`` takes another than the newest.
        texts: What to change of how the model reads texts.

    Raises:
        ConfigError: ``texts`` asks for more than the model reads.
        ModelError: no such model, or it cannot be loaded; the message names what could be.
        MissingExtra: the model has no ONNX graphs and torch is not installed.
    """
    if name in _BY_NAME:
        return _BY_NAME[name](texts)
    if name.startswith("openmatch:"):
        return _openmatch(name, texts)
    directory = Path(name).expanduser()
    if directory.is_dir():
        return _from_directory(directory, str(directory.resolve()), texts)
    if on_hub := hub.split(name):
        repo, revision = on_hub
        snapshot = hub.fetch(repo, revision)
        return _from_directory(snapshot, hub.pinned(repo, snapshot), texts)
    nearest = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise ModelError(
        f"no model {name!r}: {hint}Known: {', '.join(sorted(_BY_NAME))}, a directory, or org/name on the hub"
    )


def mini_directory() -> Path:
    """Where the bundled model lies.

    Raises:
        ModelError: it was not installed.
    """
    for place in _MINI_PLACES:
        if (place / "onnx").is_dir():
            return place
    raise ModelError(f"the bundled model is missing: {_MINI_PLACES[0]}; reinstall univldr")


def _from_directory(directory: Path, name: str, texts: TextSettings) -> Encoder:
    if (directory / "onnx").is_dir():
        return _onnx(directory, name, texts)
    require("sentence_transformers", extra="train", purpose=f"{name}, which has no onnx/,")
    from univldr.encoders.torch_encoder import TorchEncoder

    return TorchEncoder.load(name, texts=texts)


def _onnx(directory: Path, name: str, texts: TextSettings) -> Encoder:
    from univldr.encoders.onnx import OnnxEncoder  # here, so that the fake needs no onnxruntime

    return OnnxEncoder(directory, name=name, texts=texts)


def _openmatch(name: str, texts: TextSettings) -> Encoder:
    require("sentence_transformers", extra="train", purpose=name)
    from univldr.encoders.openmatch import load_openmatch  # torch, wanted by these models alone

    return load_openmatch(name.removeprefix("openmatch:"), texts)


def _hash(texts: TextSettings) -> Encoder:
    from univldr.encoders.hash import HashEncoder

    return HashEncoder(texts=texts)


def _mini(texts: TextSettings) -> Encoder:
    return _onnx(mini_directory(), "mini", texts)


def _clip(texts: TextSettings) -> Encoder:
    try:
        return _onnx(hub.fetch(hub.CLIP_REPO, hub.CLIP_REVISION), "clip", texts)
    except ModelError as error:
        raise ModelError(f'{error}; the model "mini" works offline') from error


def _auto(texts: TextSettings) -> Encoder:
    if hub.cached(hub.CLIP_REPO, hub.CLIP_REVISION) or hub.answers():
        try:
            return _clip(texts)
        except ModelError as error:
            reason = str(error)
    else:
        reason = "clip is not cached and the hub does not answer"
    logger.warning('using the bundled model "mini", weaker on pixels than "clip": %s', reason)
    return _mini(texts)


_BY_NAME: dict[str, Callable[[TextSettings], Encoder]] = {
    "auto": _auto,
    "clip": _clip,
    "hash": _hash,
    "mini": _mini,
}
