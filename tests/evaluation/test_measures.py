"""Measures against values by hand and against trec_eval itself, ties and missing queries included."""

from __future__ import annotations

import random

import pytest

from univldr.errors import ConfigError, CorpusError
from univldr.evaluation.measures import (
    DEFAULT,
    Measure,
    evaluate,
    positives_by_modality,
    short_lists,
    sub_task,
)
from univldr.trec import Qrels, Run
from univldr.types import Modality

pytrec_eval = pytest.importorskip("pytrec_eval")

TEXT, IMAGE = Modality.TEXT, Modality.IMAGE
MODALITIES = {"t1": TEXT, "t2": TEXT, "t3": TEXT, "i1": IMAGE, "i2": IMAGE}


def random_data(seed: int) -> tuple[Run, Qrels]:
    """Runs with many ties and near ties, graded qrels, missing queries, queries without a positive."""
    rng = random.Random(seed)
    documents = [f"d{number}" for number in range(150)]
    run, qrels = {}, {}
    for query in range(40):
        qrels[f"q{query}"] = {d: rng.choice([-1, 0, 0, 1, 1, 2, 3]) for d in rng.sample(documents, 25)}
        found = rng.sample(documents, rng.choice([1, 5, 30, 120]))
        run[f"q{query}"] = {d: rng.randrange(6) / 10 + rng.choice([0, 1e-10]) for d in found}
    del run["q3"], run["q7"]
    run["other"] = {"d1": 1.0}
    return run, qrels


@pytest.mark.parametrize("seed", range(4))
def test_every_query_has_trec_evals_values(seed: int) -> None:
    run, qrels = random_data(seed)
    names = {"recip_rank", "ndcg_cut_10,20", "recall_20,100", "P_5", "map_cut_100", "success_10"}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(run)
    ours = evaluate(run, qrels, [*DEFAULT, "P@5", "MAP@100", "Success@10"])
    assert ours.missing == ("q3", "q7")
    assert ours.unjudged == 1
    for row, query in enumerate(ours.queries):
        if query in ours.missing:
            assert not ours.values[row].any()
            continue
        expected = theirs[query]
        rr = expected["recip_rank"]
        assert ours.values[row].tolist() == [
            rr if rr >= 1 / 10 else 0,
            expected["ndcg_cut_10"],
            rr if rr >= 1 / 20 else 0,
            expected["ndcg_cut_20"],
            expected["recall_20"],
            expected["recall_100"],
            expected["P_5"],
            expected["map_cut_100"],
            expected["success_10"],
        ]


def test_values_by_hand() -> None:
    """One positive at rank 2 of a query with two; another query found at rank 1; a third missed."""
    run = {"a": {"x": 3.0, "y": 2.0, "z": 1.0}, "b": {"y": 1.0}}
    qrels = {"a": {"y": 1, "w": 1}, "b": {"y": 1}, "c": {"y": 1}}
    found = evaluate(run, qrels)
    assert found["MRR@10"] == pytest.approx((0.5 + 1 + 0) / 3)
    ideal = 1 + 0.6309297535714575
    assert found["nDCG@10"] == pytest.approx((0.6309297535714575 / ideal + 1 + 0) / 3)
    assert found["Recall@20"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert found.per_query("R@100").tolist() == [0.5, 1, 0]


def test_the_reciprocal_rank_ends_at_its_cutoff() -> None:
    run = {"q": {f"d{rank:02}": float(-rank) for rank in range(1, 30)}}
    for rank, values in ((10, [0.1, 0.1]), (11, [0, 1 / 11]), (20, [0, 0.05]), (21, [0, 0])):
        found = evaluate(run, {"q": {f"d{rank:02}": 1}}, ["MRR@10", "MRR@20"])
        assert found.values[0].tolist() == values


def test_ties_go_to_the_later_id() -> None:
    tied = {"q": {"a": 1.0, "b": 1.0}}
    assert evaluate(tied, {"q": {"b": 1}})["MRR@10"] == 1
    assert evaluate(tied, {"q": {"a": 1}})["MRR@10"] == 0.5


def test_an_evaluation_prints_its_means_and_what_is_missing() -> None:
    found = evaluate({"a": {"x": 1.0}}, {"a": {"x": 1}, "b": {"x": 1}}, ["nDCG@10", "RR@5"])
    assert str(found) == "nDCG@10 50.00  MRR@5 50.00  (2 queries, 1 of them missing from the run)"
    assert found.means() == {"nDCG@10": 0.5, "MRR@5": 0.5}
    assert found.restrict({"b"})["nDCG@10"] == 0
    assert found.restrict({"b"}).missing == ("b",)


def test_nothing_found_is_zero_everywhere() -> None:
    found = evaluate({"a": {}}, {"a": {"x": 1}})
    assert set(found.means().values()) == {0}
    assert found.missing == ("a",)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("nDCG@10", "nDCG@10"),
        ("ndcg@5", "nDCG@5"),
        ("RR@10", "MRR@10"),
        ("r@100", "Recall@100"),
        ("AP@9", "MAP@9"),
    ],
)
def test_a_measure_prints_as_itself(text: str, printed: str) -> None:
    assert str(Measure.parse(text)) == printed
    assert Measure.parse(printed) == Measure.parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nDGC@10", "did you mean nDCG@10"),
        ("kappa@3", "there are MRR, nDCG"),
        ("nDCG", "no cutoff"),
        ("nDCG@0", "no cutoff"),
        ("MRR@ten", "write MRR@10"),
        ("", "no measure"),
    ],
)
def test_an_unknown_measure_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Measure.parse(text)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(CorpusError, match="judge no query"):
        evaluate({}, {})
    with pytest.raises(ConfigError, match="no measure"):
        evaluate({}, {"q": {"d": 1}}, [])
    with pytest.raises(CorpusError, match="not a finite"):
        evaluate({"q": {"d": float("nan")}}, {"q": {"d": 1}})
    found = evaluate({}, {"q": {"d": 1}}, ["nDCG@10"])
    with pytest.raises(ConfigError, match=r"MRR@10 was not evaluated; there are nDCG@10"):
        found["MRR@10"]
    with pytest.raises(CorpusError, match="none of the queries"):
        found.restrict({"other"})


def test_a_sub_task_is_the_queries_of_one_modality_against_its_pool() -> None:
    run = {"a": {"i1": 3.0, "t1": 2.0, "t2": 1.0}, "b": {"t1": 2.0, "i2": 1.0}, "both": {"i1": 1.0}}
    qrels = {"a": {"t2": 1}, "b": {"i2": 1, "t1": 0}, "both": {"t3": 1, "i1": 1}, "none": {"t1": 0}}
    assert positives_by_modality(qrels, MODALITIES) == {TEXT: ["a", "both"], IMAGE: ["b", "both"]}
    assert sub_task(run, qrels, MODALITIES, TEXT) == (
        {"a": {"t1": 2.0, "t2": 1.0}, "both": {}},
        {"a": {"t2": 1}, "both": {"t3": 1}},
    )
    images = sub_task(run, qrels, MODALITIES, IMAGE)
    assert images == ({"b": {"i2": 1.0}, "both": {"i1": 1.0}}, {"b": {"i2": 1}, "both": {"i1": 1}})
    assert evaluate(*images)["MRR@10"] == 1


def test_a_document_without_a_modality_is_named() -> None:
    for run, qrels in (({"a": {"new": 1.0}}, {"a": {"t1": 1}}), ({}, {"a": {"new": 1}})):
        with pytest.raises(CorpusError, match='document "new" is not among the 5'):
            sub_task(run, qrels, MODALITIES, TEXT)


def test_a_list_is_short_where_its_end_may_hide_a_positive() -> None:
    run = {"found": {"t1": 1.0}, "not found": {"t1": 1.0}, "long": {"t1": 2.0, "t2": 1.0}, "empty": {}}
    qrels = {query: {"t1" if query == "found" else "t3": 1} for query in (*run, "missing")}
    assert short_lists(run, qrels, 2) == 2
    assert short_lists(run, qrels, 3) == 3
    assert short_lists(run, qrels, 9, pool=2) == 2
