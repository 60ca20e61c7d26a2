"""JSON from a service: parsing with one depth limit and one treatment of odd numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from modelwire.repair import clean_json
from modelwire.structuring import MAX_DEPTH, check_depth, is_shallow

__all__ = ["check_json_depth", "encode_json", "parse_json", "parse_json_or_none"]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from a service.

    Input that only Python's own parser accepts is accepted too: unpaired surrogates, `NaN` and
    `Infinity`. A number that is too large for a float is infinite. So an absurd value
    does not lose the rest; `count_tokens` refuses it where it matters.

    Raises:
        ValueError: It is not JSON, or is nested deeper than `modelwire.structuring.MAX_DEPTH`
            levels.
    """
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeError):
        value = _parse_leniently(text)
    except RecursionError as error:
        raise _too_deep() from error
    if len(text) > 2 * MAX_DEPTH:  # each level takes two brackets
        check_depth(text, value)
    return value


def parse_json_or_none(text: str | bytes) -> Any:
    """Parse JSON as `parse_json` does; `None` if it is not JSON, as with the body of an error."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def check_json_depth(text: str | bytes) -> None:
    """Check the nesting of JSON, for decoders with a limit of their own or none.

    It costs next to nothing for texts with few brackets, which nearly all are.

    Raises:
        ValueError: It is nested deeper than `parse_json` accepts.
    """
    if not is_shallow(text):
        parse_json(text)


def encode_json(payload: Mapping[str, Any]) -> bytes:
    """The body of a request: equal data gives equal bytes, so that caches match.

    Values that JSON or UTF-8 does not have are replaced: unpaired surrogates by question marks, and
    numbers that are not finite by `null`.
    """
    try:
        return _encode(payload)
    except (TypeError, ValueError):
        return _encode_leniently(payload)


def _encode_leniently(payload: Mapping[str, Any]) -> bytes:
    """Write what only Python's own encoder takes: half a character, subclasses of texts and numbers."""
    try:
        text = _dump(payload)
    except ValueError:
        text = _dump(clean_json(payload))
    return text.encode("utf-8", "replace")


def _dump(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _parse_leniently(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _too_deep() from error


def _too_deep() -> ValueError:
    return ValueError("it is nested too deep")
