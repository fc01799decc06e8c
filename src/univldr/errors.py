"""The error tree. A message names the value, the limit and the remedy.

UnivldrError
├── ConfigError    a setting, a flag or a recipe is wrong
├── CorpusError    a corpus, or one record of it, cannot be read
├── ImageError     a picture cannot be decoded safely
├── ModelError     a model is missing, broken, or not the one an index was made with
├── StoreError     an index cannot be opened, read or written
└── MissingExtra   an optional dependency is not installed
"""

from __future__ import annotations


class UnivldrError(Exception):
    """Base of every error raised on purpose by univldr."""


class ConfigError(UnivldrError):
    """A setting, a flag or a recipe is wrong."""


class CorpusError(UnivldrError):
    """A corpus, or one record of it, cannot be read."""


class ImageError(UnivldrError):
    """A picture cannot be decoded safely."""


class ModelError(UnivldrError):
    """A model is missing, broken, or not the one an index was made with."""


class StoreError(UnivldrError):
    """An index cannot be opened, read or written."""


class MissingExtra(UnivldrError):  # noqa: N818 - the name says what to do, not that it failed
    """An optional dependency is not installed; the message carries the install line."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}: pip install "univldr[{extra}]"')
        self.package = package
        self.extra = extra
