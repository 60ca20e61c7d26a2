"""Dialects: the interface between a door and the API of its clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple, Protocol, runtime_checkable

from attrs import Factory, frozen

from modelwire.dialects.call import ServedCall
from modelwire.dialects.failure import Failure
from modelwire.events import Event
from modelwire.messages import AssistantMessage
from modelwire.models import Model

__all__ = [
    "Dialect",
    "ErrorWords",
    "EventWriter",
    "FailureReport",
    "ServedRequest",
    "WireEvent",
    "extension",
]

_SHOWN: Final = 100
"""The maximum of notes and diagnostics in an answer."""


@frozen
class ServedRequest:
    """A call with the parts of the request that its answer repeats.

    Attributes:
        call: The call.
        name: The model, as the request names it.
        request_id: The id of the request.
        created: When it came, in seconds since 1970.
    """

    call: ServedCall
    name: str
    request_id: str
    created: int


class WireEvent(NamedTuple):
    """An event of an API, before it is framed as bytes of a stream.

    Attributes:
        name: Its name, also where the API's streams do not carry it.
        data: Its content: JSON, except for the end markers of some streams.
    """

    name: str
    data: bytes


class EventWriter(Protocol):
    """Writes the events of one answer as the events of an API."""

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event that is not the last; nothing where the API has no such event."""
        ...

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write the end of an answer that is complete."""
        ...

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write the end of an answer that failed after the head was sent."""
        ...

    def keep_alive(self) -> list[WireEvent]:
        """Write a keep-alive that clients skip; nothing where the API has none."""
        ...


@frozen
class FailureReport:
    """A failure in the form of an API.

    Attributes:
        status: The HTTP status.
        body: The body.
        headers: Header fields that only failures have.
    """

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = Factory(dict)


class ErrorWords(Protocol):
    """The failure reports of an API."""

    def error(self, failure: Failure, request_id: str) -> FailureReport:
        """Write a failure."""
        ...

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        ...


@runtime_checkable
class Dialect(ErrorWords, Protocol):
    """An API that clients speak, in front of any model.

    A plugin offers one in the entry-point group `modelwire.dialects`, under the name of the API. Where the
    API's service has lines of its own for batches, an attribute `batch_members` names the members of a
    line that hold its id and the request, as a pair.

    Attributes:
        api: Its name as a wire API of providers.
        paths: The paths for POST requests. The value says whether their answers are streamed;
            `None` leaves that to the body. `{model:path}` in a path is the name of the model.
        beginnings: Prefixes of the API's paths, served or not, which identify its clients.
        media_type: The media type of its streams.
        provider: The provider of names that are no references, or `None` to look for them.
        needs_text: Whether the end of a stream repeats the text of the answer.
    """

    api: ClassVar[str]
    paths: ClassVar[Mapping[str, bool | None]]
    beginnings: ClassVar[tuple[str, ...]]
    media_type: ClassVar[str]
    provider: ClassVar[str | None]
    needs_text: ClassVar[bool]

    def read(
        self, body: Mapping[str, Any], headers: Mapping[str, str], model: Model, upstream: str
    ) -> ServedCall:
        """Read a request.

        Args:
            body: Its body.
            headers: The header fields, with names in lower case.
            model: The model that it resolves to.
            upstream: The API in which that model is called.

        Raises:
            BadRequest: The request cannot be served.
        """
        ...

    def writer(self, request: ServedRequest) -> EventWriter:
        """Make the writer of a streamed answer."""
        ...

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        ...

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        ...


def extension(request: ServedRequest, message: AssistantMessage) -> dict[str, Any]:
    """The member `modelwire` of an answer: the parts changed or left out on the way; else nothing.

    A long list is cut short, since a request can have a note for each of its parts.
    """
    if not (request.call.notes or message.diagnostics or message.attempts):
        return {}
    ignored = [{"path": note.path, "reason": note.reason} for note in request.call.notes[:_SHOWN]]
    members: dict[str, Any] = {}
    if ignored:
        members["ignored"] = ignored
    if message.diagnostics:
        members["diagnostics"] = message.diagnostics[:_SHOWN]
    if omitted := sum(
        max(0, len(each) - _SHOWN) for each in (request.call.notes, message.diagnostics)
    ):
        members["omitted"] = omitted
    if message.attempts:
        members["model"] = f"{message.provider}/{message.model}"
        members["attempts"] = [
            {"model": attempt.model, "code": attempt.code} for attempt in message.attempts
        ]
    return {"modelwire": members}
