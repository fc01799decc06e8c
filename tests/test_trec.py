"""Runs and qrels: what is read back, what is refused with file and line, trec_eval's order."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from univldr.errors import CorpusError
from univldr.trec import (
    Qrels,
    Run,
    ranked,
    read_modalities,
    read_qrels,
    read_run,
    write_qrels,
    write_run,
)
from univldr.types import Modality

RUN: Run = {"q2": {"d1": 0.1, "d10": 1 / 3}, "q1": {"ä\u00a0b": -2.5e-7}}
QRELS: Qrels = {"q2": {"d1": 1, "d7": 0}, "q1": {"ä\u00a0b": 3, "c": -1}}


@pytest.mark.parametrize("name", ["a.run", "a.run.gz"])
def test_a_run_reads_back_as_the_same_numbers(tmp_path: Path, name: str) -> None:
    write_run(RUN, tmp_path / name, tag="mine")
    assert read_run(tmp_path / name) == RUN
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_run_is_written_ranked_from_1_with_its_tag(tmp_path: Path) -> None:
    write_run({"q": {"low": 1.0, "a": 2.0, "b": 2.0}}, tmp_path / "a.run", tag="mine")
    assert (tmp_path / "a.run").read_text() == "q Q0 b 1 2.0 mine\nq Q0 a 2 2.0 mine\nq Q0 low 3 1.0 mine\n"


@pytest.mark.parametrize("name", ["a.qrels", "a.qrels.gz"])
def test_qrels_read_back(tmp_path: Path, name: str) -> None:
    write_qrels(QRELS, tmp_path / name)
    assert read_qrels(tmp_path / name) == QRELS
    assert name.endswith("gz") == (tmp_path / name).read_bytes().startswith(b"\x1f\x8b")


def test_qrels_of_three_columns_with_and_without_beirs_header(tmp_path: Path) -> None:
    path = tmp_path / "test.tsv"
    path.write_text("q1\td1\t1\n\nq1\td2\t2\n")
    assert read_qrels(path) == {"q1": {"d1": 1, "d2": 2}}
    path.write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    assert read_qrels(path) == {"q1": {"d1": 1}}


def test_a_compressed_file_is_known_by_its_content_and_a_byte_order_mark_is_no_id(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_bytes(gzip.compress(b"\xef\xbb\xbfq1 0 d1 1\r\n"))
    assert read_qrels(tmp_path / "plain.txt") == {"q1": {"d1": 1}}


def test_modalities_are_two_columns(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text("d1\ttext\nd2\timage\n")
    assert read_modalities(tmp_path / "m.tsv") == {"d1": Modality.TEXT, "d2": Modality.IMAGE}


Reader = Callable[[Path], object]


@pytest.mark.parametrize(
    ("read", "second", "words"),
    [
        (read_run, b"q Q0 d 1 0.5", ["5 columns", "query Q0 document rank score tag"]),
        (read_run, b"q Q0 d 1 0.5 t x", ["7 columns"]),
        (read_run, b"q Q0 d 1 high t", ['score "high" is not a number']),
        (read_run, b"q Q0 d 1 nan t", ["score nan is not a finite"]),
        (read_run, b"q Q0 d 1 -inf t", ["score -inf is not a finite"]),
        (read_run, b"q Q0 d 1 1e39 t", ["score 1e39 is not a finite float32"]),
        (read_run, b"q Q0 first 9 0.5 t", ['document "first" of query "q" a second time']),
        (read_run, b"q Q0 \xff 1 0.5 t", ["not UTF-8"]),
        (read_qrels, b"q 0 d", ["3 columns", "as in the first line"]),
        (read_qrels, b"q 0 d yes", ['relevance "yes" is not a whole number']),
        (read_qrels, b"q 0 d 1.0", ['relevance "1.0" is not a whole number']),
        (read_qrels, b"q 0 d 9999999999", ["beyond the limit of 2,147,483,647"]),
        (read_qrels, b"q 0 first 0", ['document "first" of query "q" a second time']),
        (read_modalities, b"d", ["1 columns"]),
        (read_modalities, b"d sound", ['modality "sound" is not one of text, image']),
        (read_modalities, b"first text", ['document "first" a second time']),
    ],
)
def test_a_broken_line_is_refused_with_file_and_line(
    tmp_path: Path, read: Reader, second: bytes, words: list[str]
) -> None:
    good: dict[Reader, bytes] = {
        read_run: b"q Q0 first 1 0.9 t",
        read_qrels: b"q 0 first 1",
        read_modalities: b"first image",
    }
    (tmp_path / "broken.txt").write_bytes(good[read] + b"\n" + second + b"\n" + good[read] + b"\n")
    with pytest.raises(CorpusError, match=r"^broken\.txt line 2: ") as error:
        read(tmp_path / "broken.txt")
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("read", [read_run, read_qrels, read_modalities])
def test_no_file_a_folder_and_half_an_archive_are_refused(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"q 0 d 1\n" * 1000)[:30])
    for name in ("missing.txt", "", "half.gz"):
        with pytest.raises(CorpusError, match="cannot be read"):
            read(tmp_path / name)


@pytest.mark.parametrize("id", ["", "a b", "a\tb", " a", "a\n"])
def test_an_id_that_is_no_column_is_not_written_and_the_old_file_stays(tmp_path: Path, id: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    for run, tag in (({id: {"d": 1.0}}, "t"), ({"q": {id: 1.0}}, "t"), ({"q": {"d": 1.0}}, id)):
        with pytest.raises(CorpusError, match="cannot be a column"):
            write_run(run, path, tag)
    with pytest.raises(CorpusError, match="cannot be a column"):
        write_qrels({"q": {id: 1}}, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be written"):
        write_run(RUN, tmp_path / "missing" / "a.run")


def test_ranked_is_by_score_then_by_id_downwards() -> None:
    scores = {"b": 1.0, "a": 2.0, "c": 1.0, "é": 1.0, "𝄞": 1.0}
    assert [document for document, _ in ranked(scores)] == ["a", "𝄞", "é", "c", "b"]
    assert ranked(scores, 2) == [("a", 2.0), ("𝄞", 1.0)]
    assert ranked({}) == []


def test_scores_that_are_equal_as_float32_are_ties() -> None:
    close = float(np.nextafter(1.0, 2))
    assert ranked({"a": close, "b": 1.0}) == [("b", 1.0), ("a", close)]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), 1e39])
def test_a_score_that_is_not_finite_is_refused(tmp_path: Path, score: float) -> None:
    with pytest.raises(CorpusError, match='document "bad"'):
        ranked({"good": 1.0, "bad": score})
    with pytest.raises(CorpusError, match="not a finite"):
        write_run({"q": {"bad": score}}, tmp_path / "a.run")
