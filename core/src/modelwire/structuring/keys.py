"""Document keys of the attributes of an attrs class."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["is_read", "is_rest", "key_of", "keys_of", "to_camel"]


def to_camel(name: str) -> str:
    """Turn `context_window` into `contextWindow`; a trailing underscore is dropped."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def keys_of(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The keys that an attrs class reads from a document, and the attributes that they fill."""
    fields = attrs.fields(attrs.resolve_types(cls))
    return {key_of(a): a for a in fields if is_read(a) and not is_rest(a)}


def is_read(attribute: attrs.Attribute[Any]) -> bool:
    """Whether an attribute is read from the document at all."""
    return attribute.metadata.get("read", True) is True


def is_rest(attribute: attrs.Attribute[Any]) -> bool:
    """Whether an attribute takes all keys that its class does not know."""
    return attribute.metadata.get("rest", False) is True


def key_of(attribute: attrs.Attribute[Any]) -> str:
    """The key that an attribute is read from."""
    return str(attribute.metadata.get("key") or to_camel(attribute.name))
