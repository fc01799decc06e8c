"""Passages: no word lost, none over the limit, cut where a reader would."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.corpus_kit import count_words
from univldr.corpus.passages import PassageCutter
from univldr.errors import ConfigError


def count_letters(texts: list[str]) -> list[int]:
    return [len("".join(text.split())) + 1 for text in texts]


def count_more_for_wholes(texts: list[str]) -> list[int]:
    """A tokenizer that is not additive: every fourth word costs one token more."""
    return [len(text.split()) + len(text.split()) // 4 for text in texts]


words = st.text(st.sampled_from("abcXYZ19é漢。.!?,;:-'\"()#*"), min_size=1, max_size=8)
gaps = st.sampled_from([" ", "  ", "\n", "\n\n", "\t", " \n \n ", "\n- ", ". ", "! "])
texts = st.lists(st.tuples(words, gaps), max_size=80).map(lambda pairs: "".join(w + g for w, g in pairs))


def letters(passages: list[str]) -> str:
    return "".join("".join(passages).split())


def merged(passages: list[list[str]]) -> list[str]:
    """The words of overlapping passages, each once: a passage starts with the end of what came before."""
    whole: list[str] = []
    for passage in passages:
        shared = next(n for n in range(len(passage), -1, -1) if whole[len(whole) - n :] == passage[:n])
        assert shared < len(passage), "a passage with nothing new"
        whole += passage[shared:]
    return whole


@given(texts, st.integers(3, 20))
def test_without_overlap_passages_are_the_text(text: str, limit: int) -> None:
    passages = PassageCutter(count_words, limit, overlap=0)(text)
    assert all(size <= limit for size in count_words(passages))
    assert letters(passages) == letters([text])


@given(texts, st.integers(6, 20), st.integers(1, 3))
def test_every_word_in_order_with_overlap(text: str, limit: int, overlap: int) -> None:
    unique = [f"{n}{word.replace('。', '')}" for n, word in enumerate(text.split())]
    passages = PassageCutter(count_words, limit, overlap)(" ".join(unique))
    assert all(size <= limit for size in count_words(passages))
    assert merged([passage.split() for passage in passages]) == unique


@given(texts, st.integers(2, 12))
def test_words_over_the_limit_are_cut_inside(text: str, limit: int) -> None:
    passages = PassageCutter(count_letters, limit, overlap=0)(text)
    assert all(size <= limit for size in count_letters(passages))
    assert letters(passages) == letters([text])


@given(texts, st.integers(3, 20))
def test_tokenizer_that_counts_more_for_wholes(text: str, limit: int) -> None:
    passages = PassageCutter(count_more_for_wholes, limit, overlap=0)(text)
    assert all(size <= limit for size in count_more_for_wholes(passages))
    assert letters(passages) == letters([text])


def test_cuts_at_sentence_ends_and_repeats_the_last_ones() -> None:
    text = "One two three. Four five! Six seven eight nine? Ten eleven."
    assert PassageCutter(count_words, 10, overlap=2)(text) == [
        "One two three. Four five!",
        "Four five! Six seven eight nine? Ten eleven.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "We met Dr. Smith at five.",
        "Nuts, e.g. Hazelnuts and more.",
        "J. S. Bach wrote it here.",
        "It costs 3.50 euros at least.",
        "Ask at example.com for the rest.",
        "Well ... perhaps it is not so.",
    ],
)
def test_full_stops_that_end_no_sentence(text: str) -> None:
    first = "Zero one two three four."
    assert PassageCutter(count_words, 9, overlap=0)(f"{first} {text}") == [first, text]


def test_long_sentence_is_cut_at_clauses_then_words() -> None:
    cut = PassageCutter(count_words, 6, overlap=0)
    assert cut("a b c, d e f g; h i.") == ["a b c,", "d e f g;", "h i."]
    assert cut("a b c d e f g h i") == ["a b c d", "e f g h", "i"]


def test_chinese_is_cut_without_spaces() -> None:
    assert PassageCutter(count_letters, 8, overlap=0)("今天天气很好。我们去公园。") == [
        "今天天气很好。",
        "我们去公园。",
    ]


def test_layout_inside_a_passage_is_kept() -> None:
    assert PassageCutter(count_words, 50)("  a\n\n- b\n- c\n ") == ["a\n\n- b\n- c"]
    assert PassageCutter(count_words, 50)(" \n\t ") == []


def test_tokens_are_counted_in_few_calls() -> None:
    calls: list[int] = []

    def count(texts: list[str]) -> list[int]:
        calls.append(len(texts))
        return count_words(texts)

    cut = PassageCutter(count, 20)
    calls.clear()
    passages = cut("Some words in a sentence. " * 1000)
    assert len(passages) > 100
    assert len(calls) == 2  # the sentences, then the passages made of them


@pytest.mark.parametrize(
    "unit", [".", " ", "\n", "\n ", "a", "a ", ",", "(", "。", "- ", "\n- ", ".\n", "A. "]
)
def test_time_grows_with_the_text_only(unit: str) -> None:
    started = time.perf_counter()
    PassageCutter(count_words, 50)(unit * (300_000 // len(unit)))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(("limit", "overlap"), [(2, None), (0, None), (10, 8), (10, -1)])
def test_impossible_limits(limit: int, overlap: int | None) -> None:
    with pytest.raises(ConfigError):
        PassageCutter(count_words, limit, overlap)
