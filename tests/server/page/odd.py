"""Documents as people do not write them in examples."""

from __future__ import annotations

from typing import Any

MARKUP = "<img src=x onerror=alert(1)><b>bold</b> &amp; a walrus"
NASTY_ID = "odd/a b#1?x=%2F&<'\"/é"


def odd(first: str, second: str) -> list[dict[str, Any]]:
    """Given two pictures: markup, ids, scripts, long words, long files, copies, generated words."""
    sentences = " ".join(f"The walrus number {n} rests on the ice near the shore." for n in range(120))
    return [
        {"id": NASTY_ID, "title": "<script>alert(1)</script> walrus", "text": MARKUP, "my field": "it's"},
        {"id": "rtl", "title": "فظ على الجليد", "text": "فظ كبير يستلقي على الجليد بالقرب من الشاطئ walrus."},
        {"id": "long word", "title": "walrus" * 40, "text": "walrus " + "x" * 600},
        {"id": "long file", "title": "All walruses", "text": sentences},
        {
            "id": "words of programs",
            "image": first,
            "expansions": [
                {"text": "a walrus on the ice", "origin": "tags"},
                {"text": "WALRUS 7", "origin": "ocr"},
            ],
        },
        {"id": "a copy", "image": second},
    ]
