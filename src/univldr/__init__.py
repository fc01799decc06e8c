"""univldr: one search over texts and pictures."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from univldr.client import AsyncClient, Client
    from univldr.corpus.collection import Collection, open_collection
    from univldr.encoders import load_encoder
    from univldr.errors import (
        ConfigError,
        CorpusError,
        ImageError,
        MissingExtra,
        ModelError,
        StoreError,
        UnivldrError,
    )
    from univldr.evaluation.measures import evaluate
    from univldr.pipeline import update
    from univldr.search import Results, Searcher, create, open
    from univldr.transfer import copy
    from univldr.types import Document, Encoder, Hit, Modality, Query, Term

__version__ = "0.1.0"

_HOMES = {
    "AsyncClient": "client",
    "Client": "client",
    "Collection": "corpus.collection",
    "ConfigError": "errors",
    "CorpusError": "errors",
    "Document": "types",
    "Encoder": "types",
    "Hit": "types",
    "ImageError": "errors",
    "MissingExtra": "errors",
    "Modality": "types",
    "ModelError": "errors",
    "Query": "types",
    "Results": "search",
    "Searcher": "search",
    "StoreError": "errors",
    "Term": "types",
    "UnivldrError": "errors",
    "copy": "transfer",
    "create": "search",
    "evaluate": "evaluation.measures",
    "load_encoder": "encoders",
    "open": "search",
    "open_collection": "corpus.collection",
    "update": "pipeline",
}

__all__ = [
    "AsyncClient",
    "Client",
    "Collection",
    "ConfigError",
    "CorpusError",
    "Document",
    "Encoder",
    "Hit",
    "ImageError",
    "MissingExtra",
    "Modality",
    "ModelError",
    "Query",
    "Results",
    "Searcher",
    "StoreError",
    "Term",
    "UnivldrError",
    "copy",
    "create",
    "evaluate",
    "load_encoder",
    "open",
    "open_collection",
    "update",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use, so that importing univldr stays cheap (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'univldr' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"univldr.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
