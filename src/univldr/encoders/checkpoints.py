"""Where the files of a torch model lie: a directory, the hub, or the package for ``mini``."""

from __future__ import annotations

import json
from pathlib import Path

from huggingface_hub import errors, snapshot_download

from univldr.encoders import hub, mini_directory
from univldr.errors import ModelError

_NOT_TORCH = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.pickle", "*.pkl"]


def fetch(name_or_path: str | Path, revision: str | None = None) -> Path:
    """The local directory of a model; what torch needs of a hub model is downloaded once.

    Args:
        name_or_path: ``mini``, a directory, ``org/name`` or ``org/name@revision``.
        revision: Of ``org/name``; the newest, if neither says.

    Raises:
        ModelError: neither ``mini``, nor a directory, nor a model the hub gives.
    """
    if str(name_or_path) == "mini":
        return mini_directory()
    directory = Path(name_or_path).expanduser()
    if directory.is_dir():
        return directory
    name = str(name_or_path)
    repo, named = hub.split(name) or (name, None)
    revision = revision or named
    try:
        snapshot = Path(snapshot_download(repo, revision=revision, ignore_patterns=[*_NOT_TORCH, "*.bin"]))
        if not any(snapshot.rglob("*.safetensors")):
            snapshot_download(repo, revision=snapshot.name, ignore_patterns=_NOT_TORCH)
    except (OSError, ValueError, errors.HTTPError) as error:  # type: ignore[attr-defined]  # its client's errors
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{name}: neither a directory nor a model the hub gives ({reason}); "
            "check the spelling and the connection, or use the bundled model: mini"
        ) from error
    return snapshot


def only_graphs(directory: Path) -> bool:
    """Whether a directory holds ONNX graphs and no weights for torch, as ``univldr export`` leaves it."""
    weights = (path for pattern in ("*.safetensors", "*.bin") for path in directory.rglob(pattern))
    return (directory / "onnx").is_dir() and next(weights, None) is None


def only_module(directory: Path) -> str | None:
    """The subfolder of the transformers model that is all there is in ``directory``, apart from a final norm.

    Returns:
        "" for the directory itself; ``None`` where a SentenceTransformer adds layers, so that only
        it can tell what a vector is.

    Raises:
        ModelError: ``modules.json`` is not a list of modules.
    """
    path = directory / "modules.json"
    if not path.is_file():
        return ""
    try:
        first, *rest = json.loads(path.read_text("utf-8"))
        adds_layers = any(not module["type"].endswith(".Normalize") for module in rest)
        return None if adds_layers else str(first["path"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path}: not a list of modules: {error!r}") from error
