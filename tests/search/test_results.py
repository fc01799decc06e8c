"""The ranked list: lazy, changed by methods, awaited, as a table and in a notebook."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.search.kit import ids, picture, searcher, text
from univldr.errors import ConfigError, StoreError
from univldr.search import Request, Results, Searcher
from univldr.search.html import grid
from univldr.search.results import Found
from univldr.types import Document, Expansion, Hit, Modality, Query, Term

DOCUMENTS = [
    text("a", "x", year=2019),
    text("b", "x y", year=2021),
    picture("c", "x 2y", year=2022),
    picture("d", "y", "z", year=2023),
]


@pytest.fixture
def found() -> Searcher:
    return searcher(DOCUMENTS)


def test_methods_change_the_request_and_leave_the_results_as_they_are(found: Searcher) -> None:
    base = found.search("x", lexical="off")
    changed = base.where("year > 2020").limit(1)
    assert ids(base) == ["a", "b", "c", "d"]
    assert ids(changed) == ["b"]
    assert ids(base.where("year > 2020").where("year < 2023")) == ["b", "c"]
    assert ids(base.only("image")) == ["c", "d"]
    assert ids(base.only("image").only(None)) == ids(base)
    assert ids(base.offset(1).limit(2)) == ["b", "c"]
    assert ids(base.like("a")) == ["b", "c", "d"]
    assert base.image_bias(0.1).center("off").lexical("on").per_file(False).fold(
        False
    ).explain().request == Request(
        Query("x"), image_bias=0.1, center="off", lexical="on", per_file=False, fold=False, explain=True
    )


def test_it_runs_once_and_only_when_looked_at() -> None:
    class Counting:
        runs = 0

        def run(self, request: Request) -> Found:
            self.runs += 1
            return Found([Hit(1, 0.5, text("a", "x"))], True, 1.5)

    counting = Counting()
    results = Results(counting, Request(Query("x"))).limit(3)
    assert counting.runs == 0
    assert (len(results), results[0].rank, results.answered, results.took_ms) == (1, 1, True, 1.5)
    assert results[:5] == results.hits == list(results)
    assert counting.runs == 1


def test_results_equal_a_list_of_the_same_hits(found: Searcher) -> None:
    assert found.search("x") == found.search("x")
    assert found.search("x") == list(found.search("x"))
    assert found.search("x").where("year = 1") == []
    assert found.search("x") != found.search("y")


def test_it_can_be_awaited(found: Searcher) -> None:
    async def both() -> tuple[Results, Results]:
        first, second = await asyncio.gather(_run(found, "x"), _run(found, "y"))
        return first, second

    first, second = asyncio.run(both())
    assert first[0].document.id == "a"
    assert second[0].document.id == "c"


async def _run(found: Searcher, words: str) -> Results:
    return await found.search(words, lexical="off")


def test_as_dicts_and_as_a_table(found: Searcher) -> None:
    results = found.search("x", k=2, lexical="off")
    assert [row["id"] for row in results.to_dicts()] == ["a", "b"]
    frame = results.to_pandas()
    assert list(frame.columns) == list(results.to_dicts()[0])
    assert frame.id.tolist() == ["a", "b"]
    assert list(found.search("x").where("year = 1").to_pandas().columns) == list(frame.columns)


def test_in_a_console_it_is_a_list_of_lines(found: Searcher) -> None:
    assert repr(found.search("x", k=1, lexical="off")) == "  1  1.000  text   a  x"
    assert repr(found.search("x").where("year = 1")) == "(nothing found)"


def test_in_a_notebook_it_shows_pictures_and_escapes_words(tmp_path: Path) -> None:
    Image.new("RGB", (900, 300), (200, 30, 30)).save(tmp_path / "red.png")
    seen = Document(
        "<b>",
        Modality.IMAGE,
        "a <script>alert(1)</script> barn",
        tmp_path / "red.png",
        expansions=(Expansion("red & barn", "caption"),),
    )
    gone = Document("gone", Modality.IMAGE, image=tmp_path / "gone.png")
    html = grid([Hit(1, 0.5, seen, relevance=0.25), Hit(2, 0.4, gone, more=("x", "y"), copies=("z",))])
    assert "<script>" not in html
    assert "a &lt;script&gt;" in html
    assert html.count("data:image/jpeg;base64,") == 1
    assert "generated, caption:" in html
    assert "red &amp; barn" in html
    assert "relevance 0.25" in html
    assert "2 more of this file" in html
    assert "1 alike" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "seems to answer" in grid([Hit(1, 0.5, seen)], answered=False)


def test_the_picture_of_a_card_is_small(tmp_path: Path) -> None:
    import base64
    import re

    Image.effect_noise((2000, 1000), 80).convert("RGB").save(tmp_path / "big.jpg")
    html = grid([Hit(1, 0.5, Document("big", Modality.IMAGE, image=tmp_path / "big.jpg"))])
    found = re.search('base64,([^"]+)', html)
    assert found
    assert Image.open(io.BytesIO(base64.b64decode(found[1]))).size == (240, 120)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"offset": -1}, "offset is -1"),
        ({"center": "yes"}, "center is 'yes'"),
        ({"lexical": "of"}, "did you mean off"),
        ({"image_bias": float("nan")}, "image_bias is nan"),
        ({"min_relevance": 2}, "min_relevance is 2"),
        ({"modality": "sound"}, "modality is 'sound'"),
        ({"wher": "x"}, "no option 'wher'"),
        ({"where": "year >"}, "year"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    found: Searcher, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        found.search("x", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (" ", "the query is empty"),
        (Query(minus=(Term("x"),)), "the query is empty"),
        (Query("x", plus=(Term(" "),)), "an empty term"),
        (Query("x", plus=(Term("y", weight=0),)), "weight is 0"),
        (Query("x", minus=(Term("y", weight=float("nan")),)), "weight is nan"),
    ],
)
def test_a_query_without_content_is_refused_at_once(
    found: Searcher, query: str | Query, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        found.search(query)


def test_min_relevance_needs_a_calibrated_model(found: Searcher) -> None:
    with pytest.raises(ConfigError, match="model 'directions' is not calibrated"):
        list(found.search("x").min_relevance(0.5))


def test_a_closed_searcher_says_so(found: Searcher) -> None:
    results = found.search("x")
    found.close()
    with pytest.raises(StoreError, match="closed"):
        list(results)


def test_documents_come_and_go(found: Searcher) -> None:
    found.upsert([text("new", "z")])
    assert ids(found.search("z", k=1, lexical="off")) == ["new"]
    assert found.delete(["new", "unknown"]) == 1
    assert "new" not in ids(found.search("z"))
