"""Tool schemas as Converse takes them: an object at the root, without alternatives there.

The service demands an object; Claude refuses `anyOf`, `oneOf` and `allOf` at the root (GitNexus#2487,
kirodotdev/Kiro#11027), gpt-oss does not see `$defs`, and GLM 5.3 writes arguments behind a `$ref` as
text (pydantic-ai#10243). One such schema would have every request refused that offers the tool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

__all__ = ["ToolSchema", "inline_references", "is_recursive", "tool_schema", "unusable"]

_Schema = dict[str, Any]

_ALTERNATIVES = ("anyOf", "oneOf")
_ROOT_COMPOSITION = ("anyOf", "oneOf", "allOf")
_MOST_PARTS = 500
_MOST_NODES = 20_000
_DEFINITIONS = ("$defs", "definitions")


@frozen
class ToolSchema:
    """A tool's schema as it may be sent.

    Attributes:
        schema: The schema; its root is an object without alternatives.
        notes: What is not as it was, and why: each the keyword and a sentence.
        forms: A description of the root's alternatives, or `None`.
    """

    schema: _Schema
    notes: tuple[tuple[str, str], ...] = ()
    forms: str | None = None


class _NoObjectError(Exception):
    """The root cannot be an object; the text says why."""


def unusable(schema: Any) -> str | None:
    """Why a schema cannot be that of a tool, in one sentence, or `None` where it can."""
    if not isinstance(schema, Mapping):
        return None
    try:
        _Root(schema).object(schema)
    except _NoObjectError as error:
        return str(error)
    return None


def tool_schema(schema: Mapping[str, Any]) -> ToolSchema:
    """Normalise a schema; one that `unusable` says nothing of.

    Args:
        schema: Plain JSON data.
    """
    notes: list[tuple[str, str]] = []
    root = _Root(schema).object(schema)
    forms = None
    merged = "Alternatives at the root are merged, and listed in the description."
    notes += [(keyword, merged) for keyword in _ROOT_COMPOSITION if keyword in schema]
    if any(keyword in schema for keyword in _ALTERNATIVES):
        forms = _forms(schema)
    if "$ref" in schema:
        notes.append(("$ref", "The root is written out in place of a reference."))
    if isinstance(schema.get("type"), list):
        notes.append(("type", "The arguments of a tool are an object and nothing else."))
    elif "type" not in schema:
        notes.append(("type", "The arguments of a tool are an object."))
    root["type"] = "object"
    for key, kind in (("properties", Mapping), ("required", list)):
        if key in root and not isinstance(root[key], kind):
            del root[key]
            notes.append((key, "It is not what JSON Schema says."))
    return ToolSchema(root, tuple(notes), forms)


class _Root:
    """Reads the root of a schema as one object; counts the parts it has read.

    References can make a small schema endless, or larger than all memory.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._read = 0

    def object(self, schema: Mapping[str, Any]) -> _Schema:
        """A schema as one object without composition at its root.

        Raises:
            _NoObjectError: It describes no object.
        """
        self._read += 1
        if self._read > _MOST_PARTS:
            msg = "The alternatives at the root of its schema have no end."
            raise _NoObjectError(msg)
        kinds = schema.get("type")
        if kinds is not None and "object" not in (kinds if isinstance(kinds, list) else [kinds]):
            found = " or ".join(map(str, kinds)) if isinstance(kinds, list) else kinds
            msg = f"The arguments of a tool are an object; its schema says {found}."
            raise _NoObjectError(msg)
        merged: _Schema = {k: v for k, v in schema.items() if k not in (*_ROOT_COMPOSITION, "$ref")}
        parts: list[_Schema] = []
        if "$ref" in schema:
            target = _target(schema["$ref"], self._root)
            if target is not None:
                parts.append(self.object(target))
        parts += [self.object(part) for part in _branches(schema.get("allOf"))]
        for keyword in _ALTERNATIVES:
            if keyword in schema:
                parts.append(self._union(_branches(schema[keyword])))
        for part in parts:
            _join(merged, part)
        return merged

    def _union(self, branches: Sequence[Mapping[str, Any]]) -> _Schema:
        """One object that allows what any of the branches allows; those that are none are left out."""
        objects, refused = [], None
        for branch in branches:
            try:
                objects.append(self.object(branch))
            except _NoObjectError as error:
                refused = error
        if not objects:
            if refused is not None:
                raise refused
            return {}
        union: _Schema = {}
        properties: dict[str, Any] = {}
        for part in objects:
            for name, value in _properties(part).items():
                properties[name] = _either(properties[name], value) if name in properties else value
        if properties:
            union["properties"] = properties
        required = [
            name for name in _required(objects[0]) if all(name in _required(o) for o in objects)
        ]
        if required:
            union["required"] = required
        if all(part.get("additionalProperties") is False for part in objects):
            union["additionalProperties"] = False
        return union


def _branches(value: Any) -> list[Mapping[str, Any]]:
    branches = value if isinstance(value, list) else []
    return [branch for branch in branches if isinstance(branch, Mapping)]


def _target(reference: Any, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The target of a reference within a schema."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    here: Any = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    return here if isinstance(here, Mapping) else None


def _join(merged: _Schema, part: Mapping[str, Any]) -> None:
    """Put into a schema what another one says beside it."""
    mine, theirs = _properties(merged), _properties(part)
    if theirs:
        both = {n: _both(mine[n], v) if n in mine else v for n, v in theirs.items()}
        merged["properties"] = {**mine, **both}
    required = [*_required(merged), *(n for n in _required(part) if n not in _required(merged))]
    if required:
        merged["required"] = required
    for key, value in part.items():
        if key not in ("properties", "required"):
            merged.setdefault(key, value)
    if theirs.keys() - mine.keys() and mine and merged.get("additionalProperties") is False:
        # Closed for its own properties alone, it would forbid those of the other.
        del merged["additionalProperties"]


def _either(one: Any, other: Any) -> Any:
    if one == other:
        return one
    known = one["anyOf"] if isinstance(one, dict) and list(one) == ["anyOf"] else [one]
    return {"anyOf": [*known, *([] if other in known else [other])]}


def _both(one: Any, other: Any) -> Any:
    return one if one == other else {"allOf": [one, other]}


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    value = schema.get("properties")
    return dict(value) if isinstance(value, Mapping) else {}


def _required(schema: Mapping[str, Any]) -> list[str]:
    value = schema.get("required")
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _forms(schema: Mapping[str, Any]) -> str | None:
    """A description of the alternatives of a root."""
    forms = []
    for keyword in _ALTERNATIVES:
        for branch in _branches(schema.get(keyword)):
            try:
                form = _Root(schema).object(branch)
            except _NoObjectError:
                continue
            forms.append(_form(branch, form))
    if len(forms) < 2:
        return None
    listing = "; ".join(f"({number}) {form}" for number, form in enumerate(forms, 1))
    return f"The arguments take one of these forms: {listing}."


def _form(branch: Mapping[str, Any], form: Mapping[str, Any]) -> str:
    title = branch.get("title") or branch.get("description")
    required, properties = _required(form), _properties(form)
    names = [
        f"{name}={properties[name]['const']!r}"
        if isinstance(properties[name], Mapping) and "const" in properties[name]
        else name
        for name in properties
    ]
    members = ", ".join(names) if names else ""
    if required:
        members = f"{members} (required: {', '.join(required)})".strip()
    members = members or "no arguments"
    return f"{title}: {members}" if isinstance(title, str) else members


def inline_references(schema: Mapping[str, Any]) -> tuple[_Schema, bool]:
    """A schema with its references replaced by their targets.

    A recursive reference, direct or not, becomes an open value of the same type with
    a note; one without a target becomes an open value. A schema that would grow too
    large stays as it is.

    Returns:
        The schema, and whether it was changed.
    """
    if not any(_references(schema)):
        return dict(schema), False
    try:
        inlined = _Inliner(schema).value(
            {k: v for k, v in schema.items() if k not in _DEFINITIONS}, ()
        )
    except _NoObjectError:
        return dict(schema), False
    return inlined, True


class _Inliner:
    """Writes references out, and counts what it has written."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = 0

    def value(self, value: Any, within: tuple[str, ...]) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            msg = "too large"
            raise _NoObjectError(msg)
        if isinstance(value, list):
            return [self.value(item, within) for item in value]
        if not isinstance(value, Mapping):
            return value
        rest = {k: self.value(v, within) for k, v in value.items() if k != "$ref"}
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return rest if "$ref" not in value else {**rest, "$ref": self.value(reference, within)}
        target = _target(reference, self._root)
        if target is None:
            return rest
        name = reference.rpartition("/")[2]
        if reference in within or reference == "#":
            kind = {"type": target["type"]} if "type" in target else {}
            return {**kind, "description": f"As {name or 'the whole'} above.", **rest}
        written = self.value(
            {k: v for k, v in target.items() if k not in _DEFINITIONS}, (*within, reference)
        )
        return {**written, **rest}


def is_recursive(schema: Mapping[str, Any]) -> bool:
    """Whether a schema refers to a schema that contains the reference."""

    def circular(reference: str, within: tuple[str, ...]) -> bool:
        if reference in within or reference == "#":
            return True
        target = _target(reference, schema)
        if target is None:
            return False
        return any(circular(inner, (*within, reference)) for inner in set(_references(target)))

    outside = {key: value for key, value in schema.items() if key not in _DEFINITIONS}
    return any(circular(reference, ()) for reference in set(_references(outside)))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
