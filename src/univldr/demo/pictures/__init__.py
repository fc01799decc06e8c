"""The pictures of the demo corpus: one table over all modules that draw."""

from __future__ import annotations

from univldr.demo.pictures import (
    animals,
    charts,
    country,
    diagrams,
    flags,
    maps,
    people,
    scenes,
    signs,
    things,
    town,
    wildlife,
)
from univldr.demo.pictures.table import Picture

PICTURES: tuple[Picture, ...] = (
    *scenes.PICTURES,
    *town.PICTURES,
    *country.PICTURES,
    *animals.PICTURES,
    *wildlife.PICTURES,
    *people.PICTURES,
    *things.PICTURES,
    *charts.PICTURES,
    *diagrams.PICTURES,
    *signs.PICTURES,
    *flags.PICTURES,
    *maps.PICTURES,
)

__all__ = ["PICTURES", "Picture"]
