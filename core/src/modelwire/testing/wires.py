"""Wires: the format of a provider's answers, described by the plugin's author."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

from modelwire.messages import AssistantContent, StopReason, Text, ToolCall, Usage
from modelwire.testing.server import End, Gate, ReceivedRequest, Reply

if TYPE_CHECKING:
    from modelwire.testing.batch_service import BatchService

__all__ = [
    "JsonLinesWire",
    "ScriptedAnswer",
    "SseWire",
    "Wire",
    "fragments",
    "pieces",
]


def _blocks(content: str | Iterable[AssistantContent]) -> tuple[AssistantContent, ...]:
    return (Text(content),) if isinstance(content, str) else tuple(content)


@frozen
class ScriptedAnswer:
    """One answer of a model in terms of messages. A wire writes it in those of a protocol.

    Attributes:
        content: Text, thinking and tool calls, in order; a string is one text.
        usage: The tokens, in the four counters that do not overlap.
        stop_reason: The reason for the end: `STOP`, `LENGTH` or `TOOL_USE`.
        response_id: The provider's id of the answer.
        model: The id of the model that was called.
    """

    content: tuple[AssistantContent, ...] = field(converter=_blocks)
    usage: Usage = field(factory=lambda: Usage(input=17, output=23))
    stop_reason: StopReason = StopReason.STOP
    response_id: str = "response-1"
    model: str = "kit-model"


def pieces(text: str, *, size: int = 4) -> list[str]:
    """Cut a text into pieces of `size` characters, as a provider would send it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def fragments(call: ToolCall) -> list[str]:
    """The arguments of a tool call as JSON, in pieces that are not JSON by themselves."""
    return pieces(json.dumps(call.arguments, ensure_ascii=False), size=7)


class Wire(ABC):
    """A provider's protocol, as written by its server.

    Derive from `SseWire` or `JsonLinesWire`; for another framing from this class, and implement
    `encode` and `garbage` too.

    Attributes:
        content_type: The `Content-Type` of a stream.
        request_id_header: The header in which the server names a request, or `None`.
    """

    content_type: ClassVar[str]
    request_id_header: ClassVar[str | None] = "x-request-id"

    @abstractmethod
    def events(self, answer: ScriptedAnswer) -> Iterable[Any]:
        """Write an answer as the events of a stream; `pieces` and `fragments` cut its blocks."""

    @abstractmethod
    def encode(self, event: Any) -> bytes:
        """Write one event as bytes."""

    @abstractmethod
    def garbage(self) -> bytes:
        """An event that cannot be parsed."""

    def endless(self) -> bytes | None:
        """The beginning of an event without an end; `None` where every event states its size."""
        return None

    def failure(self, message: str) -> Any:
        """Write an error in the middle of a stream as an event; for the ability `stream_errors`."""
        raise NotImplementedError

    def refusal(self, status: int, message: str) -> Any:
        """Write the body of an error as JSON data, or as bytes that are sent as they are."""
        return {"error": {"message": message, "code": status}}

    def refusal_headers(self, status: int) -> Mapping[str, str]:  # noqa: ARG002 - for overrides
        """The headers of an error, beside its content type."""
        return {}

    def models(self, ids: Sequence[str]) -> Any:
        """Write the list of models as JSON data; for the abilities `discovery` and `probe`."""
        raise NotImplementedError

    def vectors(self, vectors: Sequence[Sequence[float]], usage: Usage) -> Any:
        """Write embeddings as JSON data, those of one request; for the ability `embeddings`."""
        raise NotImplementedError

    def batch_service(self) -> BatchService:
        """Make a service of batch jobs without any jobs; for the ability `batch_jobs`."""
        raise NotImplementedError

    def settings(self, url: str, secret: str) -> Mapping[str, Any]:
        """The provider's configuration, which points it to the server.

        Args:
            url: The server's address, without a slash at the end.
            secret: The key that must never appear.
        """
        return {"baseUrl": url, "apiKey": secret}

    def environ(self, url: str, secret: str) -> Mapping[str, str]:  # noqa: ARG002 - as above
        """The environment variables of the provider; there are no others."""
        return {}

    def aside(self, request: ReceivedRequest) -> Reply | None:  # noqa: ARG002 - as above
        """Answer a request outside of the tests, such as one for a token; `None` for all others."""
        return None

    def bodies(self, answer: ScriptedAnswer) -> list[bytes]:
        """An answer in bytes, event by event."""
        return [self.encode(event) for event in self.events(answer)]

    def reply(
        self,
        pieces: Sequence[bytes | Gate],
        *,
        hold: Gate | None = None,
        end: End = "complete",
    ) -> Reply:
        """A stream with a body in these pieces."""
        return Reply(pieces, headers=self._headers(self.content_type), hold=hold, end=end)

    def refuse(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """An error in place of a stream."""
        body = self.refusal(status, message)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {
            **self._headers("application/json"),
            **self.refusal_headers(status),
            **(headers or {}),
        }
        return Reply([data], status=status, headers=fields)

    def listing(self, ids: Sequence[str], *, hold: Gate | None = None) -> Reply:
        """A list of models."""
        return self.document(json.dumps(self.models(ids)).encode(), hold=hold)

    def vectors_reply(self, vectors: Sequence[Sequence[float]], usage: Usage) -> Reply:
        """The embeddings of one request."""
        return self.document(json.dumps(self.vectors(vectors, usage)).encode())

    def document(self, body: bytes, *, hold: Gate | None = None) -> Reply:
        """A JSON document that is the whole answer."""
        return Reply([body], headers=self._headers("application/json"), hold=hold)

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type}
        if self.request_id_header is not None:
            headers[self.request_id_header] = "request-1"
        return headers


class SseWire(Wire):
    """Server-sent events.

    An event is JSON data, a string that is sent as it is, or a pair of an event's name and one of
    these.
    """

    content_type = "text/event-stream"

    def encode(self, event: Any) -> bytes:
        """Write an event with its lines `event:` and `data:`."""
        name, data = event if isinstance(event, tuple) else (None, event)
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        head = "" if name is None else f"event: {name}\n"
        lines = "".join(f"data: {line}\n" for line in text.split("\n"))
        return f"{head}{lines}\n".encode()

    def garbage(self) -> bytes:
        """An event whose data is not JSON."""
        return b'data: {"oops\n\n'

    def endless(self) -> bytes | None:
        """A line of data without its end."""
        return b'data: "'


class JsonLinesWire(Wire):
    """One JSON document per line. An event is JSON data."""

    content_type = "application/x-ndjson"

    def encode(self, event: Any) -> bytes:
        """Write an event as a line."""
        return json.dumps(event, ensure_ascii=False).encode() + b"\n"

    def garbage(self) -> bytes:
        """A line that is not JSON."""
        return b'{"oops\n'

    def endless(self) -> bytes | None:
        """A text without an end."""
        return b'"'
