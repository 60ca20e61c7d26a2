"""The check of a finished JSON value against a schema: the first thing in it that does not fit.

A grammar holds most of a schema while the model writes, but not `uniqueItems`, `multipleOf`, bounds
of fractions, `not` and the like. Schemas that come here have passed `check_schema`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from modelwire_local.json_schema.keywords import is_number, pointed_at

__all__ = ["mismatch", "text_mismatch"]


def mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Why a value does not fit a schema, as a sentence that names the place; `None` if it does."""
    try:
        found = next(_At(schema).mistakes(value, schema), None)
    except RecursionError:
        return "The value is nested too deep, or the schema refers to itself without end."
    if found is None:
        return None
    place, why = found
    return f"{place or 'The value'} {why}."


def text_mismatch(text: str, schema: Mapping[str, Any]) -> str | None:
    """The same for a value that is written as JSON; text that is not JSON has no mismatch here.

    The core reports such text, and arguments that are no object, for every provider alike.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return mismatch(value, schema)


Mistake = tuple[str, str]


@frozen
class _At:
    """A place in a value.

    Attributes:
        root: The whole schema, for references.
        place: The place, such as `days[2].name`.
        schema: The schema that is looked at.
    """

    root: Mapping[str, Any]
    place: str = ""
    schema: Mapping[str, Any] | None = None

    def mistakes(self, value: Any, schema: Mapping[str, Any] | bool) -> Iterator[Mistake]:
        """The mismatches, first to last."""
        if isinstance(schema, bool):
            if not schema:
                yield self.place, "must not be there"
            return
        here = evolve(self, schema=schema)
        for keyword, expected in schema.items():
            check = _CHECKS.get(keyword)
            if check is not None:
                yield from check(value, expected, here)

    def fits(self, value: Any, schema: Mapping[str, Any] | bool) -> bool:
        """Whether a value fits."""
        return next(self.mistakes(value, schema), None) is None

    def below(self, step: str | int) -> _At:
        """The place of a property or an item."""
        if isinstance(step, int):
            return evolve(self, place=f"{self.place}[{step}]")
        return evolve(self, place=f"{self.place}.{step}" if self.place else step)

    def beside(self, keyword: str, default: Any) -> Any:
        """Another keyword of the schema that is looked at."""
        return (self.schema or {}).get(keyword, default)


Check = Callable[[Any, Any, _At], Iterator[Mistake]]

_IS: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and math.isfinite(value) and value == int(value),
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _same(first: Any, second: Any) -> bool:
    """Whether two JSON values are equal; `true` is not 1, and 1.0 is."""
    return _canonical(first) == _canonical(second)


def _canonical(value: Any) -> str:
    def plain(inner: Any) -> Any:
        if isinstance(inner, float) and math.isfinite(inner) and inner == int(inner):
            return int(inner)
        if isinstance(inner, list):
            return [plain(item) for item in inner]
        return {k: plain(v) for k, v in inner.items()} if isinstance(inner, dict) else inner

    return json.dumps(plain(value), sort_keys=True)


def _simple(applies: Callable[[Any], bool], fits: Callable[[Any, Any], bool], says: str) -> Check:
    """A check that needs only the value and the keyword's own value, `{}` in `says`."""

    def check(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
        if applies(value) and not fits(value, expected):
            yield at.place, says.format(json.dumps(expected, ensure_ascii=False))

    return check


def _is_multiple(value: float, step: float) -> bool:
    quotient = value / step
    return math.isfinite(quotient) and math.isclose(quotient, round(quotient), abs_tol=1e-9)


def _is_one_of(value: Any, names: Any) -> bool:
    return any(_IS[name](value) for name in ([names] if isinstance(names, str) else names))


def _are_unique(items: Any, wanted: Any) -> bool:
    return not wanted or len(set(map(_canonical, items))) == len(items)


def _reference(value: Any, expected: str, at: _At) -> Iterator[Mistake]:
    yield from at.mistakes(value, pointed_at(expected, at.root) or {})


def _all(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for schema in expected:
        yield from at.mistakes(value, schema)


def _any(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    if not any(at.fits(value, schema) for schema in expected):
        yield at.place, "fits none of its alternatives"


def _one(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    fitting = sum(at.fits(value, schema) for schema in expected)
    if fitting != 1:
        yield at.place, f"fits {fitting or 'none'} of its alternatives, and must fit one"


def _not(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    if at.fits(value, expected):
        yield at.place, "is what it must not be"


def _if(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    branch = "then" if at.fits(value, expected) else "else"
    yield from at.mistakes(value, at.beside(branch, True))


def _properties(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for name, schema in expected.items() if isinstance(value, dict) else ():
        if name in value:
            yield from at.below(name).mistakes(value[name], schema)


def _pattern_properties(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        for pattern, schema in expected.items():
            if re.search(pattern, name):
                yield from at.below(name).mistakes(inner, schema)


def _additional(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    named, patterns = at.beside("properties", {}), at.beside("patternProperties", {})
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name not in named and not any(re.search(pattern, name) for pattern in patterns):
            yield from at.below(name).mistakes(inner, expected)


def _names(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for name in value if isinstance(value, dict) else ():
        yield from at.below(name).mistakes(name, expected)


def _required(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for name in expected if isinstance(value, dict) else ():
        if name not in value:
            yield at.place, f"lacks {name!r}"


def _dependent(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    for name, needed in expected.items() if isinstance(value, dict) else ():
        if name in value:
            inner = _required if isinstance(needed, list) else _self
            yield from inner(value, needed, at)


def _self(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    yield from at.mistakes(value, expected)


def _items(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    if not isinstance(value, list):
        return
    if isinstance(expected, list):
        yield from _first_items(value, expected, at)
        return
    first = len(at.beside("prefixItems", ()))
    for index, item in enumerate(value[first:], first):
        yield from at.below(index).mistakes(item, expected)


def _first_items(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    pairs = zip(value, expected, strict=False) if isinstance(value, list) else ()
    for index, (item, schema) in enumerate(pairs):
        yield from at.below(index).mistakes(item, schema)


def _contains(value: Any, expected: Any, at: _At) -> Iterator[Mistake]:
    if isinstance(value, list):
        found = sum(at.fits(item, expected) for item in value)
        least, most = at.beside("minContains", 1), at.beside("maxContains", math.inf)
        if not least <= found <= most:
            yield at.place, f"has {found} items of the kind that it must contain"


_is_text, _is_list, _is_object = _IS["string"], _IS["array"], _IS["object"]

_CHECKS: Mapping[str, Check] = {
    "$ref": _reference,
    "type": _simple(lambda _: True, _is_one_of, "is not of the type {}"),
    "enum": _simple(
        lambda _: True,
        lambda value, allowed: any(_same(value, one) for one in allowed),
        "is none of {}",
    ),
    "const": _simple(lambda _: True, _same, "is not {}"),
    "minimum": _simple(is_number, lambda value, least: value >= least, "is less than {}"),
    "maximum": _simple(is_number, lambda value, most: value <= most, "is more than {}"),
    "exclusiveMinimum": _simple(is_number, lambda value, below: value > below, "is not above {}"),
    "exclusiveMaximum": _simple(is_number, lambda value, above: value < above, "is not below {}"),
    "multipleOf": _simple(is_number, _is_multiple, "is not a multiple of {}"),
    "minLength": _simple(_is_text, lambda v, n: len(v) >= n, "is shorter than {} characters"),
    "maxLength": _simple(_is_text, lambda v, n: len(v) <= n, "is longer than {} characters"),
    "pattern": _simple(_is_text, lambda v, p: re.search(p, v) is not None, "does not match {}"),
    "minItems": _simple(_is_list, lambda v, n: len(v) >= n, "has fewer than {} items"),
    "maxItems": _simple(_is_list, lambda v, n: len(v) <= n, "has more than {} items"),
    "uniqueItems": _simple(_is_list, _are_unique, "has an item twice"),
    "minProperties": _simple(_is_object, lambda v, n: len(v) >= n, "has fewer than {} properties"),
    "maxProperties": _simple(_is_object, lambda v, n: len(v) <= n, "has more than {} properties"),
    "allOf": _all,
    "anyOf": _any,
    "oneOf": _one,
    "not": _not,
    "if": _if,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "prefixItems": _first_items,
    "items": _items,
    "contains": _contains,
}
