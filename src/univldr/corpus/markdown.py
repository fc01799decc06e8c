"""Markdown to plain text, section by section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from univldr.corpus.text import Line, Page, first_heading, sections

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[A-Za-z][\w-]*:)(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z][\w-]*):[ \t]+(\S.*)")

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t](.*))?")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+$")
_RULE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_LIST_QUOTE_TABLE = re.compile(r"[ \t]*(?:[-*+>|]|\d{1,9}[.)])(?:\s|$)")

_MARKUP = re.compile(r"[\[*_<`]")
_LINK = re.compile(r"!?\[([^\]\[]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]\[]*\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_COMMENT = re.compile(r"<!--.*?-->")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)([^*_]+?)(?<=\S)\1(?!\w)")


def parse_markdown(text: str) -> Page:
    """The text without its markup, split at headings.

    Code stays, without its fences; links and pictures leave their words. Flat ``key: value`` lines of the
    front matter become metadata; its ``title``, or else the first heading, is the page's title.
    """
    metadata: dict[str, str] = {}
    front = _FRONT_MATTER.match(text)
    if front is not None:
        metadata = _fields(front.group(1))
        text = text[front.end() :]
    lines = list(_lines(text))
    return Page(metadata.get("title") or first_heading(lines), sections(lines), metadata)


def _fields(front: str) -> dict[str, str]:
    found = (_FIELD.fullmatch(line.rstrip()) for line in front.splitlines())
    return {match.group(1).lower(): match.group(2).strip("\"'") for match in found if match is not None}


def _lines(text: str) -> Iterator[Line]:
    fence = ""
    lines = text.split("\n")
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.strip():
            yield Line(line)
            continue
        mark = _FENCE.match(line)
        if fence:
            if _closes(line.strip(), fence):
                fence = ""
            else:
                yield Line(line)
        elif mark is not None:
            fence = mark.group(1)
        elif (heading := _HEADING.fullmatch(line)) is not None:
            title = _CLOSING_HASHES.sub("", (heading.group(1) or "").strip())
            yield Line(_plain(title).strip(), is_heading=True)
        elif not _RULE.fullmatch(line):
            yield Line(_plain(line), is_heading=_is_underlined(line, following))


def _closes(line: str, fence: str) -> bool:
    return line.startswith(fence) and not line.strip(fence[0])


def _is_underlined(line: str, following: str) -> bool:
    """A heading written as a line with ``===`` or ``---`` below it."""
    return bool(line.strip() and _RULE.fullmatch(following) and not _LIST_QUOTE_TABLE.match(line))


def _plain(line: str) -> str:
    """A line's words: of a link its text, of a picture its description."""
    if _MARKUP.search(line) is None:
        return line
    for markup in (_LINK, _LINK):  # twice: a picture inside a link
        line = markup.sub(r"\1", line)
    for markup in (_EMPHASIS, _EMPHASIS):  # twice: *emphasis* inside **emphasis**
        line = markup.sub(r"\2", line)
    closed = line.rfind("-->") + 3  # what is never closed would be looked for again from each beginning
    line = _COMMENT.sub(" ", line[:closed]) + line[closed:]
    return _TAG.sub(" ", line).replace("`", "")
