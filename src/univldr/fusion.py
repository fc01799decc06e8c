"""Rank fusion: several ranked lists of one query become one. Pure functions over the rows of a run.

What goes in is one mapping of document id to score for each list, in any order; what comes out is such a
mapping, best first. Its scores fall strictly, also as the float32 that trec_eval compares, so that no ties
are left for ids to decide. Where a method leaves a tie, the document of the earlier list goes first: over
lists without a document in common, such as a text pool's and a picture pool's, ``rrf`` leaves one at every
rank, whatever its constant, and becomes a round robin.

| name | score of a document |
|---|---|
| ``rrf`` | sum over the lists of 1 / (60 + its rank): reciprocal rank fusion (Cormack et al., SIGIR 2009) |
| ``roundrobin`` | 1 / the position at which it comes, the lists taking turns |
| ``minmax`` | sum of its scores, each list's mapped onto 0 to 1 (CombSUM, Fox and Shaw 1994) |
| ``zscore`` | its best score, in each list's standard deviations from its mean |
| ``raw`` | its best score as it is (CombMAX): for lists whose scores mean the same, such as one model's |
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

import numpy as np

from univldr.errors import ConfigError

RRF_CONSTANT = 60.0
"""What Cormack et al. found to work; it tells how much a low rank counts against a high one."""

Row = Mapping[str, float]
"""Document id to score: what one system gave for one query."""


def fuse(lists: Sequence[Row], method: str) -> dict[str, float]:
    """Fuse by a method's name, a key of ``METHODS``.

    Raises:
        ConfigError: there is no such method.
    """
    check_method(method)
    return METHODS[method](lists)


def check_method(method: str) -> None:
    """Refuse a name that is not one of ``METHODS``.

    Raises:
        ConfigError: the message names those that are.
    """
    if method not in METHODS:
        nearest = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise ConfigError(f'no fusion "{method}": {hint}Known: {", ".join(METHODS)}')


def rrf(lists: Sequence[Row], constant: float = RRF_CONSTANT) -> dict[str, float]:
    """Reciprocal rank fusion; see the module's table."""
    return comb_sum([{id: 1 / (constant + rank) for rank, id in enumerate(_ids(row), 1)} for row in lists])


def round_robin(lists: Sequence[Row]) -> dict[str, float]:
    """The lists take turns, each giving its best document that has not come yet; the first list begins."""
    turns = zip_longest(*(_ids(row) for row in lists))
    order = dict.fromkeys(id for turn in turns for id in turn if id is not None)
    return _strict([(id, 1 / position) for position, id in enumerate(order, 1)])


def min_max(row: Row) -> dict[str, float]:
    """Scores mapped onto 0 (the lowest) to 1 (the highest); all 1 where all are equal."""
    low, high = min(row.values(), default=0.0), max(row.values(), default=0.0)
    return {id: (score - low) / (high - low) if high > low else 1.0 for id, score in row.items()}


def z_score(row: Row) -> dict[str, float]:
    """Scores in standard deviations from their mean; all 0 where all are equal."""
    values = np.array(list(row.values()), float)
    if not len(values) or values.min() == values.max():
        return dict.fromkeys(row, 0.0)
    return dict(zip(row, ((values - values.mean()) / values.std()).tolist(), strict=True))


def comb_sum(lists: Sequence[Row]) -> dict[str, float]:
    """The sum of each document's scores."""
    return _ordered({id: sum(row.get(id, 0.0) for row in lists) for id in _every(lists)})


def comb_max(lists: Sequence[Row]) -> dict[str, float]:
    """The best of each document's scores."""
    return _ordered({id: max(row[id] for row in lists if id in row) for id in _every(lists)})


METHODS: dict[str, Callable[[Sequence[Row]], dict[str, float]]] = {
    "rrf": rrf,
    "roundrobin": round_robin,
    "minmax": lambda lists: comb_sum([min_max(row) for row in lists]),
    "zscore": lambda lists: comb_max([z_score(row) for row in lists]),
    "raw": comb_max,
}
"""Name to method; see the module's table."""


def _ids(row: Row) -> list[str]:
    """A list in trec_eval's order: by score downwards, compared as float32, equal ones by id downwards."""
    scores = np.fromiter(row.values(), np.float32, len(row)).tolist()
    return [id for _, id in sorted(zip(scores, row, strict=True), reverse=True)]


def _every(lists: Sequence[Row]) -> list[str]:
    """Each document once: the first list's, then what the others add."""
    return list(dict.fromkeys(id for row in lists for id in _ids(row)))


def _ordered(scores: Row) -> dict[str, float]:
    """By score downwards, equal ones in the order in which they come."""
    return _strict(sorted(scores.items(), key=lambda pair: -pair[1]))


def _strict(pairs: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Scores lowered, by one step of a float32 each, until none is as high as the one before."""
    row: dict[str, float] = {}
    last = np.float32(np.inf)
    for id, score in pairs:
        last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
        row[id] = float(last)
    return row
