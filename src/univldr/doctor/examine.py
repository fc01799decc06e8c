"""The examination: every finding, from one pass over the index and a look at its model and its corpora."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from univldr.doctor import copies, gap, model, sources, words
from univldr.doctor.findings import Examination, Finding, Level, Tally, many
from univldr.doctor.look import Look, look_at
from univldr.encoders.captions import FitsCaptions
from univldr.encoders.settings import Joint
from univldr.errors import ModelError
from univldr.index import Manifest, Store
from univldr.index.base import rebuild_remedy
from univldr.index.cluster import Cluster
from univldr.index.edge import MIN_FREE_BYTES
from univldr.index.engines import open_index
from univldr.index.means import means_of
from univldr.index.uri import uri_of
from univldr.types import Encoder, Progress


def examine(index: str | Path, progress: Progress | None = None) -> Examination:
    """Examine an index; it is left as it is.

    Memory does not grow with the index past ``look.PICTURES`` vectors and ``look.SAMPLE`` documents.

    Args:
        index: A corpus whose index is meant, an index directory, or a URI. By its URI, what only the folder
            and its index directory can tell is left out, which a finding says.
        progress: Told how far it is.

    Raises:
        ConfigError: the URI makes no sense.
        StoreError: there is no index, it cannot be read, or another process holds it.
    """
    started = time.perf_counter()
    with open_index(index) as store:
        update = _update_of(store)
        encoder, findings = model.load(store.manifest, store.path)
        local = isinstance(store, Store)
        compared = sources.compare(store) if isinstance(store, Store) else sources.Sources()
        findings += sources.findings(compared, update)
        away = [Path(root) for root in compared.away]
        look = look_at(
            store.engine, store.manifest.dim, gone=compared.stale, away=away, files=local, progress=progress
        )
        findings += _vectors(look, store.path)
        findings += _engine(look, store, compared) if isinstance(store, Store) else [_not_examined(store)]
        if encoder is not None and encoder.dim != store.manifest.dim:
            encoder = None  # which is among the findings
        drift: dict[str, Any] = {}
        if encoder is not None:
            drift, found = _encoded(look, encoder, compared, store.path, progress)
            findings += found
        figures, found = _gap(look, store.manifest, encoder, update)
        findings += [*found, *copies.texts(store.engine, look), *copies.pictures(look, progress)]
        return Examination(
            index=uri_of(store.path) or str(store.path),
            model=store.manifest.encoder,
            documents=look.documents,
            images=look.images,
            bytes=store.bytes() if isinstance(store, Store) else None,
            findings=tuple(sorted(findings, key=lambda one: one.level)),
            drift=drift,
            gap=figures,
            seconds=time.perf_counter() - started,
        )


def _not_examined(held: Cluster) -> Finding:
    """What a cluster cannot tell."""
    says = "By its URI, an index does not tell whether it is what its folder holds, whether its pictures are "
    says += "there, and how much space it takes; the cluster's own tools tell the last."
    if place := held.manifest.place:
        says += f" For the others, univldr doctor --index {place} DIR, where that folder is."
    return Finding(Level.NOTE, "not examined", says)


def _update_of(store: Store | Cluster) -> str:
    """The command that brings the index up to date."""
    if isinstance(store, Cluster):
        return f"univldr index, of the folder whose index is {store.manifest.place or store.engine.uri}"
    roots = [Path(root) for root in store.manifest.corpora] or [Path("DIR")]
    root = next((root for root in roots if root.exists()), roots[0])
    beside = store.path in (root / ".univldr", root.with_name(f".{root.name}.univldr"))
    return f"univldr index {root}" + ("" if beside else f" --index {store.path}")


def _vectors(look: Look, index: Path) -> Iterator[Finding]:
    again = f"is the model broken? Else {rebuild_remedy(index)}"
    yield from _tallied(
        Level.BROKEN,
        "crooked vectors",
        look.crooked,
        "The vectors of {} are not finite or not of unit length; these rank where they should not.",
        again,
    )
    yield from _tallied(
        Level.POOR,
        "zero vectors",
        look.zeros,
        "The vectors of {} are zero, so that no search by meaning finds them.",
        again,
    )
    yield from _tallied(
        Level.POOR, "empty documents", look.empty, "{} hold no words, and nobody finds them.", "delete them"
    )
    yield from _tallied(
        Level.POOR,
        "missing pictures",
        look.missing,
        "The pictures of {} are gone from the disk, so that hits cannot be shown.",
        "restore them, or take them out of the corpus and index it again",
    )


def _tallied(level: Level, name: str, tally: Tally, says: str, remedy: str) -> Iterator[Finding]:
    if tally.count:
        said = says.format(many(tally.count, "document"))
        yield Finding(level, name, said, remedy, tuple(tally.first), {"documents": tally.count})


def _engine(look: Look, store: Store, compared: sources.Sources) -> Iterator[Finding]:
    lost = store.sources.count() - look.documents
    if lost > 0 and not compared.interrupted:
        says = f"{many(lost, 'document')} of the corpus went into the index and are not there any more: "
        says += "deleted by a program, or lost. Each comes back when its file changes."
        remedy = f"to have them back now, {rebuild_remedy(store.path)}"
        yield Finding(Level.POOR, "lost documents", says, remedy, figures={"documents": lost})
    needed, free = store.bytes() + MIN_FREE_BYTES, shutil.disk_usage(store.path).free
    if free < needed:
        says = (
            f"{free / 1e6:,.0f} MB are free on the disk. To tidy up after changes, an index needs room for "
        )
        says += f"a copy, here {needed / 1e6:,.0f} MB; without, deleted documents keep their space."
        yield Finding(Level.POOR, "little space", says, "free some", figures={"free": free, "needed": needed})


def _gap(
    look: Look, manifest: Manifest, encoder: Encoder | None, update: str
) -> tuple[dict[str, Any], list[Finding]]:
    """The figures, and what they mean where they mean something."""
    measured = gap.measure(look.sample.documents, look.sample.rows, encoder)
    if measured is None:
        return {}, []
    plain, centered = measured
    found = gap.finding(
        plain,
        centered,
        joint=encoder.joint if isinstance(encoder, Joint) else True,
        has_means=means_of(manifest) is not None,
        update=update,
    )
    return {"plain": plain.plain(), "centered": centered.plain()}, [found] if found else []


def _encoded(
    look: Look, encoder: Encoder, compared: sources.Sources, index: Path, progress: Progress | None
) -> tuple[dict[str, Any], list[Finding]]:
    """What only the model can tell: the figures of the drift, and findings."""
    try:
        drift = model.drift(look.sample, encoder, compared.stale)
    except ModelError as error:
        return {}, [model.unusable(error, index)]
    found = model.drift_findings(drift, index)
    if isinstance(encoder, FitsCaptions):
        found += words.findings(look.sample, encoder, encoder.fitter, progress)
    return drift.plain(), found
