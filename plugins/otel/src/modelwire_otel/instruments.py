"""The tracer and the instruments of the GenAI conventions, made once for each provider of them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from attrs import frozen
from opentelemetry.metrics import Counter, Histogram, Meter, get_meter
from opentelemetry.trace import Tracer, get_tracer

from modelwire_otel.attributes import Attributes
from modelwire_otel.conventions import Conventions

__all__ = ["SCOPE", "Instruments", "instruments", "scope_version", "tracer"]

SCOPE = "modelwire_otel"

# The boundaries that the conventions recommend.
_TOKENS = [4.0**power for power in range(14)]
_SECONDS = [0.01 * 2**power for power in range(14)]
_FIRST_CHUNK = [0.001, 0.005, *_SECONDS]

_KINDS = {
    "input_tokens": ("gen_ai.usage.input_tokens", "input"),
    "output_tokens": ("gen_ai.usage.output_tokens", "output"),
    "cache_read.input_tokens": ("gen_ai.usage.cache_read.input_tokens", None),
    "cache_write.input_tokens": ("gen_ai.usage.cache_write.input_tokens", None),
    "reasoning.output_tokens": ("gen_ai.usage.reasoning.output_tokens", None),
}
"""Of each counter of tokens the attribute that it counts, and its type where it is a histogram."""


@frozen
class Instruments:
    """The instruments that measure a call.

    Attributes:
        duration: Seconds from the request to the end of the answer.
        first_chunk: Seconds from the request to the first piece of the answer.
        next_chunk: Seconds from one piece to the next.
        embeddings_duration: Seconds that a request for embeddings took.
        embeddings_tokens: Tokens of such a request, with `gen_ai.token.type` where it is one
            histogram for all tokens.
        tokens: Tokens used, with `gen_ai.token.type` `input` or `output`, where they are a histogram.
        counters: Counters of tokens by the attribute that they count, where they are not.
    """

    duration: Histogram
    first_chunk: Histogram
    next_chunk: Histogram
    embeddings_duration: Histogram
    embeddings_tokens: Histogram
    tokens: Histogram | None
    counters: dict[str, Counter]

    def count_tokens(self, used: Attributes, shared: Attributes) -> None:
        """Measure the tokens of an answer.

        Args:
            used: Its attributes of usage.
            shared: The attributes that distinguish it from others.
        """
        for attribute, kind in _KINDS.values():
            count = used.get(attribute)
            if not isinstance(count, int | float):
                continue
            if attribute in self.counters:
                self.counters[attribute].add(count, shared)
            elif self.tokens is not None and kind is not None:
                self.tokens.record(float(count), {**shared, "gen_ai.token.type": kind})


def tracer(conventions: Conventions) -> Tracer:
    """The tracer of the provider that is set."""
    return get_tracer(SCOPE, scope_version(), schema_url=conventions.schema_url)


def instruments(conventions: Conventions) -> Instruments:
    """The instruments of the meter provider that is set."""
    return _made(get_meter(SCOPE, scope_version(), schema_url=conventions.schema_url), conventions)


@cache
def scope_version() -> str:
    """The version of the scope; the first call reads the metadata of the package, from the disk."""
    return version("modelwire-otel")


_INSTRUMENTS: dict[tuple[Meter, int], Instruments] = {}


def _made(meter: Meter, conventions: Conventions) -> Instruments:
    key = (meter, id(conventions))  # a release is one of two objects, which last
    if key not in _INSTRUMENTS:
        _INSTRUMENTS[key] = _make(meter, conventions)
    return _INSTRUMENTS[key]


def _make(meter: Meter, conventions: Conventions) -> Instruments:
    def seconds(name: str, description: str, boundaries: list[float]) -> Histogram:
        return meter.create_histogram(
            name, "s", description, explicit_bucket_boundaries_advisory=boundaries
        )

    def tokens(name: str, description: str) -> Histogram:
        return meter.create_histogram(
            name, "{token}", description, explicit_bucket_boundaries_advisory=_TOKENS
        )

    prefix = conventions.metrics
    duration = seconds(f"{prefix}.duration", "How long answers took.", _SECONDS)
    used, counters = None, {}
    if conventions.token_counters:
        counters = {
            attribute: meter.create_counter(
                f"{prefix}.usage.{name}", "{token}", "Tokens that answers used."
            )
            for name, (attribute, _) in _KINDS.items()
        }
    else:
        used = tokens("gen_ai.client.token.usage", "Tokens that requests and answers had.")
    return Instruments(
        duration=duration,
        first_chunk=seconds(
            f"{prefix}.time_to_first_chunk",
            "How long the first piece of an answer took.",
            _FIRST_CHUNK,
        ),
        next_chunk=seconds(
            f"{prefix}.time_per_output_chunk",
            "How long each further piece of an answer took.",
            _FIRST_CHUNK,
        ),
        embeddings_duration=duration
        if used is not None
        else seconds(conventions.embeddings_duration, "How long embeddings took.", _SECONDS),
        embeddings_tokens=used
        or tokens(conventions.embeddings_tokens, "Tokens of requests for embeddings."),
        tokens=used,
        counters=counters,
    )
