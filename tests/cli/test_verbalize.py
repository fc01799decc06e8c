"""``univldr verbalize`` as a user meets it, with a verbalizer that names colours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from tests.retrieval_kit import image, make_collection, text
from tests.verbalize.kit import ColourVerbalizer, broken_png
from univldr.cli import verbalize
from univldr.errors import ConfigError, CorpusError, ImageError, StoreError
from univldr.verbalize.base import Words
from univldr.verbalize.settings import Plan

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(verbalize.run)

COLOURS = ("red", "green", "blue")


class Loaded:
    """Stands for the loading of verbalizers: what was asked for, and what was given."""

    def __init__(self) -> None:
        self.plan = Plan()
        self.verbalizers: list[ColourVerbalizer] = []
        self.stop_after = 1_000_000

    def __call__(self, plan: Plan, encoder: object) -> list[ColourVerbalizer]:
        self.plan = plan
        self.verbalizers = [Stoppable(name, self.stop_after) for name in plan.names]
        return self.verbalizers

    @property
    def seen(self) -> int:
        return sum(verbalizer.seen for verbalizer in self.verbalizers)


class Stoppable(ColourVerbalizer):
    """Is interrupted after so many pictures."""

    def __init__(self, name: str, after: int) -> None:
        super().__init__(name, batch=1, say=lambda colour: [Words(f"{name} {colour}", 0.5)])
        self._after = after

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        if self.seen >= self._after:
            raise KeyboardInterrupt
        return super().verbalize(pictures)


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Loaded:
    loaded = Loaded()
    monkeypatch.setattr(verbalize, "load_verbalizers", loaded)
    monkeypatch.setenv("UNIVLDR_WORDS", str(tmp_path / "words.sqlite"))
    monkeypatch.delenv("UNIVLDR_MODEL", raising=False)
    return loaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, a note, and a caption."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for colour in COLOURS:
        Image.new("RGB", (4, 3), colour).save(folder / f"{colour}.png")
    (folder / "note.txt").write_text("Nothing to see.")
    (folder / "red.png.txt").write_text("A barn.")
    return folder


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def fields(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke(*arguments, "--json").stdout)
    return found


def lines(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Id to texts with their origins."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(record.keys() == {"id", "expansions"} for record in records)
    return {
        record["id"]: [(words["text"], words["origin"]) for words in record["expansions"]]
        for record in records
    }


def test_a_folder(folder: Path, tmp_path: Path, loaded: Loaded) -> None:
    out = tmp_path / "out.jsonl"
    result = invoke(folder, "--with", "caption,ocr", "--to", out)
    assert result.exit_code == 0
    assert result.stdout.startswith("3 pictures in ")
    assert "caption: 3 pictures worded" in result.stdout
    assert lines(out) == {
        f"{colour}.png": [(f"caption {colour}", "caption"), (f"ocr {colour}", "ocr")]
        for colour in sorted(COLOURS)
    }
    again = fields(folder, "--with", "caption,ocr")
    assert loaded.seen == 0
    assert (again["pictures"], again["skipped"]) == (3, [])
    assert (again["words"]["caption"]["made"], again["words"]["caption"]["reused"]) == (0, 3)


def test_a_file_of_records_whose_own_words_stay(folder: Path, tmp_path: Path) -> None:
    records = [
        {"id": "t", "text": "A note."},
        {"id": "a", "image": "red.png", "caption": "A barn", "expansions": ["old"]},
        {"id": "b", "image": "blue.png"},
    ]
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    invoke(path, "--with", "caption", "--to", tmp_path / "out.jsonl")
    assert lines(tmp_path / "out.jsonl") == {
        "a": [("old", ""), ("caption red", "caption")],
        "b": [("caption blue", "caption")],
    }


def test_a_data_set_keeps_words_by_row_beside_it(folder: Path, tmp_path: Path, loaded: Loaded) -> None:
    records = [text("t", "1 0"), *(image(colour, "0 1") for colour in COLOURS)]
    data = make_collection(folder, records).path
    out = tmp_path / "out.jsonl"
    invoke(data, "--with", "caption", "--to", out)
    assert lines(out) == {colour: [(f"caption {colour}", "caption")] for colour in COLOURS}
    assert len(list(data.glob(".univldr-collections/words-*.sqlite"))) == 1
    (tmp_path / "words.sqlite").unlink()
    assert fields(data, "--with", "caption")["words"]["caption"]["reused"] == 3
    assert loaded.seen == 0

    invoke(data, "--with", "caption", "--to", out, "--format", "corpus")
    assert sorted(lines(out)) == ["blue.png", "green.png", "red.png"]
    assert fields(data, "--with", "caption", "--format", "records")["pictures"] == 3


def test_settings_and_models_reach_the_verbalizers(folder: Path, loaded: Loaded) -> None:
    flags = ("--set", "caption.max_tokens=30", "--set", "tags.count=2")
    invoke(folder, "--with", "caption:/models/mine,tags", *flags)
    assert loaded.plan.names == ("caption", "tags")
    caption, tags = loaded.plan.settings.caption, loaded.plan.settings.tags
    assert (caption.model, caption.max_tokens, tags.count) == ("/models/mine", 30, 2)


@pytest.mark.parametrize("kind", ["folder", "data set"])
def test_ctrl_c_keeps_what_is_done(folder: Path, tmp_path: Path, loaded: Loaded, kind: str) -> None:
    if kind == "data set":
        make_collection(folder, [image(colour, "0 1") for colour in COLOURS])
    out = tmp_path / "out.jsonl"
    loaded.stop_after = 2
    result = invoke(folder, "--with", "caption", "--to", out)
    assert result.exit_code == 130
    assert "what is done is kept" in result.stderr
    assert not list(tmp_path.glob("out.*"))
    loaded.stop_after = 1_000_000
    invoke(folder, "--with", "caption", "--to", out)
    assert loaded.seen == 1
    assert len(lines(out)) == 3


@pytest.mark.parametrize("kind", ["folder", "data set"])
def test_a_bad_picture_is_skipped_and_told(folder: Path, kind: str, tmp_path: Path) -> None:
    (folder / "green.png").write_bytes(broken_png())
    id = "green.png"
    if kind == "data set":
        make_collection(folder, [image(colour, "0 1") for colour in COLOURS])
        id = "green"
    result = invoke(folder, "--with", "caption", "--to", tmp_path / "out.jsonl")
    assert result.exit_code == 0
    assert result.stdout.startswith("2 pictures in ")
    assert f"skipped {id}: " in result.stdout
    assert len(lines(tmp_path / "out.jsonl")) == 2
    [skipped] = fields(folder, "--with", "caption")["skipped"]
    assert skipped["key"] == id
    assert "cannot be decoded" in skipped["reason"]


def test_many_bad_pictures_are_not_all_listed(folder: Path) -> None:
    for n in range(12):
        (folder / f"bad{n}.png").write_bytes(b"nothing")
    result = invoke(folder, "--with", "caption")
    assert result.stdout.count("skipped bad") == 10
    assert "and 2 more" in result.stdout


def test_no_pictures_exits_1(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "note.md").write_text("# Nothing to see")
    result = invoke(tmp_path / "texts", "--with", "caption")
    assert (result.exit_code, result.stdout[:10]) == (1, "0 pictures")


# --- what is known of a picture ---


def test_show(folder: Path, tmp_path: Path) -> None:
    picture = folder / "red.png"
    result = invoke("--show", picture)
    assert result.exit_code == 1
    assert "Nothing was ever said of" in result.stdout
    assert not (tmp_path / "words.sqlite").exists()

    invoke(folder, "--with", "caption,ocr")
    result = invoke("--show", picture)
    assert result.exit_code == 0
    head, words, *_ = result.stdout.splitlines()
    assert head.split()[:2] == ["caption", "colours"]
    assert words.split() == ["0.50", "caption", "red"]

    shown = fields("--show", picture)
    assert shown["path"] == str(picture)
    [caption, ocr] = shown["entries"]
    assert (caption["verbalizer"], caption["fingerprint"], caption["label"]) == (
        "caption",
        "colours-1",
        "colours",
    )
    assert caption["words"] == [{"text": "caption red", "confidence": 0.5}]
    assert ocr["words"] == [{"text": "ocr red", "confidence": 0.5}]
    other = fields("--show", picture, "--cache", tmp_path / "other.sqlite")
    assert other["entries"] == []


def test_show_a_picture_without_words(folder: Path) -> None:
    Image.new("RGB", (4, 3), "black").save(folder / "black.png")
    invoke(folder, "--with", "ocr")
    assert "nothing to say" in invoke("--show", folder / "black.png").stdout


def test_wrong_use_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--with caption,ocr"):
        invoke(folder)
    with pytest.raises(ConfigError, match="either"):
        invoke()
    with pytest.raises(ConfigError, match="either"):
        invoke(folder, "--show", folder / "red.png")
    with pytest.raises(ConfigError, match='did you mean "caption"'):
        invoke(folder, "--with", "captoin")
    with pytest.raises(ConfigError, match="did you mean"):
        invoke(folder, "--with", "caption", "--set", "caption.max_token=3")
    with pytest.raises(ConfigError, match='no format "web"'):
        invoke(folder, "--with", "caption", "--format", "web")
    with pytest.raises(CorpusError, match="no such file or folder"):
        invoke(tmp_path / "nowhere", "--with", "caption")
    with pytest.raises(ImageError, match="no such file"):
        invoke("--show", tmp_path / "nowhere.png")
    with pytest.raises(StoreError, match="name another file"):
        invoke(folder, "--with", "caption", "--to", tmp_path / "nowhere" / "out.jsonl")
