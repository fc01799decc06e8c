"""From the text of a filter to the filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from univldr.errors import ConfigError
from univldr.where.filters import (
    DATE,
    KEYWORDS,
    NAME,
    NUMBER,
    TIME,
    And,
    Compare,
    Exists,
    In,
    Literal,
    Not,
    Or,
    Under,
    Where,
    number_of,
)

MAX_LENGTH = 20_000
"""Longest filter, in characters."""

MAX_DEPTH = 50
"""How deep parentheses and ``not`` may nest."""

_TOKEN = re.compile(
    rf"""(?P<space>\s+)|(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<quoted>`(?:[^`]|``)+`)|(?P<name>{NAME})
    |(?P<date>{DATE}(?:{TIME.replace(" ", "")})?(?![\w.:-]))|(?P<number>{NUMBER}(?![\w.]))
    |(?P<sign>!=|<=|>=|==|[=<>(),])""",
    re.VERBOSE,
)


def parse(text: str) -> Where:
    """The filter that ``text`` spells.

    Raises:
        ConfigError: it is none; the message shows the place, and what would be right there.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigError(f"the filter has {len(text):,} characters, over {MAX_LENGTH:,}; shorten it")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # as a shell gives bytes that are no UTF-8
        raise ConfigError(
            f"the filter: character {error.start + 1} is not Unicode; write it in UTF-8"
        ) from error
    return _Parser(text).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """The keyword or sign that it is; "" for a value."""
        if self.kind == "name":
            return self.text.lower() if self.text.lower() in KEYWORDS else ""
        return self.text if self.kind == "sign" else ""


class _Parser:
    """Recursive descent: or < and < not < a condition."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Sequence[_Token] = list(self._lexed())
        self._at = 0
        self._depth = 0

    def whole(self) -> Where:
        found = self._any()
        if self._next.kind != "end":
            raise self._wrong('expected "and", "or" or the end')
        return found

    def _lexed(self) -> Iterator[_Token]:
        at = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                unclosed = self._text[at] in "'\"`"
                raise self._error(at, f"no closing {self._text[at]}" if unclosed else "not understood")
            if match.lastgroup != "space":
                yield _Token(str(match.lastgroup), match.group(), at)
            at = match.end()
        yield _Token("end", "", at)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *words: str) -> str:
        """The next token's word if it is one of these, which is then passed; else ""."""
        word = self._next.word
        self._at += word in words
        return word if word in words else ""

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong(f'expected "{word}"')

    def _any(self) -> Where:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Where:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Where:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(f"nested deeper than {MAX_DEPTH}; use fewer parentheses")
        if self._take("not"):
            found: Where = Not(self._one())
        elif self._take("("):
            found = self._any()
            self._need(")")
        else:
            found = Exists(self._field()) if self._take("exists") else self._condition(self._field())
        self._depth -= 1
        return found

    def _field(self) -> str:
        token = self._next
        if token.word or token.kind not in ("name", "quoted"):
            hint = "; a field named like a keyword goes in `...`" if token.word in KEYWORDS else ""
            raise self._wrong(f"expected a field, such as year, path or `my field`{hint}")
        self._at += 1
        return token.text if token.kind == "name" else token.text[1:-1].replace("``", "`")

    def _condition(self, field: str) -> Where:
        if self._take("under"):
            return Under(field, self._folder())
        if negated := self._take("not"):
            self._need("in")
        if negated or self._take("in"):
            found: Where = In(field, self._choices())
            return And((Exists(field), Not(found))) if negated else found
        op = self._take("=", "==", "!=", "<", "<=", ">", ">=")
        if not op:
            raise self._wrong("expected one of = != < <= > >= in under")
        if op not in ("=", "==", "!=") and self._next.word in ("true", "false"):
            raise self._wrong("true and false have no order; use = or !=")
        value = self._value()
        if op == "!=":
            return And((Exists(field), Not(Compare(field, "=", value))))
        return Compare(field, "=" if op == "==" else op, value)

    def _choices(self) -> tuple[Literal, ...]:
        self._need("(")
        found = [self._value()]
        while self._take(","):
            found.append(self._value())
        self._need(")")
        return tuple(found)

    def _folder(self) -> str:
        if self._next.kind != "string":
            raise self._wrong("expected a folder in quotes, such as 'trips/2024'")
        folder = str(self._value())
        return str(Path(folder).expanduser()) if folder == "~" or folder.startswith("~/") else folder

    def _value(self) -> Literal:
        token = self._next
        if word := self._take("true", "false"):
            return word == "true"
        if token.kind not in ("string", "number", "date"):
            raise self._wrong("expected a value, such as 2020, 'sea', true or 2024-05-31; texts need quotes")
        value = self._literal(token)
        self._at += 1
        return value

    def _literal(self, token: _Token) -> Literal:
        if token.kind == "string":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if token.kind == "number":
            if (number := number_of(token.text)) is None:
                raise self._wrong("the number is too large; 64-bit floats end at 1.8e308")
            return number
        try:
            day: date = (
                date.fromisoformat(token.text)
                if len(token.text) == 10
                else datetime.fromisoformat(token.text)
            )
        except ValueError as error:
            raise self._wrong(f"there is no such day or time ({error})") from error
        return day.replace(tzinfo=UTC) if isinstance(day, datetime) and day.tzinfo is None else day

    def _wrong(self, message: str) -> ConfigError:
        return self._error(self._next.start, message)

    def _error(self, at: int, message: str) -> ConfigError:
        start = max(0, at - 40)
        shown = "".join(c if c.isprintable() else " " for c in self._text[start : at + 40])
        return ConfigError(f"filter: {message}, at character {at + 1}:\n  {shown}\n  {' ' * (at - start)}^")
