"""Every row of the table through one door, over vectors that can be ranked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.retrieval_kit import Fields, VectorEncoder, image, make_collection, query, text, use_verbalizer
from tests.verbalize.kit import ColourVerbalizer, png
from univldr.corpus.collection import Collection
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, CorpusError, ImageError, ModelError
from univldr.evaluation.running import run_system
from univldr.evaluation.systems import Dense, Divided, Lexical, System, parse_system
from univldr.evaluation.words import Wording
from univldr.trec import Run
from univldr.types import Document, Encoder, Float32Array, Modality
from univldr.verbalize.base import Words

SPECS = [
    ("bm25", Lexical()),
    ("bm25:text", Lexical(Modality.TEXT)),
    ("clip", Dense("clip")),
    ("clip+words", Dense("clip", words=True)),
    ("clip+words+center:image", Dense("clip", Modality.IMAGE, "text", words=True)),
    ("org/model:image", Dense("org/model", Modality.IMAGE)),
    ("clip+center", Dense("clip", center="text")),
    ("clip+center-queries:text", Dense("clip", Modality.TEXT, "queries")),
    ("openmatch:model.best.pt", Dense("openmatch:model.best.pt")),
    ("clip[caption,ocr]", Dense("clip", verbalize="caption,ocr")),
    ("clip[query]:image", Dense("clip", Modality.IMAGE, verbalize="query")),
    ("bm25[tags]", Lexical(verbalize="tags")),
    ("bm25[tags]:image", Lexical(Modality.IMAGE, verbalize="tags")),
    (
        "org/model[caption:runs/blip,tags:my.txt]+words+center:text",
        Dense("org/model", Modality.TEXT, "text", True, "caption:runs/blip,tags:my.txt"),
    ),
    ("divide(raw):clip[ocr]+center", Divided(Lexical(), Dense("clip", None, "text", False, "ocr"), "raw")),
    ("oracle:clip[caption:a:b]", Divided(Lexical(), Dense("clip", verbalize="caption:a:b"), oracle=True)),
    ("divide:clip", Divided(Lexical(), Dense("clip"))),
    ("divide(zscore):clip+center", Divided(Lexical(), Dense("clip", center="text"), "zscore")),
    ("divide-dense(raw):clip", Divided(Dense("clip"), Dense("clip"), "raw")),
    ("oracle:clip", Divided(Lexical(), Dense("clip"), oracle=True)),
    ("oracle-dense:clip", Divided(Dense("clip"), Dense("clip"), oracle=True)),
]


@pytest.mark.parametrize(("spec", "system"), SPECS, ids=[spec for spec, _ in SPECS])
def test_a_system_parses_and_prints_as_its_name(spec: str, system: Lexical | Dense | Divided) -> None:
    assert parse_system(spec) == system
    assert str(system) == spec
    assert len({system, parse_system(f" {spec} ")}) == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "names no model"),
        ("divide:", "names no model"),
        (":text", "names no model"),
        ("bm25+center", "no vectors to center"),
        ("divide:bm25", "sees no pixels"),
        ("oracle:clip:text", "leave out :text"),
        ("divide(rff):clip", "did you mean rrf"),
        ("divid:clip", "before a colon can stand divide, divide-dense, oracle"),
        ("clip:picture", "text or image at the very end"),
        ("clip:text+center", r"as in clip\+center:image"),
        ("clip[captoin,ocr]", r'system "clip\[captoin,ocr\]": .* did you mean "caption"'),
        ("divide:clip[ocr,ocr]", '"ocr" is named twice'),
        ("clip[ocr:model]", '"ocr" takes no model'),
        ("clip+words[ocr]", r"right behind the model, as in clip\[caption,ocr\]\+words"),
        ("clip+center-queries[ocr]", "right behind the model"),
        ("bm25:image[ocr]", "right behind the model"),
        ("clip[ocr", "right behind the model"),
        ("clip[ocr][caption]", "right behind the model"),
        ("bm25[ocr]+center", "no vectors to center"),
        ("[ocr]", "names no model"),
        ("divide:bm25[ocr]", "sees no pixels"),
    ],
)
def test_what_is_no_system_is_refused(spec: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_system(spec)


def test_a_path_with_a_colon_or_brackets_is_a_model(tmp_path: Path) -> None:
    for name in ("run:2", "run[2]"):
        (tmp_path / name).mkdir()
        assert parse_system(f"{tmp_path}/{name}:text") == Dense(f"{tmp_path}/{name}", Modality.TEXT)
    assert parse_system(f"{tmp_path}/run[2][ocr]") == Dense(f"{tmp_path}/run[2]", verbalize="ocr")


def test_brackets_without_words_are_none() -> None:
    for spec in ("clip[]", "clip[none]", "clip[ ,]"):
        assert str(parse_system(spec)) == "clip"
    assert str(parse_system("clip[ caption:a , none, ocr]+center")) == "clip[caption:a,ocr]+center"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Angles to the first axis: t1 0°, p1 37°, t2 53°, p2 67°, t3 90°; query a 0°, b 90°; p3 is broken."""
    documents = [
        text("t1", "1 0"),
        image("p1", "4 3"),
        text("t2", "3 4"),
        image("p2", "5 12"),
        image("p3", "1 0"),
        text("t3", "0 1"),
    ]
    queries = [query("a", "1 0", "t1"), query("b", "0 1", "p2", "p1")]
    return make_collection(tmp_path / "data", documents, queries, split="test")


@pytest.fixture
def run(collection: Collection, tmp_path: Path) -> Runner:
    return Runner(collection, tmp_path / "cache")


class Runner:
    """Runs a system by its name with one encoder."""

    def __init__(self, collection: Collection, cache: Path, encoder: Encoder | None = None) -> None:
        self.collection, self.cache = collection, cache
        self.encoder = encoder or Undecodable()
        self.wording = Wording()

    def __call__(self, spec: str, k: int = 10, split: str = "test") -> Run:
        return run_system(
            parse_system(spec),
            self.collection,
            split,
            k=k,
            cache=self.cache,
            load=lambda *_: self.encoder,
            wording=self.wording,
        )

    def orders(self, spec: str, k: int = 10) -> dict[str, str]:
        return {query: " ".join(row) for query, row in self(spec, k).items()}


class Undecodable(VectorEncoder):
    """Cannot decode the picture p3."""

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        if any(document.id == "p3" for document in documents):
            raise ImageError("p3: broken")
        return super().encode_documents(documents)


def test_dense_over_all_documents_and_over_one_modality(run: Runner) -> None:
    assert run.orders("m") == {"a": "t1 p1 t2 p2 t3", "b": "t3 p2 t2 p1 t1"}
    assert run("m")["a"] == pytest.approx({"t1": 1, "p1": 0.8, "t2": 0.6, "p2": 5 / 13, "t3": 0})
    assert run.orders("m", k=2) == {"a": "t1 p1", "b": "t3 p2"}
    assert run.orders("m:text") == {"a": "t1 t2 t3", "b": "t3 t2 t1"}
    assert run.orders("m:image") == {"a": "p1 p2", "b": "p2 p1"}


class Looks(VectorEncoder):
    """Of anything with pixels it says the same: it has looked."""

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        rows = super().encode_documents(documents)
        rows[[document.image is not None for document in documents]] = [0, 1]
        return rows


def test_words_alone_are_searched_without_pixels(tmp_path: Path) -> None:
    documents = [text("t1", "1 0"), image("p1", "4 3"), {"id": "p2", "image": "p2.png"}]
    collection = make_collection(tmp_path / "data", documents, [query("a", "1 0", "p1")], split="test")
    run = Runner(collection, tmp_path / "cache", Looks())
    assert run("dense+words")["a"] == pytest.approx({"t1": 1.0, "p1": 0.8})  # p2 has no words to be found by
    assert run("dense+words:image")["a"] == pytest.approx({"p1": 0.8})
    assert set(run("dense+words+center")["a"]) == {"t1", "p1"}


def test_a_collection_is_encoded_once_for_all_systems_of_a_model(run: Runner) -> None:
    for spec in ("m", "m:text", "m+center", "divide:m", "oracle-dense:m"):
        run(spec)
    assert isinstance(run.encoder, VectorEncoder)
    assert sorted(run.encoder.encoded) == ["p1", "p2", "t1", "t2", "t3"]
    assert run.encoder.asked == 2


def test_what_systems_have_in_common_is_searched_once(words: Runner) -> None:
    known: dict[System, Run] = {}

    def answer(spec: str) -> Run:
        return run_system(
            parse_system(spec),
            words.collection,
            "test",
            cache=words.cache,
            load=lambda *_: words.encoder,
            known=known,
        )

    fused = answer("divide:dense")
    assert set(map(str, known)) == {"bm25:text", "dense:image", "divide:dense"}
    assert answer("bm25:text") is known[parse_system("bm25:text")]
    assert answer("oracle:dense").keys() == fused.keys()
    assert set(map(str, known)) == {"bm25:text", "dense:image", "divide:dense", "oracle:dense"}


def test_centering_takes_the_gap_away(tmp_path: Path) -> None:
    """Two cones: all pictures point along the third axis, all texts along the fourth."""
    things = {"one": "1 0", "two": "0 1", "three": "-1 0", "four": "0 -1"}
    documents = [
        *(text(f"t-{name}", f"{thing} 0 5") for name, thing in things.items()),
        *(image(f"p-{name}", f"{thing} 5 0") for name, thing in things.items()),
    ]
    queries = [query("q1", "1 0 0 4", "p-one"), query("q2", "-1 0 0 4", "p-three")]
    collection = make_collection(tmp_path / "data", documents, queries, split="test")
    run = Runner(collection, tmp_path, VectorEncoder(dim=4))
    assert run.orders("m", k=4)["q1"].startswith("t-one t-")
    assert not any("p-" in order for order in run.orders("m", k=4).values())
    assert set(run.orders("m+center", k=2)["q1"].split()) == {"t-one", "p-one"}
    own = run.orders("m+center-queries", k=2)
    assert {query: set(order.split()) for query, order in own.items()} == {
        "q1": {"t-one", "p-one"},
        "q2": {"t-three", "p-three"},
    }


def test_centering_without_texts_needs_the_queries_own_mean(tmp_path: Path) -> None:
    documents = [image("p1", "1 0"), image("p2", "0 1")]
    collection = make_collection(tmp_path, documents, [query("a", "1 0", "p1")], split="test")
    run = Runner(collection, tmp_path, VectorEncoder())
    with pytest.raises(ConfigError, match=r"there are no texts; use \+center-queries"):
        run("m+center")
    assert len(run("m+center-queries")["a"]) == 2


@pytest.fixture
def words(tmp_path: Path) -> Runner:
    documents = [
        text("t1", "cats and dogs"),
        image("p1", "two dogs") | {"expansions": ["grass", "a cat"]},
        text("t2", "dogs"),
        image("p2", "a horse"),
    ]
    queries = [query("a", "dogs", "t1"), query("b", "the cat", "p1"), query("c", "zebra", "t1")]
    collection = make_collection(tmp_path / "words", documents, queries, split="test")
    return Runner(collection, tmp_path / "cache", HashEncoder())


def test_bm25_over_passages_captions_and_expansions(words: Runner) -> None:
    assert words.orders("bm25") == {"a": "t2 t1 p1", "b": "t1 p1", "c": ""}
    assert words.orders("bm25:text") == {"a": "t2 t1", "b": "t1", "c": ""}
    assert words.orders("bm25:image") == {"a": "p1", "b": "p1", "c": ""}
    assert words.orders("bm25", k=1) == {"a": "t2", "b": "t1", "c": ""}
    assert not words.cache.exists()


def test_divide_and_conquer_lets_the_lists_take_turns(words: Runner) -> None:
    orders = words.orders("divide:m")
    assert orders["a"] in ("t2 p1 t1 p2", "p1 t2 p2 t1")  # which list begins is drawn from the query's id
    assert set(orders["c"].split()) == {"p1", "p2"}
    assert words.orders("divide:m", k=2)["a"] == orders["a"][:5]


def test_over_many_queries_neither_list_begins_more_often(tmp_path: Path) -> None:
    documents = [text("t1", "1 0"), image("p1", "0 1")]
    queries = [query(f"q{n}", "1 1", "t1") for n in range(200)]
    collection = make_collection(tmp_path, documents, queries, split="test")
    run = Runner(collection, tmp_path, VectorEncoder())
    first = [order.split()[0] for order in run.orders("divide-dense:m").values()]
    assert 70 < first.count("t1") < 130
    assert run.orders("divide-dense:m") == run.orders("divide-dense:m")


def test_raw_fusion_of_one_model_is_the_joint_list(run: Runner) -> None:
    joint, divided = run("m"), run("divide-dense(raw):m")
    assert divided == {query: pytest.approx(row) for query, row in joint.items()}
    assert [list(row) for row in divided.values()] == [list(row) for row in joint.values()]


def test_the_oracle_sends_each_query_where_its_positives_are(run: Runner) -> None:
    assert run.orders("oracle-dense:m") == {"a": "t1 t2 t3", "b": "p2 p1"}
    assert run("oracle-dense:m")["b"] == run("m:image")["b"]
    # BM25 takes the vectors for words, "1" and "0"; equal scores come by row.
    assert run.orders("oracle:m") == {"a": "t1 t3", "b": "p2 p1"}


def test_the_oracle_fuses_where_positives_are_of_both_kinds(tmp_path: Path) -> None:
    documents = [text("t1", "1 0"), image("p1", "3 4"), text("t2", "0 1")]
    collection = make_collection(tmp_path, documents, [query("a", "1 0", "t1", "p1")], split="test")
    run = Runner(collection, tmp_path, VectorEncoder())
    assert run.orders("oracle-dense(raw):m") == {"a": "t1 p1 t2"}


@pytest.fixture
def unlabelled(tmp_path: Path) -> Runner:
    """Pictures without captions, one of each colour, and a text."""
    documents: list[Fields] = [text("t1", "a boat"), text("t2", "a red boat")]
    for colour in ("red", "green", "blue"):
        (tmp_path / f"{colour}.png").write_bytes(png(colour))
        documents.append({"id": colour, "image": f"{colour}.png"})
    collection = make_collection(tmp_path, documents, [query("a", "red", "red")], split="test")
    return Runner(collection, tmp_path / "cache", HashEncoder())


def test_words_in_brackets_join_the_captions_of_pictures(
    unlabelled: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbalizer = ColourVerbalizer()
    use_verbalizer(monkeypatch, tmp_path, verbalizer)
    assert unlabelled.orders("bm25") == {"a": "t2"}
    assert unlabelled.orders("bm25[caption]") == {"a": "red t2"}
    assert unlabelled.orders("bm25[caption]:image") == {"a": "red"}
    plain, worded = unlabelled("m"), unlabelled("m[caption]")
    assert worded["a"]["red"] > plain["a"]["red"] + 0.3
    assert worded["a"]["t1"] == plain["a"]["t1"]
    assert unlabelled("m[caption]+words")["a"]["red"] == pytest.approx(1)
    assert "red" not in unlabelled("m+words")["a"]  # no words to be found by
    assert unlabelled.orders("divide:m[caption]")["a"].split()[:2] in (["red", "t2"], ["t2", "red"])
    assert verbalizer.seen == 3  # each picture once, for all systems


def test_words_that_do_not_fit_are_counted(
    unlabelled: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = [Words("red"), Words("one two three four five six seven eight")]
    use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer(say=lambda _: words))
    unlabelled.encoder = HashEncoder(texts=TextSettings(max_tokens=8))
    unlabelled("m[caption]")
    assert "m[caption]: 3 expansions dropped: captions end at 8 tokens" in caplog.text


def test_words_of_another_model_are_other_words(
    unlabelled: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer())
    assert unlabelled.orders("bm25[caption]") == {"a": "red t2"}
    use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer(fingerprint="2", say=lambda _: [Words("a thing")]))
    assert unlabelled.orders("bm25[caption]") == {"a": "t2"}


def test_tags_are_placed_by_the_systems_model_or_by_one_for_all(
    unlabelled: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer("tags"))
    unlabelled("m[tags]")
    [(_, by)] = made
    assert by() is unlabelled.encoder
    with pytest.raises(ConfigError, match="name it: --tags-by MODEL"):
        unlabelled("bm25[tags]")
    unlabelled.wording = Wording.of(["tags.count=3"], tags_by="hash")
    assert unlabelled.orders("bm25[tags]") == {"a": "red t2"}
    settings, by = made[-1]
    assert settings.tags.count == 3
    assert isinstance(by(), HashEncoder)
    assert by() is not unlabelled.encoder


def test_unknown_splits_and_models_are_refused(run: Runner, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match='no split "tets"; there is test'):
        run("bm25", split="tets")
    with pytest.raises(ModelError, match="no model 'nope'"):
        run_system(parse_system("nope"), run.collection, "test", cache=tmp_path)


def test_every_step_tells_how_far_it_is(run: Runner) -> None:
    labels: list[str] = []
    for spec in ("m", "bm25"):
        run_system(
            parse_system(spec),
            run.collection,
            "test",
            cache=run.cache,
            load=lambda *_: run.encoder,
            progress=lambda done, total, label: labels.append(label),
        )
    assert list(dict.fromkeys(labels)) == [
        "encoding documents", "encoding queries", "searching", "searching words",
    ]  # fmt: skip
