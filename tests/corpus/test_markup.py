"""Markdown and HTML leave their words, under the right headings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from univldr.corpus.html import declared_charset, parse_html
from univldr.corpus.markdown import parse_markdown
from univldr.corpus.text import Page


def body(page: Page) -> str:
    return " ".join(" ".join(section.text for section in page.sections).split())


def outline(page: Page) -> list[tuple[str, str]]:
    return [(section.heading, " ".join(section.text.split())) for section in page.sections]


# --- Markdown ---


def test_headings_of_both_kinds() -> None:
    page = parse_markdown("intro\n\nTop\n===\none\n\nSub\n---\ntwo\n### C# and more ##\nthree\n")
    assert page.title == "Top"
    assert outline(page) == [
        ("", "intro"),
        ("Top", "Top one"),
        ("Sub", "Sub two"),
        ("C# and more", "C# and more three"),
    ]


def test_headings_alone_join_what_follows() -> None:
    assert outline(parse_markdown("# A\n## B\ntext\n## C")) == [("B", "A B text"), ("C", "C")]


def test_code_is_kept_and_its_comments_are_no_headings() -> None:
    page = parse_markdown("# A\n```sh\n# install\n[x](y) <b>\n```\nafter\n~~~~\n```\n~~~\n~~~~\n# B\nb")
    assert outline(page) == [("A", "A # install [x](y) <b> after ``` ~~~"), ("B", "B b")]


def test_open_fence_runs_to_the_end() -> None:
    assert outline(parse_markdown("# A\n```\n# b")) == [("A", "A # b")]


def test_front_matter() -> None:
    page = parse_markdown('---\ntitle: "Green tea"\ntags: [a, b]\nlist:\n  - x\n---\n# H\ntext')
    assert (page.title, dict(page.metadata)) == ("Green tea", {"title": "Green tea", "tags": "[a, b]"})
    assert outline(page) == [("H", "H text")]


@pytest.mark.parametrize("text", ["---\nJust a rule.\n\n---\nand more", "---\nkey: never closed\nmore"])
def test_a_rule_is_no_front_matter(text: str) -> None:
    assert body(parse_markdown(text)).split() == [word for word in text.split() if word != "---"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("see [the page](https://a.b/c_(d)) now", "see the page now"),
        ("![a cat](cat.png)", "a cat"),
        ("[![a cat](cat.png)](link)", "a cat"),
        ("[text][ref] and `code`", "text and code"),
        ("**very *nested* words** and __this__", "very nested words and this"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("a<br>b <!-- hidden --> c", "a b c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_inline_markup(markup: str, words: str) -> None:
    assert body(parse_markdown(markup)) == words


@given(st.text("ab #-=*_>\n.|!]", max_size=200))
def test_no_word_is_lost(text: str) -> None:
    """Without links, tags, fences and front matter there is nothing that may go but punctuation."""
    page = parse_markdown(text)
    assert re.sub("[^ab]", "", body(page)) == re.sub("[^ab]", "", text)


# --- HTML ---


def test_what_a_reader_sees() -> None:
    page = parse_html(
        "<!doctype html><html><head><title> Green\n tea </title><style>p{}</style></head><body>"
        "<nav><a href=/>Home</a></nav><h1>Tea</h1><p>Warm<b>th</b> &amp; leaf.<br>More.</p>"
        "<script>if (a < b) {}</script><ul><li>one<li>two</ul><img src=a.png alt='A cup'>"
        "<h2>How <i>to</i></h2><table><tr><td>a<td>b</table><svg><title>no</title></svg></body></html>"
    )
    assert page.title == "Green tea"
    assert outline(page) == [("Tea", "Tea Warmth & leaf. More. one two A cup"), ("How to", "How to a b")]


def test_first_heading_is_the_title_of_a_page_without_one() -> None:
    assert parse_html("<p>a<h2>B</h2>c").title == "B"


@pytest.mark.parametrize("page", ["<nav>menu<p>words", "<h1>words", "<p>words<", "<div><p>words</nav></div>"])
def test_unclosed_elements_lose_nothing(page: str) -> None:
    assert "words" in body(parse_html(page))


def test_hidden_elements_inside_each_other() -> None:
    assert body(parse_html("a<nav><nav>b</nav><svg/><style>c</style>d</nav>e")) == "ae"


def test_blocks_end_sentences() -> None:
    assert parse_html("<p>one</p><div>two</div>").sections[0].text == "one\n\ntwo"


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        (b'<meta charset="windows-1251">', "cp1251"),
        (b"<META http-equiv=x content='text/html; charset=Shift_JIS'>", "shift_jis"),
        (b"<meta charset=klingon>", None),
        (b"<p>charset=utf-8", None),
    ],
)
def test_declared_charset(raw: bytes, charset: str | None) -> None:
    assert declared_charset(raw) == charset


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<h1>", "</h2>", "<nav>", "</nav>", "<br/>", "<!--", "-->", "&", "x ", "<"]
        )
    )
)
def test_any_tag_soup_is_read(parts: list[str]) -> None:
    page = parse_html("".join(parts))
    assert all(section.text for section in page.sections)
