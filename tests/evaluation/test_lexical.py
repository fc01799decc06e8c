"""BM25 by its formula, and what counts as a word."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from univldr.errors import ConfigError, MissingExtra, StoreError
from univldr.evaluation.lexical import BM25, BM25Settings, document_words
from univldr.types import Document, Expansion, Modality

PLAIN = BM25Settings(language="")


def found(index: BM25, query: str, k: int = 10) -> list[int]:
    rows, _ = index.search([query], k)
    return [row for row in rows[0].tolist() if row >= 0]


def test_scores_by_hand() -> None:
    index = BM25(["cat dog", "cat cat cat bird", "fish"], PLAIN)  # mean length 7 / 3
    rows, scores = index.search(["cat fish"], 3)

    def part(n: int, tf: int, length: int) -> float:
        return math.log(1 + (3 - n + 0.5) / (n + 0.5)) * tf / (tf + 0.9 * (0.6 + 0.4 * length * 3 / 7))

    expected = {0: part(2, 1, 2), 1: part(2, 3, 4), 2: part(1, 1, 1)}
    order = sorted(expected, key=lambda row: -expected[row])
    assert rows.tolist() == [order]
    assert scores[0].tolist() == pytest.approx([expected[row] for row in order])
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32


def test_a_word_that_is_asked_twice_counts_twice() -> None:
    index = BM25(["cat", "dog"], PLAIN)
    _, once = index.search(["cat"], 1)
    _, twice = index.search(["cat cat"], 1)
    assert twice[0, 0] == pytest.approx(2 * once[0, 0])


def test_only_documents_that_share_a_word_are_found() -> None:
    rows, scores = BM25(["a cat", "a dog", "a cat"]).search(["cat", "zebra", "the", ""], 4)
    assert rows.tolist() == [[0, 2, -1, -1], *[[-1] * 4] * 3]
    assert np.isneginf(scores[rows < 0]).all()


def test_equal_scores_come_by_row_and_the_cut_keeps_the_first() -> None:
    assert found(BM25(["cat"] * 5), "cat", 3) == [0, 1, 2]


def test_words_meet_by_their_stem_in_any_case() -> None:
    index = BM25(["The RUNNING dogs", "Äpfel und Birnen"])
    assert found(index, "a dog runs") == [0]
    assert found(index, "äpfel") == [1]
    assert found(BM25(["The RUNNING dogs"], PLAIN), "a dog runs") == []
    german = BM25(["Die Häuser der Stadt", "der Hund"], BM25Settings(language="german"))
    assert found(german, "der Haus") == [0]
    assert found(german, "die Hunde") == [1]


def test_nothing_to_search() -> None:
    for texts in ([], ["", "..."], ["the", "and"]):
        assert found(BM25(texts), "the cat") == []


def test_what_is_read_of_a_document() -> None:
    words = Expansion("red", "tags"), Expansion("roof")
    picture = Document("p", Modality.IMAGE, "a barn", b"", "title", expansions=words)
    assert document_words(picture) == "a barn red roof"


def test_progress_counts_queries() -> None:
    seen: list[tuple[int, int, str]] = []
    BM25(["cat"]).search(["cat"] * 101, 1, progress=lambda *done: seen.append(done))
    assert seen == [(100, 101, "searching words"), (101, 101, "searching words")]


def test_wrong_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="k is 0"):
        BM25(["cat"]).search(["cat"], 0)
    with pytest.raises(ConfigError, match=r'no stemmer for "englsh"; there is one for each of .*english'):
        BM25(["cat"], BM25Settings(language="englsh"))
    monkeypatch.setitem(sys.modules, "Stemmer", None)
    with pytest.raises(MissingExtra, match=r"univldr\[evaluate\]"):
        BM25(["cat"])
    assert found(BM25(["cat"], PLAIN), "cat") == [0]
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(MissingExtra, match=r"BM25 needs bm25s"):
        BM25(["cat"])
