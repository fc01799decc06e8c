"""What the tables are made of: snippets around the query's words, pictures in half blocks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from univldr.cli import preview
from univldr.cli.output import snippet
from univldr.types import Document, Modality

TEXT = (
    "The first sentence is about nothing. " * 20
    + "Here the violin is mentioned at last. "
    + "Then more. " * 40
)


def truecolor() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")


def test_a_short_text_is_its_own_snippet() -> None:
    assert snippet("A  short\ntext.", "violin") == "A short text."


def test_a_snippet_starts_where_the_querys_words_are() -> None:
    cut = snippet(TEXT, "Where is the violin?")
    assert cut.startswith("… Here the violin")
    assert cut.endswith(" …")
    assert len(cut) < 260


def test_without_a_match_a_snippet_is_the_beginning() -> None:
    assert snippet(TEXT, "zebra").startswith("The first sentence")


def test_a_picture_is_shown_in_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    Image.new("RGB", (280, 180), (200, 30, 30)).save(tmp_path / "red.png")
    shown = preview.render(Document("red", Modality.IMAGE, image=tmp_path / "red.png"), truecolor())
    assert shown is not None
    assert shown.plain.splitlines() == ["▀" * 28] * 9
    assert {str(span.style) for span in shown.spans} == {"#c81e1e on #c81e1e"}


def test_a_picture_that_has_gone_is_left_out(tmp_path: Path) -> None:
    assert preview.render(Document("gone", Modality.IMAGE, image=tmp_path / "gone.png"), truecolor()) is None


def test_no_picture_outside_a_terminal() -> None:
    assert not preview.possible(Console(file=io.StringIO(), force_terminal=False))
