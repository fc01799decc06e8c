"""A recipe from its data to its table; nothing is done twice; what is wrong is said first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.retrieval_kit import use_verbalizer
from tests.training import training_kit as kit
from tests.verbalize.kit import ColourVerbalizer
from univldr.config import parse
from univldr.corpus.collection import Collection, open_collection
from univldr.encoders import heads
from univldr.encoders.fusion import FusionModule
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError, CorpusError, ModelError, StoreError
from univldr.evaluation.words import Wording, WordsEncoder
from univldr.index.lock import IndexLock
from univldr.training.inputs import LiveInputs, log_dropped
from univldr.training.recipe import EvaluationSettings, MiningSettings, Recipe, Stage, read_recipe
from univldr.training.reproduce import Reproduction
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.types import Expansion, Modality
from univldr.verbalize.base import Words
from univldr.verbalize.cache import digest

Checkpoint = Callable[[str], Path]


def recipe(data: Path, start: Path, /, **changes: Any) -> Recipe:
    tables: dict[str, Any] = {
        "name": "tiny",
        "data": {"path": str(data)},
        "model": {"start": str(start)},
        "stages": [
            {"name": "one", "batch": 8, "epochs": 2, "optimizer": {"rate": 1e-3}},
            {
                "name": "two",
                "batch": 8,
                "epochs": 2,
                "negatives": "own",
                "hard_negatives": {"text": 1, "image": 1},
                "optimizer": {"rate": 1e-3},
                "mine": {"depth": 20, "max_ratio": float("inf")},
            },
        ],
        "validation": {"every": 2, "pool": 20},
        "evaluation": {"split": "dev", "systems": ["bm25", "start", "start+center", "two", "divide:one"]},
        "run": {"workers": 0},
    }
    return parse(Recipe, tables | changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit.make_data(tmp_path_factory.mktemp("data")).path


@pytest.mark.parametrize("train", ["all", "heads"])
def test_a_recipe_runs_to_its_table_and_is_not_run_twice(
    train: str, data: Path, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both towers in training and plain captions, and with heads alone and words in the second stage."""
    start = checkpoint("univldr-dual" if train == "heads" else "clip")
    plan = recipe(data, start, model={"start": str(start), "train": train})
    systems = list(plan.evaluation.systems)
    if train == "heads":
        use_verbalizer(monkeypatch, tmp_path, ColourVerbalizer())
        stages = [plan.stages[0], replace(plan.stages[1], verbalize=("caption",))]
        plan = replace(plan, stages=tuple(stages), evaluation=EvaluationSettings(split="dev"))
        systems = ["bm25", "start", "start+center", "one"]  # the usual ones
        systems += ["two[caption]", "two[caption]+center", "divide:one"]
    said: list[str] = []
    table = Reproduction(plan, tmp_path, lambda done, total, label: said.append(label)).run()
    rows = table.splitlines()[4 : 4 + len(systems)]
    assert [row.split("|")[2].strip() for row in rows] == systems
    assert "training one" in said
    assert "training two" in said
    assert ("verbalizing" in said) == (train == "heads")
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results["modalities"]) == set(systems)
    for stage in ("one", "two"):
        history = json.loads((tmp_path / stage / "history.json").read_text())["history"]
        assert any("eval_nDCG@10/image" in entry for entry in history)
        card = (tmp_path / stage / "model/README.md").read_text()
        assert f"Stage `{stage}` of the recipe `tiny`" in card
        assert "| nDCG@10 |" in card
        assert (tmp_path / stage / "history.png").read_bytes().startswith(b"\x89PNG")
        assert not list((tmp_path / stage / "checkpoints").glob("checkpoint-*"))
    said.clear()
    assert Reproduction(plan, tmp_path, lambda done, total, label: said.append(label)).run() == table
    again = ("training", "encoding documents", "verbalizing")
    assert not any(label.startswith(again) for label in said)


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ColourVerbalizer:
    """``caption`` says "dog sleeps" of every picture."""
    verbalizer = ColourVerbalizer(say=lambda _: [Words("dog sleeps")])
    use_verbalizer(monkeypatch, tmp_path, verbalizer)
    return verbalizer


def verbalized(data: Path, start: Path, train: str = "heads", **stage: Any) -> Recipe:
    usual = {"name": "one", "batch": 8, "epochs": 1, "optimizer": {"rate": 1e-3}}
    stage = usual | {"verbalize": ["caption"]} | stage
    model = {"start": str(start), "train": train}
    return recipe(data, start, model=model, stages=[stage, stage | {"name": "two", "after": "start"}])


def test_frozen_towers_look_at_a_picture_once_and_give_the_model_that_is_saved(
    data: Path,
    checkpoint: Checkpoint,
    tmp_path: Path,
    colours: ColourVerbalizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was searched with rows computed once is what the saved model says of the documents themselves."""
    looked: list[int] = []
    trunk = heads.image_trunk

    def counted(model: Any, pixels: torch.Tensor) -> torch.Tensor:
        looked.append(len(pixels))
        return trunk(model, pixels)

    monkeypatch.setattr(heads, "image_trunk", counted)
    plan = verbalized(data, checkpoint("clip"))
    run = Reproduction(plan, tmp_path)
    saved = TorchEncoder.load(run.train(plan.stages[0]))
    worded = Wording().collection(run.collection, "caption", tmp_path / "cache")
    assert sum(looked) == run.collection.count(Modality.IMAGE) == 12
    for collection in (run.collection, worded):
        documents = collection.documents(range(len(collection)))
        found = run.load("one", collection)
        np.testing.assert_allclose(
            found.encode_documents(documents), saved.encode_documents(documents), atol=1e-5
        )
        np.testing.assert_allclose(
            WordsEncoder(found).encode_documents(documents),
            WordsEncoder(saved).encode_documents(documents),
            atol=1e-5,
        )
    rows = [run.load("one", c).encode_documents(c.documents([1]))[0] for c in (run.collection, worded)]
    assert rows[0] @ rows[1] < 0.999  # words change vectors, and so does training
    start = TorchEncoder.load(checkpoint("clip")).encode_documents(worded.documents([1]))
    assert np.abs(rows[1] - start).max() > 1e-3
    assert colours.seen == len(worded_pictures(worded))


def worded_pictures(collection: Collection) -> set[str]:
    """The pictures of a collection by content, each of which has the words."""
    documents = [d for d in collection.documents(range(len(collection))) if d.image is not None]
    assert {document.expansions for document in documents} == {(Expansion("dog sleeps", "caption"),)}
    return {digest(document.image) for document in documents if document.image is not None}


def test_words_are_mined_with_and_validated_with_unless_the_stage_says_otherwise(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, colours: ColourVerbalizer
) -> None:
    mining: dict[str, Any] = {"negatives": "own", "hard_negatives": {"image": 2}, "mine": {"max_ratio": 5.0}}
    plan = verbalized(data, checkpoint("clip"), **mining)
    plan = replace(plan, stages=(plan.stages[0], replace(plan.stages[1], mine_plain=True)))
    run = Reproduction(plan, tmp_path)
    for stage in plan.stages:
        run.train(stage)
    files = sorted((tmp_path / "negatives").glob("start-*.dev.jsonl"))
    assert len(files) == 2  # of one model, mined alike but for the words
    worded = Wording().collection(run.collection, "caption", tmp_path / "cache")
    mined = {json.loads(line)["collection"]: line for line in (f.read_text().splitlines()[0] for f in files)}
    assert mined.keys() == {worded.fingerprint, run.collection.fingerprint}
    looks = [json.loads((tmp_path / name / "history.json").read_text()) for name in ("one", "two")]
    assert all(any("eval_nDCG@10/image" in entry for entry in look["history"]) for look in looks)


def test_live_training_reads_the_words_and_takes_none_of_another_verbalizer(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, colours: ColourVerbalizer
) -> None:
    plan = verbalized(data, checkpoint("clip"), train="all", steps=1)
    run = Reproduction(plan, tmp_path)
    run.train(plan.stages[0])
    assert "univldr index --verbalize caption" in (tmp_path / "one/model/README.md").read_text()
    worded = Wording().collection(run.collection, "caption", tmp_path / "cache")
    module = FusionModule.load(str(checkpoint("clip")))
    plain, with_words = (LiveInputs(c, module).documents([1])["input_ids"] for c in (run.collection, worded))
    assert plain.tolist() == [[1, 4, 11, 7, 2]]  # [CLS] a red cat [SEP]
    assert with_words.tolist() == [[1, 4, 11, 7, 3, 3, 3, 6, 14, 2]]  # three unknown: the template's [SEP]
    assert len(json.loads((tmp_path / "one/settings.json").read_text())["words"]) == 16
    run.train(plan.stages[0])
    colours.fingerprint = "another"
    with pytest.raises(ConfigError, match="holds stage 'one' with other settings"):
        run.train(plan.stages[0])


def test_what_does_not_fit_is_counted_once(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    documents = [json.loads(line) for line in (data / "documents.jsonl").read_text().splitlines()]
    for record in documents:
        if "image" in record:  # [CLS] a red dog [ SEP ] ... [SEP] leaves 4 of 12 tokens
            record["expansions"] = ["red", "blue dog", "a bird runs"]
            record["image"] = str(data / record["image"])
    kit.write(tmp_path / "documents.jsonl", documents)
    module = FusionModule.load(str(checkpoint("clip")))
    with caplog.at_level("WARNING", "univldr"):
        log_dropped(open_collection(tmp_path), module)
    expected = "12 expansions dropped, of 12 of 12 pictures: captions end at 12 tokens"
    assert [record.message for record in caplog.records] == [expected]
    caplog.clear()
    log_dropped(open_collection(data), module)
    assert not caplog.records


def test_a_verbalizer_that_is_not_there_is_told_before_training(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By a check only as a warning where the recipe is what makes it."""
    place = tmp_path / "verbalizers/question/model"
    settings = {"query": {"model": str(place)}}
    plan = recipe(
        data,
        checkpoint("clip"),
        verbalize=settings,
        evaluation={"split": "dev", "systems": ["start", "start[query]"]},
    )
    with pytest.raises(ModelError, match=f"^{place}: neither a directory"):
        Reproduction(plan, tmp_path).check()
    Reproduction(plan, tmp_path).check(["one"])  # without the table there is nothing amiss
    plan = replace(plan, verbalizers=(VerbalizerTraining("question", "query", split="train"),))
    Reproduction(plan, tmp_path).check()
    assert f"{place}: neither" in caplog.text
    with pytest.raises(ModelError, match="univldr train-verbalizer makes"):
        Reproduction(plan, tmp_path).run()
    assert not (tmp_path / "one").exists()
    stages = (plan.stages[0], replace(plan.stages[1], verbalize=("query",)))
    with pytest.raises(ModelError, match="univldr train-verbalizer makes"):
        Reproduction(replace(plan, stages=stages), tmp_path).run(["two"])


def test_single_modality_trains_where_the_other_has_nothing_to_learn(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    stage = {
        "name": "images",
        "batch": 8,
        "epochs": 1,
        "negatives": "own",
        "hard_negatives": {"image": 2},
        "fill": False,
        "mine": {"fill": 2},
    }
    plan = recipe(data, checkpoint("clip"), stages=[stage], evaluation={"split": "dev"})
    assert (Reproduction(plan, tmp_path).run(["images"])).endswith("images/model")
    negatives = [
        json.loads(line)
        for line in next(tmp_path.glob("negatives/start-*.train.jsonl")).read_text().splitlines()
    ]
    assert {n["modality"] for record in negatives[1:] for n in record["negatives"]} == {"text", "image"}


def test_a_single_modality_trains_on_its_own_queries(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    stage = {"name": "texts", "batch": 12, "epochs": 1, "only": "text"}
    plan = recipe(data, checkpoint("clip"), stages=[stage], evaluation={"split": "dev"})
    run = Reproduction(plan, tmp_path)
    run.train(plan.stages[0])
    before, after = (
        TorchEncoder.load(place).model.state_dict() for place in (plan.model.start, tmp_path / "texts/model")
    )
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert any("text_model" in name for name in changed)
    assert not any("vision" in name or "visual" in name for name in changed)  # no picture was ever in a batch
    too_many = recipe(data, checkpoint("clip"), stages=[stage | {"batch": 13}])
    with pytest.raises(ConfigError, match="12 queries to train on do not fill a batch of 13"):
        Reproduction(too_many, tmp_path / "other").train(too_many.stages[0])


def test_another_recipe_in_the_same_folder_is_refused(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    plan = recipe(data, checkpoint("clip"))
    Reproduction(plan, tmp_path).train(plan.stages[0])
    stages = [{"name": "one", "batch": 8, "epochs": 3}]
    other = recipe(data, checkpoint("clip"), stages=stages)
    with pytest.raises(ConfigError, match="holds stage 'one' with other settings"):
        Reproduction(other, tmp_path).train(other.stages[0])
    path = tmp_path / "one/settings.json"
    claim = json.loads(path.read_text())
    del claim["stage"]["verbalize"], claim["stage"]["mine_plain"]  # as a version that knew less wrote it
    path.write_text(json.dumps(claim))
    Reproduction(plan, tmp_path).train(plan.stages[0])


def test_a_check_looks_before_an_hour_is_lost(data: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    plan = recipe(data, checkpoint("clip"), stages=[{"name": "one", "split": "trian"}])
    with pytest.raises(ConfigError, match=r'trains on split "trian"; the data has train, dev'):
        Reproduction(plan, tmp_path).check()
    webqa = recipe(tmp_path, checkpoint("clip"), data={"path": str(tmp_path), "format": "webqa"})
    with pytest.raises(CorpusError, match=r"cannot be trained on: .*imgs\.tsv"):
        Reproduction(webqa, tmp_path).check()
    plan = recipe(data, checkpoint("clip"), evaluation={"systems": ["bm52:", "start"]})
    with pytest.raises(ConfigError, match=r'system "bm52:"'):
        Reproduction(plan, tmp_path).check()
    plan = recipe(data, checkpoint("clip"), evaluation={"split": "tset"})
    with pytest.raises(ConfigError, match=r'measured on split "tset"; the data has train, dev'):
        Reproduction(plan, tmp_path).check()
    with pytest.raises(ConfigError, match='no stage "three"'):
        Reproduction(recipe(data, checkpoint("clip")), tmp_path).run(["three"])


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"negatives": "own"}, r'negatives = "own" needs hard_negatives'),
        ({"hard_negatives": {"text": 1}}, r"need a \[mine\] table"),
        ({"hard_negatives": {"text": 0}, "given": True}, "must be at least 1"),
        ({"batch": 0}, "batch is 0"),
        ({"cached": True}, "cached needs a chunk"),
        ({"verbalize": ("captoin",)}, 'did you mean "caption"'),
        ({"verbalize": ("ocr", "ocr")}, "named twice"),
        ({"verbalize": ("ocr",), "mine_plain": True}, r"needs verbalize and a \[mine\] table"),
    ],
)
def test_stages_that_make_no_sense(stage: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Stage("s", **stage)


def test_stages_have_names_of_their_own_and_follow_known_ones(tmp_path: Path) -> None:
    head = 'name = "x"\ndata = { path = "d" }\nmodel = { start = "m" }\n'
    path = tmp_path / "r.toml"
    path.write_text(head + '[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nafter = "c"\n')
    with pytest.raises(ConfigError, match=r'stage "b" comes after "c"'):
        read_recipe(path)
    path.write_text(head + '[[stages]]\nname = "start"\n')
    with pytest.raises(ConfigError, match='two stages are called "start"'):
        read_recipe(path)
    path.write_text(
        head + '[[stages]]\nname = "a"\n[[stages]]\nname = "b"\n[[stages]]\nname = "c"\nafter = "a"\n'
    )
    plan = read_recipe(path, ("stages.0.epochs=7",))
    assert [plan.before(stage) for stage in plan.stages] == ["start", "a", "a"]
    assert plan.stages[0].epochs == 7


def test_mining_is_a_table_of_the_stage() -> None:
    plan = parse(
        Recipe,
        {
            "name": "x",
            "data": {"path": "d"},
            "model": {"start": "m"},
            "stages": [
                {"name": "a", "hard_negatives": {"image": 3}, "mine": {"max_ratio": float("inf")}},
            ],
        },
    )
    assert plan.stages[0].mine == MiningSettings.faithful()


@pytest.mark.slow
def test_two_processes_carry_out_a_recipe(data: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Words, mining and measuring are the first one's work; the other neither hangs nor does it again."""
    path = tmp_path / "recipe.toml"
    (tmp_path / "words.txt").write_text("dog\nbird\nred\nblue\n")
    path.write_text(
        f'name = "tiny"\ndata = {{ path = "{data}" }}\n'
        f'model = {{ start = "{checkpoint("clip")}", train = "heads" }}\n'
        '[[stages]]\nname = "one"\nbatch = 8\nepochs = 2\n'
        '[[stages]]\nname = "two"\nbatch = 8\nepochs = 2\nhard_negatives = { text = 1 }\nmine = {}\n'
        'verbalize = ["tags"]\n'
        f'[verbalize.tags]\nvocabulary = "{tmp_path}/words.txt"\nthreshold = 0.1\n'
        "[validation]\nevery = 2\n[run]\nworkers = 0\n"
        '[evaluation]\nsplit = "dev"\nsystems = ["bm25", "start", "two[tags]"]\n'
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command = [*launcher, "-m", "univldr", "train", str(path), "--out", str(tmp_path / "out")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "UNIVLDR_WORDS": str(tmp_path / "words.sqlite")}
    for _ in range(2):  # and so it goes on from what is done
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=200
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("### all queries") == 1
    assert (tmp_path / "out/two/model/model.safetensors").exists()
    assert len(list((tmp_path / "out/cache").glob("words-*.sqlite"))) == 1


def test_a_stage_is_one_run_at_a_time(data: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    plan = recipe(data, checkpoint("clip"))
    (tmp_path / "one").mkdir()
    lock = IndexLock(tmp_path / "one", wait=0)
    with pytest.raises(StoreError, match=rf"stage .*one is in use by .* \(pid {os.getpid()}\)"):
        Reproduction(plan, tmp_path).train(plan.stages[0])
    lock.release()
    assert Reproduction(plan, tmp_path).train(plan.stages[0]).is_dir()
