"""Haystack's filters as ours. Needs nothing of Haystack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from univldr.errors import ConfigError
from univldr.where import And, Compare, Exists, In, Literal, Not, Or, Where

_ORDERS = (">", ">=", "<", "<=")
_OPERATORS = ("==", "!=", *_ORDERS, "in", "not in")
_JOINED: dict[str, Callable[[tuple[Where, ...]], Where]] = {
    "AND": lambda parts: parts[0] if len(parts) == 1 else And(parts),
    "OR": lambda parts: parts[0] if len(parts) == 1 else Or(parts),
    "NOT": lambda parts: Not(_JOINED["AND"](parts)),
}


def where_of(filters: Mapping[str, Any]) -> Where:
    """The filter that ``filters`` is: ``{"field", "operator", "value"}`` or ``{"operator", "conditions"}``.

    A leading ``meta.`` of a field is left out: ``meta.year`` is ``year``. Texts that spell a day or a moment
    are those when they are compared by order, as in Haystack.

    Raises:
        ConfigError: it is neither, or has a value that no filter of ours has.
    """
    if "field" in filters:
        return _condition(filters)
    operator, conditions = filters.get("operator"), filters.get("conditions")
    if operator not in _JOINED or not isinstance(conditions, Sequence) or not conditions:
        raise ConfigError(
            f'filters are {filters!r}; give "field", "operator" and "value", or "operator" (AND, OR or NOT) '
            'and "conditions", one or more'
        )
    return _JOINED[operator](tuple(where_of(part) for part in conditions))


def _condition(filters: Mapping[str, Any]) -> Where:
    operator, value = filters.get("operator"), filters.get("value")
    field = str(filters["field"]).removeprefix("meta.")
    if operator not in _OPERATORS:
        raise ConfigError(f"a filter's operator is {operator!r}; give one of {', '.join(_OPERATORS)}")
    if operator in ("in", "not in"):
        if not isinstance(value, list | tuple | set):
            raise ConfigError(f"the value of {operator!r} on {field!r} is {value!r}; give a list")
        among = In(field, tuple(_literal(one, field) for one in value))
        return among if operator == "in" else Not(among)
    if operator in _ORDERS:
        return Compare(field, operator, _moment(_literal(value, field)))
    if value is None:
        return Exists(field) if operator == "!=" else Not(Exists(field))
    equal = Compare(field, "=", _literal(value, field))
    return equal if operator == "==" else Not(equal)


def _literal(value: object, field: str) -> Literal:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool | str | date):
        return value
    if isinstance(value, int | float):
        return float(value)
    raise ConfigError(
        f"a filter compares {field!r} with {value!r}; give a text, a number, a truth value or a date"
    )


def _moment(value: Literal) -> Literal:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
