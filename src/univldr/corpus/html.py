"""HTML to plain text, section by section, with the standard library's parser."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser

from univldr.corpus.text import Line, Page, first_heading, sections

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w:.-]+)", re.IGNORECASE)
_CHARSET_WITHIN = 4096  # bytes; browsers look at the first 1024

_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg"})
_FURNITURE = frozenset({"nav"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer"  # noqa: SIM905
    " form head header hr html li main ol option p pre section summary table tbody tfoot thead tr ul".split()
)
_SPACED = frozenset({"br", "td", "th", "img"})
_UNCLOSED = 64_000  # characters; the parser's time for what is never closed grows with their square
_TAG = re.compile(r"<[^<>]*>")


def declared_charset(raw: bytes) -> str | None:
    """The encoding that the page's ``meta`` element names, when Python knows it."""
    found = _CHARSET.search(raw[:_CHARSET_WITHIN])
    if found is None:
        return None
    try:
        return codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None


def parse_html(text: str) -> Page:
    """The words a reader of the page sees, without navigation, split at headings."""
    parser = _parsed(text, _HIDDEN | _FURNITURE)
    if parser.dropping:  # an element that is never closed must not swallow the rest of the page
        parser = _parsed(text, _HIDDEN)
    return Page(parser.title or first_heading(parser.lines), sections(parser.lines))


def _parsed(text: str, dropped: frozenset[str]) -> _LineParser:
    parser = _LineParser(dropped)
    parser.feed(text)
    if len(parser.rawdata) > _UNCLOSED:
        parser.handle_data(_TAG.sub(" ", parser.rawdata))
        parser.reset()
    parser.close()
    parser.end_line()
    return parser


class _LineParser(HTMLParser):
    """Collects one line per block element; what is inside the ``dropped`` elements is left out."""

    def __init__(self, dropped: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.lines: list[Line] = []
        self.dropping: list[str] = []
        self._dropped = dropped
        self._kind = ""  # "title", a heading's tag, or "" for running text
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._dropped:
            self.dropping.append(tag)
        elif self.dropping:
            return
        elif tag == "title" or tag in _HEADINGS:
            self.end_line()
            self._kind = tag
        elif tag in _BLOCKS:
            self.end_line()
        elif tag in _SPACED:
            self._parts.append(f" {dict(attrs).get('alt') or ''} ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._dropped:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.dropping:
            while self.dropping.pop() != tag:
                pass
        elif not self.dropping and (tag in _BLOCKS or tag in _HEADINGS or tag == "title"):
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self.dropping:
            self._parts.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![``, of which the standard library expects a name, and fails without one."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def end_line(self) -> None:
        """Close the current block; an empty line after it ends its last sentence."""
        text = " ".join("".join(self._parts).split())
        if self._kind == "title":
            self.title = self.title or text
        elif text:
            self.lines += [Line(text, is_heading=bool(self._kind)), Line("")]
        self._kind = ""
        self._parts.clear()
