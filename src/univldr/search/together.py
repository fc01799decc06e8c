"""One index for all of several processes; see :mod:`univldr._processes`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from univldr._processes import gather_bytes, on_one_machine, processes, rank, wait_for_all
from univldr.errors import ConfigError
from univldr.index import index_of
from univldr.index.base import Held
from univldr.index.holder import Address, Holder
from univldr.index.shared import SharedStore
from univldr.index.uri import uri_of
from univldr.search.searcher import Searcher, open, searcher_of


@contextmanager
def open_together(path: Path, *, model: str | None = None) -> Iterator[Searcher]:
    """Open an index in every process: one on a cluster in each by itself, a directory in the first for all.

    Args:
        path: See ``univldr.open``.
        model: See ``univldr.open``.

    Raises:
        ConfigError: processes on several machines, and a directory.
        StoreError, ModelError: see ``univldr.open``.
    """
    if processes() == 1 or uri_of(path):
        with open(path, model=model) as searcher:
            yield searcher
        return
    if not on_one_machine():
        raise ConfigError(
            f"{path} is a directory, which processes on several machines cannot share; use one on a cluster, "
            "such as qdrant://host:6333/name"
        )
    with ExitStack() as resources:
        with searcher_of(_held(path, resources), model=model) as searcher:
            yield searcher
        wait_for_all()  # who still asks the first one


def _held(path: Path, resources: ExitStack) -> Held:
    if rank() > 0:
        fields = json.loads(gather_bytes(b""))
        return SharedStore(Address(fields["path"], bytes.fromhex(fields["key"])))
    holder = resources.enter_context(Holder(index_of(path.expanduser())))
    address = holder.listen()
    gather_bytes(json.dumps({"path": address.path, "key": address.key.hex()}).encode())
    return holder.lease()
