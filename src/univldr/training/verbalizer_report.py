"""What a trained verbalizer is worth: what it says of held-out pictures, and what retrieval gains by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from univldr.corpus.collection import Collection
from univldr.encoders import load_encoder
from univldr.evaluation.tables import markdown_table
from univldr.training.files import write_json
from univldr.training.recipe import Recipe
from univldr.training.validation import HeldOut
from univldr.training.verbalizer_data import Pair, Pairs
from univldr.types import Document, Encoder, Float32Array, Modality, Progress, Query
from univldr.verbalize.run import Verbalization

RESULTS = "results.json"
WEIGHTS = (1.0, 0.3, 0.1)
"""Of the words, tried in turn: what a weak captioner says is worth more the less it weighs."""

SAMPLES = 200
"""Pictures, at most, whose generated texts are written down."""

_CHUNK = 64
_WORD = re.compile(r"\w+")


class WordedEncoder:
    """An encoder that reads every picture with the words that were generated for it, at some weight."""

    def __init__(self, encoder: Encoder, verbalization: Verbalization, weight: float = 1.0) -> None:
        self._encoder, self._verbalization, self._weight = encoder, verbalization, weight
        self.name, self.dim, self.max_tokens = encoder.name, encoder.dim, encoder.max_tokens

    @property
    def fingerprint(self) -> str:
        """See ``Encoder.fingerprint``."""
        return f"{self._encoder.fingerprint}-{self._verbalization.key}-{self._weight}"

    def count_tokens(self, texts: list[str]) -> list[int]:
        """See ``Encoder.count_tokens``."""
        return self._encoder.count_tokens(texts)

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """See ``Encoder.encode_queries``."""
        return self._encoder.encode_queries(queries)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """See ``Encoder.encode_documents``."""
        return self._encoder.encode_documents(
            [
                replace(d, expansions=tuple(replace(e, weight=self._weight) for e in d.expansions))
                for d in self._verbalization.expand(documents)
            ]
        )


@dataclass(frozen=True)
class VerbalizerReport:
    """What is measured of a verbalizer once it is trained.

    Attributes:
        recipe: Its validation says which queries search which pool, and ``model.start`` with which encoder.
        collection: The data.
        pairs: What it was trained on, and what was held out.
        verbalization: The verbalizer, alone.
        history: Of its training.
        progress: Told how far it is.
    """

    recipe: Recipe
    collection: Collection
    pairs: Pairs
    verbalization: Verbalization
    history: Sequence[Mapping[str, float]]
    progress: Progress

    def write(self, folder: Path, title: str) -> str:
        """``results.json``, ``results.md`` and ``samples.jsonl`` in ``folder``: the Markdown."""
        record = {
            "training": self._training(),
            "retrieval": self._retrieval(),
            "copies": {"held-out pictures": self._copies(self._held_out)} | self._other_copies(),
        }
        with (folder / "samples.jsonl").open("w", encoding="utf-8") as stream:
            for sample in self._samples():
                stream.write(json.dumps(sample, ensure_ascii=False) + "\n")
        text = _markdown(title, record)
        (folder / "results.md").write_text(text, "utf-8")
        write_json(folder / RESULTS, record)
        return text

    def _training(self) -> dict[str, float]:
        best = min(self.history, key=lambda entry: entry["eval_loss"])
        return {
            "texts": len(self.pairs.train),
            "left_out": self.pairs.left_out,
            "dev_texts": len(self.pairs.dev),
            "dev_loss": best["eval_loss"],
            "dev_perplexity": best["eval_perplexity"],
            "best_step": best["step"],
            "steps": self.history[-1]["step"],
            "seconds": round(sum(entry["seconds"] for entry in self.history), 1),
        }

    # Retrieval

    @cached_property
    def _pool(self) -> HeldOut | None:
        """``None`` where the data lacks the split to validate on."""
        settings = self.recipe.validation
        if settings.split not in self.collection.splits():
            return None
        return HeldOut.draw(self.collection, settings, self.recipe.seed)

    def _retrieval(self) -> dict[str, Any]:
        """What the recipe's encoder finds with the pictures as they are, and with the words."""
        if self._pool is None:
            return {}
        unreadable = {*self._held_out, *self._others} - self._texts.keys()
        pool = replace(self._pool, rows=np.setdiff1d(self._pool.rows, list(unreadable)))
        encoder = load_encoder(self.recipe.model.start)
        return {
            "encoder": self.recipe.model.start,
            "split": self.recipe.validation.split,
            "queries": len(pool.topics),
            "documents": len(pool.rows),
            "plain": pool.look(encoder),
            "worded": {
                f"{weight:g}": pool.look(WordedEncoder(encoder, self.verbalization, weight))
                for weight in WEIGHTS
            },
        }

    # What is said

    @cached_property
    def _held_out(self) -> list[int]:
        return sorted({pair.row for pair in self.pairs.dev})

    @cached_property
    def _others(self) -> list[int]:
        """The pictures of the pool that are not held out."""
        if self._pool is None:
            return []
        pictures = self.collection.modalities() == tuple(Modality).index(Modality.IMAGE)
        return sorted({row for row in self._pool.rows.tolist() if pictures[row]} - set(self._held_out))

    @cached_property
    def _texts(self) -> dict[int, tuple[str, ...]]:
        """What is said of each held-out picture and of each in the pool, if it can be decoded."""
        rows, texts = [*self._held_out, *self._others], {}
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            documents = self.collection.documents(chunk)
            for row, result in zip(chunk, self.verbalization.attempt(documents), strict=True):
                if isinstance(result, Document):
                    name = self.verbalization.names[0]
                    texts[row] = tuple(words.text for words in result.expansions if words.origin == name)
            self.progress(min(start + _CHUNK, len(rows)), len(rows), "words for pictures")
        return texts

    def _other_copies(self) -> dict[str, dict[str, int]]:
        return {"others of the pool": self._copies(self._others)} if self._others else {}

    def _copies(self, rows: Sequence[int]) -> dict[str, int]:
        """How many texts there are, and how many there were before, but for case and punctuation."""
        said = [plain(text) for row in rows for text in self._texts.get(row, ())]
        queries, learned = self._known
        return {
            "pictures": len(rows),
            "texts": len(said),
            "distinct": len(set(said)),
            "equal a dev query": sum(text in queries for text in said),
            "equal a training text": sum(text in learned for text in said),
        }

    @cached_property
    def _known(self) -> tuple[set[str], set[str]]:
        queries = _texts_of(self.pairs.dev)
        if self._pool is not None:
            queries |= {plain(topic.query.text) for topic in self._pool.topics}
        return queries, _texts_of(self.pairs.train)

    def _samples(self) -> Iterable[dict[str, Any]]:
        references: dict[int, list[str]] = {}
        for pair in self.pairs.dev:
            references.setdefault(pair.row, []).append(pair.text)
        rows = [row for row in self._held_out if row in self._texts]
        if len(rows) > SAMPLES:
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:SAMPLES]).tolist()
        ids = [document.id for document in self.collection.documents(rows, pictures=False)]
        for row, id_ in zip(rows, ids, strict=True):
            yield {"id": id_, "generated": list(self._texts[row]), "references": references[row]}


def plain(text: str) -> str:
    """The words alone, case-folded: what two texts that say the same in the same words have in common."""
    return " ".join(_WORD.findall(text.casefold()))


def _texts_of(pairs: Iterable[Pair]) -> set[str]:
    return {plain(pair.text) for pair in pairs}


def _markdown(title: str, record: Mapping[str, Any]) -> str:
    training, retrieval = record["training"], record["retrieval"]
    parts = [
        f"# {title}",
        f"Trained on {training['texts']:,} texts ({training['left_out']:,} left out: their pictures are held "
        f"out) in {training['seconds']:,.0f} seconds. Held out: {training['dev_texts']:,} texts, loss "
        f"{training['dev_loss']:.3f}, perplexity {training['dev_perplexity']:.2f} at step "
        f"{training['best_step']:,} of {training['steps']:,}.",
    ]
    if retrieval:
        parts.append(
            f"{retrieval['queries']:,} queries of {retrieval['split']} over {retrieval['documents']:,} "
            f"documents, with {retrieval['encoder']}:"
        )
        plain = retrieval["plain"]
        rows = [["pictures as they are", *(f"{value:.4f}" for value in plain.values())]]
        for weight, worded in retrieval["worded"].items():
            gains = [f"{worded[name]:.4f} ({worded[name] - plain[name]:+.4f})" for name in plain]
            rows.append([f"with words, weight {weight}", *gains])
        parts.append(markdown_table(["", *plain], rows, left=1))
    names = list(next(iter(record["copies"].values())))
    counted = [[kind, *(f"{counts[name]:,}" for name in names)] for kind, counts in record["copies"].items()]
    parts.append(markdown_table(["generated for", *names], counted, left=1))
    return "\n\n".join(parts) + "\n"
