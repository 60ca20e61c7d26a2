"""The summary: the figures that matter most, in three sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["summary"]

_BURST = "First event of 256 streams begun at once, {}, of aiobotocore's"
_FIGURES = {
    "event_of_boto3": "CPU per event, plain, of boto3's",
    "event_of_floor": "CPU per event, plain, of the floor's",
    "request_of_boto3": "CPU of a short request, of boto3's",
    "request_of_aiobotocore": "CPU of a short request, of aiobotocore's",
    "first": _BURST.format("min"),
    "half": _BURST.format("p50"),
    "last": _BURST.format("max"),
}
"""The figures by their names in the text, each with the target that has it."""
_TEXT = (
    "An event of a stream costs modelwire {event_of_boto3} of the CPU time that it costs boto3, and "
    "{event_of_floor} times that of a bare reader on aiohttp. A short request costs {request_of_boto3} of "
    "boto3's CPU time and {request_of_aiobotocore} of that of aiobotocore, the nearest competitor; of 256 "
    "streams that begin at once, the first has its first event after {first} of aiobotocore's time, half of "
    "them after {half}, and the last after {last}. Of seven faults of an answer, modelwire handles {own} "
    "right, boto3 {boto3} and aiobotocore {aiobotocore}."
)


def summary(results: Mapping[str, Any]) -> str:
    """Three sentences; a dash marks what was not measured."""
    found = {
        target["what"]: target["figure"]
        for result in results.values()
        for target in result["targets"]
    }
    figures = {
        name: f"{found[what]:.2f}" if what in found else "–" for name, what in _FIGURES.items()
    }
    verdicts = results["faults"]["raw"]["verdicts"] if "faults" in results else {}
    handled = {
        name: sum(said.startswith("right") for said in of.values()) for name, of in verdicts.items()
    }
    return _TEXT.format(
        **figures,
        own=handled.get("modelwire", "–"),
        boto3=handled.get("boto3", "–"),
        aiobotocore=handled.get("aiobotocore", "–"),
    )
