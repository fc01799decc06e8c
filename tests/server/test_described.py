"""What an index says of itself, and of the fields of its documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import univldr
from univldr.encoders.hash import HashEncoder
from univldr.index.exact import ExactIndex
from univldr.server.described import counts_of, description_of, fields_of_sample
from univldr.types import Document, Modality


def fields(*metadata: Mapping[str, Any]) -> dict[str, tuple[str, int, list[Any]]]:
    documents = [Document(str(n), Modality.TEXT, "words", metadata=one) for n, one in enumerate(metadata)]
    encoder = HashEncoder()
    index = ExactIndex(encoder.dim)
    index.upsert(documents, encoder.encode_documents(documents))
    return {one["name"]: (one["kind"], one["documents"], one["values"]) for one in fields_of_sample(index)}


def test_kinds_and_frequent_values() -> None:
    told = fields(
        {"year": 2020, "tags": ["sea", "sun"], "day": "2020-05-01", "done": True, "who": {"name": "Ada"}},
        {"year": "2021", "tags": "sea", "day": "2020-05-02T10:00:00Z", "mixed": 1, "none": None},
        {"year": 2020, "tags": [], "mixed": "one", "who": [{"name": "Ada"}, {"name": "Bob"}]},
    )
    assert told == {
        "year": ("number", 3, [2020, "2021"]),
        "tags": ("text", 2, ["sea", "sun"]),
        "day": ("date", 2, ["2020-05-01", "2020-05-02T10:00:00Z"]),
        "done": ("boolean", 1, [True]),
        "who.name": ("text", 2, ["Ada", "Bob"]),
        "mixed": ("text", 2, [1, "one"]),
    }
    assert list(told) == ["year", "day", "mixed", "tags", "who.name", "done"]


def test_what_tells_nothing_is_left_out() -> None:
    told = fields(
        *(
            {"path": f"/a/{n}", "verbalize": False, "title": "t", "file": f"a/{n}.jpg", "n": n}
            for n in range(40)
        )
    )
    assert told == {"n": ("number", 40, [])}  # as many values as documents


def test_long_values_are_not_told() -> None:
    assert fields({"text": "long " * 50}, {"text": "short"}) == {"text": ("text", 2, ["short"])}


def test_true_and_one_are_two_values() -> None:
    assert fields({"a": 1}, {"a": True}, {"a": 1.5}) == {"a": ("text", 3, [1, True, 1.5])}


def test_an_index_on_disk(tmp_path: Path) -> None:
    with univldr.create(tmp_path / "index", model="hash") as searcher:
        searcher.upsert([Document("one", Modality.TEXT, "words", metadata={"year": 2020})])
        told = description_of(searcher, counts_of(searcher.index))
        assert told["bytes"] > 0
        assert [root for root in told["roots"] if not root.startswith(str(tmp_path / "index"))] == []
    del told["bytes"], told["roots"]
    assert told == {
        "documents": 1,
        "texts": 1,
        "images": 0,
        "model": "hash",
        "dim": 64,
        "calibrated": False,
        "joint": True,
        "fields": [{"name": "year", "kind": "number", "documents": 1, "values": [2020]}],
    }
