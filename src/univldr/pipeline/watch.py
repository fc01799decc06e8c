"""Keep an index current as files change: look again and again, and index what stays as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from univldr.corpus import open_corpus
from univldr.corpus.base import Corpus
from univldr.encoders import load_encoder
from univldr.errors import ConfigError, UnivldrError
from univldr.pipeline.run import IndexReport
from univldr.pipeline.updating import Loader

SHARE = 20
"""A look at the files may take one part in so many of the time."""

SHORTEST = 1.0
"""Seconds between two looks, at least."""

Update = Callable[[Loader], IndexReport]


def watch(
    corpus: Path,
    update: Update,
    report: Callable[[IndexReport | UnivldrError], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Bring an index up to date, then whenever the files have changed and come to rest; until interrupted.

    A look is a scan of names, sizes and times. Files are at rest when two looks in a row see the same. The
    index is open only during an update; the models stay loaded. A failed update is reported, too, and tried
    again after the next look.

    Args:
        corpus: What to look at.
        update: Brings the index up to date, with the encoder that a loader gives.
        report: Told of each update that changed anything, and of errors.
        sleep: Waits some seconds; what it raises ends the watch.
        clock: Seconds.

    Raises:
        UnivldrError: the first update failed.
    """
    looker = open_corpus(corpus, _never)
    loader = cache(load_encoder)
    indexed = _state(looker)
    report(update(loader))
    last = indexed
    told = ""
    pause = SHORTEST
    while True:
        sleep(pause)
        started = clock()
        seen = _state(looker)
        pause = max(SHORTEST, SHARE * (clock() - started))
        if seen == last and seen != indexed:
            try:
                done = update(loader)
            except UnivldrError as error:
                if str(error) != told:  # once, not at every look
                    report(error)
                told = str(error)
            else:
                indexed, told = seen, ""
                report(done)
        last = seen


def _state(corpus: Corpus) -> dict[str, str] | str:
    """Stamps by file, or why there are none."""
    try:
        return {source.key: source.stamp for source in corpus.scan().sources}
    except UnivldrError as error:
        return str(error)


def _never(text: str) -> list[str]:
    raise ConfigError("a watch only looks at files, it reads none")
