"""Words for pictures that are stored by themselves, by the verbalizers of the index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from univldr.index.base import Made
from univldr.types import Document, Encoder
from univldr.verbalize.load import verbalization_of
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import Plan


class Wording:
    """The verbalizers of one index, loaded with the first picture; threads may share it, and take turns."""

    def __init__(self, encoder: Callable[[], Encoder]) -> None:
        """``encoder`` gives the one that ``tags`` are placed by."""
        self._encoder = encoder
        self._turn = threading.Lock()
        self._known: tuple[Mapping[str, Any], Verbalization] | None = None

    def made(self, documents: Sequence[Document], verbalize: Mapping[str, Any]) -> Made | None:
        """What is said of the pictures among ``documents``; ``None`` where nobody is to say anything.

        Args:
            documents: Their ``metadata["verbalize"]`` is honoured.
            verbalize: What the index's manifest has of verbalizers.

        Raises:
            ConfigError, MissingExtra, ModelError: a verbalizer cannot be loaded, or fails.
            CorpusError, ImageError: one of the documents cannot be looked at.
        """
        if not verbalize or not any(document.image for document in documents):
            return None
        with self._turn:
            if self._known is None or self._known[0] != verbalize:
                plan = Plan.from_dict(verbalize, "the index")
                self._known = verbalize, verbalization_of(plan, self._encoder)
            verbalization = self._known[1]
            worded = verbalization.expand(documents)
            words = [
                after.expansions[len(before.expansions) :]
                for before, after in zip(documents, worded, strict=True)
            ]
            return Made(verbalization.key, words)
