"""Words for pictures: captions, the questions they answer, the text in them, and tags.

A :class:`Verbalizer` turns pictures into words; a :class:`Verbalization` runs several of them over documents
and keeps what they said. Importing this package loads no model; its names are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from univldr.verbalize.base import Verbalizer, Words
    from univldr.verbalize.cache import WordCache, default_cache
    from univldr.verbalize.collection import Worded, verbalize_collection
    from univldr.verbalize.load import load_verbalizers
    from univldr.verbalize.run import Verbalization
    from univldr.verbalize.settings import Plan

_HOMES = {
    "Plan": "settings",
    "Verbalization": "run",
    "Verbalizer": "base",
    "WordCache": "cache",
    "Worded": "collection",
    "Words": "base",
    "default_cache": "cache",
    "load_verbalizers": "load",
    "verbalize_collection": "collection",
}

__all__ = [
    "Plan",
    "Verbalization",
    "Verbalizer",
    "WordCache",
    "Worded",
    "Words",
    "default_cache",
    "load_verbalizers",
    "verbalize_collection",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'univldr.verbalize' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"univldr.verbalize.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
