"""Citations as services send them, validated."""

from __future__ import annotations

from typing import Any, get_args

from attrs import fields

from modelwire.events import CitationDelta, Delta, Diagnostic
from modelwire.messages import Citation, CitationKind
from modelwire.repair import clean_json

__all__ = ["cite"]

_NUMBERS = frozenset({"index", "start", "end", "text_start", "text_end"})
_LARGEST = 2**53
_NAMES = frozenset(attribute.name for attribute in fields(Citation))
_KINDS = get_args(CitationKind)


def cite(block: int, wire: object, kind: object, /, **values: object) -> Delta:
    """The delta of a citation, or a diagnostic `citation` where it cannot be read.

    Args:
        block: The text block that the citation belongs to.
        wire: The citation as the service sent it, for the diagnostic.
        kind: The kind of source; a value that is not a `CitationKind` makes the diagnostic.
        values: The attributes of the `Citation`, as the service sent them. One of a wrong type is
            left out.

    Raises:
        TypeError: A name is not that of an attribute.
    """
    if unknown := values.keys() - _NAMES:
        msg = f"A citation has no {', '.join(sorted(unknown))}."
        raise TypeError(msg)
    if kind not in _KINDS:
        return Diagnostic("citation", {"index": block, "citation": clean_json(wire)})
    kept: dict[str, Any] = {name: value for name, value in values.items() if _fits(name, value)}
    return CitationDelta(block, Citation(kind, **kept))  # type: ignore[arg-type]


def _fits(name: str, value: object) -> bool:
    if name in _NUMBERS:
        return type(value) is int and 0 <= value <= _LARGEST
    return isinstance(value, str)
