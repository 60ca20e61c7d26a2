"""Metrics for Prometheus, made of the records of requests."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from attrs import define, field
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from modelwire_gateway.records import RequestRecord

__all__ = ["Metrics"]

_PREFIX: Final = "modelwire_gateway"
_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_BUCKETS: Final = (*map(str, _SECONDS), "+Inf")


@define
class _Total:
    """A counter, and when it began."""

    value: float = 0.0
    created: float = field(factory=time.time)


@define
class _Durations:
    """Durations by bucket, and when the first came."""

    counts: list[int] = field(factory=lambda: [0] * len(_BUCKETS))
    total: float = 0.0
    created: float = field(factory=time.time)

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(_SECONDS, seconds)] += 1
        self.total += seconds


class Metrics(Collector):
    """Counts requests, tokens, costs and durations; an observer of requests.

    A model is a label only once it has answered, so that clients cannot invent labels. The metrics are
    made of the counts when they are read, since those of `prometheus_client` take five times as long.

    Args:
        live: The requests that are open.
    """

    def __init__(self, live: Collection[object]) -> None:
        self._live = live
        self._requests: defaultdict[tuple[str, str, int], _Total] = defaultdict(_Total)
        self._failures: defaultdict[tuple[str, str], _Total] = defaultdict(_Total)
        self._seconds: defaultdict[str, _Durations] = defaultdict(_Durations)
        self._first_byte: defaultdict[str, _Durations] = defaultdict(_Durations)
        self._tokens: defaultdict[tuple[str, str], _Total] = defaultdict(_Total)
        self._cost: defaultdict[tuple[str], _Total] = defaultdict(_Total)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def __call__(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        used, failure, door = record.usage, record.failure, record.door
        # Of a request that was left before its answer, the tokens are an estimate.
        left = failure == "left" and record.first_byte is None
        answered = used is not None and not left and (failure is None or used.total_tokens > 0)
        model = record.model or "" if answered else ""
        self._requests[door, model, record.status].value += 1
        self._seconds[door].add(record.seconds)
        if failure is not None:
            self._failures[door, failure].value += 1
        if record.first_byte is not None:
            self._first_byte[door].add(record.first_byte)
        if used is None or not answered:
            return
        if used.input:
            self._tokens[model, "input"].value += used.input
        if used.output:
            self._tokens[model, "output"].value += used.output
        if used.cache_read:
            self._tokens[model, "cache_read"].value += used.cache_read
        if used.cache_write:
            self._tokens[model, "cache_write"].value += used.cache_write
        if record.cost is not None:
            self._cost[model,].value += record.cost

    def collect(self) -> Iterator[Metric]:
        """The metrics, as Prometheus' client writes them."""
        yield _counter(
            "requests", "Requests that ended.", ("door", "model", "status"), self._requests
        )
        yield _counter(
            "failures", "Requests that failed, by kind.", ("door", "kind"), self._failures
        )
        yield _histogram("request_seconds", "How long requests took.", self._seconds)
        yield _histogram(
            "first_byte_seconds",
            "Time until the first byte of a streamed answer.",
            self._first_byte,
        )
        yield _counter("tokens", "Tokens, by kind.", ("model", "kind"), self._tokens)
        yield _counter(
            "cost_usd", "USD, of the answers whose cost is known.", ("model",), self._cost
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}_open_requests", "Requests that are open.", len(self._live)
        )

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)


def _counter(
    name: str, about: str, labels: tuple[str, ...], totals: Mapping[Any, _Total]
) -> Metric:
    made = CounterMetricFamily(f"{_PREFIX}_{name}", about, labels=labels)
    for values, total in totals.items():
        made.add_metric([str(value) for value in values], total.value, total.created)
    return made


def _histogram(name: str, about: str, by_door: Mapping[str, _Durations]) -> Metric:
    made = HistogramMetricFamily(f"{_PREFIX}_{name}", about, labels=("door",))
    for door, durations in by_door.items():
        buckets = list(zip(_BUCKETS, accumulate(durations.counts), strict=True))
        made.add_metric([door], buckets, durations.total)
        made.add_sample(f"{_PREFIX}_{name}_created", {"door": door}, durations.created)
    return made
