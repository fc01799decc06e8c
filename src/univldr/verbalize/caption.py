"""The verbalizers ``caption`` and ``query``: what a model writes about a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from univldr.encoders import hub
from univldr.encoders.checkpoints import fetch
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.settings import read_json
from univldr.errors import ConfigError, MissingExtra, ModelError
from univldr.verbalize.base import Words
from univldr.verbalize.settings import CaptionSettings

if TYPE_CHECKING:
    from univldr.verbalize.generate import Generator

FILE_NAME = "verbalizer.json"
FORMAT = 1

QUESTIONS = {
    "caption": "Describe this picture in one sentence.",
    "query": "Write one question that this picture answers.",
}
"""What a chat model is asked where the settings have no prompt."""

# Of a model directory, what can change its words.
_KINDS = frozenset({".safetensors", ".bin", ".json", ".jinja", ".txt", ".model", ".py"})
_NO_MATTER = frozenset(
    {"model", "batch", "device", "weight"}
)  # settings that change no words; a model's files do
_ELSEWHERE = frozenset({"onnx", "openvino"})


class CaptionVerbalizer:
    """Captions, or with a model made for it questions, by any model of transformers that writes of pictures.

    A model on the hub is known by its commit: the one in the hub's cache, where there is one, else the one
    ``main`` stands at. So its fingerprint is the same before and after the download, needs no weights, and
    the commit stays in use until it is removed from the cache. A directory is known by its files.
    """

    def __init__(self, settings: CaptionSettings, name: str = "caption") -> None:
        """Look at what can be known without loading anything.

        Raises:
            ConfigError: no model is named.
            MissingExtra: torch or transformers is not installed.
            ModelError: the model is neither a directory of one nor a hub id, or made for another verbalizer.
        """
        if not settings.model:
            raise ConfigError(f"{name} needs a model: name a directory or a hub id, as in {name}:PATH")
        for package in ("torch", "transformers"):
            if find_spec(package) is None:  # importing them takes seconds
                raise MissingExtra(package, "verbalize", f"the verbalizer {name}")
        self.name = name
        self.settings = settings
        self._directory = _directory(settings.model, name)

    @property
    def weight(self) -> float:
        """See ``Verbalizer.weight``."""
        return self.settings.weight

    @property
    def batch(self) -> int:
        """How many pictures it likes to be given at once."""
        return self.settings.batch

    @property
    def label(self) -> str:
        """The model, and the settings that are not the usual ones."""
        usual = asdict(type(self.settings)())
        changed = [f"{key} {value!r}" for key, value in self._settings.items() if value != usual[key]]
        return ", ".join([self.settings.model, *changed])

    @cached_property
    def fingerprint(self) -> str:
        """Over the model and what changes its words; neither the batch nor the device counts.

        Raises:
            ModelError: a hub model is not cached and the hub does not give it.
        """
        settings = {"question": QUESTIONS[self.name], **self._settings}
        if self._directory is None:
            return fingerprint([], {"model": self.settings.model, "commit": self._commit, **settings})
        files = [
            path
            for path in sorted(self._directory.rglob("*"))
            if path.suffix in _KINDS and not _ELSEWHERE & set(path.relative_to(self._directory).parts)
        ]
        return fingerprint(files, settings)

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        """The words of each picture, in order; ``count`` texts each, the best first.

        Raises:
            ConfigError: the model has no prompt, or there is no such device.
            ImageError: a picture cannot be decoded.
            ModelError: the model cannot be loaded or fails.
        """
        words: list[list[Words]] = []
        for start in range(0, len(pictures), self.batch):
            words += self._generator(pictures[start : start + self.batch])
        return words

    @property
    def _settings(self) -> dict[str, object]:
        """The settings that change words."""
        values = asdict(self.settings)
        return {key: value for key, value in values.items() if key not in _NO_MATTER}

    @cached_property
    def _commit(self) -> str:
        return _commit(self.settings.model)

    @cached_property
    def _generator(self) -> Generator:
        from univldr.verbalize.generate import Generator

        directory = self._directory or fetch(self.settings.model, self._commit)
        return Generator(directory, self.settings, QUESTIONS[self.name])


def _directory(model: str, name: str) -> Path | None:
    """Where a model lies, ``None`` where the hub has to be asked."""
    directory = Path(model).expanduser()
    if directory.is_dir():
        if not (directory / "config.json").is_file():
            raise ModelError(f"{model}: no config.json in it; give the directory of a model of transformers")
        _check_kind(directory, name)
        return directory
    if hub.split(model):
        return None
    raise ModelError(f"{model}: neither a directory nor a hub id such as org/name; check the spelling")


def _check_kind(directory: Path, name: str) -> None:
    """A model of our own says what it was made for, and is not taken for the other."""
    record = read_json(directory / FILE_NAME, missing={})
    if record and record.get("format") != FORMAT:
        raise ModelError(
            f"{directory / FILE_NAME}: format {record.get('format')!r}, this version reads {FORMAT}"
        )
    if (kind := record.get("kind", name)) != name:
        raise ModelError(
            f'{directory}: made for the verbalizer "{kind}", not "{name}"; use {kind}:{directory}'
        )


def _commit(model: str) -> str:
    """The commit of a hub model in the cache; else, with one request, the hub's own."""
    from huggingface_hub import HfApi, errors, try_to_load_from_cache

    repo, revision = hub.split(model) or (model, None)
    known = try_to_load_from_cache(repo, "config.json", revision=revision)
    if isinstance(known, str):
        return Path(known).parent.name
    try:
        commit = HfApi().model_info(repo, revision=revision, timeout=10).sha
    except (OSError, ValueError, errors.HTTPError) as error:  # type: ignore[attr-defined]  # its client's errors
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{model}: not cached, and the hub does not give it ({reason}); check the spelling and the "
            "connection, or name a directory"
        ) from error
    return str(commit)
