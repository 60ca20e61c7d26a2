"""Responses of the Responses API, as objects of OpenAI's library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

from agents import ModelResponse, Usage
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseOutputItem,
    ResponseReasoningItem,
    ResponseStreamEvent,
)

from modelwire.dialects import WireEvent

__all__ = ["SIGNED", "build_validators", "event_of", "model_response", "response_of", "usage_of"]

SIGNED: Final = "extra_content"
"""The field of a call that has what its provider signed."""

_EVENTS: Final[dict[str, Any]] = {
    get_args(event.model_fields["type"].annotation)[0]: event
    for event in get_args(get_args(ResponseStreamEvent)[0])
}
"""Events by their types; to find one by trying all takes long."""


def build_validators() -> None:
    """Build the validators of all events, which OpenAI's library leaves to the first use of each.

    It takes about 0.2 s, and is not to be done on the event loop.
    """
    for event in (Response, *_EVENTS.values()):
        event.model_rebuild()


def event_of(event: WireEvent, model: str) -> TResponseStreamEvent:
    """An event of a stream."""
    read: Any = _EVENTS[event.name].model_validate_json(event.data)
    if event.name == "response.output_item.done":
        _mark([read.item], model)
    elif hasattr(read, "response"):
        _mark(read.response.output, model)
    found: TResponseStreamEvent = read
    return found


def response_of(body: dict[str, Any], model: str) -> Response:
    """A whole response."""
    response = Response.model_validate(body)
    _mark(response.output, model)
    return response


def model_response(response: Response) -> ModelResponse:
    """A whole response, as the runner takes it. Nothing is stored that its id could refer to."""
    return ModelResponse(response.output, usage_of(response), response_id=None)


def usage_of(response: Response) -> Usage:
    """The usage of one request."""
    used = response.usage
    if used is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=used.input_tokens,
        input_tokens_details=used.input_tokens_details,
        output_tokens=used.output_tokens,
        output_tokens_details=used.output_tokens_details,
        total_tokens=used.total_tokens,
    )


def _mark(items: Sequence[ResponseOutputItem], model: str) -> None:
    """Keep in `provider_data` what is not for OpenAI's own models, which leave it out after a handoff.

    That is reasoning as a whole, and the signatures of calls.
    """
    for item in items:
        signed = (item.model_extra or {}).pop(SIGNED, None)
        if signed is not None or isinstance(item, ResponseReasoningItem):
            data = {"model": model, **({} if signed is None else {SIGNED: signed})}
            item.provider_data = data  # type: ignore[union-attr]
