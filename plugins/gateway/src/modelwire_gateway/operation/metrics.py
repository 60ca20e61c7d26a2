"""Metrics for Prometheus, made of the records of requests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from modelwire_gateway.records import RequestRecord

__all__ = ["Metrics"]

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_Metric = TypeVar("_Metric", Counter, Histogram)
_KINDS: Final = ("input", "output", "cache_read", "cache_write")


class Metrics:
    """Counts requests, tokens, costs and durations; an observer of requests.

    A model is a label only once it has answered, so that clients cannot invent labels.

    Args:
        live: The requests that are open.
    """

    def __init__(self, live: Collection[object]) -> None:
        self._registry = CollectorRegistry()
        self._children: dict[tuple[Any, ...], Any] = {}
        self._every: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "modelwire_gateway_requests",
            "Requests that ended.",
            ("door", "model", "status"),
            registry=self._registry,
        )
        self._failures = Counter(
            "modelwire_gateway_failures",
            "Requests that failed, by kind.",
            ("door", "kind"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "modelwire_gateway_request_seconds",
            "How long requests took.",
            ("door",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._first_byte = Histogram(
            "modelwire_gateway_first_byte_seconds",
            "Time until the first byte of a streamed answer.",
            ("door",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "modelwire_gateway_tokens",
            "Tokens, by kind.",
            ("model", "kind"),
            registry=self._registry,
        )
        self._cost = Counter(
            "modelwire_gateway_cost_usd",
            "USD, of the answers whose cost is known.",
            ("model",),
            registry=self._registry,
        )
        open_requests = Gauge(
            "modelwire_gateway_open_requests", "Requests that are open.", registry=self._registry
        )
        open_requests.set_function(lambda: len(live))

    def __call__(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        used = record.usage
        # Of a request that was left before its answer, the tokens are an estimate.
        left = record.failure == "left" and record.first_byte is None
        answered = (
            used is not None and not left and (record.failure is None or used.total_tokens > 0)
        )
        model = record.model or "" if answered else ""
        requests, seconds = self._regular(record.door, model, record.status)
        requests.inc()
        seconds.observe(record.seconds)
        if record.failure is not None:
            self._child(self._failures, record.door, record.failure).inc()
        if record.first_byte is not None:
            self._child(self._first_byte, record.door).observe(record.first_byte)
        if used is not None and answered:
            for kind in _KINDS:
                if amount := getattr(used, kind):
                    self._child(self._tokens, model, kind).inc(amount)
        if record.cost is not None and answered:
            self._child(self._cost, model).inc(record.cost)

    def _regular(self, door: str, model: str, status: int) -> tuple[Counter, Histogram]:
        """The time series that every request is counted in."""
        key = (door, model, status)
        found = self._every.get(key)
        if found is None:
            found = self._every[key] = (
                self._requests.labels(door, model, str(status)),
                self._seconds.labels(door),
            )
        return found

    def _child(self, metric: _Metric, *labels: str) -> _Metric:
        """The time series of a metric with some labels; looked up by the client once."""
        key = (metric, *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
