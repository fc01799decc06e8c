"""A recipe from its data to its table; nothing is done twice; what is wrong is said first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training import training_kit as kit
from univldr.config import parse
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError, CorpusError, StoreError
from univldr.index.lock import IndexLock
from univldr.training.recipe import MiningSettings, Recipe, Stage, read_recipe
from univldr.training.reproduce import Reproduction

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
    train: str, data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    start = checkpoint("univldr-dual" if train == "heads" else "clip")
    plan = recipe(data, start, model={"start": str(start), "train": train})
    said: list[str] = []
    table = Reproduction(plan, tmp_path, lambda done, total, label: said.append(label)).run()
    assert [line.split("|")[2].strip() for line in table.splitlines()[4:9]] == list(plan.evaluation.systems)
    assert "training one" in said
    assert "training two" in said
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results["modalities"]) == set(plan.evaluation.systems)
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
    assert not any("training" in label or "encoding documents" in label for label in said)


def test_frozen_towers_give_the_model_that_is_saved(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    """What was searched with rows computed once is what the saved model says of the documents themselves."""
    plan = recipe(data, checkpoint("clip"), model={"start": str(checkpoint("clip")), "train": "heads"})
    run = Reproduction(plan, tmp_path)
    folder = run.train(plan.stages[0])
    documents = run.collection.documents(range(len(run.collection)))
    saved = TorchEncoder.load(folder).encode_documents(documents)
    np.testing.assert_allclose(run.load("one").encode_documents(documents), saved, atol=1e-5)
    start = TorchEncoder.load(checkpoint("clip")).encode_documents(documents)
    assert np.abs(saved - start).max() > 1e-3


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
    """Mining and measuring are one process's work, and the other neither waits for ever nor does it again."""
    path = tmp_path / "recipe.toml"
    path.write_text(
        f'name = "tiny"\ndata = {{ path = "{data}" }}\n'
        f'model = {{ start = "{checkpoint("clip")}", train = "heads" }}\n'
        '[[stages]]\nname = "one"\nbatch = 8\nepochs = 2\n'
        '[[stages]]\nname = "two"\nbatch = 8\nepochs = 2\nhard_negatives = { text = 1 }\nmine = {}\n'
        "[validation]\nevery = 2\n[run]\nworkers = 0\n"
        '[evaluation]\nsplit = "dev"\nsystems = ["bm25", "start", "two"]\n'
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command = [*launcher, "-m", "univldr", "train", str(path), "--out", str(tmp_path / "out")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for _ in range(2):  # and so it goes on from what is done
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=200
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("### all queries") == 1
    assert (tmp_path / "out/two/model/model.safetensors").exists()


def test_a_stage_is_one_run_at_a_time(data: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    plan = recipe(data, checkpoint("clip"))
    (tmp_path / "one").mkdir()
    lock = IndexLock(tmp_path / "one", wait=0)
    with pytest.raises(StoreError, match=rf"stage .*one is in use by .* \(pid {os.getpid()}\)"):
        Reproduction(plan, tmp_path).train(plan.stages[0])
    lock.release()
    assert Reproduction(plan, tmp_path).train(plan.stages[0]).is_dir()
