"""The outcome of an answer: stop reason and usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from modelwire.authoring import count_tokens, error_in_stream, report_usage
from modelwire.errors import ContentFiltered, ProviderError, ServerError
from modelwire.events import Delta, Diagnostic, ResponseInfo, Stop, UsageReport
from modelwire.messages import Cost, StopReason, Usage
from modelwire.models import Prices

__all__ = ["StopInfo", "ending_of", "report_of", "usage_of"]

_TIER_FACTORS: Mapping[str, float] = {"flex": 0.5, "priority": 2.0}
"""The price factors of service tiers, from the API reference."""

_USUAL_TIERS = frozenset({"auto", "default"})


@frozen
class StopInfo:
    """Why the service says that an answer ended.

    Attributes:
        reason: The stop reason, or `None` where the answer failed.
        raw: The service's own term for it.
        failure: The error, or `None` where the answer is good.
    """

    reason: StopReason | None
    raw: str
    failure: ProviderError | None = None

    def deltas(self) -> list[Delta]:
        """The deltas that report it."""
        if self.reason is None:
            return [Diagnostic("failed_stop", {"status": self.raw})]
        return [Stop(self.reason, self.raw)]


def ending_of(status: str, response: Mapping[str, Any], *, limit: int | None = None) -> StopInfo:
    """Find out why an answer ended.

    Args:
        status: The status in the event's name: `completed`, `incomplete`, `failed` or `cancelled`.
        response: The response; its own status is more exact (recorded of vLLM: an incomplete
            response in `response.completed`).
        limit: The limit on the answer's tokens where the service may pass over it in silence
            (seen of llama.cpp: an answer that was cut is `completed`).
    """
    own_status = response.get("status")
    if own_status in ("completed", "incomplete", "failed", "cancelled"):
        status = own_status
    if status == "failed":
        return StopInfo(None, status, _failure(response))
    if status == "cancelled":
        error = ServerError("The answer was cancelled at the service.", retryable=False)
        return StopInfo(None, status, error)
    if status == "incomplete":
        why = _text(response.get("incomplete_details"), "reason")
        if why == "content_filter":
            msg = "A content filter stopped the answer."
            return StopInfo(None, why, ContentFiltered(msg))
        return StopInfo(StopReason.LENGTH, why or status)
    if limit is not None and _output_of(response.get("usage")) >= limit:
        return StopInfo(StopReason.LENGTH, status)
    return StopInfo(StopReason.STOP, status)


def report_of(response: Mapping[str, Any], prices: Prices | None = None) -> list[Delta]:
    """Report a response's own status, its usage included.

    Args:
        response: The response.
        prices: Those of the model, in USD per million tokens at the usual service tier.
    """
    model, response_id = response.get("model"), response.get("id")
    deltas: list[Delta] = [
        ResponseInfo(
            response_id=response_id if isinstance(response_id, str) else None,
            response_model=model if isinstance(model, str) else None,
        )
    ]
    tier = response.get("service_tier")
    if isinstance(response.get("usage"), Mapping):
        report = report_usage(response["usage"], usage_of)
        factor = _TIER_FACTORS.get(tier) if isinstance(tier, str) else None
        if factor is not None and prices is not None and isinstance(report, UsageReport):
            cost = _times(prices.cost_of(report.usage), factor)
            report = UsageReport(evolve(report.usage, cost=cost))
        deltas.append(report)
    if isinstance(tier, str) and tier not in _USUAL_TIERS:
        deltas.append(Diagnostic("response_metadata", {"serviceTier": tier}))
    return deltas


def usage_of(usage: Any) -> Usage:
    """Read the usage. On the wire the input includes what a cache had to do with.

    Raises:
        ValueError: A number in it cannot be a count.
    """
    details = usage if isinstance(usage, Mapping) else {}
    of_input = details.get("input_tokens_details")
    read = count_tokens(of_input, "cached_tokens") or 0
    written = count_tokens(of_input, "cache_write_tokens") or 0
    total = count_tokens(usage, "input_tokens") or 0
    return Usage(
        input=max(0, total - read - written),
        output=count_tokens(usage, "output_tokens") or 0,
        cache_read=read,
        cache_write=written,
        reasoning=count_tokens(details.get("output_tokens_details"), "reasoning_tokens"),
    )


def _output_of(usage: Any) -> int:
    try:
        return count_tokens(usage, "output_tokens") or 0
    except ValueError:
        return 0


def _failure(response: Mapping[str, Any]) -> ProviderError:
    error = response.get("error")
    if error:
        return error_in_stream({"error": error})
    why = _text(response.get("incomplete_details"), "reason")
    return ServerError(f"The answer failed{f': {why}' if why else ''}.")


def _times(cost: Cost | None, factor: float) -> Cost | None:
    if cost is None:
        return None
    return Cost(
        cost.input * factor,
        cost.output * factor,
        cost.cache_read * factor,
        cost.cache_write * factor,
    )


def _text(data: Any, key: str) -> str:
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""
