"""An index from one engine to another, and a folder's index to a cluster or back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from univldr.errors import ConfigError, StoreError
from univldr.index import Manifest, Store, exists, index_of
from univldr.index.cluster import Cluster
from univldr.index.directory import clear_older
from univldr.index.engines import begin_index, open_index
from univldr.index.files import UPLOADS, is_ours
from univldr.index.manifest import now
from univldr.index.remote import is_same_index
from univldr.index.uri import uri_of
from univldr.transfer.agreement import Agreement, Sample, require_agreement
from univldr.transfer.filling import Filled, fill, forget_others, told
from univldr.transfer.formats import Batch
from univldr.types import Modality, Progress

_Opened = Store | Cluster
_MEANS_UNKNOWN: dict[str, Any] = {
    "modality_means": None,
    "modality_counts": {},
    "modality_nearest": {},
    "changed_since_means": 0,
}


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did.

    Attributes:
        index: The directory or URI of the copy; of a folder that was moved, its index directory.
        documents: How many there are.
        sent: How many of them were sent; the others were there, from a run that was interrupted.
        searches: How many searches by stored vectors gave the same hits and scores.
        word_searches: How many searches by words gave the same hits; 0 where one of the engines has no words.
    """

    index: str
    documents: int
    sent: int
    searches: int
    word_searches: int


def copy(
    source: str | Path, target: str | Path, *, move: bool = False, progress: Progress | None = None
) -> Copied:
    """Copy an index to another engine or place, without encoding anything.

    Documents, vectors, the model's name and settings and the means go along; into a directory from one also
    what the documents were made from and the pictures of uploads. Memory does not grow with the index.
    Nobody can open the copy before its counts and a sample of searches agree with the original. A run that
    was killed is continued by the same call: what is there is compared and not sent again. The original stays
    as it is.

    Args:
        source: A corpus whose index is meant, an index directory, or a URI. Whoever wants to change the
            index meanwhile waits, or where it is on a cluster must not.
        target: A URI, a directory to be made, or a folder of other files, for ``.univldr`` in it.
        move: The index stays that of its folder, and only its documents and vectors go to the cluster that
            ``target`` names, or back from there: name the folder and a URI, or the URI and the folder. From
            then on updates of the folder go to the new place. The old one is left as it was on a cluster, and
            removed from the directory.
        progress: Told how far it is.

    Raises:
        ConfigError: a name makes no sense there.
        MissingExtra: the client of such clusters is not installed.
        StoreError: there is no index, or one where it should be made, or something else; it cannot be read or
            written; the copy does not agree.
    """
    if move:
        return _moved(*_home(source, target), progress)
    uri = uri_of(target)
    if uri and (away := uri_of(source)) and is_same_index(away, uri):
        raise ConfigError(f"{uri} would be its own copy; name another place")
    with open_index(source) as held:
        directory = None if uri else _directory(Path(target))
        new = replace(
            held.manifest,
            copying=_name(held),
            created=now(),
            place="",
            engine="",
            generation=0,
            roots=_roots(held, directory),
            **_MEANS_UNKNOWN,
        )
        with begin_index(directory or str(uri), new) as begun:
            filled, agreed = _carried(held, begun, progress)
            begun.publish()
            return Copied(_name(begun), *filled, *agreed)


def _moved(directory: Path, engine: str, progress: Progress | None) -> Copied:
    """Like an index that is made anew, but that its vectors are there already."""
    with ExitStack() as resources:
        with Store.open(directory) as held:
            _require_elsewhere(held.manifest.engine, engine, directory)
            new = replace(held.manifest, copying=_name(held), created=now(), engine=engine, **_MEANS_UNKNOWN)
            begun = resources.enter_context(Store.rebuild(directory, new))
            filled, agreed = _carried(held, begun, progress)
            begun.publish()
        clear_older(directory, begun.manifest.generation)  # again, now that nobody holds it
        return Copied(str(directory), *filled, *agreed)


def _carried(held: _Opened, begun: _Opened, progress: Progress | None) -> tuple[Filled, Agreement]:
    """All of ``held`` is in ``begun`` afterwards, and was compared."""
    total, sample = held.engine.count(), Sample()
    batches = _in_place(sample.of(held.engine.scan()), held, begun)
    filled = fill(begun.engine, told(batches, total, progress))
    if begun.is_stale() or not begun.manifest.copying:  # or what was stored since would be forgotten
        raise StoreError(f"another process finished {_name(begun)} meanwhile; there is nothing left to copy")
    if begun.engine.count() > filled.documents:
        forget_others(begun.engine, held.engine)
    _require_counts(held, begun)
    agreed = require_agreement(begun.engine, held.engine, sample)
    if isinstance(held, Store) and isinstance(begun, Store):
        _hand_over(held, begun)
    of = _as_it_is_now(held)
    kept = {name: getattr(of, name) for name in (*_MEANS_UNKNOWN, "verbalize")}
    begun.change(**kept)
    return filled, agreed


def _hand_over(held: Store, begun: Store) -> None:
    """What the documents were made from and what came by itself."""
    held.sources.copy_to(begun.sources)
    if held.path != begun.path:
        begun.sources.move(held.manifest.uploads, begun.manifest.uploads)
        held.uploads.copy_to(begun.uploads)


def _in_place(batches: Iterator[Batch], held: _Opened, begun: _Opened) -> Iterator[Batch]:
    """Pictures of uploads go from directory to directory, and their documents name the new place."""
    moves = isinstance(held, Store) and isinstance(begun, Store) and held.path != begun.path
    old, new = Path(held.manifest.uploads), Path(begun.manifest.uploads)
    for documents, rows in batches:
        if moves:
            documents = [
                replace(one, image=new / one.image.name)
                if isinstance(one.image, Path) and one.image.parent == old
                else one
                for one in documents
            ]
        yield documents, rows


def _require_counts(held: _Opened, begun: _Opened) -> None:
    for modality in Modality:
        before, after = held.engine.count(modality), begun.engine.count(modality)
        if before != after:
            raise StoreError(
                f"{_name(held)} has {before} documents of modality {modality.value}, its copy {after}; "
                "was it changed meanwhile? Copy again: what is there is not sent again"
            )


def _as_it_is_now(held: _Opened) -> Manifest:
    """The manifest of what was copied.

    Raises:
        StoreError: another index took its place.
    """
    if held.is_stale():
        raise StoreError(f"index {_name(held)} was made anew while it was copied; copy again")
    return held.manifest


def _roots(held: _Opened, directory: Path | None) -> tuple[str, ...]:
    """The corpora, so that pictures in them are shown, and the place of the uploads' pictures."""
    of = held.manifest
    if directory is None:
        return of.roots
    uploads = (str(directory / UPLOADS),) if isinstance(held, Store) and of.uploads in of.roots else ()
    return (*of.corpora, *uploads)


def _name(held: _Opened) -> str:
    return uri_of(held.path) or str(held.path)


def _directory(path: Path) -> Path:
    """Where a copy goes: ``path``, or inside where that is a folder of something else."""
    path = path.expanduser().absolute()
    if path.is_dir() and not exists(path) and any(not is_ours(entry.name) for entry in path.iterdir()):
        return index_of(path)
    return index_of(path) if path.is_file() else path


def _home(source: str | Path, target: str | Path) -> tuple[Path, str]:
    """The directory whose vectors move, and the URI that they move to, "" for that directory."""
    away, to = uri_of(source), uri_of(target)
    if away and to:
        raise ConfigError(f"only the index of a folder can be moved; name that folder in place of {away}")
    if away is None:
        directory = index_of(Path(source).expanduser())
        if to is None and index_of(Path(target).expanduser()) != directory:
            raise ConfigError(
                f"the vectors of {directory} can be moved to a cluster or back, not to {target}; "
                "copy the index, or move its folder with it"
            )
        return directory, to or ""
    directory = index_of(Path(target).expanduser())
    engine = Manifest.read(directory).engine
    if not engine or not is_same_index(engine, away):
        raise StoreError(
            f"the index {directory} has its vectors {f'at {engine}' if engine else 'there'}, not at {away}"
        )
    return directory, ""


def _require_elsewhere(before: str, after: str, directory: Path) -> None:
    if before == after or (before and after and is_same_index(before, after)):
        raise StoreError(f"the vectors of {directory} are {f'at {before}' if before else 'there'} already")
