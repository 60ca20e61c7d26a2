"""A model as the discovery cache keeps it: JSON data whose keys are the names of the attributes.

Models are listed far more often than fetched, so they are read without cattrs, whose import takes
longer than reading hundreds of them.
"""

from __future__ import annotations

from typing import Any, get_args

from attrs import Attribute, asdict, fields

from modelwire.models import InputKind, Model, Prices

__all__ = ["from_stored", "to_stored"]

_PLAIN: dict[str, type] = {
    **dict.fromkeys(("provider", "id", "name", "api", "base_url"), str),
    **dict.fromkeys(("reasoning", "tools", "local"), bool),
    **dict.fromkeys(("context_window", "context_tokens", "max_tokens"), int),
    **dict.fromkeys(("params", "extra"), dict),
}
_PRICES = tuple(field.name for field in fields(Prices))
_INPUT = frozenset(get_args(InputKind))


def to_stored(model: Model) -> dict[str, Any]:
    """Write a model, without its headers, in which secrets may stand."""
    return asdict(model, filter=_is_kept)


def from_stored(data: Any) -> Model:
    """Read a model.

    Raises:
        TypeError: The data is not what a model was written as.
    """
    if type(data) is not dict:
        raise TypeError(data)
    found = {
        name: _checked(data[name], kind)
        for name, kind in _PLAIN.items()
        if data.get(name) is not None
    }
    if "input" in data:
        found["input"] = _texts(data["input"])
        if not _INPUT.issuperset(found["input"]):
            raise TypeError(data)
    if "prices" in data:
        prices = _checked(data["prices"], dict)
        found["prices"] = Prices(*(_price(prices.get(name)) for name in _PRICES))
    if "thinking_level_map" in data:
        levels = _checked(data["thinking_level_map"], dict)
        _texts([level for level in levels.values() if level is not None])
        found["thinking_level_map"] = levels
    if "sources" in data:
        found["sources"] = _texts(data["sources"])
    return Model(**found)


def _is_kept(attribute: Attribute[Any], value: object) -> bool:
    return attribute.name != "headers" and value is not None


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:  # a bool is an int, too
        raise TypeError(value)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_checked(text, str) for text in _checked(value, list))


def _price(value: Any) -> float | None:
    if value is None or type(value) is int:
        return value
    number: float = _checked(value, float)
    return number
