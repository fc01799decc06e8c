"""Checkpoints of OpenAI CLIPs to model directories, above all those that the UniVL-DR authors released.

Theirs are ``{"epoch": ..., "model": state dict}`` of OpenAI's package, halves but for norms and embeddings.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import errors, snapshot_download
from torch import Tensor
from transformers import CLIPTokenizer
from transformers.utils.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from univldr.encoders import hub
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.encoders.openai_clip import MARK, ClipShape, build, listed, recognise
from univldr.encoders.preprocess import BatchTokenizer
from univldr.encoders.settings import FORMAT, UNCHANGED, ModelSettings, TextSettings
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ModelError

DEFAULT_TOKENIZER = "openai/clip-vit-base-patch32"
"""Every CLIP of OpenAI's has this tokenizer."""

_TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"]

# Numbers that OpenAI's archives carry beside the weights; all are seen from the shapes.
_BUFFERS = {"input_resolution", "context_length", "vocab_size"}


def convert_openmatch(
    checkpoint: str | Path,
    out_dir: str | Path,
    *,
    tokenizer: str | Path = DEFAULT_TOKENIZER,
    name: str = "",
) -> ClipShape:
    """Turn a checkpoint saved by ``torch.save`` into a model directory with float32 weights.

    The state dict of an OpenAI CLIP may lie below a key such as ``model``, its names may begin with a prefix
    such as ``module.``, and its weights may be halves. It is loaded without running code that it carries.

    Args:
        checkpoint: As the authors' ``model.best.pt``.
        out_dir: A new or an empty folder.
        tokenizer: A hub id or a folder with CLIP's ``tokenizer.json``, or ``vocab.json`` and ``merges.txt``.
        name: What the model calls itself; by default as its folder.

    Raises:
        ModelError: not such a checkpoint, not a ViT, weights missing or left over, no fitting
            tokenizer, or ``out_dir`` holds something or cannot be written.
    """
    path, directory = Path(checkpoint).expanduser(), Path(out_dir).expanduser().absolute()
    _must_be_new(directory)
    content = _loaded(path)
    state = _weights(path, content)
    try:
        shape = recognise({key: tuple(tensor.shape) for key, tensor in state.items()})
        model = build(shape, state)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as folder:
            draft = Path(folder) / "model"
            draft.mkdir()
            _write_tokenizer(str(tokenizer), draft, shape)
            _write_picture_settings(draft, shape)
            settings = ModelSettings(dim=shape.dim, max_tokens=shape.max_tokens)
            module = FusionModule(model, draft, settings=settings, name=name or directory.name)
            module.joint = _is_theirs(content)
            fusion_transformer(module, "cpu").save_pretrained(str(draft), create_model_card=False)
            if directory.is_dir():
                directory.rmdir()
            draft.rename(directory)  # there whole or not at all
    except OSError as error:
        raise ModelError(f"{directory}: cannot be written: {error.strerror or error}") from error
    return shape


def load_openmatch(
    checkpoint: str | Path,
    texts: TextSettings = UNCHANGED,
    *,
    tokenizer: str | Path = DEFAULT_TOKENIZER,
) -> TorchEncoder:
    """The encoder of a checkpoint, which is converted once and kept in the user's cache by its content.

    Raises:
        ModelError: as :func:`convert_openmatch`.
    """
    path = Path(checkpoint).expanduser()
    _must_be_file(path)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = fingerprint([path], {"tokenizer": str(tokenizer), "format": FORMAT})
    kept = home / "univldr" / "openmatch" / key
    if not kept.is_dir():
        try:
            convert_openmatch(path, kept, tokenizer=tokenizer, name=path.stem)
        except ModelError:
            if not kept.is_dir():  # else another process was first
                raise
    encoder = TorchEncoder.load(kept, texts=texts)
    encoder.name = f"openmatch:{path.resolve()}"
    return encoder


def read_state(path: Path) -> dict[str, Tensor]:
    """The weights of the CLIP in a file, by OpenAI's names.

    Raises:
        ModelError: no such file, not a checkpoint, not only weights, or no CLIP in it.
    """
    return _weights(path, _loaded(path))


def _loaded(path: Path) -> Any:
    _must_be_file(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # reading a stranger's bytes, torch raises whatever they lead to
        raise ModelError(f"{path}: {_why_not_read(str(error))}") from error


def _is_theirs(value: Any) -> bool:
    """Whether a checkpoint is laid out as the authors' code writes one that it trained: on a joint pool."""
    return isinstance(value, Mapping) and {"epoch", "model"} <= value.keys()


def _weights(path: Path, value: Any) -> dict[str, Tensor]:
    found = _find_state(value)
    if found is None:
        top = listed(value) if isinstance(value, Mapping) else type(value).__name__
        raise ModelError(f'{path}: no CLIP in OpenAI\'s names: no "{MARK}"; it holds {top}')
    prefix, mapping = found
    state = {str(key): tensor for key, tensor in mapping.items() if isinstance(tensor, Tensor)}
    strangers = [key for key in state if not key.startswith(prefix)]
    if strangers:
        raise ModelError(f'{path}: weights beside "{prefix}", unknown to CLIP: {listed(strangers)}')
    state = {key.removeprefix(prefix): tensor for key, tensor in state.items()}
    return {key: tensor for key, tensor in state.items() if key not in _BUFFERS}


def _find_state(value: Any, depth: int = 2) -> tuple[str, Mapping[Any, Any]] | None:
    """(prefix, state dict) of the CLIP in ``value`` or in what it holds."""
    if not isinstance(value, Mapping):
        return None
    for key in value:
        prefix = str(key).removesuffix(MARK)
        if prefix != str(key) and (not prefix or prefix.endswith(".")):
            return prefix, value
    if depth == 0:
        return None
    return next(filter(None, (_find_state(item, depth - 1) for item in value.values())), None)


def _why_not_read(message: str) -> str:
    if "TorchScript" in message:
        return (
            "a TorchScript archive, which is a program; OpenAI's own weights are on the hub, "
            f"such as {DEFAULT_TOKENIZER}"
        )
    needed = re.search(r"GLOBAL (\S+)", message)
    if needed:
        return (
            f"holds Python objects ({needed[1]}), which could run any code, and not only weights; "
            'ask who made it for one of torch.save({"model": model.state_dict()}, path)'
        )
    return "not a checkpoint that torch.save wrote, or not the whole of it; download it again"


def _write_tokenizer(source: str, directory: Path, shape: ClipShape) -> None:
    given = _tokenizer_folder(source)
    if (given / "tokenizer.json").is_file():
        for name in ("tokenizer.json", "tokenizer_config.json"):
            if (given / name).is_file():
                shutil.copyfile(given / name, directory / name)
    elif (given / "vocab.json").is_file() and (given / "merges.txt").is_file():
        _from_vocabulary(given).save_pretrained(directory)
    else:
        raise ModelError(f"{source}: no tokenizer.json, nor vocab.json and merges.txt")
    closing = BatchTokenizer(directory, max_tokens=shape.max_tokens).ids([""])[0][-1:]
    if closing != [shape.vocabulary - 1]:
        raise ModelError(
            f"{source}: closes a text with {closing}, the checkpoint with [{shape.vocabulary - 1}], the last "
            "of its vocabulary; give the tokenizer that it was trained with"
        )


def _from_vocabulary(folder: Path) -> Any:
    try:
        return CLIPTokenizer.from_pretrained(folder)
    except Exception as error:  # the tokenizers package raises nothing more precise
        raise ModelError(f"{folder}: vocab.json and merges.txt make no tokenizer: {error}") from error


def _tokenizer_folder(source: str) -> Path:
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    try:
        offline = not hub.answers()
        return Path(snapshot_download(source, allow_patterns=_TOKENIZER_FILES, local_files_only=offline))
    except (OSError, ValueError, errors.HTTPError) as error:  # type: ignore[attr-defined]  # its client's errors
        raise ModelError(
            f"no tokenizer {source}: neither a folder, nor cached, nor to be had from the hub; "
            "run: univldr convert openmatch CHECKPOINT OUT --tokenizer FOLDER, which has CLIP's "
            "tokenizer.json, or its vocab.json and merges.txt"
        ) from error


def _write_picture_settings(directory: Path, shape: ClipShape) -> None:
    side = shape.resolution
    record = {
        "do_resize": True,
        "size": {"shortest_edge": side},
        "resample": 3,  # bicubic
        "do_center_crop": True,
        "crop_size": {"height": side, "width": side},
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": OPENAI_CLIP_MEAN,
        "image_std": OPENAI_CLIP_STD,
    }
    (directory / "preprocessor_config.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def _must_be_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: no such file; give the checkpoint itself, such as model.best.pt")


def _must_be_new(directory: Path) -> None:
    """An older model's graphs beside new weights would go on answering."""
    if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise ModelError(f"{directory}: exists already; give a new folder")
