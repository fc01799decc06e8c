"""A search of an index that a server holds: the server is asked, instead of waiting for it to be done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from univldr.index import Manifest
from univldr.index.lock import address_of

if TYPE_CHECKING:
    from univldr.client import Client


def client_of(index: Path, model: str | None) -> Client | None:
    """A client of the server that holds the index in the directory ``index``; ``None`` where none answers.

    Args:
        index: The directory.
        model: Refuse an index that was made with another one, as ``univldr.open`` does.

    Raises:
        ModelError: it was.
        ConfigError: the key in the environment is none.
    """
    if (url := address_of(index)) is None:
        return None
    if model not in (None, "auto"):
        Manifest.read(index).check_name(index, model)
    from univldr.client import Client  # here, as other searches need no HTTP

    client = Client(url)
    if client.health():
        return client
    client.close()  # it is just being stopped, perhaps: then the index is free soon
    return None


def documents_of(client: Client, name: str) -> list[str]:
    """See ``Searcher.documents_of``: the server finds a file by its whole path."""
    return [name if client.get(name) else str(Path(name).expanduser().absolute())]
