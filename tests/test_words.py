"""Generated words on the main path: indexing with verbalizers, what an index remembers, explained hits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

import univldr.verbalize.load
from tests.verbalize.kit import ColourVerbalizer, broken_png, png
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, MissingExtra
from univldr.index import Manifest, Store, index_of
from univldr.pipeline import IndexReport, update
from univldr.search import create as create_index
from univldr.search import open as open_index
from univldr.types import Document, Encoder, Expansion, Modality, Query
from univldr.verbalize.base import Verbalizer, Words
from univldr.verbalize.settings import Plan

Plans = Sequence[Plan]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNIVLDR_WORDS", str(tmp_path / "words.sqlite"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for colour in ("red", "blue"):
        Image.new("RGB", (40, 30), colour).save(corpus / f"{colour}.png")
    (corpus / "red.png.txt").write_text("a barn")
    (corpus / "soup.txt").write_text("Onion soup needs an hour.")
    return corpus


@pytest.fixture
def verbalizers(monkeypatch: pytest.MonkeyPatch) -> dict[str, ColourVerbalizer]:
    """By name, in place of the real ones; a name that is not there lacks its extra."""
    known: dict[str, ColourVerbalizer] = {"caption": ColourVerbalizer(), "tags": ColourVerbalizer("tags")}

    def load(plan: Plan, encoder: Callable[[], Encoder]) -> list[Verbalizer]:
        for name in plan.names:
            if name not in known:
                raise MissingExtra("rapidocr", "verbalize", name)
        return [known[name] for name in plan.names]

    monkeypatch.setattr(univldr.verbalize.load, "load_verbalizers", load)
    return known


def index(folder: Path, verbalize: str | None = None, *, words: bool = True) -> IndexReport:
    return update(folder, model="hash", verbalize=verbalize, words=words)


def expansions(folder: Path) -> dict[str, list[tuple[str, str]]]:
    with Store.open(index_of(folder)) as store:
        found = store.engine.get(["red.png", "blue.png"])
        return {d.id: [(e.text, e.origin) for e in d.expansions] for d in found if d is not None}


def test_words_join_the_captions_and_the_index_remembers(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    report = index(folder, "caption")
    assert (report.added, report.words["caption"].made) == (3, 2)
    assert expansions(folder) == {"red.png": [("red", "caption")], "blue.png": [("blue", "caption")]}
    assert list(Manifest.read(index_of(folder)).verbalize) == ["caption"]
    Image.new("RGB", (4, 3), (0, 255, 0)).save(folder / "green.png")
    report = index(folder)
    assert (report.added, report.updated, report.unchanged, report.words["caption"].made) == (1, 0, 3, 1)


def test_other_verbalizers_read_the_pictures_again_and_only_these(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder)
    report = index(folder, "caption,tags")
    assert (report.updated, report.unchanged) == (2, 1)
    verbalizers["caption"].fingerprint = "colours-2"  # another model
    report = index(folder)
    assert (report.updated, report.words["caption"].made, report.words["tags"].reused) == (2, 2, 2)
    report = index(folder, "none")
    assert (report.updated, report.unchanged) == (2, 1)
    assert expansions(folder) == {"red.png": [], "blue.png": []}
    assert index(folder).unchanged == 3


def test_the_same_words_are_made_once(folder: Path, verbalizers: dict[str, ColourVerbalizer]) -> None:
    index(folder, "caption")
    report = update(folder, model="hash", rebuild=True)  # which does not forget the verbalizers
    assert (report.added, report.words["caption"].made, report.words["caption"].reused) == (3, 0, 2)
    assert verbalizers["caption"].seen == 2


def test_a_run_without_words_is_made_up_for_by_the_next(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder, "caption")
    Image.new("RGB", (40, 30), "blue").save(folder / "red.png")
    report = index(folder, words=False)
    assert (report.updated, report.unchanged) == (1, 2)  # blue.png keeps its words
    assert expansions(folder) == {"red.png": [], "blue.png": [("blue", "caption")]}
    assert index(folder).updated == 1
    assert expansions(folder) == {"red.png": [("blue", "caption")], "blue.png": [("blue", "caption")]}


def test_an_index_of_the_first_format_is_read_again_once_words_are_wanted(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder)
    with Store.open(index_of(folder)) as store:  # as the first format recorded it
        root = str(folder)
        for key, stamp in store.sources.stamps(root).items():
            plain = stamp.partition(" words=")[0]
            store.sources._connection.execute("UPDATE sources SET stamp = ? WHERE key = ?", [plain, key])
        store.sources._connection.commit()
    path = index_of(folder) / "manifest.json"
    fields = json.loads(path.read_text())
    del fields["verbalize"], fields["max_tokens"]
    path.write_text(json.dumps(fields | {"format": 1, "template": "{caption} [SEP] {expansions}"}))
    assert index(folder).unchanged == 3
    assert index(folder, "caption").updated == 0
    assert expansions(folder)["red.png"] == [("red", "caption")]


def test_a_missing_extra_leaves_everything_as_it_was(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    with pytest.raises(MissingExtra, match=r"univldr\[verbalize\]"):
        index(folder, "ocr")
    assert not index_of(folder).exists()
    index(folder, "caption")
    with pytest.raises(MissingExtra):
        index(folder, "ocr")
    assert list(Manifest.read(index_of(folder)).verbalize) == ["caption"]


def test_wrong_names_and_settings(folder: Path) -> None:
    with pytest.raises(ConfigError, match='no verbalizer "capton": did you mean "caption"'):
        index(folder, "capton")
    with pytest.raises(ConfigError, match="beems"):
        update(folder, model="hash", verbalize="caption", settings=["caption.beems=3"])


def test_a_bad_picture_is_left_out_and_good_ones_are_not(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    (folder / "bad.png").write_bytes(broken_png())
    report = index(folder, "caption")
    assert [skipped.key for skipped in report.skipped] == ["bad.png"]
    assert (report.documents, report.words["caption"].made, report.words["caption"].reused) == (3, 2, 0)
    assert index(folder).unchanged == 4


def test_the_switch_of_a_record(
    tmp_path: Path, folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    records = [
        {"id": "off", "image": "corpus/red.png", "verbalize": False},
        {"id": "some", "image": "corpus/red.png", "verbalize": ["tags"]},
        {"id": "own", "image": "corpus/red.png", "expansions": [{"text": "STOP", "origin": "sign"}]},
        {"id": "wrong", "image": "corpus/red.png", "verbalize": "tags"},
    ]
    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    report = index(path, "caption,tags")
    assert [skipped.key for skipped in report.skipped] == ["wrong"]
    with Store.open(index_of(path)) as store:
        found = {d.id: d.expansions for d in store.engine.get(["off", "some", "own"]) if d is not None}
    assert found == {
        "off": (),
        "some": (Expansion("red", "tags"),),
        "own": (Expansion("STOP", "sign"), Expansion("red", "caption")),
    }


def test_what_does_not_fit_is_counted(folder: Path, verbalizers: dict[str, ColourVerbalizer]) -> None:
    def say(colour: str) -> list[Words]:
        return [Words(" ".join(f"{colour}{n}.{m}" for m in range(30))) for n in range(4)]

    verbalizers["caption"] = ColourVerbalizer(say=say)
    report = update(folder, model="hash", verbalize="caption", settings=["caption.batch=2"])
    assert report.dropped_expansions == 0
    texts = TextSettings(max_tokens=130)  # 60 words a text, as "red0.1" counts two
    report = update(folder, model="hash", rebuild=True, texts=texts)
    assert report.dropped_expansions == 4
    assert len(expansions(folder)["red.png"]) == 4  # they stay with the document


def test_an_index_keeps_its_template(folder: Path, verbalizers: dict[str, ColourVerbalizer]) -> None:
    texts = TextSettings("{expansions} of {caption}", 100)
    update(folder, model="hash", verbalize="caption", texts=texts)
    with open_index(folder) as searcher:
        assert searcher.encoder.max_tokens == 100
        [hit] = searcher.search("red of a barn", k=1, explain=True, lexical="off")
    assert hit.document.id == "red.png"
    with pytest.raises(ConfigError, match="make it anew with --rebuild"):
        update(folder, texts=TextSettings("{caption} {expansions}"))


def test_an_explained_hit_adds_up(folder: Path, verbalizers: dict[str, ColourVerbalizer]) -> None:
    index(folder, "caption,tags")
    with open_index(folder) as searcher:
        hits = list(searcher.search("red barn soup", k=3, explain=True, lexical="off"))
        plain = list(searcher.search("red barn soup", k=3, lexical="off"))
    assert [hit.explanation for hit in plain] == [{}] * 3
    by_id = {hit.document.id.partition("#")[0]: hit for hit in hits}
    assert list(by_id["soup.txt"].explanation) == ["text"]
    assert list(by_id["red.png"].explanation) == ["pixels", "caption", "generated:caption"]
    assert by_id["red.png"].explanation["generated:caption"] > 0.1
    for hit in hits:
        assert sum(hit.explanation.values()) == pytest.approx(hit.score, abs=1e-6)


def test_a_picture_that_went_or_changed_is_explained_as_a_whole(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder, "caption")
    before = (folder / "red.png").read_bytes()
    (folder / "blue.png").unlink()
    Image.new("RGB", (40, 30), "white").save(folder / "red.png")
    with open_index(folder) as searcher:
        hits = list(searcher.search(Query("red barn blue", before), k=3, explain=True, lexical="off"))
    pictures = [hit for hit in hits if hit.document.id.endswith(".png")]
    assert len(pictures) == 2
    assert [hit.explanation for hit in pictures] == [{"document": hit.score} for hit in pictures]


def test_a_folders_captions_file_holds_the_switch(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    (folder / "captions.jsonl").write_text('{"image": "blue.png", "verbalize": false}\n')
    index(folder, "caption")
    assert expansions(folder) == {"red.png": [("red", "caption")], "blue.png": []}
    (folder / "captions.jsonl").unlink()
    assert index(folder).updated == 1
    assert expansions(folder)["blue.png"] == [("blue", "caption")]


def test_another_weight_reads_the_pictures_again_and_makes_no_words(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder, "caption")
    with open_index(folder) as searcher:
        [full] = searcher.search("red", k=1, explain=True, lexical="off")
    verbalizers["caption"].weight = 0.1
    report = index(folder)
    assert (report.updated, report.words["caption"].made, report.words["caption"].reused) == (2, 0, 2)
    with open_index(folder) as searcher:
        [light] = searcher.search("red", k=1, explain=True)
    assert light.document.expansions == (Expansion("red", "caption", 0.1),)
    assert 0 < light.explanation["generated:caption"] < full.explanation["generated:caption"] / 3
    assert sum(light.explanation.values()) == pytest.approx(light.score, abs=1e-6)


@pytest.mark.parametrize("weight", [0, -1, 1.5])
def test_a_weight_out_of_range(folder: Path, weight: float) -> None:
    with pytest.raises(ConfigError, match="above 0 and at most 1"):
        update(folder, model="hash", verbalize="tags", settings=[f"tags.weight={weight}"])


def upload(folder: Path, *documents: Document) -> None:
    with open_index(folder) as searcher:
        searcher.upsert(documents)


def words_of(folder: Path, id_: str) -> list[tuple[str, str]]:
    with open_index(folder) as searcher:
        (document,) = searcher.index.get([id_])
        assert document is not None
        vector = searcher.encoder.encode_documents([document])  # what is stored is what is encoded
        assert searcher.index.vectors([id_])[id_] @ vector[0] == pytest.approx(1, abs=1e-6)
        return [(words.text, words.origin) for words in document.expansions]


def test_uploads_get_words_too(folder: Path, verbalizers: dict[str, ColourVerbalizer]) -> None:
    index(folder, "caption")
    brought = (Expansion("a lawn"),)
    given = Document("lawn", Modality.IMAGE, "Ours", png("green"), expansions=brought)
    silent = Document("quiet", Modality.IMAGE, "", png("green"), metadata={"verbalize": False})
    upload(folder, given, silent, Document("note", Modality.TEXT, "a note"))
    assert words_of(folder, "lawn") == [("a lawn", ""), ("green", "caption")]
    assert words_of(folder, "quiet") == words_of(folder, "note") == []
    seen = verbalizers["caption"].seen
    assert (index(folder).updated, verbalizers["caption"].seen) == (0, seen)  # nothing is left to do
    assert words_of(folder, "lawn") == [("a lawn", ""), ("green", "caption")]


def test_the_words_of_uploads_follow_the_verbalizers(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder)
    given = Document("lawn", Modality.IMAGE, "", png("green"), expansions=(Expansion("a lawn"),))
    upload(folder, given)
    assert words_of(folder, "lawn") == [("a lawn", "")]
    index(folder, "tags")
    assert words_of(folder, "lawn") == [("a lawn", ""), ("green", "tags")]
    update(folder, model="hash", verbalize="caption", rebuild=True)
    assert words_of(folder, "lawn") == [("a lawn", ""), ("green", "caption")]
    index(folder, "none")
    assert words_of(folder, "lawn") == [("a lawn", "")]


def test_an_upload_that_needs_what_is_not_installed_is_refused(
    folder: Path, verbalizers: dict[str, ColourVerbalizer]
) -> None:
    index(folder, "caption")
    del verbalizers["caption"]
    with open_index(folder) as searcher:
        searcher.upsert([Document("note", Modality.TEXT, "a note")])
        with pytest.raises(MissingExtra, match="univldr\\[verbalize\\]"):
            searcher.upsert([Document("lawn", Modality.IMAGE, "", png("green"))])
        assert [one and one.id for one in searcher.index.get(["note", "lawn"])] == ["note", None]


def test_an_index_without_a_folder_has_verbalizers_too(
    folder: Path, verbalizers: dict[str, ColourVerbalizer], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match='no verbalizer "smell"'):
        create_index(tmp_path / "own", model="hash", verbalize="smell")
    with create_index(tmp_path / "own", model="hash", verbalize="caption") as searcher:
        searcher.upsert([Document("lawn", Modality.IMAGE, "", png("green"))])
    assert words_of(tmp_path / "own", "lawn") == [("green", "caption")]
