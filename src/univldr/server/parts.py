"""What the routes work with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote

from fastapi import Request

from univldr.errors import NotFoundError
from univldr.server.fetch import Allowance, Fetch, fetch_picture
from univldr.server.metrics import Metrics
from univldr.server.pictures import read_picture
from univldr.server.security import Keys
from univldr.server.service import Service
from univldr.server.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a server that its routes share."""

    service: Service
    settings: ServerSettings
    metrics: Metrics
    keys: Keys
    fetch: Fetch = fetch_picture

    async def picture(self, text: str | None) -> bytes | None:
        """The encoded picture that a body gives as a data URI or an address.

        Raises:
            ForbiddenError: it is an address, and the server was not told to fetch any.
            ImageError: it is no picture, or too large.
        """
        return None if text is None else await read_picture(text, self.settings, fetch=self.fetch)


def parts_of(request: Request) -> Parts:
    """The parts of the server that got ``request``, with what it may fetch for it."""
    parts: Parts = request.app.state.parts
    return replace(parts, fetch=Allowance())


def id_of(segment: str) -> str:
    """A document's id from its segment of the path, which is percent-encoded whole.

    Raises:
        NotFoundError: it is not valid UTF-8, so no document is called this.
    """
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise NotFoundError(f"no document {segment[:100]!r}; percent-encode its id as UTF-8") from None
