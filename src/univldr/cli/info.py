"""``univldr info``: what an index holds."""

from __future__ import annotations

from univldr.cli import options, output
from univldr.index import Store, index_of
from univldr.types import Modality


def run(corpus: options.Corpus, index: options.Index = None, json: options.Json = False) -> None:
    """Show what an index holds: documents by kind, model, size."""
    directory = index or index_of(corpus)
    with Store.open(directory) as store:
        fields = {
            "index": str(directory),
            "documents": store.engine.count(),
            "texts": store.engine.count(Modality.TEXT),
            "images": store.engine.count(Modality.IMAGE),
            "model": store.manifest.encoder,
            "verbalize": list(store.manifest.verbalize),
            "fingerprint": store.manifest.fingerprint,
            "dim": store.manifest.dim,
            "bytes": store.bytes(),
            "roots": list(store.manifest.corpora),
            "uploads": len(store.sources.stamps(store.manifest.uploads)),
            "created": store.manifest.created,
            "skipped": len(store.skipped()),
        }
    if json:
        output.print_json(fields)
    else:
        output.print_fields(fields)
