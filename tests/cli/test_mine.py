"""``univldr mine`` as a user meets it, with the fake encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import univldr
from tests.retrieval_kit import image, make_collection, query, text, use_verbalizer
from tests.verbalize.kit import ColourVerbalizer
from univldr.cli import mine
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, ModelError
from univldr.verbalize.base import Words

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(mine.run)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    documents = [
        text("t1", "a red barn"),
        text("t2", "a red barn, rebuilt"),
        text("t3", "the green barn"),
        image("p1", "a red barn in a field"),
        image("p2", "a field"),
    ]
    return make_collection(tmp_path / "data", documents, [query("q", "a red barn", "t1")]).path


def invoke(*arguments: object, model: str = "hash") -> Result:
    named = ["--model", model] if model else []
    result = CliRunner().invoke(app, [*map(str, arguments), *named])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_it_writes_records_and_prints_a_table(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    result = invoke(data, "-o", out)
    assert result.exit_code == 0
    header, record = records(out)
    assert (header["model"], header["split"], header["settings"]["depth"]) == ("hash", "train", 100)
    assert record["query"] == "q"
    assert {n["id"] for n in record["negatives"]} == {"t2", "t3", "p1", "p2"}
    assert "1 queries, mean positive score 1.0000" in result.output
    assert [line.split()[0] for line in result.output.splitlines()[2:]] == ["text", "image"]


def test_flags_are_settings(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    flags = "--depth 50 --skip 1 --max-ratio 0.9 --margin 0.05 --max-score 0.95 --positive lowest"
    more = "--compare all --per-modality 3 --fill 2 --centered"
    invoke(data, "-o", out, *flags.split(), *more.split())
    assert records(out)[0]["settings"] == {
        "depth": 50,
        "skip": 1,
        "max_ratio": 0.9,
        "margin": 0.05,
        "max_score": 0.95,
        "positive": "lowest",
        "compare": "all",
        "per_modality": 3,
        "fill": 2,
        "centered": True,
    }
    invoke(data, "-o", out, "--faithful", "--depth", 50, "--skip", 1, "--max-score", 0.1)
    settings = records(out)[0]["settings"]
    assert (settings["depth"], settings["skip"], settings["max_ratio"]) == (50, 0, "inf")
    assert (settings["margin"], settings["max_score"]) == (None, None)


def test_json_and_a_cache_of_ones_own(data: Path, tmp_path: Path) -> None:
    result = invoke(data, "-o", tmp_path / "n.jsonl", "--cache", tmp_path / "cache", "--json")
    fields = json.loads(result.output)
    assert (fields["queries"], fields["suspected"]) == (1, 0)
    assert (fields["lists"]["text"]["negatives"], fields["lists"]["image"]["negatives"]) == (2, 2)
    assert len(list((tmp_path / "cache").glob("vectors-*/vectors.npy"))) == 1


def test_vectors_are_kept_beside_the_data(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(data, "-o", tmp_path / "n.jsonl")
    monkeypatch.delattr(HashEncoder, "encode_documents")
    invoke(data, "-o", tmp_path / "n.jsonl", "--depth", 2)
    assert len(list(data.glob(".univldr*/vectors-*/vectors.npy"))) == 1


def test_words_join_the_captions_that_are_mined_with(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer("tags", say=lambda _: [Words("old barn")]))
    invoke(data, "-o", tmp_path / "plain.jsonl")
    invoke(data, "-o", tmp_path / "words.jsonl", "--verbalize", "tags", "--set", "tags.count=5")
    (settings, by), *_ = made
    assert (settings.tags.count, by().name) == (5, "hash")
    plain, words = ({n["id"]: n["score"] for n in records(tmp_path / name)[1]["negatives"]}
                    for name in ("plain.jsonl", "words.jsonl"))  # fmt: skip
    assert words["t3"] == plain["t3"]
    assert words["p2"] > plain["p2"]  # a field, and now an old barn
    invoke(data, "-o", tmp_path / "words.jsonl", "--verbalize", "tags", "--tags-by", "mini")
    assert made[-1][1]().name == "mini"


def test_an_index_is_mined_with_its_own_model(data: Path, tmp_path: Path) -> None:
    univldr.update(data / "documents.jsonl", index=tmp_path / "index", model="hash")
    out = tmp_path / "n.jsonl"
    assert invoke(data, "-o", out, "--index", tmp_path / "index", model="").exit_code == 0
    header, record = records(out)
    assert (header["model"], header["index"]["documents"]) == ("hash", 5)
    invoke(data, "-o", tmp_path / "exact.jsonl")
    assert [n["id"] for n in record["negatives"]] == [
        n["id"] for n in records(tmp_path / "exact.jsonl")[1]["negatives"]
    ]
    with pytest.raises(ModelError, match="made with model 'hash', not 'mini'"):
        invoke(data, "-o", out, "--index", tmp_path / "index", model="mini")
    with pytest.raises(ConfigError, match="leave out --verbalize"):
        invoke(data, "-o", out, "--index", tmp_path / "index", "--verbalize", "ocr")
    with pytest.raises(ConfigError, match="give --model"):
        invoke(data, "-o", out, model="")


def test_no_negatives_at_all_exits_1(data: Path, tmp_path: Path) -> None:
    assert invoke(data, "-o", tmp_path / "n.jsonl", "--max-score", -1).exit_code == 1


def test_wrong_use_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="skip is 100"):
        invoke(data, "-o", tmp_path / "n.jsonl", "--skip", 100)
    with pytest.raises(CorpusError, match='no split "dev"'):
        invoke(data, "-o", tmp_path / "n.jsonl", "--split", "dev")
    with pytest.raises(ConfigError, match=r'--set: no setting "tags\.cuont"; did you mean "tags\.count"'):
        invoke(data, "-o", tmp_path / "n.jsonl", "--verbalize", "tags", "--set", "tags.cuont=5")
    with pytest.raises(ConfigError, match='did you mean "caption"'):
        invoke(data, "-o", tmp_path / "n.jsonl", "--verbalize", "captoin")
    assert invoke(data).exit_code == 2
