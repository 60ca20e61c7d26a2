"""Validation of requests by the service model: members, types, enums, lengths, ranges, patterns.

Values of a wrong type are a `SerializationException`; values out of bounds a `ValidationException`
in the words of AWS's framework, in which list positions count from 1 (`tools.1.member.toolSpec`).
Members that the model does not know are ignored, as AWS does.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import Refusal, validation

if TYPE_CHECKING:
    from botocore.model import Shape

    from modelwire_bedrock.emulator.operations import Route

__all__ = ["read_parameters"]

LENIENT_ENUMS = {
    # A recorded request has the format `video/mp4`, and AWS answered it with 200:
    # pydantic-ai__test_bedrock__test_video_url_input__01.json
    "VideoFormat",
}

_NO_HEADERS: Mapping[str, str] = {}
_KINDS = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


def read_parameters(
    route: Route, body: bytes, headers: Mapping[str, str] = _NO_HEADERS
) -> dict[str, Any]:
    """Read the parameters of a request, blobs decoded; names of headers are in lower case.

    Raises:
        Refusal: They do not follow the service model.
    """
    shape = route.operation.input
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    document = {} if payload or route.operation.method != "POST" else _document(body)
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        if name == payload:
            values[name] = base64.b64encode(body).decode("ascii")
            continue
        where = member.serialization.get("location")
        key = member.serialization.get("name", name)
        key = key.lower() if where == "header" else key
        places = {"uri": route.uri, "querystring": route.query, "header": headers}
        source: Any = places.get(where, document)
        if key in source and source[key] is not None:
            value = source[key]
            values[name] = _number(member, value) if where == "querystring" else value
    parsed: dict[str, Any] = _convert(shape, values)
    problems = list(_problems(shape, parsed, ""))
    if problems:
        plural = "errors" if len(problems) > 1 else "error"
        raise validation(f"{len(problems)} validation {plural} detected: {'; '.join(problems)}")
    _check_unions(shape, parsed, "")
    return parsed


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = parse_json(body or b"{}")
    except ValueError:
        raise Refusal(
            "SerializationException", "Unable to parse the request body as JSON."
        ) from None
    if not isinstance(document, dict):
        raise Refusal(
            "SerializationException", "Start of structure or map found where not expected."
        )
    return document


def _number(shape: Shape, text: str) -> Any:
    if shape.type_name not in ("integer", "long"):
        return text
    try:
        return int(text)
    except ValueError:
        raise _mistyped(text, "Integer") from None


def _convert(shape: Shape, value: Any) -> Any:
    """Check the types, decode blobs, and leave out what the model does not know."""
    if getattr(shape, "is_document_type", False):
        return value
    return _CONVERTERS.get(shape.type_name, _as_is)(shape, value)


def _structure(shape: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _mistyped(value, shape.name)
    members = ((name, member, value.get(name)) for name, member in shape.members.items())
    return {name: _convert(member, found) for name, member, found in members if found is not None}


def _list(shape: Any, value: Any) -> Any:
    if not isinstance(value, list):
        raise _mistyped(value, shape.name)
    return [_convert(shape.member, item) for item in value]


def _map(shape: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _mistyped(value, shape.name)
    return {key: _convert(shape.value, item) for key, item in value.items()}


def _string(_: Shape, value: Any) -> Any:
    if not isinstance(value, str):
        raise _mistyped(value, "String")
    return value


def _blob(_: Shape, value: Any) -> Any:
    if not isinstance(value, str):
        raise _mistyped(value, "Blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        msg = "Unable to base64-decode a member of the request."
        raise Refusal("SerializationException", msg) from None


def _integer(_: Shape, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _mistyped(value, "Integer")
    return int(value)


def _float(_: Shape, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mistyped(value, "Float")
    return value


def _boolean(_: Shape, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _mistyped(value, "Boolean")
    return value


def _as_is(_: Shape, value: Any) -> Any:
    return value


_CONVERTERS: dict[str, Callable[[Any, Any], Any]] = {
    "blob": _blob,
    "boolean": _boolean,
    "double": _float,
    "float": _float,
    "integer": _integer,
    "list": _list,
    "long": _integer,
    "map": _map,
    "string": _string,
    "structure": _structure,
}


def _mistyped(value: Any, wanted: str) -> Refusal:
    if isinstance(value, dict | list):
        msg = "Start of structure or map found where not expected."
        if isinstance(value, list):
            msg = "Start of list found where not expected"
        return Refusal("SerializationException", msg)
    kind = "NULL_VALUE" if value is None else _KINDS.get(type(value), "STRING_VALUE")
    return Refusal("SerializationException", f"{kind} can not be converted to {_article(wanted)}")


def _article(word: str) -> str:
    return f"{'an' if word[:1] in 'AEIOU' else 'a'} {word}"


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Every value that is out of bounds, as AWS's messages."""
    if getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_problems(shape, value, path)
    elif kind == "list":
        yield from _length_problems(shape, value, path)
        for at, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{at}.member")
    elif kind == "map":
        yield from _length_problems(shape, value, path)
        for key, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif kind in ("string", "blob"):
        yield from _length_problems(shape, value, path)
        yield from _text_problems(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _range_problems(shape, value, path)


def _structure_problems(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield _problem(None, f"{path}.{name}" if path else name, "Member must not be null")
    for name, member in shape.members.items():
        if name in value:
            yield from _problems(member, value[name], f"{path}.{name}" if path else name)


def _length_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _problem(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _problem(value, path, f"Member must have length less than or equal to {most}")


def _text_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed and shape.name not in LENIENT_ENUMS:
        yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _range_problems(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _problem(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _problem(value, path, f"Member must have value less than or equal to {most}")


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, default=str)


def _check_unions(shape: Any, value: Any, path: str) -> None:
    """Every union has to have exactly one member that the model knows."""
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            keys = ", ".join(shape.members)
            owner = f"{shape.name} object at {path}"
            # Hearsay: no recording holds this message.
            if value:
                msg = f"The {owner} can set only one of the following keys: {keys}."
            else:
                msg = f"The {owner} must set one of the following keys: {keys}."
            raise validation(msg)
        for name, member in shape.members.items():
            if name in value:
                _check_unions(member, value[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        for at, item in enumerate(value):
            _check_unions(shape.member, item, f"{path}.{at}")
    elif shape.type_name == "map":
        for key, item in value.items():
            _check_unions(shape.value, item, f"{path}.{key}")
