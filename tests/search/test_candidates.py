"""Scores: centered ones are those of a full look, a bias moves pictures alone, addends add up."""

from __future__ import annotations

import numpy as np
import pytest

from tests.search.kit import ids, picture, searcher, text
from univldr import lexical
from univldr.calibration import KINDS, Calibration, Curve
from univldr.centering import center, center_queries
from univldr.index import ExactIndex
from univldr.index.means import Means
from univldr.search.candidates import CENTERING, LEXICAL, Candidate, ranking
from univldr.search.explain import explained
from univldr.search.request import Request
from univldr.types import Document, Float32Array, Modality, Query
from univldr.where import parse

DIM, EACH = 8, 400
LEXICAL_OFF = {"lexical": "off"}


def gapped(seed: int = 0) -> tuple[ExactIndex, Float32Array, list[Document], Means]:
    """Texts and pictures in two cones, in an index, and their means."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((2 * EACH, DIM)).astype(np.float32) * 0.4
    rows[:EACH, 0] += 1
    rows[EACH:, 1] += 1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    documents = [Document(f"t{n:03}", Modality.TEXT, "words", metadata={"n": n}) for n in range(EACH)]
    documents += [Document(f"p{n:03}", Modality.IMAGE, "", b"", metadata={"n": n}) for n in range(EACH)]
    index = ExactIndex(DIM)
    index.upsert(documents, rows)
    means = rows[:EACH].mean(0), rows[EACH:].mean(0)
    nearest = {
        modality: float(np.linalg.norm(part - mean, axis=1).min())
        for modality, part, mean in zip(Modality, (rows[:EACH], rows[EACH:]), means, strict=True)
    }
    return index, rows, documents, Means(*means, nearest)


@pytest.mark.parametrize("n", [1, 10, 100, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_a_centered_list_is_that_of_a_full_look(n: int, seed: int) -> None:
    index, rows, documents, means = gapped(seed)
    query = np.random.default_rng(seed + 99).standard_normal((1, DIM)).astype(np.float32)
    [vector] = center_queries(query / np.linalg.norm(query), means.text)
    assert means.text is not None
    assert means.image is not None
    kinds = np.repeat([0, 1], EACH).astype(np.uint8)
    scores = center(rows, kinds, {0: means.text, 1: means.image}) @ vector
    best = np.argsort(-scores, kind="stable")[:n]
    request = Request(Query("words"), lexical="off")
    found = ranking(index, vector, request, means).top(n)
    assert [one.document.id for one in found] == [documents[row].id for row in best]
    assert [one.score for one in found] == pytest.approx(scores[best].tolist(), abs=1e-5)


@pytest.mark.parametrize("bias", [0.0, 0.05])
@pytest.mark.parametrize("n", [1, 10, 100, 150])
def test_what_words_cannot_change_is_not_looked_up(
    n: int, bias: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(n)
    vocabulary = [f"word{number}" for number in range(600)]
    chance = 1 / np.arange(1, 601)
    rows = random.standard_normal((800, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    documents = [
        Document(f"d{number:03}", kind, " ".join(random.choice(vocabulary, 6, p=chance / chance.sum())), b"")
        for number, kind in enumerate(list(Modality) * 400)
    ]
    index = ExactIndex(DIM)
    index.upsert(documents, rows)
    curves = {kind: Curve(slope, 0.5) for kind, slope in zip(KINDS, (4.0, 2.0, 3.0), strict=True)}
    raised = 0
    for number in range(30):
        text = " ".join(random.choice(vocabulary, 1 + number % 4, replace=False))
        request = Request(Query(text), image_bias=bias)
        found = ranking(index, rows[number], request, None, Calibration(curves, 0.1))
        few = found.top(n)
        with monkeypatch.context() as patched:
            patched.setattr(lexical, "enough", lambda *_: None)
            every = found.top(n)
        assert [one.document.id for one in few] == [one.document.id for one in every]
        assert [one.score for one in few] == pytest.approx([one.score for one in every], abs=1e-6)
        raised += sum(LEXICAL in one.added for one in few)
    assert raised


def test_centering_brings_the_far_kind_back() -> None:
    index, rows, _, means = gapped()
    texts = rows[:EACH]

    def pictures(means: Means | None) -> float:
        counts = []
        for row in texts[:50]:
            vector = row if means is None else center_queries(row[None], means.text)[0]
            found = ranking(index, vector, Request(Query("words"), lexical="off"), means).top(20)
            counts.append(sum(one.document.modality is Modality.IMAGE for one in found) / 20)
        return float(np.mean(counts))

    assert pictures(None) < 0.1
    assert 0.3 < pictures(means) < 0.7


def test_a_centered_list_keeps_to_the_filter_and_the_modality() -> None:
    index, _, _, means = gapped()
    request = Request(Query("words"), where=parse("n < 5"), modality=Modality.IMAGE, lexical="off")
    found = ranking(index, np.eye(DIM, dtype=np.float32)[2], request, means).top(100)
    assert sorted(one.document.id for one in found) == [f"p{n:03}" for n in range(5)]


def test_a_bias_moves_pictures_alone() -> None:
    found = searcher([text("t", "x"), picture("p", "x y"), text("far", "x 9y")])
    assert ids(found.search("x", lexical="off")) == ["t", "p", "far"]
    up = found.search("x", image_bias=0.5, lexical="off", explain=True)
    assert ids(up) == ["p", "t", "far"]
    assert up[0].score == pytest.approx(2**-0.5 + 0.5)
    assert up[0].explanation["image bias"] == 0.5
    assert "image bias" not in up[1].explanation
    assert ids(found.search("x", image_bias=-0.65, lexical="off")) == ["t", "far", "p"]


def test_a_bias_is_exact_however_few_are_asked_for() -> None:
    many = [text(f"t{n}", f"x {n}y") for n in range(50)]
    found = searcher([*many, picture("p", "x 20y")])
    assert ids(found.search("x", k=1, image_bias=1, lexical="off")) == ["p"]


@pytest.mark.parametrize("modality", Modality)
def test_the_parts_of_a_centered_score_add_up(modality: Modality) -> None:
    index, rows, _, means = gapped()
    request = Request(Query("words"), lexical="off", image_bias=0.1)
    vector = center_queries(rows[:1], means.text)[0]
    [one] = [c for c in ranking(index, vector, request, means).top(500) if c.document.modality is modality][
        :1
    ]
    parts = explained(one, vector, searcher([text("t", "x")]).encoder, means)
    assert parts.keys() == {"document", CENTERING} | ({"image bias"} if modality is Modality.IMAGE else set())
    assert sum(parts.values()) == pytest.approx(one.score, abs=1e-6)
    row = index.vectors([one.document.id])[one.document.id]
    assert parts["document"] == pytest.approx(float(row @ vector) * one.scale, abs=1e-5)


def test_a_score_is_the_sum_of_what_it_is_made_of() -> None:
    assert Candidate(text("t", "x"), 0.5, added={"lexical": 0.1, "image bias": -0.2}).score == pytest.approx(
        0.4
    )
