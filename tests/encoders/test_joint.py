"""Encoders tell whether their texts and pictures share one space, and are otherwise the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.encoders.test_fusion import Checkpoint
from univldr.encoders import load_encoder, mini_directory
from univldr.encoders.fusion import FusionModule
from univldr.encoders.onnx import OnnxEncoder
from univldr.encoders.settings import FILE_NAME, Joint, is_joint
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ModelError


def test_the_bundled_model_and_the_fake_are() -> None:
    for name in ("mini", "hash"):
        encoder = load_encoder(name)
        assert isinstance(encoder, Joint)
        assert encoder.joint


def test_a_directory_may_say_that_it_is_not(tmp_path: Path) -> None:
    for path in mini_directory().iterdir():
        if path.name != FILE_NAME:
            (tmp_path / path.name).symlink_to(path)
    shutil.copy(mini_directory() / FILE_NAME, tmp_path)
    before = OnnxEncoder(tmp_path).fingerprint
    state(tmp_path, False)
    assert not OnnxEncoder(tmp_path).joint
    assert OnnxEncoder(tmp_path).fingerprint == before
    (tmp_path / FILE_NAME).unlink()
    assert not is_joint(tmp_path)


def state(directory: Path, value: object) -> None:
    fields = json.loads((directory / FILE_NAME).read_text())
    (directory / FILE_NAME).write_text(json.dumps(fields | {"joint": value}, indent=2) + "\n")


def test_anything_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"format": 1}')
    state(tmp_path, "no")
    with pytest.raises(ModelError, match="joint is 'no'; write true or false"):
        is_joint(tmp_path)


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_a_stock_model_is_not_also_when_it_was_saved(
    checkpoint: Checkpoint, tmp_path: Path, family: str
) -> None:
    module = FusionModule.load(str(checkpoint(family)))
    assert not module.joint
    module.save(str(tmp_path / "wrapped"))
    wrapped = TorchEncoder.load(tmp_path / "wrapped")
    assert isinstance(wrapped, Joint)
    assert not wrapped.joint
    before = wrapped.fingerprint
    file = tmp_path / "wrapped" / FILE_NAME
    file.write_text(file.read_text().replace('"joint": false', '"joint": true'))
    trained = TorchEncoder.load(tmp_path / "wrapped")
    assert trained.joint
    assert trained.fingerprint == before


def test_what_was_trained_says_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    module = FusionModule.load(str(checkpoint("clip")))
    module.joint = True
    module.save(str(tmp_path))
    assert "joint" not in json.loads((tmp_path / FILE_NAME).read_text())
    assert TorchEncoder.load(tmp_path).joint
