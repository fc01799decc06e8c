"""``univldr search``: composed queries, more like this, pages, one hit for a file, parts that add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "stuff"
    (corpus / "trips").mkdir(parents=True)
    (corpus / "soup.md").write_text("Onion soup needs an hour.", encoding="utf-8")
    (corpus / "trips" / "sea.md").write_text("The sea was calm, the soup cold.", encoding="utf-8")
    (corpus / "long.md").write_text("A sentence about nothing much at all. " * 200, encoding="utf-8")
    for name, colour in {"barn": "red", "lake": "blue", "copy": "red"}.items():
        Image.new("RGB", (40, 30), colour).save(corpus / "trips" / f"{name}.png")
    return corpus


def hits(univldr: Command, folder: Path, *arguments: object) -> list[dict[str, Any]]:
    done = univldr("search", folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["hits"]
    return found


def test_terms_change_what_comes_first(folder: Path, univldr: Command) -> None:
    assert hits(univldr, folder, "soup", "-k", 1, "--plus", "onion")[0]["id"] == "soup.md#0"
    assert hits(univldr, folder, "soup", "-k", 1, "--plus", "sea calm")[0]["id"] == "trips/sea.md#0"
    away = hits(univldr, folder, "soup", "-k", 1, "--minus", "onion^0.8", "--minus", "hour")
    assert away[0]["id"] == "trips/sea.md#0"


def test_a_picture_is_a_query_a_term_and_something_to_be_like(folder: Path, univldr: Command) -> None:
    lake = folder / "trips" / "lake.png"
    assert hits(univldr, folder, "--image", lake, "-k", 1)[0]["id"] == "trips/lake.png"
    assert hits(univldr, folder, "soup", "--plus", f"@{lake}^9", "-k", 1)[0]["id"] == "trips/lake.png"
    like = hits(univldr, folder, "--like", folder / "trips" / "barn.png")
    assert like[0]["id"] == "trips/copy.png"
    assert "trips/barn.png" not in {hit["id"] for hit in like}
    assert hits(univldr, folder, "--like", "trips/barn.png", "-k", 1)[0]["id"] == "trips/copy.png"


def test_copies_and_passages_are_folded_until_they_are_asked_for(folder: Path, univldr: Command) -> None:
    red = hits(univldr, folder, "--image", folder / "trips" / "barn.png")
    assert [hit["copies"] for hit in red if hit["id"] == "trips/barn.png"] == [["trips/copy.png"]]
    both = hits(univldr, folder, "--image", folder / "trips" / "barn.png", "--every-copy")
    assert len(both) == len(red) + 1
    [long] = [hit for hit in hits(univldr, folder, "nothing") if hit["id"].startswith("long.md")]
    every = hits(univldr, folder, "nothing", "-k", 50, "--every-passage")
    assert len(long["more"]) + 1 == sum(hit["id"].startswith("long.md") for hit in every) > 1
    shown = univldr("search", folder, "nothing")
    assert f"{len(long['more'])} more passage" in shown.stdout


def test_a_long_record_is_one_hit(tmp_path: Path, univldr: Command) -> None:
    records = [{"id": "long", "text": "A sentence about boats. " * 300}, {"id": "9#1", "text": "Boats."}]
    records += [{"id": "9#2", "text": "More boats."}]  # ids of their own, no passages
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    found = hits(univldr, file, "boats")
    assert sorted(hit["id"].partition("#")[0] for hit in found) == ["9", "9", "long"]
    [long] = [hit for hit in found if hit["id"].startswith("long#")]
    assert long["metadata"] == {"record": "long"}
    assert len(hits(univldr, file, "boats", "--every-passage")) > 3


def test_pages_of_hits(folder: Path, univldr: Command) -> None:
    whole = [hit["id"] for hit in hits(univldr, folder, "soup")]
    assert [hit["id"] for hit in hits(univldr, folder, "soup", "-k", 2, "--offset", 2)] == whole[2:4]


@pytest.mark.parametrize("switch", ["off", "auto", "on"])
def test_the_parts_of_every_score_add_up(folder: Path, univldr: Command, switch: str) -> None:
    found = hits(univldr, folder, "onion soup", "--explain", "--lexical", switch, "--image-bias", "0.1")
    assert len(found) == 5
    for hit in found:
        assert sum(hit["explanation"].values()) == pytest.approx(hit["score"], abs=1e-5)
        assert ("image bias" in hit["explanation"]) == (hit["modality"] == "image")
        assert switch != "off" or "lexical" not in hit["explanation"]
    assert switch == "off" or "lexical" in found[0]["explanation"] or found[0]["modality"] == "image"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the query is empty"),
        (["soup", "--minus", "@nowhere.png"], "no such picture"),
        (["soup", "--plus", "sea^0"], "weight is 0"),
        (["--like", "nowhere.png"], "neither a document of the index nor a file in it"),
        (["soup", "--minus", "soup^1"], "cancel out"),
        (["soup", "--min-relevance", "0.5"], "relevance is not known: model 'hash' is not calibrated"),
    ],
)
def test_wrong_use_says_what_to_do(
    folder: Path, univldr: Command, arguments: list[str], message: str
) -> None:
    done = univldr("search", folder, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
