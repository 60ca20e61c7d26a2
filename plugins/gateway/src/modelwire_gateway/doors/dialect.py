"""Dialects: what a door has to know of the API that its clients speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from attrs import Factory, frozen

from modelwire.events import Event
from modelwire.messages import AssistantMessage
from modelwire.models import Model
from modelwire_gateway.doors.call import Call
from modelwire_gateway.doors.failure import Failure

__all__ = ["Asked", "Dialect", "ErrorWords", "EventWriter", "Reported", "extension"]


@frozen
class Asked:
    """A call with what its answer repeats of the request.

    Attributes:
        call: What is asked.
        name: The model, as the request names it.
        request_id: The id of the request.
        created: When it came, in seconds since 1970.
    """

    call: Call
    name: str
    request_id: str
    created: int


class EventWriter(Protocol):
    """Writes the events of one answer as the bytes of a stream."""

    def feed(self, event: Event) -> bytes:
        """Write an event that is not the last; nothing where the API has no word for it."""
        ...

    def end(self, message: AssistantMessage) -> bytes:
        """Write the end of an answer that is complete."""
        ...

    def fail(self, failure: Failure) -> bytes:
        """Write the end of an answer that failed after the head was sent."""
        ...

    def keep_alive(self) -> bytes:
        """Write what clients skip, for a stream that is silent; nothing where there is no such thing."""
        ...


@frozen
class Reported:
    """A failure in the words of an API.

    Attributes:
        status: The HTTP status.
        body: The body.
        headers: Header fields that only failures have.
    """

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = Factory(dict)


class ErrorWords(Protocol):
    """How an API reports failures."""

    def error(self, failure: Failure, request_id: str) -> Reported:
        """Write a failure."""
        ...

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        ...


class Dialect(ErrorWords, Protocol):
    """An API that clients speak.

    Attributes:
        api: Its name as a wire API of providers.
        media_type: The media type of its streams.
        provider: The provider of names that are no references, or `None` to look for them.
        needs_text: Whether the end of a stream repeats the text of the answer.
    """

    api: ClassVar[str]
    media_type: ClassVar[str]
    provider: ClassVar[str | None]
    needs_text: ClassVar[bool]

    def read(
        self, body: Mapping[str, Any], headers: Mapping[str, str], model: Model, upstream: str
    ) -> Call:
        """Read a request.

        Args:
            body: Its body.
            headers: The header fields, with names in lower case.
            model: The model that it resolves to.
            upstream: The API in which that model is called.

        Raises:
            BadRequest: It cannot be served.
        """
        ...

    def writer(self, asked: Asked) -> EventWriter:
        """Make what writes a streamed answer."""
        ...

    def whole(self, message: AssistantMessage, asked: Asked) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        ...


def extension(asked: Asked, message: AssistantMessage) -> dict[str, Any]:
    """The member `modelwire` of an answer: what was changed or left out on the way; else nothing."""
    ignored = [{"path": note.path, "reason": note.reason} for note in asked.call.notes]
    told: dict[str, Any] = {}
    if ignored:
        told["ignored"] = ignored
    if message.diagnostics:
        told["diagnostics"] = message.diagnostics
    if message.attempts:
        told["model"] = f"{message.provider}/{message.model}"
        told["attempts"] = [
            {"model": attempt.model, "code": attempt.code} for attempt in message.attempts
        ]
    return {"modelwire": told} if told else {}
