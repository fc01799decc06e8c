"""Verbalizers learn what pictures show, go on after a kill as if nothing had been, and are measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training import verbalizer_kit as kit
from tests.verbalize.tiny_models import build
from univldr.corpus.collection import Collection, open_collection
from univldr.errors import ConfigError, CorpusError, StoreError
from univldr.index.lock import IndexLock
from univldr.training import verbalizer
from univldr.training.verbalizer_data import Batches, read_pairs
from univldr.training.verbalizer_report import plain
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.training.verbalizers import train_verbalizers

Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return kit.make_squares(tmp_path_factory.mktemp("squares") / "data")


@pytest.fixture(scope="module")
def start(checkpoint: Checkpoint) -> str:
    return str(checkpoint("clip"))


@pytest.fixture(scope="module")
def trained(collection: Collection, start: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A captioner, and from it a verbalizer that asks."""
    out = tmp_path_factory.mktemp("trained")
    query = kit.tiny(name="query", kind="query", split="asks", dev="dev-asks", start="caption")
    train_verbalizers(kit.recipe(collection, "hash", kit.tiny(start=start), query), (), out, out / "cache")
    return out


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than a training here; ``trained`` is made before this and has one."""
    monkeypatch.setattr(verbalizer, "plot_history", lambda history, path, title: None)


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def samples(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text("utf-8").splitlines()]


# What it learns


def test_it_says_what_pictures_show_that_it_never_saw(trained: Path) -> None:
    written = samples(trained / "caption")
    assert len(written) == 8
    for sample in written:
        colour = kit.colour(sample["id"])
        assert sample["generated"] == [f"a {colour} square"], sample
        assert sample["references"] == [f"A {colour.upper()}  square"]


def test_it_learns_to_ask_from_a_captioner(trained: Path) -> None:
    record = read(trained / "query/model/verbalizer.json")
    assert (record["format"], record["kind"], record["name"]) == (1, "query", "query")
    right = [s["generated"] == [f"{kit.colour(s['id'])} square"] for s in samples(trained / "query")]
    assert sum(right) >= 6, samples(trained / "query")
    towers = [
        {n: t for n, t in load_file(trained / name / "model/model.safetensors").items() if "tower" in n}
        for name in ("caption", "query")
    ]
    assert towers[0].keys() == towers[1].keys()
    assert all(torch.equal(tensor, towers[1][name]) for name, tensor in towers[0].items())


def test_the_best_look_is_kept(trained: Path) -> None:
    history = read(trained / "caption/history.json")["history"]
    losses = [entry["eval_loss"] for entry in history]
    assert [entry["step"] for entry in history] == [0, 8, 16, 24, 32, 40, 48, 56, 60]
    assert history[1]["epoch"] == 2.0
    record = read(trained / "caption/results.json")["training"]
    assert record["dev_loss"] == min(losses) == read(trained / "caption/model/verbalizer.json")["dev_loss"]
    assert record["dev_perplexity"] == pytest.approx(np.exp(min(losses)))
    assert {path.name for path in (trained / "caption").iterdir()} == {
        "history.json", "history.png", "lock", "model", "results.json", "results.md", "samples.jsonl",
        "settings.json",
    }  # fmt: skip


# What is measured


def test_retrieval_gains_by_true_words(trained: Path) -> None:
    """The documents have captions, so the words add nothing here but the generated ones of the pool."""
    results = read(trained / "caption/results.json")
    retrieval = results["retrieval"]
    assert (retrieval["encoder"], retrieval["queries"], retrieval["documents"]) == ("hash", 8, 41)
    plain, worded = retrieval["plain"], retrieval["worded"]
    assert list(worded) == ["1", "0.3", "0.1"]
    assert plain.keys() == worded["1"].keys() >= {"nDCG@10", "nDCG@10/image"}
    table = (trained / "caption/results.md").read_text("utf-8")
    for values in worded.values():
        assert f"{values['nDCG@10']:.4f} ({values['nDCG@10'] - plain['nDCG@10']:+.4f})" in table


def test_copies_are_counted(trained: Path) -> None:
    counts = read(trained / "caption/results.json")["copies"]["held-out pictures"]
    assert counts == {
        "pictures": 8,
        "texts": 8,
        "distinct": 4,
        "equal a dev query": 8,
        "equal a training text": 8,
    }
    asked = read(trained / "query/results.json")["copies"]["held-out pictures"]
    assert asked["equal a dev query"] >= 6
    assert asked["equal a training text"] >= 6


def test_texts_are_compared_by_their_words() -> None:
    assert plain(" A red  SQUARE!") == plain("a red, square") == "a red square"
    assert plain("Straße 5") == plain("STRASSE 5")
    assert plain("a red square") != plain("a red squares")


def test_words_help_where_pictures_say_nothing(collection: Collection, start: str, tmp_path: Path) -> None:
    """Without captions the fake encoder has colours alone; a true caption makes every answer the first."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in collection.path.iterdir():
        if path.suffix == ".png":
            (bare / path.name).write_bytes(path.read_bytes())
        elif path.name.startswith("queries."):
            (bare / path.name).write_text(path.read_text())
    lines = [json.loads(line) for line in (collection.path / "documents.jsonl").read_text().splitlines()]
    kit.write(bare / "documents.jsonl", [{k: v for k, v in line.items() if k != "caption"} for line in lines])
    recipe = kit.recipe(open_collection(bare), "hash", kit.tiny(start=start))
    text = train_verbalizers(recipe, (), tmp_path / "out", tmp_path / "cache")
    retrieval = read(tmp_path / "out/caption/results.json")["retrieval"]
    assert retrieval["worded"]["1"]["nDCG@10"] > retrieval["plain"]["nDCG@10"] + 0.05
    assert retrieval["worded"]["0.1"] != retrieval["worded"]["1"]
    assert text == (tmp_path / "out/caption/results.md").read_text("utf-8")


# Stopped and started again


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training import verbalizer_kit as kit
from univldr.corpus.collection import open_collection
from univldr.training.verbalizers import train_verbalizers

def progress(done, total, label):
    if label == "training caption" and done == 11:
        os.kill(os.getpid(), signal.SIGKILL)

data, start, out = map(Path, sys.argv[1:])
recipe = kit.recipe(open_collection(data), "hash", kit.tiny(start=str(start), epochs=3))
train_verbalizers(recipe, (), out, out / "cache", progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_training_ends_as_one_that_was_not(
    collection: Collection, start: str, tmp_path: Path
) -> None:
    """Killed in the middle of an epoch of four steps, three steps after its only checkpoint."""
    command = [sys.executable, "-c", KILLED, str(collection.path), start, str(tmp_path / "killed")]
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert [entry["step"] for entry in read(tmp_path / "killed/caption/history.json")["history"]] == [0, 8]
    recipe = kit.recipe(collection, "hash", kit.tiny(start=start, epochs=3))
    for name in ("killed", "whole"):
        train_verbalizers(recipe, (), tmp_path / name, tmp_path / name / "cache")
    weights = [load_file(tmp_path / name / "caption/model/model.safetensors") for name in ("killed", "whole")]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    histories = [read(tmp_path / name / "caption/history.json")["history"] for name in ("killed", "whole")]
    for entry in (*histories[0], *histories[1]):
        del entry["seconds"]
    assert histories[0] == histories[1]


def test_what_is_done_is_not_done_again(trained: Path, collection: Collection, start: str) -> None:
    seen: list[str] = []
    before = (trained / "caption/model/model.safetensors").stat().st_mtime_ns
    recipe = kit.recipe(collection, "hash", kit.tiny(start=start))
    train_verbalizers(recipe, (), trained, trained / "cache", lambda done, total, label: seen.append(label))
    assert seen == []
    assert (trained / "caption/model/model.safetensors").stat().st_mtime_ns == before


def test_other_settings_are_refused_in_its_folder(trained: Path, collection: Collection, start: str) -> None:
    recipe = kit.recipe(collection, "hash", kit.tiny(start=start, rate=1e-3))
    with pytest.raises(ConfigError, match=r"holds verbalizer 'caption' with other settings or data; remove"):
        train_verbalizers(recipe, (), trained, trained / "cache")


def test_two_at_once_are_kept_apart(collection: Collection, start: str, tmp_path: Path) -> None:
    (tmp_path / "caption").mkdir()
    lock = IndexLock(tmp_path / "caption", wait=0)
    try:
        with pytest.raises(StoreError, match="verbalizer"):
            train_verbalizers(kit.recipe(collection, "hash", kit.tiny(start=start)), (), tmp_path, tmp_path)
    finally:
        lock.release()


def test_it_stops_when_it_no_longer_gains(collection: Collection, start: str, tmp_path: Path) -> None:
    settings = kit.tiny(start=start, epochs=100, rate=1e-30, patience=2, checkpoint_every=1)
    recipe = kit.recipe(collection, "hash", settings)
    with pytest.raises(KeyboardInterrupt):  # once between its end and its report
        train_verbalizers(recipe, (), tmp_path, tmp_path / "cache", interrupt("words for pictures"))
    history = read(tmp_path / "caption/history.json")["history"]
    assert [entry["step"] for entry in history] == [0, 1, 2]
    assert len({entry["eval_loss"] for entry in history}) == 1
    assert (tmp_path / "caption/model").is_dir()
    assert "caption" in train_verbalizers(recipe, (), tmp_path, tmp_path / "cache")


def interrupt(at: str) -> Callable[[int, int, str], None]:
    def progress(done: int, total: int, label: str) -> None:
        if label == at:
            raise KeyboardInterrupt

    return progress


# What it learns from


def test_pairs_leave_out_what_is_held_out(collection: Collection) -> None:
    pairs = read_pairs(collection, kit.tiny())
    assert (len(pairs.train), len(pairs.dev), pairs.left_out) == (32, 8, 1)
    assert not {pair.row for pair in pairs.train} & {pair.row for pair in pairs.dev}
    ids = collection.ids()
    assert all(pair.text == kit.caption(ids[pair.row]) for pair in pairs.train)


def test_without_a_split_the_captions_of_the_documents_are_learned(collection: Collection) -> None:
    pairs = read_pairs(collection, kit.tiny(split=""))
    assert (len(pairs.train), len(pairs.dev), pairs.left_out) == (32, 8, 0)
    ids = collection.ids()
    assert {pair.text for pair in pairs.dev} == {kit.caption(ids[pair.row]) for pair in pairs.dev}


def test_nothing_to_learn_is_said(collection: Collection) -> None:
    with pytest.raises(
        ConfigError, match=r'split "words" and dev split "dev" .* give 0 texts .* and 8 to look'
    ):
        read_pairs(collection, kit.tiny(split="words"))
    with pytest.raises(CorpusError, match='no split "nowhere"'):
        read_pairs(collection, kit.tiny(split="nowhere"))


def test_batches_take_each_pair_once_an_epoch_and_alike_lengths_together() -> None:
    lengths = [1, 9] * 100
    batches = Batches(lengths, 8, seed=3)
    assert batches.per_epoch == 25
    epochs = [[batches.at(epoch * 25 + n) for n in range(25)] for epoch in range(2)]
    for epoch in epochs:
        assert sorted(np.concatenate(epoch).tolist()) == list(range(200))
        mixed = sum(len({lengths[i] for i in batch}) > 1 for batch in epoch)
        assert mixed <= 1
    assert [b.tolist() for b in epochs[0]] != [b.tolist() for b in epochs[1]]
    again = Batches(lengths, 8, seed=3)
    assert again.at(30).tolist() == epochs[1][5].tolist()
    assert Batches(lengths, 8, seed=4).at(0).tolist() != epochs[0][0].tolist()


def test_a_picture_that_is_broken_stops_nothing(
    start: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether pictures are looked at once, or at every step; a tower that learns changes then."""
    collection = kit.make_squares(tmp_path / "data")
    broken = tmp_path / "data/red-130.png"
    broken.write_bytes(broken.read_bytes()[:60])  # its header is whole
    settings = [kit.tiny(name=str(freeze), start=start, epochs=1, freeze=freeze) for freeze in (True, False)]
    train_verbalizers(kit.recipe(collection, "hash", *settings), (), tmp_path / "out", tmp_path / "cache")
    assert caplog.text.count("cannot be decoded and are not learned from: 1") == 2
    name = "embeddings.patch_embedding.weight"
    before = load_file(Path(start) / "model.safetensors")[f"vision_model.{name}"]
    after = [
        load_file(tmp_path / f"out/{freeze}/model/model.safetensors")[f"encoder.tower.{name}"]
        for freeze in (True, False)
    ]
    assert torch.equal(after[0], before)
    assert not torch.equal(after[1], before)
    assert len(read(tmp_path / "out/True/results.json")["retrieval"]) == 6
    assert read(tmp_path / "out/True/results.json")["retrieval"]["documents"] == 40


def test_blip_is_trained_on_as_it_is(collection: Collection, tmp_path: Path) -> None:
    start = str(build("blip", tmp_path / "blip"))
    settings = kit.tiny(start=start, epochs=6, rate=3e-3)
    train_verbalizers(kit.recipe(collection, "hash", settings), (), tmp_path, tmp_path / "cache")
    losses = [entry["loss"] for entry in read(tmp_path / "caption/history.json")["history"][1:]]
    assert losses[-1] < 0.5 * losses[0]
    written = {sample["generated"][0].split()[0] for sample in samples(tmp_path / "caption")}
    assert written == {"a"}


# Which, and in which order


def test_one_by_name_brings_what_it_starts_from(collection: Collection, tmp_path: Path) -> None:
    from univldr.training.verbalizers import _with_starts

    recipe = kit.recipe(
        collection, "hash", kit.tiny(name="a"), kit.tiny(name="b", start="a"), kit.tiny(name="c")
    )
    assert [settings.name for settings in _with_starts(recipe, ["b"])] == ["a", "b"]
    assert [settings.name for settings in _with_starts(recipe, [])] == ["a", "b", "c"]
    with pytest.raises(ConfigError, match='no verbalizer "d" in recipe squares; it has a, b, c'):
        train_verbalizers(recipe, ["d"], tmp_path, tmp_path)
    with pytest.raises(ConfigError, match=r"has no \[\[verbalizers\]\]"):
        train_verbalizers(kit.recipe(collection, "hash"), [], tmp_path, tmp_path)
    with pytest.raises(ConfigError, match='two verbalizers are called "a"'):
        kit.recipe(collection, "hash", kit.tiny(name="a"), kit.tiny(name="a"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "query", "split": ""}, 'kind = "query" learns from queries; give their split'),
        ({"split": "dev"}, 'split and dev are both "dev"'),
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"width": 30, "heads": 4}, r"width is 30; it must be a multiple of heads \(4\)"),
        ({"max_tokens": 1}, "max_tokens is 1; it must be at least 2"),
        ({"dropout": 1.0}, "dropout is 1.0; it must be from 0 to below 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VerbalizerTraining(**{"name": "x"} | changes)
