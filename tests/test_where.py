"""Filters: what they match by hand, what is refused and how, and that they print as what they parse from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from univldr.errors import ConfigError
from univldr.where import MAX_DEPTH, And, Compare, Exists, In, Literal, Not, Or, Under, Where, parse, values

FIELDS: dict[str, Any] = {
    "year": 2021,
    "spelled": "2021",
    "tags": ["sea", "sun"],
    "empty": [],
    "nothing": None,
    "public": True,
    "said": "True",
    "taken": "2024-05-31T23:30:00+02:00",
    "day": "2024-05-31",
    "camera": {"model": "X1", "lens.mm": 35},
    "people": [{"name": "Ada"}, {"name": "Bo"}],
    "path": ["/home/a/trips/sea.jpg", "trips/sea.jpg"],
    "my `field`": "it's",
    "in": 1,
    "größe": 3,
    "huge": 10**400,
}


@pytest.mark.parametrize(
    "text",
    [
        "year = 2021",
        "year == 2021.0 and year >= 2021 and year <= 2021 and year > 2020.5 and year < 1e9",
        "spelled > 2020",
        "spelled = '2021'",
        "tags = 'sun'",
        "tags IN ('rain', \"sea\")",
        "tags not in ('rain')",
        "not tags in ('rain')",
        "public = true",
        "said = true",
        "taken = 2024-05-31",
        "taken < 2024-05-31T21:30:01",
        "taken = 2024-05-31T21:30Z",
        "day >= 2024-05-31 and day < 2024-06-01",
        "day < 2024-05-31T00:00:00.5",
        "camera.model = 'X1'",
        "camera.lens.mm = 35",
        "people.name = 'Bo'",
        "path under 'trips'",
        "path under './trips/'",
        "path under '/home/a'",
        "path under 'trips/sea.jpg'",
        "path under '.' and path under '/'",
        "`my ``field``` = 'it''s'",
        "`in` = 1",
        "größe = 3",
        "exists huge",
        "not exists nothing and not exists empty and not exists missing",
        "not missing = 1",
        "missing = 1 or year = 2021 and tags = 'sea'",
        "(missing = 1 or year = 2021) and not (tags = 'x' or year = 1)",
    ],
)
def test_matches(text: str) -> None:
    assert parse(text).matches(FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "year = '2021'",  # the literal is a text, the field a number
        "year != 2021",
        "tags != 'sea'",
        "tags not in ('rain', 'sun')",
        "missing != 1",
        "missing not in (1)",
        "empty = 'sea'",
        "nothing = 'None'",
        "year = true",
        "public = 1",
        "huge > 1",
        "taken > 2024-05-31",
        "tags > 2024-05-31",
        "people = 'Ada'",
        "path under 'tri'",
        "path under 'sea.jpg'",
        "path under '/home/a/trip'",
        "year under '/'",
        "spelled > 2020 and missing = 1",
    ],
)
def test_does_not_match(text: str) -> None:
    assert not parse(text).matches(FIELDS)


def test_the_tree() -> None:
    assert parse("a != 1 or not (b under 'x' and exists c.d)") == Or(
        (
            And((Exists("a"), Not(Compare("a", "=", 1.0)))),
            Not(And((Under("b", "x"), Exists("c.d")))),
        )
    )
    assert parse("a in (1, 'x', false)") == In("a", (1.0, "x", False))
    assert parse("a = 1 and (b.c = 2 or a > 0)").names() == {"a", "b.c"}
    assert list(values({"a": [1, [2]]}, "a")) == [1, [2]]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "expected a field", 1),
        ("year", "expected one of = != < <= > >= in under", 5),
        ("year >> 3", "expected a value, such as 2020", 7),
        ("year = sea", "texts need quotes", 8),
        ("year = 'sea", "no closing '", 8),
        ("year = 3 4", 'expected "and", "or" or the end', 10),
        ("(year = 3", 'expected "\\)"', 10),
        ("year in ()", "expected a value", 10),
        ("year in 3", 'expected "\\("', 9),
        ("year not 3", 'expected "in"', 10),
        ("in = 3", "a field named like a keyword goes in `...`", 1),
        ("year > true", "true and false have no order", 8),
        ("year = 1e999", "too large", 8),
        ("day = 2024-02-31", "there is no such day", 7),
        ("path under 3", "a folder in quotes", 12),
        ("year = 3; drop", "not understood", 9),
        ("not " * (MAX_DEPTH + 1) + "a = 1", "nested deeper than 50", 201),
        ("(" * 5000 + "a = 1" + ")" * 5000, "nested deeper than 50", 51),
        ("a = 1 or " * 3000 + "a = 1", "27,005 characters, over 20,000; shorten it", 0),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(text: str, message: str, place: int) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse(text)
    if place:
        first, shown, caret = str(caught.value).split("\n")
        assert f"at character {place}:" in first
        assert shown[len(caret) - 1 :].strip() == text[place - 1 :][:40].strip()


NAMES = st.sampled_from(
    ["id", "modality", "title", "path", "n", "s", "mixed", "o", "o.k", "not", "my field", "z", "metadata.n"]
)
LITERALS: st.SearchStrategy[Literal] = st.one_of(
    st.sampled_from([0.0, 1.0, 2.5, -3.0, 2.0**53]),
    st.sampled_from(["a", "b", "it's", "1", "true", "text", "d1", ""]),
    st.booleans(),
    st.sampled_from([date(2024, 5, 31), datetime(2024, 5, 31, 12, tzinfo=UTC)]),
    st.datetimes(datetime(2024, 5, 30), datetime(2024, 6, 1), timezones=st.just(UTC)),
)


def compares(literal: Literal) -> st.SearchStrategy[Where]:
    ops = ["="] if isinstance(literal, bool) else ["=", "<", "<=", ">", ">="]
    return st.builds(Compare, NAMES, st.sampled_from(ops), st.just(literal))


FILTERS: st.SearchStrategy[Where] = st.recursive(
    st.one_of(
        LITERALS.flatmap(compares),
        st.builds(In, NAMES, st.lists(LITERALS, min_size=1, max_size=3).map(tuple)),
        st.builds(Under, NAMES, st.sampled_from(["a", "/p", "/p/a/", "/p/b.txt", ".", "/", ".."])),
        st.builds(Exists, NAMES),
    ),
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(And, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@given(FILTERS)
@settings(max_examples=150, deadline=None)
def test_a_filter_parses_from_what_it_prints(where: Where) -> None:
    assert parse(str(where)) == where


@given(st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        where = parse(text)
    except ConfigError:
        return
    assert parse(str(where)) == where
