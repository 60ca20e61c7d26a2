"""Values of wire events, read by their types, since a service may send anything.

A value of a type that violates the protocol is the service's fault, not the plugin's. So it is
refused here, before it gets into a delta. A key that is missing or `null` is another matter: services
leave out keys without a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.errors import MalformedResponse

__all__ = ["read_object", "read_objects", "read_text", "require_index", "require_text"]


def read_text(data: Mapping[str, Any], key: str) -> str | None:
    """The text under a key, or `None` where there is none.

    Args:
        data: An object of an event.
        key: The key.

    Raises:
        MalformedResponse: The value is not a text.
    """
    value = data.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(key, "a text", value)


def require_text(data: Mapping[str, Any], key: str) -> str:
    """The required text under a key.

    Args:
        data: An object of an event.
        key: The key.

    Raises:
        MalformedResponse: There is no value, or it is not a text.
    """
    value = read_text(data, key)
    if value is None:
        raise _wrong(key, "a text", value)
    return value


def require_index(data: Mapping[str, Any], key: str) -> int:
    """The whole number under a key, such as the index of a block; `2.0` is one.

    Args:
        data: An object of an event.
        key: The key.

    Raises:
        MalformedResponse: There is no value, or it is not a whole number.
    """
    value = data.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _wrong(key, "a whole number", value)


def read_object(data: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """The object under a key, or `None` where there is none.

    Args:
        data: An object of an event.
        key: The key.

    Raises:
        MalformedResponse: The value is not an object.
    """
    value = data.get(key)
    if value is None or isinstance(value, dict):
        return value
    raise _wrong(key, "an object", value)


def read_objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of objects under a key; an empty one where there is none.

    Args:
        data: An object of an event.
        key: The key.

    Raises:
        MalformedResponse: The value is not a list of objects.
    """
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(key, "a list", value)
    for item in value:
        if not isinstance(item, dict):
            raise _wrong(key, "a list of objects", item)
    return value


def _wrong(key: str, expected: str, value: object) -> MalformedResponse:
    found = _KINDS.get(type(value), "something else")
    return MalformedResponse(
        f"An event does not follow the protocol: {key!r} must be {expected}; found {found}."
    )


_KINDS: Mapping[type, str] = {
    type(None): "nothing",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
