"""Indexes that lie on a cluster are named by a URI, wherever an index directory may be given."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from univldr.errors import ConfigError

_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):[/\\]+(?P<rest>[^/\\].*)", re.DOTALL)
_SCHEMES = ("qdrant", "qdrants", "milvus", "milvuss")


def uri_of(path: str | Path) -> str | None:
    """The URI that ``path`` is, also where it went through ``Path``, which makes one slash of two.

    Raises:
        ConfigError: it is the URI of something else, and no file's name.
    """
    found = _URI.fullmatch(str(path))
    if found is None:
        return None
    uri = f"{found['scheme']}://{found['rest']}".replace("\\", "/")
    if found["scheme"] in _SCHEMES:
        return uri
    if Path(found["scheme"] + ":").exists():
        return None
    near = difflib.get_close_matches(found["scheme"], _SCHEMES[::2], n=1)
    hint = f"did you mean {near[0]}://?" if near else "give a file, a folder, or qdrant:// or milvus://"
    raise ConfigError(f"{uri}: there is no {found['scheme']}:// here; {hint}")


class Parts(NamedTuple):
    """A URI in its parts; ``port`` is ``None`` where it is left out."""

    scheme: str
    host: str
    port: int | None
    name: str
    query: str


def split(uri: str, *, scheme: str, key: str) -> Parts:
    """The parts of ``scheme://host:port/name?query``, or of ``schemes://`` for TLS.

    Args:
        uri: It.
        scheme: What it is to begin with.
        key: The environment variable in which a secret belongs, as none may be in a URI.

    Raises:
        ConfigError: it is no such URI.
    """
    form = f"the form is {scheme}://host:port/name"
    parts = urlsplit(uri)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{uri}: {error}; {form}") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"a URI must not have a key or password in it; put it into {key}")
    if parts.scheme not in (scheme, f"{scheme}s") or not host or parts.fragment:
        raise ConfigError(f"{uri} names no index; {form}")
    return Parts(parts.scheme, host, port, parts.path.strip("/"), parts.query)


def settings(uri: str, query: str, parameters: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    """The values of a URI's ``query`` by name, each read by what ``parameters`` has for it.

    Raises:
        ConfigError: a parameter is unknown, or what reads it raised ``ValueError``.
    """
    found: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in parameters:
            near = difflib.get_close_matches(name, parameters, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(parameters)}"
            raise ConfigError(f"{uri}: unknown parameter {name!r}{hint}")
        try:
            found[name] = parameters[name](text)
        except ValueError as error:
            raise ConfigError(f"{uri}: {name} is {text!r}; {error}") from None
    return found


def count(text: str) -> int:
    """A parameter that is a number.

    Raises:
        ValueError: it is none of 1 to 1000.
    """
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise ValueError("it takes 1 to 1000")
    return int(text)


def one_of(*choices: str) -> Callable[[str], str]:
    """What reads a parameter that is one of ``choices``."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it takes {' or '.join(choices)}")
        return text

    return read


def is_this_machine(host: str) -> bool:
    """Whether what is sent to ``host`` stays on this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
