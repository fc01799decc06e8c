"""Haystack's filters mean in an index what they mean in Haystack."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from univldr.errors import ConfigError
from univldr.integrations.haystack_filters import where_of
from univldr.where import parse


def one(operator: str, value: object, field: str = "meta.year") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (one("==", 2024), "year = 2024"),
        (one("!=", 2024), "not year = 2024"),
        (one(">", 1.5), "year > 1.5"),
        (one("in", [1, 2]), "year in (1, 2)"),
        (one("not in", ["a"]), "not year in ('a')"),
        (one("==", None), "not exists year"),
        (one("!=", None), "exists year"),
        (one("==", "2024-01-01"), "year = '2024-01-01'"),
        (one(">=", "2024-01-01"), "year >= 2024-01-01"),
        (one("<", "2024-01-01T10:00:00"), "year < 2024-01-01T10:00:00"),
        (one("<", "abc"), "year < 'abc'"),
        (one("<", date(2024, 1, 1)), "year < 2024-01-01"),
        (one("<", datetime(2024, 1, 1, 10)), "year < 2024-01-01T10:00:00Z"),
        (one("<", datetime(2024, 1, 1, 10, tzinfo=UTC)), "year < 2024-01-01T10:00:00Z"),
        (one("==", True, "public"), "public = true"),
        ({"operator": "AND", "conditions": [one("==", 1), one("==", 2)]}, "year = 1 and year = 2"),
        ({"operator": "OR", "conditions": [one("==", 1), one("==", 2)]}, "year = 1 or year = 2"),
        ({"operator": "NOT", "conditions": [one("==", 1), one("==", 2)]}, "not (year = 1 and year = 2)"),
        (
            {"operator": "AND", "conditions": [{"operator": "NOT", "conditions": [one("==", 1)]}]},
            "not year = 1",
        ),
    ],
)
def test_filters_are_read(filters: dict[str, Any], expected: str) -> None:
    assert where_of(filters) == parse(expected)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"operator": "AND"}, "conditions"),
        ({"operator": "XOR", "conditions": [one("==", 1)]}, "AND, OR or NOT"),
        ({"operator": "AND", "conditions": []}, "one or more"),
        (one("~", 1), "operator is '~'"),
        (one("in", 1), "give a list"),
        (one("==", {"a": 1}), "compares 'year' with"),
        (one(">", None), "compares 'year' with None"),
    ],
)
def test_what_is_none_is_refused(filters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        where_of(filters)


@pytest.mark.parametrize(
    "filters",
    [
        one("==", 2024),
        one("!=", 2024),
        one(">", 2022),
        one("in", [2022, 1999]),
        one("not in", [2022]),
        one("==", None),
        one("!=", None),
        {"operator": "NOT", "conditions": [one(">", 2000), one("<", 2024)]},
        {"operator": "OR", "conditions": [one("<", 2000), one("==", "sea", "meta.kind")]},
        one(">=", "2024-05-01", "meta.day"),
    ],
)
def test_the_same_documents_match_as_in_haystack(filters: dict[str, Any]) -> None:
    haystack_filters = pytest.importorskip("haystack.utils.filters")
    haystack = pytest.importorskip("haystack")
    metas: list[dict[str, Any]] = [
        {"year": 2024, "day": "2024-05-02"},
        {"year": 2022, "kind": "sea"},
        {"year": 1999},
        {"kind": "sea"},
        {"year": None},
    ]
    for meta in metas:
        matches = haystack_filters.document_matches_filter(filters, haystack.Document(content="x", meta=meta))
        assert where_of(filters).matches(meta) == matches, meta
