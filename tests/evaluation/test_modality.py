"""The modality report of a run small enough to work out by hand, and its plot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from univldr.errors import ConfigError, CorpusError
from univldr.evaluation.measures import evaluate
from univldr.evaluation.modality import modality_report
from univldr.evaluation.plots import plot_reports
from univldr.evaluation.report import ModalityReport
from univldr.trec import Qrels, Run
from univldr.types import Modality

TEXT, IMAGE = Modality.TEXT, Modality.IMAGE
MODALITIES = {"t1": TEXT, "t2": TEXT, "t3": TEXT, "i1": IMAGE, "i2": IMAGE}
QRELS: Qrels = {"words": {"t1": 1}, "picture": {"i1": 1}, "missed": {"i2": 1}}
RUN: Run = {
    "words": {"t1": 0.9, "t2": 0.7, "i1": 0.2},
    "picture": {"t2": 0.8, "t3": 0.6, "i1": 0.4, "i2": 0.2},
}
OWN: dict[Modality, Run] = {
    TEXT: {"words": {"t1": 0.9, "t2": 0.7}, "picture": {"t2": 0.8, "t3": 0.6}},
    IMAGE: {"words": {"i1": 0.2, "i2": 0.1}, "picture": {"i1": 0.4, "i2": 0.2}, "missed": {"i2": 0.5}},
}


def report(**settings: object) -> ModalityReport:
    return modality_report(RUN, QRELS, MODALITIES, cutoffs=(1, 3, 100), **settings)  # type: ignore[arg-type]


def test_the_share_of_images_is_a_mean_over_the_answered_queries() -> None:
    everything, words, pictures = report().shares
    assert (everything.group, words.group, pictures.group) == ("all", "text", "image")
    assert everything.top == {1: 0, 3: pytest.approx(1 / 3)}
    assert words.top == {1: 0, 3: pytest.approx(1 / 3)}
    assert pictures.top[3] == pytest.approx(1 / 3)
    assert [everything.qrels, words.qrels, pictures.qrels] == pytest.approx([2 / 3, 0, 1])
    assert (everything.queries, words.queries, pictures.queries) == (3, 1, 2)
    assert report().corpus == 0.4
    assert report().unanswered == 1


def test_a_list_counts_with_its_own_length_and_a_query_with_its_share() -> None:
    """One list of a single image and one of an image and three texts: (1 + 1/4) / 2; positives likewise."""
    run: Run = {"a": {"i1": 1.0}, "b": {"t1": 4.0, "t2": 3.0, "t3": 2.0, "i1": 1.0}}
    qrels: Qrels = {"a": {"i1": 1}, "b": {"t1": 1, "t2": 1, "t3": 1, "i1": 1}}
    share = modality_report(run, qrels, MODALITIES, cutoffs=(4,)).shares[0]
    assert share.top == {4: 0.625}
    assert share.qrels == 0.625


def test_what_the_joint_pool_costs() -> None:
    """The picture is third among all and first among pictures; the missed query is zero in both."""
    words, pictures = report().pools
    assert (words.modality, words.queries, words.joint, words.own, words.cost) == (TEXT, 1, 1, 1, 0)
    assert (pictures.modality, pictures.queries) == (IMAGE, 2)
    assert pictures.joint == pytest.approx(0.5 / 2)
    assert pictures.own == 0.5
    assert pictures.cost == pytest.approx(0.25)
    assert (words.short, pictures.short) == (0, 0)


def test_a_run_over_one_pool_gives_that_pools_value() -> None:
    assert report(own={IMAGE: OWN[IMAGE]}).pools[1].own == 1
    assert report(measure="MRR@10").pools[1].joint == pytest.approx((1 / 3) / 2)


def test_lists_cut_before_their_positive_make_a_lower_bound() -> None:
    run: Run = {"picture": {"t1": 0.9, "t2": 0.8}}
    [pool] = modality_report(run, {"picture": {"i1": 1}}, MODALITIES).pools
    assert (pool.own, pool.short) == (0, 1)
    assert "≥ 0.00" in str(modality_report(run, {"picture": {"i1": 1}}, MODALITIES))
    own: dict[Modality, Run] = {IMAGE: {"picture": {"i2": 0.1}}}  # the pool has no more that shares a word
    [pool] = modality_report(run, {"picture": {"i1": 1}}, MODALITIES, own=own).pools
    assert (pool.own, pool.short) == (0, 0)


def test_the_scores_of_the_joint_lists() -> None:
    scores = {(s.modality, s.relevant): s for s in report().scores}
    assert scores[TEXT, True].mean == 0.9
    assert scores[TEXT, False].count == 3
    assert scores[TEXT, False].mean == pytest.approx(0.7)
    assert scores[TEXT, False].sd == pytest.approx(math.sqrt(0.02 / 3))
    assert scores[IMAGE, True].quantiles[0.5] == 0.4
    assert scores[IMAGE, False].mean == 0.2
    assert sum(map(sum, (s.histogram for s in scores.values()))) == 7
    relevant, others = report().gaps
    assert (relevant.relevant, others.relevant) == (True, False)
    assert relevant.difference == pytest.approx(-0.5)
    assert math.isnan(relevant.in_sd)
    assert others.difference == pytest.approx(-0.5)
    pooled = math.sqrt((3 * 0.02 / 3 + 2 * 0) / 5)
    assert others.in_sd == pytest.approx(-0.5 / pooled)


def test_runs_over_every_pool_show_the_whole_gap() -> None:
    found = report(own=OWN)
    assert (found.apart, found.scores_from) == (True, "each in its own pool")
    scores = {(s.modality, s.relevant): s for s in found.scores}
    assert scores[IMAGE, True].mean == pytest.approx((0.4 + 0.5) / 2)
    assert scores[IMAGE, False].count == 3
    joint = report(own=OWN, scores="joint")
    assert joint.scores == report().scores
    assert joint.pools == found.pools


def test_scores_that_do_not_compare_are_left_out() -> None:
    found = report(own=OWN, scores="none")
    assert (found.scores, found.gaps, found.apart) == ((), (), False)
    assert "Gap" not in found.markdown()
    assert found.to_dict()["scores_from"] == "not comparable"


def test_depths_beyond_the_longest_list_are_left_out() -> None:
    assert list(modality_report(RUN, QRELS, MODALITIES).shares[0].top) == [1]
    assert list(modality_report(RUN, QRELS, MODALITIES, cutoffs=(50,)).shares[0].top) == [4]


def test_markdown_and_json_say_the_same() -> None:
    shown = report().markdown("CLIP")
    assert shown.startswith("### Modalities: CLIP\n\n| images among the top, % | queries | top 1 | top 3 |")
    assert "| image queries           |       2 |   0.0 |  33.3 |        100.0 |" in shown
    assert "Of the corpus, 40.0% are images." in shown
    assert "| image queries |       2 |      25.00 |    50.00 |                  25.00 |" in shown
    assert "Gap of the means, image minus text, not relevant: -0.5 (-3.54 sd)." in shown.replace(
        "-7.91", "-3.54"
    )
    fields = json.loads(json.dumps(report().to_dict(), allow_nan=False))
    assert fields["image_share"]["image"] == {
        "queries": 2,
        "top": {"1": 0, "3": pytest.approx(1 / 3)},
        "qrels": 1,
    }
    assert fields["pools"]["image"] == {
        "queries": 2,
        "joint": 0.25,
        "own": 0.5,
        "cost": 0.25,
        "short": 0,
    }
    assert fields["gaps"][0]["in_sd"] is None
    assert fields["scores"][0]["quantiles"]["0.5"] == 0.9


def test_a_group_that_nobody_answers_is_a_dash_and_null() -> None:
    found = modality_report({"words": RUN["words"]}, QRELS, MODALITIES)
    assert found.to_dict()["image_share"]["image"]["top"] == {"1": None}
    assert "| image queries           |       2 |     – |" in found.markdown()


def test_texts_alone_have_a_report_without_gaps() -> None:
    found = modality_report({"q": {"t1": 1.0}}, {"q": {"t1": 1}}, {"t1": TEXT})
    assert found.gaps == ()
    assert [share.group for share in found.shares] == ["all", "text"]


@pytest.mark.parametrize(
    ("run", "qrels", "words"),
    [
        ({"other": {"t1": 1.0}}, QRELS, "answers none"),
        ({"words": {"t1": 1.0}}, {"words": {"t1": 0}}, "no positive"),
        ({"words": {"new": 1.0}}, QRELS, 'document "new"'),
    ],
)
def test_what_cannot_be_reported_is_refused(run: Run, qrels: Qrels, words: str) -> None:
    with pytest.raises(CorpusError, match=words):
        modality_report(run, qrels, MODALITIES)


def test_the_pools_values_are_those_of_evaluate() -> None:
    joint = evaluate(RUN, QRELS, ["nDCG@10"]).restrict({"picture", "missed"})["nDCG@10"]
    assert report().pools[1].joint == joint


def test_the_plot_is_a_picture_with_both_modalities_colours(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_reports({"one": report()}, tmp_path / "one.png")
    plot_reports({"one": report(), "two": report(scores="none")}, tmp_path / "two.png")
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "two.png") as two:
        assert one.width == two.width
        assert 2 * one.height == two.height
        pixels = np.asarray(one.convert("RGB")).reshape(-1, 3)
    for colour in ((0, 114, 178), (213, 94, 0), (77, 77, 77)):
        assert (pixels == colour).all(axis=1).sum() > 100


def test_a_plot_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ConfigError, match="no modality report"):
        plot_reports({}, tmp_path / "a.png")
    for path in (tmp_path / "missing" / "a.png", tmp_path / "a.nonsense"):
        with pytest.raises(ConfigError, match="cannot be written"):
            plot_reports({"one": report()}, path)
