"""What is fuzzed: each target takes any bytes, and fails where something but a typed error comes.

The bytes are as a fuzzer gives them: a target decides itself how they are split, and what is read from
them. So hypothesis, atheris and a saved input all drive the same code.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from wires import WIRES, Wire, read_frames

from modelwire.authoring import Translator
from modelwire.config.load import read_config
from modelwire.document.edit import read_value, set_value, unset_value
from modelwire.errors import ConfigError, InvalidMessage, ModelwireError, ProviderError
from modelwire.events import Delta
from modelwire.events.assembler import Assembler
from modelwire.events.codec import event_from_json, event_to_json
from modelwire.messages import AssistantMessage
from modelwire.messages.codec import (
    context_from_json,
    context_to_json,
    message_from_json,
    message_to_json,
)
from modelwire.models import ModelRef
from modelwire.transport import SseDecoder
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.stream import Translator as ConverseTranslator


def pieces(data: bytes) -> list[bytes]:
    """Cut bytes at places that follow from the bytes themselves."""
    cut, at, made = zlib.crc32(data), 0, []
    while at < len(data):
        cut = (cut * 1103515245 + 12345) % 2**31
        size = 1 + (cut >> 8) % (1 + (cut >> 4) % 40)
        made.append(data[at : at + size])
        at += size
    return made


def _decoded(feed: Callable[[bytes], Iterable[Any]], end: Callable[[], Any], parts) -> Any:
    """Everything that a decoder gives for some bytes, and the kind of error that ends it."""
    found: list[Any] = []
    try:
        for part in parts:
            found.extend(feed(part))
        found.extend(end() or ())
    except ProviderError as error:
        return found, error.code
    return found, None


def event_stream(data: bytes) -> None:
    """The binary event stream: any split gives the same frames, and the same error."""

    def decode(parts):
        decoder = FrameDecoder()
        return _decoded(decoder.feed, decoder.end, parts)

    whole = decode([data])
    assert decode(pieces(data)) == whole
    assert decode([data[at : at + 1] for at in range(len(data))]) == whole


def mended_event_stream(data: bytes) -> None:
    """The same behind good checksums, so that headers and payloads are reached; then translated."""
    head, payload = data[: len(data) // 3], data[len(data) // 3 :]
    made = b""
    for part in (head, b""):
        prelude = struct.pack(">II", 16 + len(part) + len(payload), len(part))
        body = prelude + struct.pack(">I", zlib.crc32(prelude)) + part + payload
        made += body + struct.pack(">I", zlib.crc32(body))
    event_stream(made)
    translated(ConverseTranslator({}), read_frames(pieces(made)))


def bedrock_answer(data: bytes) -> None:
    """A whole answer of Bedrock: JSON documents, one a line, as the events of a stream."""
    names = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop")
    names += ("messageStop", "metadata", "unknown")
    made = b""
    for line in data.split(b"\n"):
        name = names[line[0] % len(names)] if line else "metadata"
        made += _frame(name, line[1:])
    translated(ConverseTranslator({}), read_frames([made]))


def _frame(name: str, payload: bytes) -> bytes:
    headers = {":event-type": name, ":message-type": "event", ":content-type": "application/json"}
    head = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def sse(data: bytes) -> None:
    """Server-sent events: any split gives the same events, under any limit the same error."""
    for limit in (1 << 20, 64):

        def decode(parts, limit=limit):
            decoder = SseDecoder(limit)
            return _decoded(decoder.feed, decoder.end, parts)

        whole = decode([data])
        assert decode([data[at : at + 1] for at in range(len(data))]) == whole
        assert decode(pieces(data)) == whole


def answer(wire: Wire, data: bytes) -> None:
    """A whole answer over a wire, out of the bytes of a stream."""
    translated(wire.translator(), wire.read([data]))


def translated(
    translator: Translator[Any], arrivals: Iterable[Iterable[Any]]
) -> tuple[AssistantMessage, ModelwireError | None]:
    """The message that a translator and the assembler make of wire events, and the error that ends it.

    Whatever arrives is the service's fault and not the plugin's, and can be kept as plain JSON.
    """
    assembler = Assembler("acme", "m")
    failure = None
    try:
        for arrived in arrivals:
            deltas: list[Delta] = []
            try:
                translator.feed(arrived, deltas)
            finally:
                assembler.feed_all(deltas, [])
        translator.end()
        message = assembler.finish()[-1].message
    except ModelwireError as error:
        _check(isinstance(error, ProviderError))
        assembler.fail(error)
        message, failure = error.partial, error
    json.dumps(message_to_json(message), allow_nan=False)
    return message, failure


def json5(data: bytes) -> None:
    """The JSON5 editor: what is set is there, what is taken away is gone, or a `ConfigError` says why."""
    path, _, rest = data.partition(b"\n")
    value, _, text = rest.partition(b"\n")
    where, what = _text(path), _json_or_text(value)
    document = _text(text)
    try:
        changed = set_value(document, where, what)
    except ConfigError:
        pass
    else:
        assert read_value(changed, where) == what
    try:
        shorter = unset_value(document, where)
        assert unset_value(shorter, where) == shorter
    except ConfigError:
        pass


def config(data: bytes) -> None:
    """The loader of the configuration."""
    try:
        read_config(_text(data), Path("modelwire.json5"), {"A": "b"})
    except ConfigError as error:
        _check(str(error))


def model_ref(data: bytes) -> None:
    """References to models: what is read is written as it is read again."""
    ref = ModelRef.parse(_text(data))
    if ref is not None:
        assert ModelRef.parse(str(ref)) == ref


def messages(data: bytes) -> None:
    """Contexts, messages and events as JSON: what is read is written as it is read again."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for read, write in (
        (context_from_json, context_to_json),
        (message_from_json, message_to_json),
        (event_from_json, event_to_json),
    ):
        try:
            found = read(document)
        except InvalidMessage as error:
            _check(str(error))
        else:
            written = write(found)
            assert write(read(json.loads(json.dumps(written)))) == written


def _check(holds: object) -> None:
    assert holds


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json_or_text(data: bytes) -> Any:
    try:
        return json.loads(data, parse_constant=str)
    except (ValueError, RecursionError):
        return _text(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        event_stream,
        mended_event_stream,
        bedrock_answer,
        sse,
        json5,
        config,
        model_ref,
        messages,
    )
} | {wire.api: partial(answer, wire) for wire in WIRES}
