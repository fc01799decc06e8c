"""Imports of optional dependencies, with the install line when one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from univldr.errors import MissingExtra


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import ``module``.

    Raises:
        MissingExtra: it is not installed; the message says what needs it and the install line.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name.partition(".")[0]):
            raise
        raise MissingExtra(module.partition(".")[0], extra, purpose) from error
