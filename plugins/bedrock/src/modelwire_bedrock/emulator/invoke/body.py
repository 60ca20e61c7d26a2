"""Body formats of InvokeModel, and reading of untrusted bodies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen

from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import Refusal, validation

__all__ = [
    "BodyFormat",
    "ChunkWriter",
    "answer_text",
    "counts",
    "inference",
    "malformed",
    "member",
    "metrics",
    "read_base64",
    "read_body",
]

_MISSING: Any = object()


class ChunkWriter(Protocol):
    """Writes the chunks of a stream from the events of ConverseStream."""

    def feed(self, name: str, payload: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        """The chunks of an event."""


@frozen
class BodyFormat:
    """One format of bodies.

    Attributes:
        name: The family, such as `Anthropic`.
        patterns: The ids of the foundation models that have it.
        read: Reads a request as the parameters of Converse.
        write: Writes an answer of Converse: the model's id and the body of Converse.
        chunks: Makes the writer of a stream for a model.
    """

    name: str
    patterns: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], dict[str, Any]]
    write: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    chunks: Callable[[str], ChunkWriter]


def read_body(data: bytes) -> dict[str, Any]:
    """Read the body of a request.

    Raises:
        Refusal: It is no JSON object.
    """
    try:
        body = parse_json(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise malformed()
    return body


def malformed(what: str = "") -> Refusal:
    """A refusal of a body that the model cannot read."""
    place = f": {what}" if what else ""
    return validation(f"Malformed input request{place}, please reformat your input and try again.")


def member(body: Any, name: str, kind: type | tuple[type, ...], default: Any = _MISSING) -> Any:
    """A member of a body; `default` where there is none.

    Raises:
        Refusal: It is missing without a default, or of another type.
    """
    value = body.get(name) if isinstance(body, Mapping) else None
    if value is None:
        if default is _MISSING:
            raise malformed(f"#: required key [{name}] not found")
        return default
    if isinstance(value, bool) or not isinstance(value, kind):
        raise malformed(f"#/{name}: expected type: {_named(kind)}, found: {_typed(value)}")
    return value


def _named(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(_KINDS.get(one, one.__name__) for one in kinds)


def _typed(value: Any) -> str:
    return _KINDS.get(type(value), "Null")


_KINDS: dict[type, str] = {
    bool: "Boolean",
    dict: "JSONObject",
    float: "Number",
    int: "Integer",
    list: "JSONArray",
    str: "String",
}


def inference(body: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """`inferenceConfig` from a body; `names` says what its members are called there."""
    kinds = {"maxTokens": int, "stopSequences": list}
    found = {
        ours: member(body, theirs, kinds.get(ours, (int, float)), None)
        for ours, theirs in names.items()
    }
    stops = found.get("stopSequences")
    if stops is not None and not all(isinstance(stop, str) for stop in stops):
        raise malformed(f"#/{names['stopSequences']}: expected type: String")
    return {name: value for name, value in found.items() if value is not None}


def read_base64(text: Any) -> bytes:
    """Bytes that are given as base64.

    Raises:
        Refusal: They are not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise malformed("invalid base64") from None


def answer_text(body: Mapping[str, Any]) -> str:
    """The text of an answer of Converse."""
    content = body["output"]["message"]["content"]
    return "".join(block["text"] for block in content if "text" in block)


def counts(usage: Mapping[str, Any]) -> tuple[int, int]:
    """The tokens of the input and of the answer."""
    return usage.get("inputTokens", 0), usage.get("outputTokens", 0)


def metrics(usage: Mapping[str, Any], latency: int, first: int) -> dict[str, Any]:
    """The invocation metrics in the last chunk of a stream."""
    read, written = counts(usage)
    return {
        "inputTokenCount": read,
        "outputTokenCount": written,
        "invocationLatency": latency,
        "firstByteLatency": first,
    }
