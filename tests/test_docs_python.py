"""The examples of docs/python.md run as they stand, one after another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import univldr

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "stuff").mkdir()
    (tmp_path / "stuff" / "soup.md").write_text("---\nyear: 2024\n---\nOnion soup needs an hour.")
    (tmp_path / "stuff" / "boats.md").write_text("---\nyear: 2022\n---\nTwo boats on the lake.")
    Image.new("RGB", (40, 30), "blue").save(tmp_path / "stuff" / "lake.png")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    os.chdir(PAGE.parent)


def test_the_examples_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {"__name__": "example"}
    assert len(EXAMPLES) >= 7
    univldr.update(folder / "stuff", model="hash")
    for number, code in enumerate(EXAMPLES):
        code = code.replace('model="mini"', 'model="hash"')
        exec(compile(code, f"example {number} of {PAGE.name}", "exec"), names)
    printed = capsys.readouterr().out
    assert "soup.md#0" in printed
    assert printed.splitlines()[-1] == "7"
