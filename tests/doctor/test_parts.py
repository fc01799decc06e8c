"""The parts that need no index: drawing samples, near pairs, the gap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from univldr.doctor import copies, gap
from univldr.doctor.findings import Level, Tally, many, share
from univldr.doctor.look import Sample
from univldr.encoders.hash import HashEncoder
from univldr.search.copies import NEAR
from univldr.types import Document, Float32Array, Modality, Query


def test_a_sample_holds_what_fits() -> None:
    sample = Sample(10, 2)
    documents = [Document(str(number), Modality.TEXT) for number in range(8)]
    sample.add(documents, np.arange(16, dtype=np.float32).reshape(8, 2))
    assert sample.documents == documents
    assert sample.is_all
    assert sample.rows.shape == (8, 2)


def test_a_sample_is_drawn_evenly_and_keeps_rows_with_documents() -> None:
    times: Counter[int] = Counter()
    sample = Sample(100, 1)
    for start in range(0, 10_000, 500):
        numbers = range(start, start + 500)
        rows = np.array(numbers, np.float32)[:, None]
        sample.add([Document(str(number), Modality.TEXT) for number in numbers], rows)
    assert [float(document.id) for document in sample.documents] == sample.rows[:, 0].tolist()
    assert len({document.id for document in sample.documents}) == 100
    assert not sample.is_all
    times.update(int(row) // 2500 for row in sample.rows[:, 0])
    assert min(times.values()) > 10  # of 25 expected in each quarter


def pictures() -> Float32Array:
    """50 rows of which some are near to others, and one is zero."""
    drawing = np.random.default_rng(0)
    rows = drawing.normal(size=(50, 64)).astype(np.float32)
    rows[40] = rows[3]
    rows[41] = 2 * rows[4]
    rows[42] = rows[5] + 0.4 * drawing.normal(size=64).astype(np.float32)
    rows[43] = 0
    return rows


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_near_pairs_are_those_of_a_plain_comparison(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_BLOCK", block)
    rows = pictures()
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    cosines = np.triu(unit @ unit.T, 1)
    pairs = copies.near_pairs(rows)
    assert set(map(tuple, pairs.rows.tolist())) == {(3, 40), (4, 41), (5, 42)}
    assert pairs.cosines.tolist() == pytest.approx(sorted(cosines[cosines >= NEAR], reverse=True))
    assert np.flatnonzero(pairs.same).tolist() == [3, 4, 40, 41]


@pytest.mark.parametrize("block", [7, 2048])
def test_of_many_near_pairs_the_nearest_are_kept(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_BLOCK", block)
    monkeypatch.setattr(copies, "PAIRS", 2)
    pairs = copies.near_pairs(pictures())
    assert set(map(tuple, pairs.rows.tolist())) == {(3, 40), (4, 41)}
    assert copies.near_pairs(np.ones((40, 4), np.float32)).same.all()


def test_no_pictures_have_no_pairs() -> None:
    assert len(copies.near_pairs(np.zeros((0, 4), np.float32)).rows) == 0


class Cones(HashEncoder):
    """The fake, its passages and pictures moved apart, as two towers without a common training do."""

    joint = False

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        return moved(super().encode_queries(queries), 0)


def moved(rows: Float32Array, axis: int) -> Float32Array:
    apart = rows.copy()
    apart[:, axis] += 2
    unit: Float32Array = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    return unit


def two_kinds(*, apart: bool) -> tuple[list[Document], Float32Array]:
    texts = [Document(f"t{n}", Modality.TEXT, f"about thing{n} and other{n % 7}") for n in range(40)]
    captions = [f"about thing{n} and other{n % 7} seen" for n in range(40)]
    pictures = [
        Document(f"p{n}", Modality.IMAGE, caption, Path("p.png")) for n, caption in enumerate(captions)
    ]
    encoder = HashEncoder()
    text_rows = encoder.encode_documents(texts)
    rows = encoder.encode_queries([Query(caption) for caption in captions])
    if apart:
        text_rows, rows = moved(text_rows, 0), moved(rows, 1)
    return [*texts, *pictures], np.concatenate([text_rows, rows])


def test_a_joint_space_has_no_gap() -> None:
    measured = gap.measure(*two_kinds(apart=False), HashEncoder())
    assert measured is not None
    plain, _ = measured
    assert not plain.is_wide
    assert plain.found > 0.3
    assert plain.probes == pytest.approx(0, abs=0.5)


def test_cones_have_one_and_centering_closes_it() -> None:
    measured = gap.measure(*two_kinds(apart=True), Cones())
    assert measured is not None
    plain, centered = measured
    assert plain.is_wide
    assert plain.found == 0
    assert plain.probes is not None
    assert plain.probes > gap.TOO_FAR
    assert not centered.is_wide
    assert centered.found > 0.3
    cases = {
        (False, True): (Level.NOTE, ""),
        (False, False): (Level.POOR, "take them: univldr index x"),
        (True, True): (Level.POOR, "search with --center on"),
    }
    for (joint, has_means), (level, remedy) in cases.items():
        finding = gap.finding(plain, centered, joint=joint, has_means=has_means, update="univldr index x")
        assert finding is not None
        assert finding.level is level
        assert finding.remedy.startswith(remedy)
    helpless = gap.finding(plain, plain, joint=True, has_means=True, update="")
    assert helpless is not None
    assert "Centering does not help" in helpless.says


def test_texts_that_are_all_alike_are_no_gap() -> None:
    """The pictures show something else: nothing is wrong with the model."""
    documents, rows = two_kinds(apart=False)
    notes = [
        Document(f"n{n}", Modality.TEXT, f"the weekly meeting was moved to monday {n}") for n in range(40)
    ]
    rows[:40] = HashEncoder().encode_documents(notes)
    measured = gap.measure([*notes, *documents[40:]], rows, HashEncoder())
    assert measured is not None
    plain, _ = measured
    assert plain.offset > gap.TOO_FAR
    assert plain.found == 0
    assert not plain.is_wide


def test_too_few_say_nothing() -> None:
    documents, rows = two_kinds(apart=True)
    assert gap.measure(documents[:50], rows[:50], Cones()) is None


def test_words() -> None:
    tally = Tally()
    tally.add([])
    tally.add([str(n) for n in range(4)])
    tally.add(["a", "b"])
    assert (tally.count, tally.first) == (6, ["0", "1", "2", "3", "a"])
    assert (many(1, "copy", "copies"), many(2000, "copy", "copies")) == ("1 copy", "2,000 copies")
    assert [share(part) for part in (0, 0.001234, 0.05, 0.5)] == ["0%", "0.12%", "5%", "50%"]
