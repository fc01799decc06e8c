"""``univldr info``: what an index holds."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from univldr.cli import options, output
from univldr.index import Store, directory_of
from univldr.index.engines import open_index
from univldr.index.uri import uri_of
from univldr.types import Modality


def run(corpus: options.Corpus, index: options.Index = None, json: options.Json = False) -> None:
    """Show what an index holds: documents by kind, model, size."""
    directory = directory_of(corpus, index)
    uri = uri_of(directory)
    with closing(open_index(uri) if uri else Store.open(directory)) as store:
        fields: dict[str, Any] = {
            "index": uri or str(directory),
            "documents": store.engine.count(),
            "texts": store.engine.count(Modality.TEXT),
            "images": store.engine.count(Modality.IMAGE),
            "model": store.manifest.encoder,
            "verbalize": list(store.manifest.verbalize),
            "fingerprint": store.manifest.fingerprint,
            "dim": store.manifest.dim,
        }
        if store.manifest.engine:
            fields["engine"] = store.manifest.engine
        if isinstance(store, Store):
            fields["bytes"] = store.bytes()
        fields["roots"] = list(store.manifest.corpora)
        if isinstance(store, Store):
            fields["uploads"] = len(store.sources.stamps(store.manifest.uploads))
        fields["created"] = store.manifest.created
        if isinstance(store, Store):
            fields["skipped"] = len(store.skipped())
    if json:
        output.print_json(fields)
    else:
        output.print_fields(fields)
