"""What a model is, in one string: it changes whenever the same input could give another vector."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def fingerprint(files: Iterable[Path | bytes], settings: Mapping[str, Any]) -> str:
    """16 hex digits over the content of ``files``, in order, and ``settings``; their names do not count.

    Bytes stand for a file that holds them.
    """
    digests = [
        hashlib.sha256(file).hexdigest() if isinstance(file, bytes) else _digest(file) for file in files
    ]
    record = json.dumps([digests, dict(settings)], sort_keys=True)
    return hashlib.sha256(record.encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    """sha256 of a file, remembered by path, size and mtime: hashing a CLIP takes a second at every start."""
    status = path.stat()
    key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    known = _remembered()
    if key not in known:
        with path.open("rb") as stream:
            known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        _remember(known)
    return known[key]


def _cache_file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "univldr" / "digests.json"


def _remembered() -> dict[str, str]:
    try:
        known = json.loads(_cache_file().read_text("utf-8"))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a user without a home
        return {}
    return known if isinstance(known, dict) else {}


def _remember(known: dict[str, str]) -> None:
    """Best effort: a cache that cannot be written costs time, not answers."""
    try:
        path = _cache_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(dict(list(known.items())[-1000:])), "utf-8")
        draft.replace(path)
    except (OSError, RuntimeError):
        return
