"""InvokeModel with bodies of Claude, as Claude Code sends them in its Bedrock mode."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import evolve

from modelwire.messages import AssistantMessage
from modelwire.models import Model
from modelwire_gateway.doors.bedrock.errors import aws_error, aws_exception, aws_headers
from modelwire_gateway.doors.bedrock.frames import MEDIA_TYPE, event_frame
from modelwire_gateway.doors.body import Fields
from modelwire_gateway.doors.call import Call
from modelwire_gateway.doors.dialect import Asked, EventWriter, Reported
from modelwire_gateway.doors.failure import Failure
from modelwire_gateway.doors.messages.request import read_call
from modelwire_gateway.doors.messages.response import MessagesWriter, message_of

__all__ = ["BEDROCK", "InvokeDialect"]

BEDROCK: Final = "amazon-bedrock"
"""The provider of ids that these clients send."""


class InvokeDialect:
    """InvokeModel.

    Args:
        stream: Whether it is InvokeModelWithResponseStream.
    """

    api: ClassVar[str] = "bedrock-invoke-model"
    media_type: ClassVar[str] = MEDIA_TYPE
    provider: ClassVar[str | None] = BEDROCK
    needs_text: ClassVar[bool] = False

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def read(
        self, body: Mapping[str, Any], headers: Mapping[str, str], model: Model, upstream: str
    ) -> Call:
        """Read a request; see `Dialect`."""
        call = read_call(Fields(body), headers, model, upstream)
        return evolve(call, stream=self._stream)

    def writer(self, asked: Asked) -> EventWriter:
        """Make what writes a streamed answer."""
        return _InvokeWriter(asked)

    def whole(self, message: AssistantMessage, asked: Asked) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        return message_of(message, asked)

    def error(self, failure: Failure, request_id: str) -> Reported:  # noqa: ARG002 - the protocol's
        """Write a failure."""
        return aws_error(failure)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return aws_headers(request_id)


class _InvokeWriter(MessagesWriter):
    """Writes the events of Messages, each as the bytes of a chunk."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked, _chunk)

    def fail(self, failure: Failure) -> bytes:
        """Write an exception, which ends the stream."""
        return aws_exception(failure)


def _chunk(_: str, data: bytes) -> bytes:
    return event_frame("chunk", b'{"bytes":"' + base64.b64encode(data) + b'"}')
