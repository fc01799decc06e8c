"""Encoders read the calibration of their model, and are otherwise the same with it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.encoders.test_fusion import Checkpoint
from univldr.calibration import Calibration, Curve
from univldr.encoders import mini_directory
from univldr.encoders.fusion import FusionModule
from univldr.encoders.onnx import OnnxEncoder
from univldr.encoders.settings import FILE_NAME, save_calibration
from univldr.encoders.torch_encoder import TorchEncoder

CALIBRATION = Calibration({"text": Curve(10, 0.5)}, 0.25)


def test_onnx(tmp_path: Path) -> None:
    for path in mini_directory().iterdir():
        if path.name != FILE_NAME:
            (tmp_path / path.name).symlink_to(path)
    shutil.copy(mini_directory() / FILE_NAME, tmp_path)
    before = OnnxEncoder(tmp_path).fingerprint
    save_calibration(CALIBRATION, tmp_path)
    encoder = OnnxEncoder(tmp_path)
    assert encoder.calibration == CALIBRATION
    assert encoder.fingerprint == before


def test_torch(checkpoint: Checkpoint, tmp_path: Path) -> None:
    FusionModule.load(str(checkpoint("univldr-dual"))).save(str(tmp_path))
    bare = TorchEncoder.load(tmp_path)
    assert bare.calibration is None
    before = bare.fingerprint
    save_calibration(CALIBRATION, tmp_path)
    encoder = TorchEncoder.load(tmp_path)
    assert encoder.calibration == CALIBRATION
    assert encoder.fingerprint == before
    assert TorchEncoder(encoder.model, "in memory").calibration is None
