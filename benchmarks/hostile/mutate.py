"""Damage done to sound inputs, the same for the same seed."""

from __future__ import annotations

import copy
import json
import random
from contextlib import suppress
from typing import Any

_TOKENS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    "\u202e".encode(), "\u200b".encode(), "\u2066".encode(), "\u0301".encode() * 50, "\U0001f9d1".encode(),
    b"\r", b"\n", b"\t", b"\x1a", b"\x85", b"'", b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]",
    b"(", b")", b",", b":", b"=", b"<", b">=", b"-", b"%", b"/", b"../", b"~", b"\\u202e", b"null", b"true",
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"9" * 30, b"9" * 5000, b"0.1e-400", b"18446744073709551616",
    b"2024-02-30", b"0000-00-00", b"9999-12-31T23:59:60+99:99",
    b"not ", b" and ", b" or ", b" in ", b"exists ",
    b"[" * 300, b"{\"a\":" * 300, b"(" * 300, b"not " * 300, b"a" * 3000, b"a." * 300,
)  # fmt: skip
"""What parsers stumble over: bytes that are no UTF-8, marks of order and direction, numbers without end."""

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, -(2**63) - 1, 2**70, 1e308, -1e-320, float("nan"), float("inf"), "",
    "\0", "\ud800", "\u202e\u200b", "a" * 10_000, "1" * 5_000, "../../x", "/etc/passwd", [], {}, [None],
    "http://127.0.0.1/x", "data:image/png;base64,AAAA", "data:image/svg+xml;base64,", [[[]]], {"": {}},
    {"a": 1}, ["a"] * 2_000,
)  # fmt: skip
"""What programs do not expect where they expect something else."""


def misfit(seed: bytes, chance: random.Random) -> bytes:
    """``seed`` with other values in one of its lines that is a JSON object; as it is if it has none."""
    lines = seed.split(b"\n")
    at = chance.randrange(len(lines))
    with suppress(ValueError):
        value = json.loads(lines[at])
        for _ in range(chance.choice((1, 1, 2, 3))):
            value = _changed(value, chance)
        escaped = chance.random() < 0.7
        lines[at] = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _changed(value: Any, chance: random.Random) -> Any:
    """With something inside it replaced, renamed, added or taken away."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.1:
        return copy.deepcopy(chance.choice(_VALUES))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chance.choice(keys)
    what = chance.random()
    if what < 0.75:
        value[key] = _changed(value[key], chance)
    elif what < 0.85:
        del value[key]
    elif isinstance(value, dict):
        value[chance.choice((*keys, "", "\0", "id", "a.b", "x" * 3_000))] = copy.deepcopy(value[key])
    else:
        value = [copy.deepcopy(one) for one in value * chance.choice((2, 300))]
    return value


def mutated(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """``seed`` with one to eight pieces of damage; some of it comes from ``other``."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        if not data:
            break
        at = chance.randrange(len(data))
        end = min(len(data), at + chance.choice((1, 1, 2, 4, 16, 200)))
        what = chance.randrange(9)
        if what == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at] = chance.randrange(256)
        elif what == 2:
            del data[at:end]
        elif what == 3:
            data[at:at] = data[at:end] * chance.choice((1, 1, 2, 50))
        elif what == 4:
            data[at:at] = chance.choice(_TOKENS)
        elif what == 5:
            data[at:end] = chance.choice(_TOKENS)
        elif what == 6:
            size = chance.choice((1, 2, 4))
            number = chance.choice(_NUMBERS) & ((1 << 8 * size) - 1)
            data[at : at + size] = number.to_bytes(size, chance.choice(("big", "little")))
        elif what == 7 and other:
            begin = chance.randrange(len(other))
            data[at:end] = other[begin : begin + chance.choice((4, 32, 400))]
        elif chance.random() < 0.2:
            del data[at:]
    return bytes(data)
