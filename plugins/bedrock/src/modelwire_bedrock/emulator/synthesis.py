"""Valid values from JSON schemas: arguments of tool calls and structured answers.

The same schema and hints always give the same value. An object has its required members and no more.
A string that may be anything is the text of the hints, a number is theirs where it fits. Kept are types, `required`, `dependentRequired`,
`minProperties`, `enum`, `const`, bounds, `multipleOf`, lengths, formats, patterns as far as
`matching_text` reads them, `prefixItems`, `contains`, `uniqueItems`, references into the schema,
`allOf`, and the first of `anyOf` and `oneOf` that is not null. Not kept are `not`, `if` and
`patternProperties`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from modelwire_bedrock.emulator.patterns import matching_text

__all__ = ["synthesize"]

DEEPEST = 12
"""Where schemas that contain themselves end."""

LARGEST = 20_000
"""The most values of one schema, and the most characters of one text."""

_FORMATS = {
    "date": "2026-11-28",
    "date-time": "2026-11-28T12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_TEXT = "text"
_KINDS: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
_NARROWING = frozenset({"enum", "const", "format", "pattern"})
"""Keywords by which a string is not any text."""


def synthesize(schema: Any, text: str | None = None, number: float | None = None) -> Any:
    """A value that a schema accepts.

    Args:
        schema: A JSON schema, of draft 2020-12.
        text: What a string is that may be anything; by default a word.
        number: What a number is, where it is within the bounds.

    Raises:
        ValueError: Its values are too large, or it is no schema.
    """
    return _Synthesis(schema, text, number).value(schema)


class _Synthesis:
    """Makes values of the parts of one schema."""

    def __init__(self, root: Any, text: str | None, number: float | None) -> None:
        self._root = root if isinstance(root, Mapping) else {}
        self._text = text
        self._number = number
        self._left = LARGEST
        self._makers: dict[str, Callable[[Mapping[str, Any], int, int], Any]] = {
            "array": self._array,
            "boolean": lambda _schema, _depth, nth: nth % 2 == 0,
            "integer": self._numeral,
            "null": lambda *_: None,
            "number": self._numeral,
            "object": self._object,
            "string": self._string,
        }

    def value(self, schema: Any, depth: int = 0, nth: int = 0) -> Any:
        """A value; `nth` is which one, where several have to differ."""
        if depth > DEEPEST:
            return None
        self._left -= 1
        if self._left < 0:
            raise _too_large()
        schema = self._flat(schema, depth)
        kind = _kind(schema)
        given = self._given(schema, kind)
        if given:
            return given[nth % len(given)]
        make = self._makers.get(kind)
        return None if make is None else make(schema, depth, nth)

    def _given(self, schema: Mapping[str, Any], kind: str) -> list[Any]:
        """The values that a schema names itself."""
        if "const" in schema:
            return [schema["const"]]
        fits = _KINDS.get(kind) if "type" in schema else None
        if schema.get("enum"):
            return [one for one in schema["enum"] if fits is None or fits(one)] or schema["enum"]
        if self._text is not None and kind == "string" and not _NARROWING & schema.keys():
            return []
        named = [schema["default"]] if "default" in schema else []
        named += schema.get("examples") or ()
        return [one for one in named if fits is None or fits(one)][:1]

    def _flat(self, schema: Any, depth: int) -> Mapping[str, Any]:
        """The same schema without references and alternatives."""
        for _ in range(DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            parts: list[Any] = []
            own = dict(schema)
            if "$ref" in own:
                parts.append(self._target(own.pop("$ref")))
            parts += own.pop("allOf", ())
            for name in ("anyOf", "oneOf"):
                alternatives = own.pop(name, None)
                if alternatives:
                    parts.append(self._chosen(alternatives, depth))
            if not parts:
                return own
            schema = _joined([own, *(part for part in parts if isinstance(part, Mapping))])
        return {}

    def _chosen(self, alternatives: list[Any], depth: int) -> Any:
        """The first alternative that is not null; deep down the first that ends."""
        possible = [one for one in alternatives if one is not False]
        if depth > DEEPEST // 2:
            return min(
                possible, key=lambda one: _kind(self._flat(one, depth)) in ("object", "array")
            )
        return min(possible, key=lambda one: _kind(self._flat(one, depth)) == "null")

    def _target(self, reference: Any) -> Mapping[str, Any]:
        found: Any = self._root
        for step in str(reference).removeprefix("#").strip("/").split("/"):
            if step:
                name = step.replace("~1", "/").replace("~0", "~")
                found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def _object(self, schema: Mapping[str, Any], depth: int, nth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = dict.fromkeys(schema.get("required", ()))
        for name in list(names):
            names |= dict.fromkeys(schema.get("dependentRequired", {}).get(name, ()))
        least = _checked(schema.get("minProperties", 0))
        further = [*properties, *(f"name{at + 1}" for at in range(least))]
        names |= dict.fromkeys(
            [name for name in further if name not in names][: max(0, least - len(names))]
        )
        rest = schema.get("additionalProperties", {"type": "string"})
        rest = rest if isinstance(rest, Mapping) else {"type": "string"}
        return {name: self.value(properties.get(name, rest), depth + 1, nth) for name in names}

    def _array(self, schema: Mapping[str, Any], depth: int, nth: int) -> list[Any]:
        kinds = [*schema.get("prefixItems", ())]
        kinds += (
            [schema["contains"]] * _checked(schema.get("minContains", 1))
            if "contains" in schema
            else []
        )
        items = schema.get("items", {"type": "string"})
        least = _checked(schema.get("minItems", 0 if depth >= DEEPEST - 1 or items is False else 1))
        kinds += [items] * (least - len(kinds))
        kinds = kinds[: schema.get("maxItems", len(kinds))]
        differ = bool(schema.get("uniqueItems"))
        return [self.value(kind, depth + 1, at if differ else nth) for at, kind in enumerate(kinds)]

    def _numeral(self, schema: Mapping[str, Any], depth: int, nth: int) -> float:
        del depth
        if nth == 0 and self._number is not None and _allows(schema, self._number):
            return self._number
        return _integer(schema, nth) if _kind(schema) == "integer" else _number(schema, nth)

    def _string(self, schema: Mapping[str, Any], depth: int, nth: int) -> str:
        del depth
        least = _checked(schema.get("minLength", 0))
        if "pattern" in schema:
            matching = matching_text(schema["pattern"], least, nth)
            if matching is not None:
                return matching
        text = _FORMATS.get(schema.get("format", ""))
        if text is not None and nth == 0:
            return text
        text = text or (_TEXT if self._text is None else self._text)
        most = schema.get("maxLength", max(len(text) + 12, least))
        mark = str(nth) if nth else ""
        return (
            text[: max(0, most - len(mark))] + mark
            if len(text) >= least
            else f"{mark}{text}".ljust(least, "x")[:most]
        )


def _checked(least: int) -> int:
    if least > LARGEST:
        raise _too_large()
    return least


def _too_large() -> ValueError:
    return ValueError(f"a value has more than {LARGEST:,} parts")


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = next((kind for word, kind in _TOLD_BY.items() if word in schema), "string")
    return str(kind)


_TOLD_BY = {
    "properties": "object",
    "required": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minimum": "number",
    "maximum": "number",
}
"""The type that a keyword is for, where none is given."""


def _joined(schemas: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The conjunction of several schemas."""
    joined: dict[str, Any] = {}
    for schema in schemas:
        for name, value in schema.items():
            joined[name] = _both(name, joined[name], value) if name in joined else value
    return joined


def _both(name: str, one: Any, other: Any) -> Any:
    join = _JOINS.get(name)
    return other if join is None else join(one, other)


def _united(one: list[Any], other: list[Any]) -> list[Any]:
    return [*one, *(value for value in other if value not in one)]


def _shared(one: list[Any], other: list[Any]) -> list[Any]:
    return [value for value in one if value in other]


def _shared_types(one: str | list[str], other: str | list[str]) -> list[str]:
    kinds = [[kind] if isinstance(kind, str) else kind for kind in (one, other)]
    if "integer" in kinds[0] + kinds[1]:  # each is a number as well
        kinds = [["integer" if kind == "number" else kind for kind in each] for each in kinds]
    return _shared(*kinds)


def _members(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    "allOf": lambda one, other: [*one, *other],
    "enum": _shared,
    "properties": _members,
    "required": _united,
    "type": _shared_types,
}
"""The conjunction of two values of a keyword; for other keywords the later value applies."""


def _allows(schema: Mapping[str, Any], number: float) -> bool:
    """Whether a number is within the bounds of a schema."""
    value = Fraction(str(number))
    lows, highs = _bounds(schema)
    step = schema.get("multipleOf")
    return (
        all(value > low if off else value >= low for low, off in lows)
        and all(value < high if off else value <= high for high, off in highs)
        and (step is None or (value / Fraction(str(step))).denominator == 1)
        and (_kind(schema) != "integer" or isinstance(number, int))
    )


def _number(schema: Mapping[str, Any], nth: int) -> float:
    if "multipleOf" in schema:
        return float(_in_steps(schema, Fraction(str(schema["multipleOf"])), nth))
    lows, highs = _bounds(schema)
    if lows and highs:
        low, high = max(lows)[0], min(highs)[0]
        return float(low + (high - low) * Fraction(nth + 1, nth + 2))
    if highs:
        return float(min(highs)[0] - 1 - nth)
    return float(max(lows)[0] + 1 + nth if lows else 1 + nth)


def _integer(schema: Mapping[str, Any], nth: int) -> int:
    # The whole multiples of a fraction are those of its numerator.
    return int(
        _in_steps(schema, Fraction(Fraction(str(schema.get("multipleOf", 1))).numerator), nth)
    )


def _in_steps(schema: Mapping[str, Any], step: Fraction, nth: int) -> Fraction:
    """A multiple of a number between the bounds: the first from 1 up, then those below."""
    lows, highs = _bounds(schema)
    first = max((_up(low / step, off=off) for low, off in lows), default=None)
    last = min((-_up(-high / step, off=-off) for high, off in highs), default=None)
    at = math.ceil(1 / step)
    at = at if last is None else min(at, last)
    at = at if first is None else max(at, first)
    if last is not None and at + nth > last:
        return (last - nth) * step
    return (at + nth) * step


def _up(value: Fraction, *, off: int) -> int:
    """The next whole number; with `off` a greater one."""
    return math.floor(value) + 1 if off else math.ceil(value)


def _bounds(
    schema: Mapping[str, Any],
) -> tuple[list[tuple[Fraction, int]], list[tuple[Fraction, int]]]:
    """The bounds on both sides, each with which way it excludes itself: 1 is up, -1 down, 0 not."""
    named = (
        ("minimum", 0, 0),
        ("exclusiveMinimum", 1, 0),
        ("maximum", 0, 1),
        ("exclusiveMaximum", -1, 1),
    )
    found: tuple[list[tuple[Fraction, int]], list[tuple[Fraction, int]]] = ([], [])
    for name, off, side in named:
        if name in schema:
            found[side].append((Fraction(str(schema[name])), off))
    return found
