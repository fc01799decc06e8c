"""What the corpus tests share: a way to count tokens, and the types of their fixtures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

Write = Callable[[str, str | bytes], Path]
Draw = Callable[..., Path]


def count_words(texts: list[str]) -> list[int]:
    """A tokenizer of words, with two special tokens."""
    return [len(text.split()) + 2 for text in texts]


def modified(path: Path) -> str:
    """When a file was changed, as documents have it."""
    return datetime.fromtimestamp(int(path.stat().st_mtime)).isoformat()
