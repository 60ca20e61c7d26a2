"""Records of requests, for logs, metrics and the page; with content only where the settings ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from modelwire.messages import AssistantMessage, Usage

__all__ = ["Content", "Observer", "RequestRecord"]


@define
class Content:
    """What a client sent, and what it was answered.

    Attributes:
        request: The body of the request.
        answer: The message, as far as it came; `None` where no model answered.
    """

    request: Mapping[str, Any]
    answer: AssistantMessage | None = None


@define
class RequestRecord:
    """One request of a client.

    Attributes:
        request_id: Its id, which the client gets as well.
        door: The API that the client speaks.
        caller: The id of the caller, or `None` where it is not known.
        name: The model as the client named it.
        model: The model that it resolves to, as `provider/model-id`.
        stream: Whether a streamed answer was requested.
        status: The HTTP status; 499 where the client left first.
        failure: The kind of failure, or `None`.
        usage: The tokens that it used, or `None` where no model was called.
        cost: USD, or `None` where it is not known.
        began: When it came, in seconds since 1970.
        first_byte: Seconds until the first byte of a streamed answer, or `None`.
        seconds: How long it took.
        content: What was sent and answered, if the settings ask for it; only until the observers
            have seen it.
    """

    request_id: str
    door: str
    began: float
    caller: str | None = None
    name: str | None = None
    model: str | None = None
    stream: bool = False
    status: int = 200
    failure: str | None = None
    usage: Usage | None = None
    cost: float | None = None
    first_byte: float | None = None
    seconds: float = 0.0
    content: Content | None = None


Observer = Callable[[RequestRecord], None]
"""Gets the record of each request when it has ended; called on the event loop, so it must not block."""
