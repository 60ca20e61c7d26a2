"""The HTTP transport: pooling, deadlines, retries, server-sent events, proxies and TLS.

Importing this package imports no HTTP library; the first request does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.transport.client import Transport
    from modelwire.transport.deadlines import Deadlines
    from modelwire.transport.dry_run import DryRunTransport, RequestCaptured
    from modelwire.transport.error_responses import (
        error_from_status,
        error_payload,
        explain_body,
    )
    from modelwire.transport.json_lines import JsonLinesDecoder
    from modelwire.transport.proxies import proxy_for
    from modelwire.transport.request import Request, merge_headers, request_id_in
    from modelwire.transport.response import Response, drain
    from modelwire.transport.retry import (
        RetryPolicy,
        delay_before,
        parse_retry_after,
        retrying,
        retrying_call,
    )
    from modelwire.transport.sse import ServerSentEvent, SseDecoder
    from modelwire.transport.view import TransportView
    from modelwire.transport.watch import watch_requests

__all__ = [
    "Deadlines",
    "DryRunTransport",
    "JsonLinesDecoder",
    "Request",
    "RequestCaptured",
    "Response",
    "RetryPolicy",
    "ServerSentEvent",
    "SseDecoder",
    "Transport",
    "TransportView",
    "delay_before",
    "drain",
    "error_from_status",
    "error_payload",
    "explain_body",
    "merge_headers",
    "parse_retry_after",
    "proxy_for",
    "request_id_in",
    "retrying",
    "retrying_call",
    "watch_requests",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "client": ("Transport",),
        "deadlines": ("Deadlines",),
        "dry_run": (
            "DryRunTransport",
            "RequestCaptured",
        ),
        "error_responses": (
            "error_from_status",
            "error_payload",
            "explain_body",
        ),
        "json_lines": ("JsonLinesDecoder",),
        "proxies": ("proxy_for",),
        "request": (
            "Request",
            "merge_headers",
            "request_id_in",
        ),
        "response": (
            "Response",
            "drain",
        ),
        "retry": (
            "RetryPolicy",
            "delay_before",
            "parse_retry_after",
            "retrying",
            "retrying_call",
        ),
        "sse": (
            "ServerSentEvent",
            "SseDecoder",
        ),
        "view": ("TransportView",),
        "watch": ("watch_requests",),
    },
)
