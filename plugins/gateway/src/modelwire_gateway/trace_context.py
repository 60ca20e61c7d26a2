"""The trace of a client, which the spans of its request join where OpenTelemetry is installed.

https://www.w3.org/TR/trace-context/ has the header fields.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Final

try:
    from opentelemetry import context as otel_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:  # the gateway works without
    _PROPAGATOR = None
else:
    _PROPAGATOR = TraceContextTextMapPropagator()

__all__ = ["client_trace"]


_NO_TRACE: Final = contextlib.nullcontext()


def client_trace(headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Continue the trace that a request's `traceparent` names; a malformed one is ignored.

    Args:
        headers: The header fields, with names in lower case.
    """
    if _PROPAGATOR is None or "traceparent" not in headers:
        return _NO_TRACE
    return _continued(_PROPAGATOR.extract(dict(headers)))


@contextlib.contextmanager
def _continued(trace: otel_context.Context) -> Iterator[None]:
    token = otel_context.attach(trace)
    try:
        yield
    finally:
        otel_context.detach(token)
