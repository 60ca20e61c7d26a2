"""Received requests, for tests to inspect."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Literal

from attrs import Factory, define, field

from modelwire_bedrock.emulator.apis.paths import Endpoint
from modelwire_bedrock.emulator.auth import Identity

__all__ = ["End", "ReceivedRequest"]

End = Literal["complete", "refused", "broken", "client_left"]


@define(eq=False)
class ReceivedRequest:
    """One request.

    Attributes:
        method: The HTTP method.
        path: The path as it was sent, percent-encoding included.
        headers: The headers, names in lower case; secrets among them are not shown by `repr`.
        body: The JSON body, or `None` where there is none.
        request_id: The id that it was answered with.
        operation: As `ConverseStream`, or `None` for an unknown one.
        model_id: The `modelId` as it was meant, or `None`.
        parameters: The request by the service model, blobs as bytes, once it was found valid.
        identity: The caller, once it was known.
        status: The HTTP status of the answer.
        error: The error's code, where it was refused.
        message: The error's message.
        endpoint: `runtime`, which is the control plane too, or `mantle`.
        rule: The rule of the table that it broke, where it broke one.
        end: How it ended: `complete`, `refused`, `broken` by a fault, or `client_left`, when the
            client closed the connection before the end. `None` as long as it runs.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    request_id: str
    operation: str | None = None
    model_id: str | None = None
    parameters: Mapping[str, Any] = field(factory=dict, repr=False)
    identity: Identity | None = None
    status: int | None = None
    error: str | None = None
    message: str | None = None
    rule: str | None = None
    endpoint: Endpoint = "runtime"
    end: End | None = None
    _ended: threading.Event = field(init=False, repr=False, default=Factory(threading.Event))

    def finish(self, end: End) -> None:
        """Note how it ended."""
        self.end = end
        self._ended.set()

    def wait(self, timeout: float = 10.0) -> End | None:
        """Wait in a thread until it has ended; `None` if it has not within `timeout` seconds."""
        self._ended.wait(timeout)
        return self.end
