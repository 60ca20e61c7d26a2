"""Refused fields: which fields of a request a refusal names, and the payload without them.

A table of models is never complete. A refusal that names a field is used instead: the field is left
out once, and remembered, so that the next call of the process does not fail first. Only fields whose
absence the caller can see in the answer's diagnostics are left out; messages, system prompt, tools,
guardrail and prompt variables are not, since without them another question would be asked.

Sources: AWS's wordings as quoted in public issues, and those of the models behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from modelwire.forks import ForkSafeLock
from modelwire_bedrock.error_rules import plain_text

__all__ = [
    "CACHING",
    "REASONING",
    "SCHEMA",
    "RefusedField",
    "fields_named",
    "find_refused",
    "forget_refused",
    "remember_refused",
    "remembered_refused",
    "without_cache_points",
    "without_field",
]

CACHING = "cachePoint"
SCHEMA = "outputConfig.textFormat"
REASONING = "reasoningContent"

_STRICT = "toolConfig.tools.toolSpec.strict"
_STATUS = "toolResult.status"

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
"""What refuses a field whatever its value."""
_VALUE = re.compile(
    rf"{_NAME}(?: (?:parameter|field))? (?:is not|isn't|are not|aren't|is un)\s?supported\b"
    rf"|(?:does(?:n't| not)|not) support {_NAME} *(?:[.,]|$|for this model|with this model)",
    re.IGNORECASE,
)
"""What may refuse no more than the value that was sent."""

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
    (_STRICT, frozenset({"strict"})),
    (_STATUS, frozenset({"status"})),
)
"""What is written in several places of a payload, by the names that refusals give it."""
_SCHEMA = frozenset({"format", "textformat", "outputformat", "responseformat", "jsonschema"})


@frozen
class RefusedField:
    """A field that a model refuses.

    Attributes:
        path: Its place in the payload, as `inferenceConfig.temperature`; or `CACHING`, `SCHEMA` or
            `REASONING` for what is written in several places.
        value: The only value that is refused, as JSON text, or `None` for any.
    """

    path: str
    value: str | None = field(default=None, repr=False)


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
        refused = RefusedField(path, None if any_value else _written(value))
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
            value = _at(payload, path)
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


def _at(payload: Mapping[str, Any], path: Sequence[str]) -> Any:
    here: Any = payload
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def without_field(payload: dict[str, Any], refused: RefusedField) -> dict[str, Any] | None:
    """The payload without a refused field, or `None` where it has none such."""
    if refused.path == CACHING:
        return without_cache_points(payload)
    if refused.path == _STRICT:
        return _without_strict(payload)
    if refused.path == _STATUS:
        return _without_status(payload)
    path = refused.path.split(".")
    value = _at(payload, path)
    if value is None or refused.value not in (None, _written(value)):
        return None
    return _cut(payload, path)


def _cut(data: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """A copy without what a path leads to; an object that is left empty goes with it."""
    copy = dict(data)
    if len(path) > 1:
        copy[path[0]] = _cut(copy[path[0]], path[1:])
    if len(path) == 1 or not copy[path[0]]:
        del copy[path[0]]
    return copy


def without_cache_points(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The payload without its cache points, or `None` where it has none."""
    copy = dict(payload)
    if "system" in copy:
        copy["system"] = _uncached(copy["system"])
    if "toolConfig" in copy:
        copy["toolConfig"] = {
            **copy["toolConfig"],
            "tools": _uncached(copy["toolConfig"].get("tools", [])),
        }
    copy["messages"] = [
        {**message, "content": _uncached(message["content"])}
        for message in copy.get("messages", [])
    ]
    return None if _json_equal(copy, payload) else copy


def _uncached(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if CACHING not in block]


def _json_equal(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return {**left, "messages": left.get("messages", [])} == {
        **right,
        "messages": right.get("messages", []),
    }


def _without_strict(payload: dict[str, Any]) -> dict[str, Any] | None:
    tools = payload.get("toolConfig", {}).get("tools", [])
    if not any("strict" in tool.get("toolSpec", {}) for tool in tools):
        return None
    loose = [
        {"toolSpec": {k: v for k, v in tool["toolSpec"].items() if k != "strict"}}
        if "toolSpec" in tool
        else tool
        for tool in tools
    ]
    return {**payload, "toolConfig": {**payload["toolConfig"], "tools": loose}}


def _without_status(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The payload without the status of tool results; the text says that a tool failed."""
    if not any("status" in result for result in _results(payload)):
        return None
    return {
        **payload,
        "messages": [
            {**message, "content": [_statusless(block) for block in message["content"]]}
            for message in payload["messages"]
        ],
    }


def _results(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for message in payload.get("messages", []):
        for block in message["content"]:
            if "toolResult" in block:
                yield block["toolResult"]


def _statusless(block: dict[str, Any]) -> dict[str, Any]:
    if "status" not in block.get("toolResult", {}):
        return block
    result = dict(block["toolResult"])
    if result.pop("status") == "error":
        result["content"] = [{"text": "The tool failed:"}, *result["content"]]
    return {"toolResult": result}


_remembered: dict[Hashable, tuple[RefusedField, ...]] = {}
_MOST_MODELS = 256
_MOST_FIELDS = 32
_lock = ForkSafeLock()


def remember_refused(key: Hashable, fields: Sequence[RefusedField]) -> None:
    """Keep what a model refused, for the calls of this process."""
    with _lock:
        known = (*_remembered.pop(key, ()), *fields)
        _remembered[key] = tuple(dict.fromkeys(known))[-_MOST_FIELDS:]
        while len(_remembered) > _MOST_MODELS:
            del _remembered[next(iter(_remembered))]


def remembered_refused(key: Hashable) -> tuple[RefusedField, ...]:
    """What a model refused earlier in this process."""
    return _remembered.get(key, ())


def forget_refused() -> None:
    """Forget all that was refused."""
    with _lock:
        _remembered.clear()
