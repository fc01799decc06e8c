"""The error tree. A message names the value, the limit and the remedy.

UnivldrError
├── ConfigError    a setting, a flag or a recipe is wrong
├── CorpusError    a corpus, or one record of it, cannot be read
├── ImageError     a picture cannot be decoded safely
├── ModelError     a model is missing, broken, or not the one an index was made with
├── StoreError     an index cannot be opened, read or written
│   └── NoWordsError    it has no words to search by
├── MissingExtra   an optional dependency is not installed
└── RequestError   a server did not do what it was asked over HTTP
    ├── UnauthorizedError    the key is missing or wrong
    ├── ForbiddenError       it does not do this, whoever asks
    ├── NotFoundError        no such document, picture or model
    ├── TooLargeError        a body is over its limit
    ├── MediaTypeError       a body is not of the type that the route takes
    ├── OverloadedError      too many requests wait already
    ├── TimeLimitError       it took too long
    └── UnreachableError     no server answers there
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


class NoWordsError(StoreError):
    """An index has no words to search by."""


class MissingExtra(UnivldrError):  # noqa: N818 - the name says what to do, not that it failed
    """An optional dependency is not installed; the message carries the install line."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}: pip install "univldr[{extra}]"')
        self.package = package
        self.extra = extra


class RequestError(UnivldrError):
    """A server did not do what it was asked over HTTP."""


class UnauthorizedError(RequestError):
    """The key is missing or wrong."""


class ForbiddenError(RequestError):
    """The server does not do this, whoever asks."""


class NotFoundError(RequestError):
    """There is no such document, picture or model."""


class TooLargeError(RequestError):
    """A body is over its limit."""


class MediaTypeError(RequestError):
    """A body is not of the type that the route takes."""


class OverloadedError(RequestError):
    """Too many requests wait already.

    Attributes:
        retry_after: Seconds after which it is worth another try.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TimeLimitError(RequestError):
    """A request took too long."""


class UnreachableError(RequestError):
    """No server answers there."""


KINDS: dict[str, type[UnivldrError]] = {
    "config_error": ConfigError,
    "corpus_error": CorpusError,
    "image_error": ImageError,
    "model_error": ModelError,
    "store_error": StoreError,
    "no_words": NoWordsError,
    "missing_extra": MissingExtra,
    "unauthorized": UnauthorizedError,
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "too_large": TooLargeError,
    "unsupported_media_type": MediaTypeError,
    "overloaded": OverloadedError,
    "timeout": TimeLimitError,
}
"""Names of the classes, for errors that travel from one process to another."""


def kind_of(error: UnivldrError) -> str:
    """The name of an error's class, or of the nearest above it; ``internal_error`` where none has one."""
    names = {cls: name for name, cls in KINDS.items()}
    return next((names[cls] for cls in type(error).__mro__ if cls in names), "internal_error")


def error_of(kind: str, message: str) -> UnivldrError:
    """The error that had this name and message elsewhere; of an unknown kind it is a ``RequestError``."""
    if kind == "missing_extra":
        error = MissingExtra("", "", "")
        error.args = (message,)
        return error
    return KINDS.get(kind, RequestError)(message)
