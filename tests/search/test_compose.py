"""Composed queries: words, pictures, terms with weights, and documents to be like."""

from __future__ import annotations

import numpy as np
import pytest

from tests.search.kit import Directions, ids, picture, searcher, text, unit
from univldr.errors import ConfigError, StoreError
from univldr.index import ExactIndex
from univldr.index.means import Means
from univldr.search.compose import combined, components
from univldr.types import Modality, Query, Term

DOCUMENTS = [text("ax", "x"), text("ay", "y"), picture("px", "x"), picture("pxy", "x y"), text("axz", "x z")]


def vector(query: Query, means: Means | None = None) -> np.ndarray:
    index = ExactIndex(3)
    index.upsert(DOCUMENTS, Directions().encode_documents(DOCUMENTS))
    return combined(components(query, Directions(), index), means)


def test_terms_are_added_and_taken_away_by_weight() -> None:
    query = Query("x", plus=(Term("y", weight=0.5),), minus=(Term("z", weight=0.25),))
    assert vector(query) == pytest.approx(unit(1, 0.5, -0.25), abs=1e-6)


def test_a_picture_is_a_term_too() -> None:
    assert vector(Query("x", plus=(Term(image=b"y"),))) == pytest.approx(unit(1, 1, 0), abs=1e-6)


def test_a_term_alone_will_do() -> None:
    assert vector(Query(plus=(Term("z"),))) == pytest.approx(unit(0, 0, 1), abs=1e-6)


def test_documents_to_be_like_are_their_stored_vectors() -> None:
    assert vector(Query(like=("pxy",))) == pytest.approx(unit(1, 1, 0), abs=1e-6)
    assert vector(Query("z", like=("ax", "ay"))) == pytest.approx(unit(1, 1, 1), abs=1e-6)


def test_centering_takes_each_components_own_mean() -> None:
    means = Means(unit(0, 0, 1) * 0.5, unit(0, 1, 0) * 0.5, {Modality.TEXT: 0.0, Modality.IMAGE: 0.0})
    query = Query("x", plus=(Term(image=b"x"),))
    assert vector(query, means) == pytest.approx(unit(2, -0.5, -0.5), abs=1e-6)


def test_what_cancels_out_is_refused() -> None:
    with pytest.raises(ConfigError, match="cancel out"):
        vector(Query("x", minus=(Term("x"),)))


def test_a_document_that_is_gone_cannot_be_liked() -> None:
    with pytest.raises(StoreError, match="no document 'gone'"):
        vector(Query(like=("ax", "gone")))


def test_more_like_this_leaves_the_document_itself_out() -> None:
    found = searcher(DOCUMENTS)
    [first] = found.search("x", k=1, modality="text", lexical="off")
    assert first.document.id == "ax"
    more = found.like(first, k=2)
    assert ids(more) == ["px", "axz"] or ids(more) == ["px", "pxy"]
    assert "ax" not in ids(found.like("ax", k=10))
    assert len(found.like("ax", "ay", k=10)) == 3


def test_without_a_term_the_ranking_changes() -> None:
    found = searcher(DOCUMENTS)
    assert ids(found.search("x", k=2, lexical="off").minus("z")) == ["ax", "px"]
    assert ids(found.search("x", k=1, lexical="off").plus("y", weight=1)) == ["pxy"]
