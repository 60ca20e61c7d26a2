"""The trace of a client, which the spans of its request join where OpenTelemetry is installed.

https://www.w3.org/TR/trace-context/ has the header fields.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

try:
    from opentelemetry import context as otel_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:  # the gateway works without
    _PROPAGATOR = None
else:
    _PROPAGATOR = TraceContextTextMapPropagator()

__all__ = ["client_trace"]


@contextlib.contextmanager
def client_trace(headers: Mapping[str, str]) -> Iterator[None]:
    """Continue the trace that a request's `traceparent` names; a malformed one is ignored.

    Args:
        headers: The header fields, with names in lower case.
    """
    if _PROPAGATOR is None or "traceparent" not in headers:
        yield
        return
    token = otel_context.attach(_PROPAGATOR.extract(dict(headers)))
    try:
        yield
    finally:
        otel_context.detach(token)
