from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from univldr.doctor import Examination, examine
from univldr.pipeline import update

TOPICS = (
    "violin strings sound",
    "rocket fuel orbit",
    "onion soup bread",
    "castle wall moat",
    "interest rate bank",
    "whale song ocean",
    "tulip bulb spring",
)
COUNT = 24

Examine = Callable[[], Examination]


def draw(file: Path, seed: int) -> None:
    """A picture of coloured squares, unlike that of any other seed."""
    squares = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(squares).resize((64, 64), Image.Resampling.NEAREST).save(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Notes and captioned pictures of the same subjects, indexed; nothing is wrong with them."""
    folder = tmp_path / "stuff"
    folder.mkdir()
    for number in range(COUNT):
        topic = TOPICS[number % len(TOPICS)]
        (folder / f"note{number}.txt").write_text(f"{topic} number{number}", encoding="utf-8")
        draw(folder / f"picture{number}.png", number)
        (folder / f"picture{number}.png.txt").write_text(f"{topic} view{number}", encoding="utf-8")
    update(folder, model="hash")
    return folder


@pytest.fixture
def found(folder: Path) -> Examine:
    """Examines the index of ``folder``."""
    return lambda: examine(folder / ".univldr")
