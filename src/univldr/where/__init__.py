"""Filters: ``year > 2020 and (path under 'trips' or tags in ('sea', 'sun'))``, parsed and evaluated.

A filter is read by a parser over tokens into a tree of values; nothing of it is ever spliced into a query of
an engine. ``docs/filters.md`` has the grammar and the rules, of which two decide most questions:

- the literal says how a field is read: for ``year > 2020`` the number 2021 and the text "2021" are numbers;
- a field that is missing, null or an empty list matches nothing, so only ``not`` and ``exists`` see it.
"""

from univldr.where.filters import And, Compare, Exists, In, Literal, Not, Or, Under, Where, values
from univldr.where.parser import MAX_DEPTH, MAX_LENGTH, parse

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "And",
    "Compare",
    "Exists",
    "In",
    "Literal",
    "Not",
    "Or",
    "Under",
    "Where",
    "parse",
    "values",
]
