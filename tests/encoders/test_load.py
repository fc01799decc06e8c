"""Encoders by name: what each name loads, offline and on, and what errors say."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

import univldr
from tests.encoders.small_clip import build
from univldr import encoders
from univldr.encoders import hub, load_encoder
from univldr.encoders.hash import HashEncoder
from univldr.encoders.onnx import OnnxEncoder
from univldr.errors import MissingExtra, ModelError
from univldr.types import Query


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("load") / "model").directory


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No network; an empty hub cache, which is returned."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def bundled(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small model in place of the bundled one."""
    monkeypatch.setattr(encoders, "_MINI_PLACES", (model,))


def put_into_cache(model: Path, cache: Path, repo: str, revision: str) -> None:
    folder = cache / f"models--{repo.replace('/', '--')}"
    shutil.copytree(model, folder / "snapshots" / revision)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(revision)


def test_hash() -> None:
    assert isinstance(load_encoder("hash"), HashEncoder)


@pytest.mark.usefixtures("bundled")
def test_mini() -> None:
    encoder = load_encoder("mini")
    assert encoder.name == "mini"
    assert encoder.encode_queries([Query("a dog")]).shape == (1, 24)


def test_mini_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoders, "_MINI_PLACES", (tmp_path / "nothing",))
    with pytest.raises(ModelError, match="the bundled model is missing"):
        load_encoder("mini")


def test_directory(model: Path) -> None:
    encoder = load_encoder(str(model))
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.name == str(model.resolve())


def test_clip_from_the_cache_at_its_pinned_revision(model: Path, offline: Path) -> None:
    put_into_cache(model, offline, hub.CLIP_REPO, hub.CLIP_REVISION)
    assert load_encoder("clip").name == "clip"
    assert load_encoder("auto").name == "clip"


def test_clip_offline_names_mini() -> None:
    with pytest.raises(ModelError, match=rf"{hub.CLIP_REPO}: not cached.*\"mini\" works offline"):
        load_encoder("clip")


@pytest.mark.usefixtures("bundled")
def test_auto_offline_says_that_it_falls_back(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "univldr"):
        assert load_encoder().name == "mini"
    (record,) = caplog.records
    assert record.message.startswith('using the bundled model "mini"')
    assert record.message.endswith("clip is not cached and the hub does not answer")


@pytest.mark.usefixtures("bundled")
def test_half_a_download_does_not_count(model: Path, offline: Path) -> None:
    put_into_cache(model, offline, hub.CLIP_REPO, hub.CLIP_REVISION)
    next(offline.rglob("vision_model.onnx")).unlink()
    assert load_encoder("auto").name == "mini"
    with pytest.raises(ModelError):
        load_encoder("clip")


def test_a_hub_that_refuses_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    assert not hub.answers(seconds=1.0)


def test_repository_name(model: Path, offline: Path) -> None:
    put_into_cache(model, offline, "someone/small-clip", "0" * 40)
    pinned = f"someone/small-clip@{'0' * 40}"
    assert load_encoder("someone/small-clip").name == load_encoder(pinned).name == pinned
    with pytest.raises(ModelError, match="someone/other: not cached"):
        load_encoder("someone/other")


def test_repository_stays_at_the_commit_that_its_name_says(model: Path, offline: Path) -> None:
    put_into_cache(model, offline, "someone/small-clip", "0" * 40)
    old = load_encoder("someone/small-clip")
    folder = offline / "models--someone--small-clip"
    shutil.copytree(model, folder / "snapshots" / ("1" * 40))
    (folder / "refs" / "main").write_text("1" * 40)
    assert load_encoder("someone/small-clip").name == f"someone/small-clip@{'1' * 40}"
    assert load_encoder(old.name).name == old.name
    with pytest.raises(ModelError, match="someone/small-clip: not cached"):
        load_encoder("someone/small-clip@v2")


def test_repository_whose_settings_name_other_graphs(model: Path, offline: Path) -> None:
    put_into_cache(model, offline, "someone/small-clip", "0" * 40)
    plain = next(offline.rglob("text_model.onnx"))
    plain.rename(plain.with_name("text_model_quantized.onnx"))
    assert hub.cached("someone/small-clip") is None
    settings = {"format": 1, "dim": 24, "max_tokens": 16, "onnx": {"text": "text_model_quantized.onnx"}}
    (plain.parents[1] / "univldr.json").write_text(json.dumps(settings))
    assert load_encoder("someone/small-clip").encode_queries([Query("a dog")]).shape == (1, 24)


def test_without_onnx_torch_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"which has no onnx/, needs .* pip install .univldr\[train\]"):
        load_encoder(str(tmp_path))


@pytest.mark.parametrize(("name", "nearest"), [("clp", "clip"), ("minni", "mini"), ("Hash", "hash")])
def test_unknown_name(name: str, nearest: str) -> None:
    with pytest.raises(
        ModelError, match=rf"no model '{name}': did you mean '{nearest}'\? Known: auto, clip,"
    ):
        load_encoder(name)


def test_importing_loads_no_runtime() -> None:
    heavy = "{'onnxruntime', 'torch', 'huggingface_hub', 'PIL'}"
    code = f"import sys, univldr.encoders; sys.exit(bool({heavy} & set(sys.modules)))"
    source = str(Path(univldr.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, check=False)
    assert done.returncode == 0
