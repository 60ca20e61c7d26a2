"""The one HTTP client: pooling, deadlines, retries, server-sent events, proxies and CA bundles.

Importing this package imports no HTTP library; the first request does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.exports import lazy_exports

if TYPE_CHECKING:
    from modelwire.transport.client import Transport
    from modelwire.transport.deadlines import Deadlines
    from modelwire.transport.explain import explain_body
    from modelwire.transport.farewell import drain
    from modelwire.transport.proxies import proxy_for
    from modelwire.transport.rehearsal import NotSent, Rehearsal
    from modelwire.transport.request import Request
    from modelwire.transport.response import Response
    from modelwire.transport.retry import RetryPolicy, delay_before, retrying, retrying_call
    from modelwire.transport.retry_after import parse_retry_after
    from modelwire.transport.showing import conceal, secrets_in
    from modelwire.transport.sse import ServerSentEvent, SseDecoder
    from modelwire.transport.status import error_from_status

__all__ = [
    "Deadlines",
    "NotSent",
    "Rehearsal",
    "Request",
    "Response",
    "RetryPolicy",
    "ServerSentEvent",
    "SseDecoder",
    "Transport",
    "conceal",
    "delay_before",
    "drain",
    "error_from_status",
    "explain_body",
    "parse_retry_after",
    "proxy_for",
    "retrying",
    "retrying_call",
    "secrets_in",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "client": ("Transport",),
        "deadlines": ("Deadlines",),
        "explain": ("explain_body",),
        "farewell": ("drain",),
        "proxies": ("proxy_for",),
        "rehearsal": ("NotSent", "Rehearsal"),
        "request": ("Request",),
        "response": ("Response",),
        "retry": ("RetryPolicy", "delay_before", "retrying", "retrying_call"),
        "retry_after": ("parse_retry_after",),
        "showing": ("conceal", "secrets_in"),
        "sse": ("ServerSentEvent", "SseDecoder"),
        "status": ("error_from_status",),
    },
)
