"""Refused fields: which fields of a request a refusal names.

A table of models is never complete. A refusal that names a field is used instead: the field is left
out once, and remembered, so that the next call of the process does not fail first. Only fields whose
absence the caller can see in the answer's diagnostics are left out; messages, system prompt, tools,
guardrail and prompt variables are not, since without them it would be another request.

Sources: AWS's wordings as quoted in public issues, and those of the models behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from modelwire_bedrock.converse.omissions import (
    CACHING,
    REASONING,
    SCHEMA,
    STATUS,
    STRICT,
    RefusedField,
    as_json,
    value_at,
)
from modelwire_bedrock.error_rules import plain_text
from modelwire_bedrock.models.memory import Memory

__all__ = ["REFUSED", "fields_named", "find_refused"]

_NAME = r"[`'\"\[]*([A-Za-z_#][\w.#/\[\]-]*[\w\]])[`'\"\]]*"
_WHOLE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"does(?:n't| not) support the {_NAME} (?:field|parameter)",
        rf"{_NAME}: extra inputs are not permitted",
        rf"extraneous key {_NAME} is not permitted",
        rf"(?:unknown|unsupported|unrecogni[sz]ed) (?:request )?(?:parameter|field|argument)s?(?: supplied)?:? {_NAME}",
        rf"{_NAME} is (?:deprecated|not (?:allowed|permitted))\b",
        rf"and {_NAME} cannot both be specified",
    )
)
"""Patterns of refusals of a field, whatever its value."""
_VALUE = re.compile(
    rf"{_NAME}(?: (?:parameter|field))? (?:is not|isn't|are not|aren't|is un)\s?supported\b"
    rf"|(?:does(?:n't| not)|not) support {_NAME} *(?:[.,]|$|for this model|with this model)",
    re.IGNORECASE,
)
"""The pattern of refusals that may concern only the value that was sent."""

_INFERENCE = ("temperature", "topP", "stopSequences", "maxTokens")
_DROPPABLE = (
    *(("inferenceConfig", name) for name in _INFERENCE),
    ("toolConfig", "toolChoice"),
    ("outputConfig", "effort"),
    ("additionalModelResponseFieldPaths",),
    ("performanceConfig",),
    ("serviceTier",),
    ("requestMetadata",),
)
_FIELDS = "additionalModelRequestFields"
_ROOTS = frozenset({"inferenceconfig", "toolconfig", _FIELDS.lower(), "body", "request"})
_MARKED: tuple[tuple[str, frozenset[str]], ...] = (
    (CACHING, frozenset({"cachepoint", "cachecontrol"})),
    (
        REASONING,
        frozenset({"reasoningcontent", "reasoningtext", "signature", "redactedcontent"}),
    ),
    (STRICT, frozenset({"strict"})),
    (STATUS, frozenset({"status"})),
)
"""Features written in several places of a payload, with their names in refusals."""
_SCHEMA = frozenset({"format", "textformat", "outputformat", "responseformat", "jsonschema"})


def fields_named(message: str) -> list[tuple[str, bool]]:
    """The names of the fields that a message refuses; and whether whatever their value."""
    text = " ".join(plain_text(message.replace("`", "")).split())
    found = {match[1]: True for pattern in _WHOLE for match in pattern.finditer(text)}
    for match in _VALUE.finditer(text):
        found.setdefault(match[1] or match[2], False)
    return list(found.items())


def find_refused(message: str, payload: Mapping[str, Any]) -> list[RefusedField]:
    """Find the fields of a payload that a message refuses and that can be left out."""
    found: list[RefusedField] = []
    for name, whole in fields_named(message):
        resolved = _resolve(name, payload)
        if resolved is None:
            continue
        path, value = resolved
        any_value = value is None or (whole and path != "toolConfig.toolChoice")
        refused = RefusedField(path, None if any_value else as_json(value))
        if refused not in found:
            found.append(refused)
    return found


def _resolve(name: str, payload: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The place of a field that is named loosely, and its value."""
    parts = [part for part in re.split(r"[./\[\]#]+", name) if part and not part.isdigit()]
    named = folded = [_fold(part) for part in parts]
    while folded and folded[0] in _ROOTS:
        folded = folded[1:]
    if not folded:
        return None
    marked = next((path for path, marks in _MARKED if marks.intersection(folded)), None)
    if marked is not None:
        return marked, None
    if "outputConfig" in payload and _names_schema(folded):
        return SCHEMA, None
    own = payload.get(_FIELDS)
    return _among_droppable(folded, payload) or _within(folded, own) or _within(named, own)


def _among_droppable(folded: Sequence[str], payload: Mapping[str, Any]) -> tuple[str, Any] | None:
    for path in _DROPPABLE:
        if folded[0] == _fold(path[-1]) or tuple(folded[:2]) == tuple(map(_fold, path)):
            value = value_at(payload, path)
            if value is not None:
                return ".".join(path), value
    return None


def _names_schema(folded: Sequence[str]) -> bool:
    if folded[0] == "outputconfig":
        return len(folded) == 1 or folded[1] in _SCHEMA
    return folded[0] in _SCHEMA or folded[0].startswith("structuredoutput")


def _within(folded: Sequence[str], fields: Any) -> tuple[str, Any] | None:
    """The deepest of the model's own fields that a name leads to."""
    path, value, here = [_FIELDS], None, fields
    for part in folded:
        key = next((k for k in here if _fold(k) == part), None) if isinstance(here, dict) else None
        # Without its kind an object means nothing.
        if key is None or (key == "type" and len(path) > 1):
            break
        path.append(key)
        value = here = here[key]
    return (".".join(path), value) if len(path) > 1 else None


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


REFUSED = Memory[tuple[RefusedField, ...]]()
"""The fields that models refused earlier in this process."""
