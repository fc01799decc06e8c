"""A hit as plain values, and back."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from univldr.search.fields import document_of, hit_fields, hit_of
from univldr.types import Document, Expansion, Hit, Modality

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(-2, 2).map(lambda number: round(number, 4))
METADATA = st.dictionaries(
    TEXTS.filter(lambda name: name not in ("path", "page")), st.none() | st.booleans() | st.integers() | TEXTS
)
PLACES: st.SearchStrategy[tuple[Path | None, dict[str, object]]] = st.sampled_from(
    [
        (Path("/a/b.png"), {}),
        (Path("/a/b.pdf#page=3"), {"path": "/a/b.pdf", "page": 3, "pages": 9}),
        (Path("/a/b.png"), {"page": 3}),
        (Path("/a/b.png"), {"page": "iv"}),
        (None, {"path": "/a/b.md"}),
        (None, {"path": "/a/b.pdf", "page": 3}),
        (None, {}),
    ]
)


@st.composite
def hits(draw: st.DrawFn) -> Hit:
    image, place = draw(PLACES)
    modality = Modality.TEXT if image is None else Modality.IMAGE
    expansions = tuple(draw(st.lists(st.builds(Expansion, TEXTS, TEXTS), max_size=2)))
    document = Document(
        draw(TEXTS), modality, draw(TEXTS), image, draw(TEXTS), expansions, draw(METADATA) | place
    )
    return Hit(
        draw(st.integers(1, 100)),
        draw(NUMBERS),
        document,
        draw(st.dictionaries(TEXTS, NUMBERS, max_size=3)),
        draw(st.none() | NUMBERS),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        tuple(draw(st.lists(TEXTS, max_size=2))),
    )


@given(hits())
def test_there_and_back(hit: Hit) -> None:
    fields = json.loads(json.dumps(hit_fields(hit)))
    assert hit_of(fields) == hit
    assert document_of(fields) == hit.document


def test_a_picture_without_a_place_has_none() -> None:
    hit = Hit(1, 0.5, Document("a", Modality.IMAGE, image=b"\x89PNG"))
    assert hit_of(hit_fields(hit)).document == Document("a", Modality.IMAGE)
