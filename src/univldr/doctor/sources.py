"""Whether the index still tells what its corpora hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from univldr.corpus import Corpus, open_corpus
from univldr.doctor.findings import EXAMPLES, Finding, Level, many
from univldr.errors import CorpusError, MissingExtra
from univldr.index import Store
from univldr.index.sources import UNFINISHED, split_stamp
from univldr.pipeline.uploads import UploadsCorpus

_INSTALL = "pip install"  # in the reason where an optional dependency is missing


@dataclass(slots=True)
class Sources:
    """What an index and its corpora disagree about, by source; see ``compare``.

    Attributes:
        away: Roots that do not exist, or cannot be listed, with the reason.
        came, changed, went: Sources that are new, other or gone since the last run.
        interrupted: Sources that a run did not finish, or that must be read again.
        skipped: Source and reason, of what is left out.
        stale: Documents of sources that changed or went.
    """

    away: dict[str, str] = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)


def compare(store: Store) -> Sources:
    """List every corpus of an index, without reading any contents, and compare."""
    found = Sources()
    for root in store.manifest.roots:
        found.skipped += store.sources.skipped(root)
        found.interrupted += store.sources.unfinished(root)
        known = store.sources.stamps(root)
        try:
            now = {source.key: source.stamp for source in _opened(store, root).scan().sources}
        except (CorpusError, MissingExtra) as error:
            found.away[root] = str(error)
            continue
        _differences(found, known, now)
        gone = [key for key in known if key not in now or _differs(known[key], now[key])]
        found.stale.update(store.sources.ids(root, gone))
    return found


def _opened(store: Store, root: str) -> Corpus:
    if root == store.manifest.uploads:
        return UploadsCorpus(store.uploads)
    return open_corpus(Path(root), lambda text: [text])


def _differences(found: Sources, known: Mapping[str, str], now: Mapping[str, str]) -> None:
    found.came += [key for key in now if key not in known]
    found.went += [key for key in known if key not in now]
    found.changed += [key for key, stamp in known.items() if key in now and _differs(stamp, now[key])]


def _differs(stamp: str, now: str) -> bool:
    return stamp != UNFINISHED and split_stamp(stamp)[0] != now


def findings(found: Sources, update: str) -> Iterable[Finding]:
    """What that means; ``update`` is the command that brings the index up to date."""
    for root, reason in found.away.items():
        says = f"A corpus cannot be read: {reason}. Its documents are still found, but cannot be shown."
        remedy = "mount or restore it; where it moved, index it in its new place"
        yield Finding(Level.BROKEN, "missing corpus", says, remedy, figures={"root": root})
    if found.interrupted:
        count = len(found.interrupted)
        says = f"{many(count, 'source')} {_were(count)} left unfinished by a run that was interrupted."
        yield Finding(Level.POOR, "unfinished", says, update, _first(found.interrupted), {"sources": count})
    if found.came or found.changed or found.went:
        says = (
            f"Since the last run, {many(len(found.came), 'source')} came, {len(found.changed):,} changed and "
        )
        says += f"{len(found.went):,} went. What changed or went is still found as it was."
        figures = {"came": len(found.came), "changed": len(found.changed), "went": len(found.went)}
        examples = (
            _first(found.went, " (went)")
            + _first(found.changed, " (changed)")
            + _first(found.came, " (came)")
        )
        yield Finding(Level.POOR, "out of date", says, update, examples[:EXAMPLES], figures)
    yield from _left_out(found.skipped)


def _left_out(skipped: Sequence[tuple[str, str]]) -> Iterable[Finding]:
    """What can be installed for, and what is broken; alike reasons together, the most frequent first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for key, reason in skipped:
        groups[_without_names(key, reason)].append(key)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    for installable, remedy in (
        (True, "install what is named, then run univldr index"),
        (False, "repair them, or take them out of the corpus"),
    ):
        chosen = [(reason, keys) for reason, keys in ordered if (_INSTALL in reason) is installable]
        count = sum(len(keys) for _, keys in chosen)
        if count:
            says = f"{many(count, 'file or record', 'files or records')} could not be indexed, so that no "
            says += f"search finds {'it' if count == 1 else 'them'}."
            examples = tuple(f"{keys[0]}{_others(keys)}: {reason}" for reason, keys in chosen[:EXAMPLES])
            reasons = {reason: len(keys) for reason, keys in chosen}
            yield Finding(
                Level.POOR, "left out", says, remedy, examples, {"skipped": count, "reasons": reasons}
            )


def _others(keys: Sequence[str]) -> str:
    return f" and {len(keys) - 1:,} more" if len(keys) > 1 else ""


def _without_names(key: str, reason: str) -> str:
    """A reason without what it is about, so that alike ones are the same."""
    reason = reason.removeprefix(f"{key}: ").removeprefix(f"{key} ")
    return " ".join(word for word in reason.split() if key not in word).rstrip(".")


def _first(names: Sequence[str], after: str = "") -> tuple[str, ...]:
    return tuple(f"{name}{after}" for name in names[:EXAMPLES])


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
