"""``univldr calibrate`` and what ``univldr search`` makes of it, with the fake encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from tests.retrieval_kit import make_collection, query, text
from univldr import encoders
from univldr.cli import calibrate, output
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import load_calibration
from univldr.errors import ConfigError, CorpusError, ModelError
from univldr.types import Document, Hit, Modality

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(calibrate.run)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model directory that is read as the fake encoder."""
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "univldr.json").write_text('{"format": 1, "dim": 8}')
    monkeypatch.setattr(encoders, "load_encoder", lambda name: HashEncoder())
    return directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sixty passages of eight words each, and a query for each: three of its words and one of another."""
    words = np.array([f"w{number}" for number in range(480)]).reshape(60, 8)
    documents = [text(f"t{row}", " ".join(some)) for row, some in enumerate(words)]
    queries = [
        query(f"q{row}", " ".join([*some[:3], words[row - 1][7]]), f"t{row}")
        for row, some in enumerate(words)
    ]
    return make_collection(tmp_path / "data", documents, queries).path


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_writes_into_the_models_description(model: Path, data: Path) -> None:
    printed = json.loads(invoke(model, data, "--json").output)
    fields = json.loads((model / "univldr.json").read_text())
    assert fields == {"format": 1, "dim": 8, "calibration": printed}
    calibration = load_calibration(model)
    assert calibration is not None
    assert set(calibration.curves) == {"text"}
    right, wrong = calibration.relevance([0.8, 0.2], [0, 0])
    assert right > 0.9 > 0.1 > wrong
    assert wrong < calibration.answer_threshold


def test_people_read_a_line_a_kind(model: Path, data: Path, tmp_path: Path) -> None:
    shown = invoke(model, data, "--cache", tmp_path / "cache").output
    assert "text" in shown
    assert "0.5 at a score of" in shown
    assert "an answer" in shown
    assert len(list((tmp_path / "cache").glob("vectors-*/vectors.npy"))) == 1


def test_wrong_use_is_told(model: Path, data: Path, tmp_path: Path) -> None:
    before = (model / "univldr.json").read_text()
    with pytest.raises(CorpusError, match='no split "dev"'):
        invoke(model, data, "--split", "dev")
    with pytest.raises(ConfigError, match="recall is"):
        invoke(model, data, "--recall", 1.5)
    few = make_collection(tmp_path / "few", [text("t", "w1")], [query("q", "w1", "t")]).path
    with pytest.raises(ConfigError, match="give more data"):
        invoke(model, few)
    assert (model / "univldr.json").read_text() == before
    (model / "univldr.json").unlink()
    with pytest.raises(ModelError, match="no such file"):
        invoke(model, data)
    assert invoke(model).exit_code == 2


HITS = [
    Hit(1, 0.5, Document("a", Modality.TEXT, "slate"), relevance=0.987654),
    Hit(2, 0.4, Document("b", Modality.TEXT, "tiles")),
]


def test_search_shows_relevance_and_when_nothing_answers(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_hits("roof", HITS, 1.0, answered=True)
    shown = capsys.readouterr().out
    assert "relevance" in shown
    assert "0.99" in shown
    assert "Nothing in the index" not in shown
    output.print_hits("roof", HITS, 1.0, answered=False)
    assert "Nothing in the index seems to answer this; the nearest:" in capsys.readouterr().out
    output.print_hits("roof", HITS[1:], 1.0)
    assert "relevance" not in capsys.readouterr().out


def test_json_has_relevance_or_null() -> None:
    fields = output.result_fields("roof", HITS, 1.0)
    assert [hit["relevance"] for hit in fields["hits"]] == [0.9877, None]
    assert set(fields) == {"query", "took_ms", "hits"}
