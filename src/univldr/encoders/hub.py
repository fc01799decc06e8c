"""Model directories from the Hugging Face hub: the cache first, the network only when it answers."""

from __future__ import annotations

import re
from pathlib import Path

from univldr.encoders.settings import ModelSettings
from univldr.errors import ModelError
from univldr.types import Modality

CLIP_REPO = "Xenova/clip-vit-base-patch32"
CLIP_REVISION = "d15189d7028b43f1d3e65039190477f6af591c2a"

_NAME = re.compile(r"(?P<repo>\w[\w.-]*/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_SETTINGS = "*.json"
_NEEDED = ("tokenizer.json", "preprocessor_config.json")


def split(name: str) -> tuple[str, str | None] | None:
    """Repository and revision of ``org/name`` or ``org/name@revision``; ``None`` where it is neither."""
    found = _NAME.fullmatch(name)
    return (found["repo"], found["revision"]) if found else None


def pinned(repo: str, snapshot: Path) -> str:
    """The name that gives this very snapshot again: ``org/name@commit``."""
    return f"{repo}@{snapshot.name}"


def cached(repo: str, revision: str | None = None) -> Path | None:
    """The local copy of a repository's ONNX files if it is complete, without touching the network."""
    try:
        directory = _snapshot(repo, revision, [_SETTINGS], local_files_only=True)
        graphs = _graphs(directory)
    except ModelError:
        return None
    return directory if all((directory / name).is_file() for name in (*_NEEDED, *graphs)) else None


def fetch(repo: str, revision: str | None = None) -> Path:
    """A directory with a repository's settings and the graphs they name, where it has them.

    Raises:
        ModelError: not on the hub, offline and not cached, or the download failed.
    """
    directory = cached(repo, revision)
    if directory is not None:
        return directory
    if not answers():  # asked once, where a download would try for half a minute; torch weights may be cached
        try:
            return _snapshot(repo, revision, [_SETTINGS], local_files_only=True)
        except ModelError as error:
            raise ModelError(f"{repo}: not cached, and the hub does not answer") from error
    settings = _snapshot(repo, revision, [_SETTINGS])
    graphs = [f"{name}*" for name in _graphs(settings)]  # the rest of the name: weights beside the graph
    return _snapshot(repo, revision, [_SETTINGS, *graphs])


def _graphs(directory: Path) -> list[str]:
    settings = ModelSettings.load(directory)
    return [f"onnx/{settings.graph(modality)}" for modality in Modality]


def answers(seconds: float = 3.0) -> bool:
    """Whether the hub can be reached within ``seconds``; never asks when ``HF_HUB_OFFLINE`` is set."""
    import urllib.error
    import urllib.request  # here and below, since local models need none of these slow imports

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(f"{constants.ENDPOINT}/api/models/{CLIP_REPO}", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=seconds):
            return True
    except urllib.error.HTTPError:
        return True  # a refusal is an answer
    except (OSError, ValueError):  # ValueError: HF_ENDPOINT is not a URL
        return False


def _snapshot(repo: str, revision: str | None, files: list[str], *, local_files_only: bool = False) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        directory = snapshot_download(
            repo, revision=revision, allow_patterns=files, local_files_only=local_files_only
        )
    except (OSError, ValueError, errors.HTTPError) as error:  # type: ignore[attr-defined]
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{repo}: not cached, and not to be had from the hub: {reason}") from error
    return Path(directory)
