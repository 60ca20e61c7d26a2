"""Instruments of the GenAI conventions, made once for each meter provider."""

from __future__ import annotations

from functools import cache

from attrs import frozen
from opentelemetry.metrics import Histogram, Meter, get_meter

__all__ = ["SCOPE", "Instruments", "instruments"]

SCOPE = "modelwire_otel"

# The boundaries that the conventions ask for.
_TOKENS = [4.0**power for power in range(14)]
_SECONDS = [0.01 * 2**power for power in range(14)]
_FIRST_CHUNK = [0.001, 0.005, *_SECONDS]


@frozen
class Instruments:
    """What a call is measured with.

    Attributes:
        tokens: Tokens used, with `gen_ai.token.type` `input` or `output`.
        duration: Seconds from the request to the end of the answer.
        first_chunk: Seconds from the request to the first piece of the answer.
        next_chunk: Seconds from one piece to the next.
    """

    tokens: Histogram
    duration: Histogram
    first_chunk: Histogram
    next_chunk: Histogram


def instruments() -> Instruments:
    """The instruments of the meter provider that is set."""
    return _made(get_meter(SCOPE))


@cache
def _made(meter: Meter) -> Instruments:
    return Instruments(
        tokens=meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens that requests and answers had.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        ),
        duration=meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="How long answers took.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        ),
        first_chunk=meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="How long the first piece of an answer took.",
            explicit_bucket_boundaries_advisory=_FIRST_CHUNK,
        ),
        next_chunk=meter.create_histogram(
            "gen_ai.client.operation.time_per_output_chunk",
            unit="s",
            description="How long each further piece of an answer took.",
            explicit_bucket_boundaries_advisory=_FIRST_CHUNK,
        ),
    )
