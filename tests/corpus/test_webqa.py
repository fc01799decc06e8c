"""WebQA in both forms: the same collection from either, splits worked out by hand, broken downloads named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.dataset_kit import COLOURS, colour, jsonl, picture, positives, problems, tsv
from univldr.corpus import json_stream, webqa, webqa_check
from univldr.corpus.collection import Collection, open_collection
from univldr.corpus.json_stream import read_members
from univldr.corpus.webqa import shuffled, stripped
from univldr.corpus.webqa_check import check_webqa
from univldr.errors import ConfigError, CorpusError, ImageError
from univldr.types import Document, Modality

# numpy.random.seed(1234), then numpy.random.shuffle([0, ..., 7])
ORDER = [2, 1, 6, 0, 4, 5, 3, 7]
IMAGES = [str(30_000_000 + n) for n in range(8)]


def text(id: str, fact: str) -> dict[str, Any]:
    return {"title": "Page", "fact": fact, "url": "https://example.org", "snippet_id": id}


def image(n: int, caption: str) -> dict[str, Any]:
    return {"image_id": int(IMAGES[n]), "title": "File", "caption": caption, "imgUrl": "x", "url": "y"}


def question(n: int, split: str = "train") -> dict[str, Any]:
    """An even one is answered by a text, an odd one by an image, which a later question shows as wrong."""
    example: dict[str, Any] = {"Q": f'"Größe of {n}?\r"', "A": ['"x"'], "split": split, "Guid": f"g{n}"}
    example |= {"txt_posFacts": [], "txt_negFacts": [], "img_posFacts": [], "img_negFacts": []}
    if n % 2:
        example["img_posFacts"] = [image(n % 8, f'"Picture {n}"')]
        example["img_negFacts"] = [image((n + 1) % 8, f"Wrong for {n}")]
    else:
        example["txt_posFacts"] = [text(f"g{n}_0", f' "Fact\r {n}" ')]
        example["txt_negFacts"] = [text(f"g{n}_1", f"Wrong {n}")]
    return example


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight questions of train, of which three shall be dev, two of val, and the facts of one of test."""
    monkeypatch.setattr(webqa, "DEV_QUERIES", 3)
    folder = tmp_path / "original"
    folder.mkdir()
    examples = {f"g{n}": question(n) for n in range(8)} | {f"g{n}": question(n, "val") for n in (8, 9)}
    write(folder / "WebQA_train_val.json", examples)
    test = {"Q": "?", "split": "test", "txt_Facts": [text("t_0", "Extra")], "img_Facts": [image(0, "Late")]}
    write(folder / "WebQA_test.json", {"t": test})
    offsets = tsv(folder, {id: picture(name) for id, name in zip(IMAGES, COLOURS, strict=True)})
    (folder / "imgs.lineidx").write_text("".join(f"{offset}\n" for _, offset in offsets))
    return folder


@pytest.fixture
def processed(tmp_path: Path, original: Path) -> Path:
    """What the authors' script makes of the same release, written down by hand."""
    folder = tmp_path / "processed"
    folder.mkdir()
    facts = [(f"g{n}_{m}", f"Fact {n}" if m == 0 else f"Wrong {n}") for n in (0, 2, 4, 6, 8) for m in (0, 1)]
    jsonl(folder / "all_docs.json", [text(id, fact) for id, fact in [*facts, ("t_0", "Extra")]])
    # First mentioned by questions 1, 3, 5 and 7 as 1 2 3 4 5 6 7 0; the last words for 1, 2 and 0 come later.
    captions = {1: "Picture 9", 2: "Wrong for 9", 3: "Picture 3", 4: "Wrong for 3"}
    captions |= {5: "Picture 5", 6: "Wrong for 5", 7: "Picture 7", 0: "Late"}
    jsonl(folder / "all_imgs.json", [image(n, caption) for n, caption in captions.items()])
    queries = [ids_only(n) for n in range(10)]
    jsonl(folder / "dev.json", [queries[n] for n in ORDER[:3]])
    jsonl(folder / "train.json", [queries[n] for n in ORDER[3:]])
    jsonl(folder / "test.json", queries[8:])
    (folder / "imgs.tsv").symlink_to(original / "imgs.tsv")
    offsets = (original / "imgs.lineidx").read_text().split()
    lines = [f"{id}\t{offset}\n" for id, offset in zip(IMAGES, offsets, strict=True)]
    (folder / "imgs.lineidx.new").write_text("".join(reversed(lines)))  # in any order
    return folder


def ids_only(n: int) -> dict[str, Any]:
    example = question(n)
    lists = {
        key: [str(f.get("image_id", f.get("snippet_id"))) for f in example[key]]
        for key in example
        if "Facts" in key
    }
    return {"qid": f"g{n}", "Q": f"Größe of {n}?", "A": ["x"], **lists}


def write(path: Path, examples: dict[str, Any]) -> None:
    path.write_text(json.dumps(examples, ensure_ascii=False), encoding="utf-8")


def content(collection: Collection) -> Any:
    documents = collection.documents(range(len(collection)))
    return documents, [(split, collection.topics(split)) for split in collection.splits()]


def test_both_forms_are_the_same_collection(original: Path, processed: Path) -> None:
    ours, theirs = open_collection(original), open_collection(processed)
    assert ours.report.problems == theirs.report.problems == ()
    assert content(ours) == content(theirs)
    assert [topic.id for topic in ours.topics("dev")] == ["g2", "g1", "g6"]
    assert [topic.id for topic in ours.topics("train")] == ["g0", "g4", "g5", "g3", "g7"]
    assert [topic.id for topic in ours.topics("test")] == ["g8", "g9"]
    assert ours.report.queries == {"dev": 3, "train": 5, "test": 2}
    assert ours.report.documents == {"text": 11, "image": 8}


def test_texts_pictures_and_questions(original: Path) -> None:
    collection = open_collection(original)
    assert collection.documents([0]) == [
        Document("g0_0", Modality.TEXT, "Fact 0", title="Page", metadata={"url": "https://example.org"})
    ]
    (document,) = collection.documents([collection.row("30000002")])
    assert document == Document("30000002", Modality.IMAGE, "Wrong for 9", picture("blue"), "File")
    assert colour(document) == (0, 0, 255)
    assert collection.row("t_0") == 10  # texts come first, those of the test file last
    assert positives(collection, "test") == {"g8": ["g8_0"], "g9": ["30000001"]}
    assert collection.qrels("dev") == {"g2": {"g2_0": 1}, "g1": {"30000001": 1}, "g6": {"g6_0": 1}}
    topic = collection.topics("test")[1]
    assert (topic.query.text, topic.negatives) == ("Größe of 9?", (collection.row("30000002"),))


def test_captions_from_another_file(processed: Path) -> None:
    rows = [image(n, f"verbalized {n}") for n in range(8)]
    jsonl(processed / "all_imgs_query.json", rows)
    plain, verbalized = (
        open_collection(processed),
        open_collection(processed, format="webqa:all_imgs_query.json"),
    )
    assert verbalized.documents([verbalized.row("30000005")])[0].text == "verbalized 5"
    assert plain.documents([plain.row("30000005")])[0].text == "Picture 5"
    assert plain.fingerprint != verbalized.fingerprint
    with pytest.raises(CorpusError, match=r"none\.json is missing: captions, one a line"):
        open_collection(processed, format="webqa:none.json")
    with pytest.raises(ConfigError, match="webqa-original has no variants"):
        open_collection(processed, format="webqa-original:x")


def test_order_of_the_legacy_generator() -> None:
    assert shuffled(8) == ORDER
    np.random.seed(1234)
    examples: list[Any] = [{"n": n} for n in range(7001)]
    np.random.shuffle(examples)
    assert shuffled(7001) == [example["n"] for example in examples]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(' "a" ', "a"), ('"a\r\n"', "a"), ('a "b"', 'a "b'), ('""a""', "a"), ('" a\rb "', "ab"), ("", "")],
)
def test_stripping(raw: str, expected: str) -> None:
    assert stripped(raw) == expected


@pytest.mark.parametrize("name", ["all_docs.json", "imgs.tsv", "imgs.lineidx.new", "dev.json"])
def test_missing_files_of_the_processed_form(name: str, processed: Path) -> None:
    (processed / name).unlink()
    with pytest.raises(CorpusError, match=rf"{name} is missing: .*; it is part of .*github\.com"):
        open_collection(processed)


@pytest.mark.parametrize("name", ["WebQA_test.json", "imgs.tsv"])
def test_missing_files_of_the_original_form(name: str, original: Path) -> None:
    (original / name).unlink()
    with pytest.raises(CorpusError, match=rf"{name} is missing: .*github\.com/WebQnA"):
        open_collection(original)


def test_broken_records_are_named(original: Path) -> None:
    examples = json.loads((original / "WebQA_train_val.json").read_text())
    examples["g0"]["txt_negFacts"] = [{"fact": "no id"}, "no object", text("g0_1", " ")]
    examples["g1"]["img_negFacts"] = [image(0, "x") | {"image_id": "30000099"}]
    examples["g2"]["txt_negFacts"] = "no list"
    examples["g3"] = ["no object"]
    examples["g4"]["Q"] = None
    examples["g6"]["txt_posFacts"] = []
    write(original / "WebQA_train_val.json", examples)
    collection = open_collection(original)
    assert problems(collection) == [
        'WebQA_train_val.json "g0" txt_negFacts 1: no "snippet_id"',
        'WebQA_train_val.json "g0" txt_negFacts 2: not a JSON object',
        'WebQA_train_val.json "g0" txt_negFacts 3: no text and no picture',
        'WebQA_train_val.json "g0": no "txt_negFacts: snippet_id"',
        'WebQA_train_val.json "g2": "txt_negFacts" is str, not a list',
        'WebQA_train_val.json "g2": "txt_negFacts" is str, not a list',
        'WebQA_train_val.json "g3": not a JSON object',
        'WebQA_train_val.json "g4": the query has no text and no picture',
        'WebQA_train_val.json "g1" img_negFacts 1: no picture "99" in imgs.tsv',
        'WebQA_train_val.json "g3": not a JSON object',
        'WebQA_train_val.json "g1": query "g1" names "30000099", which is no document',
        'WebQA_train_val.json "g6": query "g6" has no positive that is a document',
    ]


def test_offsets_of_another_file(processed: Path) -> None:
    (processed / "imgs.lineidx.new").write_text("30000001\t0\nrubbish\n30000002\t9999999\n")
    collection = open_collection(processed)
    assert problems(collection)[0] == "imgs.lineidx.new line 2: not an id, a tab and a byte offset"
    assert 'no picture "30000003" in imgs.tsv' in problems(collection)[1]
    assert collection.report.documents == {"text": 11, "image": 2}
    with pytest.raises(ImageError, match=r'30000001: .*imgs\.tsv: at byte 0 begins "30000000"'):
        collection.documents([collection.row("30000001")])
    with pytest.raises(ImageError, match="30000002: "):
        collection.documents([collection.row("30000002")])


# --- one large JSON object ---


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_members_across_chunks(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    value = {"ä": [1, {"b": '}, \\" {'}], "c": 12345, "d": {}, "half \ud83d": "pair \U0001f600 \ud800"}
    (tmp_path / "x.json").write_text(json.dumps(value, indent=1))
    expected = {**value, "half \ud83d": "pair \U0001f600 ?"}
    assert dict(read_members(tmp_path / "x.json")) == expected
    (tmp_path / "x.json").write_text(" {\n } ")
    assert list(read_members(tmp_path / "x.json")) == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not a JSON object: it begins with ''"),
        (b"[1]", "not a JSON object: it begins with '\\[1\\]'"),
        (b'{"a": 1, "b": ', "not JSON at character 14"),
        (b'{"a": 1, b: 2}', "not JSON at character 9"),
        (b'{"a": 1} {', "^$"),
        (b'{"a" 1}', "Expecting a colon"),
        (b'{"a": 1 "b": 2}', "Expecting a colon, a comma"),
        (b"{1: 2}", "Expecting a key"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": ' + b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_object(raw: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(raw)
    if reason == "^$":  # what follows the object does not matter
        assert dict(read_members(tmp_path / "x.json")) == {"a": 1}
        return
    with pytest.raises(CorpusError, match=reason):
        list(read_members(tmp_path / "x.json"))


# --- the check ---


def serious(folder: Path) -> list[str]:
    return [line for line in check_webqa(folder) if not line.startswith(webqa_check.WARNING)]


@pytest.fixture(params=["original", "processed"])
def either(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def test_sound_files_have_unusual_counts_only(either: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serious(either) == []
    assert any("8 images, 389,750 in the paper" in line for line in check_webqa(either))
    monkeypatch.setattr(webqa_check, "TEXTS", 11)
    monkeypatch.setattr(webqa_check, "IMAGES", 8)
    monkeypatch.setattr(webqa_check, "TEST_QUERIES", 2)
    monkeypatch.setattr(webqa_check, "QUERIES_BY_KIND", {"dev": (2, 1), "test": (1, 1)})
    assert check_webqa(either) == []


def test_a_cut_off_tsv_is_found(either: Path) -> None:
    path = (either / "imgs.tsv").resolve()
    path.write_bytes(path.read_bytes()[:-30])
    (line,) = serious(either)
    assert "is not base64" in line
    path.write_bytes(path.read_bytes()[:20])
    assert any("is beyond the end of imgs.tsv; cut off?" in line for line in serious(either))


def test_an_index_of_text_offsets_is_found(either: Path) -> None:
    path = next(either.glob("imgs.lineidx*"))
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line[:-1]}{(int(line[-1]) + 1) % 10}\n" for line in lines))
    assert len(serious(either)) == 8


def test_pictures_that_are_none_are_found(either: Path) -> None:
    path = (either / "imgs.tsv").resolve()
    offsets = [int(line) for line in (path.parent / "imgs.lineidx").read_text().split()]
    content = bytearray(path.read_bytes())
    content[offsets[3] + 9 : offsets[4] - 1] = b"A" * (offsets[4] - offsets[3] - 10)
    path.write_bytes(content)
    (line,) = serious(either)
    assert "the picture 30000003" in line
    assert "not a picture" in line


@pytest.mark.parametrize("content", [b"", b"not an entry\n"])
def test_a_broken_index_is_found(content: bytes, either: Path) -> None:
    next(either.glob("imgs.lineidx*")).write_bytes(content)
    (line,) = serious(either)
    assert "is empty" in line or "is no entry" in line


def test_missing_files_are_all_named(processed: Path) -> None:
    for name in ("all_docs.json", "test.json", "imgs.tsv"):
        (processed / name).unlink()
    lines = check_webqa(processed)
    assert [line.split(" is missing")[0].rsplit("/", 1)[1] for line in lines] == [
        "all_docs.json",
        "test.json",
        "imgs.tsv",
    ]


def test_cut_off_records_are_found(processed: Path) -> None:
    path = processed / "all_docs.json"
    path.write_bytes(path.read_bytes()[:-20])
    jsonl(processed / "dev.json", [{"id": 1}])
    first, *rest = serious(processed)
    assert "all_docs.json: the last line has no JSON; cut off?" in first
    assert "dev.json: the first line has no qid" in rest[0]


def test_a_cut_off_release_is_found(original: Path) -> None:
    path = original / "WebQA_train_val.json"
    path.write_bytes(path.read_bytes()[:-5])
    assert any("does not end in a bracket" in line for line in serious(original))
    path.write_text('{"g": {"question": "?"}}')
    assert any('has no "Q"' in line for line in serious(original))
    path.write_text("no JSON")
    assert any("not a JSON object" in line for line in serious(original))
