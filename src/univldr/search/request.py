"""Everything that a search can be asked for, checked before any work is done."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from univldr.errors import ConfigError
from univldr.types import Modality, Query
from univldr.where import Where

Switch = Literal["auto", "on", "off"]
SWITCHES = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Request:
    """A query and how it is to be answered.

    Attributes:
        query: What is looked for.
        k: How many hits; fewer come only where fewer match.
        offset: How many hits to pass over: page 2 of 10 begins at 10.
        modality: Only texts or only images, applied during the search.
        where: Only documents that match, applied during the search.
        center: Whether each modality's mean is taken out of the vectors (GR-CLIP); ``auto`` does it for
            models that were not trained on both modalities jointly.
        image_bias: Added to every picture's score: above 0 brings pictures up, below 0 passages.
        lexical: Whether the words that query and document share count beside the vectors; ``auto`` lets them
            count where they are telling.
        per_file: One hit for each file, its best passage or page.
        fold: One hit for copies of a picture, as far as their captions are alike.
        min_relevance: Leave out hits of less relevance.
        explain: Split each hit's score; its picture is encoded again for it.

    Raises:
        ConfigError: there is nothing to look for, or a value is out of its bounds.
    """

    query: Query
    k: int = 10
    offset: int = 0
    modality: Modality | None = None
    where: Where | None = None
    center: Switch = "auto"
    image_bias: float = 0.0
    lexical: Switch = "auto"
    per_file: bool = True
    fold: bool = True
    min_relevance: float | None = None
    explain: bool = False

    def __post_init__(self) -> None:
        query = self.query
        terms = (*query.plus, *query.minus)
        if not (query.text.strip() or query.image is not None or query.plus or query.like):
            raise ConfigError("the query is empty; give it words, a picture or both")
        if any(not term.text.strip() and term.image is None for term in terms):
            raise ConfigError("an empty term; give it words, a picture or both")
        if bad := [term.weight for term in terms if not 0 < term.weight <= 100]:
            raise ConfigError(f"a term's weight is {bad[0]}; give it more than 0 and at most 100")
        if self.k < 1:
            raise ConfigError(f"k is {self.k}; ask for at least 1 hit")
        if self.offset < 0:
            raise ConfigError(f"offset is {self.offset}; give 0 or more")
        _check_switch("center", self.center)
        _check_switch("lexical", self.lexical)
        _check_between("image_bias", self.image_bias, -2, 2)
        _check_between("min_relevance", self.min_relevance, 0, 1)


def _check_switch(name: str, value: str) -> None:
    if value not in SWITCHES:
        nearest = difflib.get_close_matches(str(value), SWITCHES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ConfigError(f"{name} is {value!r}, not one of {', '.join(SWITCHES)}{hint}")


def _check_between(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:  # nor NaN
        raise ConfigError(f"{name} is {value}; give {low} to {high}")
