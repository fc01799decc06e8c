"""The modality report of an index for queries from a file."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.doctor.conftest import COUNT, TOPICS
from univldr.doctor.asked import read_queries, reports, wanted
from univldr.errors import ConfigError, CorpusError
from univldr.trec import write_qrels
from univldr.types import Modality


def write(path: Path, *lines: object) -> Path:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    lines = [
        {"id": f"q{n}", "query": f"{TOPICS[n % len(TOPICS)]} view{n}", "positives": [f"picture{n}.png"]}
        for n in range(4)
    ]
    return write(
        tmp_path / "queries.jsonl", *lines, {"id": 9, "query": "rocket number1", "positives": ["note1.txt#0"]}
    )


def test_queries_and_what_answers_them(queries: Path, tmp_path: Path) -> None:
    asked = read_queries(queries)
    assert list(asked.queries) == ["q0", "q1", "q2", "q3", "9"]
    assert asked.queries["9"].text == "rocket number1"
    assert asked.qrels["q1"] == {"picture1.png": 1}
    write_qrels({"q1": {"a": 2}, "other": {"b": 1}}, tmp_path / "x.qrels")
    assert read_queries(queries, tmp_path / "x.qrels").qrels == {
        **{id_: {} for id_ in ("q0", "q2", "q3", "9")},
        "q1": {"a": 2},
    }


def test_lines_of_an_id_and_words(tmp_path: Path) -> None:
    asked = read_queries(write(tmp_path / "topics.tsv", "1\ta red barn", "", "2\tsoup"))
    assert {id_: query.text for id_, query in asked.queries.items()} == {"1": "a red barn", "2": "soup"}
    assert asked.qrels == {"1": {}, "2": {}}


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("q.jsonl", ['{"query": "x"}'], 'q.jsonl line 1: no "id"'),
        ("q.jsonl", ['{"id": "1"}'], 'line 1: neither a "query" nor an "image"'),
        ("q.jsonl", ["[]"], "line 1: not a JSON object"),
        ("q.jsonl", ["{"], "q.jsonl line 1: "),
        ("q.jsonl", ['{"id": "1", "query": "x"}'] * 2, "line 2: a second query '1'"),
        ("q.jsonl", ['{"id": "1", "query": "x", "positives": "y"}'], "not a list"),
        ("q.jsonl", [], "no queries; write one a line"),
        ("q.tsv", ["a red barn"], "q.tsv line 1: no tab"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, lines: list[str], message: str) -> None:
    with pytest.raises(CorpusError) as refused:
        read_queries(write(tmp_path / name, *lines))
    assert message in str(refused.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nothing\.jsonl: cannot be read"):
        read_queries(tmp_path / "nothing.jsonl")


def test_judgments_and_plots_need_queries(queries: Path, tmp_path: Path) -> None:
    assert wanted(None) is None
    assert wanted(queries, plot=tmp_path / "plot.png") == read_queries(queries)
    with pytest.raises(ConfigError, match="give --queries FILE"):
        wanted(None, tmp_path)
    with pytest.raises(ConfigError, match="no query has positives"):
        wanted(write(tmp_path / "topics.tsv", "1\tsoup"), plot=tmp_path / "plot.png")


def test_reports_plain_and_centered(folder: Path, queries: Path) -> None:
    found = reports(folder / ".univldr", read_queries(queries))
    assert list(found) == ["hash", "hash+center"]
    report = found["hash"]
    assert report.corpus == 0.5
    assert {pool.modality: pool.queries for pool in report.pools} == {Modality.IMAGE: 4, Modality.TEXT: 1}
    assert report.apart
    assert report.depth == 2 * COUNT
    assert all(pool.joint > 0.3 for pool in report.pools)


def test_judgments_of_strangers_do_not_count(
    folder: Path, queries: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with queries.open("a") as file:
        file.write(json.dumps({"id": "s", "query": "x", "positives": ["nobody"]}) + "\n")
    with caplog.at_level(logging.WARNING, "univldr"):
        report = reports(folder / ".univldr", read_queries(queries))["hash"]
    assert "1 judged documents are not in the index" in caplog.text
    assert report.shares[0].queries == 5
    only = write(folder.parent / "s.jsonl", {"id": "s", "query": "x", "positives": ["nobody"]})
    with pytest.raises(CorpusError, match="'nobody' is judged; ids here are such as"):
        reports(folder / ".univldr", read_queries(only))


def test_without_judgments_it_tells_what_comes_up(folder: Path, tmp_path: Path) -> None:
    asked = read_queries(write(tmp_path / "topics.tsv", "1\tviolin view0", "2\tsoup"))
    report = reports(folder / ".univldr", asked)["hash"]
    assert report.pools == ()
    assert report.shares[0].queries == 2
    assert "nDCG" not in report.markdown()
    assert "image, not judged" in report.markdown()
    json.dumps(report.to_dict(), allow_nan=False)
