"""The outcome of an answer: stop reason, usage, and what else the service reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from modelwire.authoring import count_tokens, parse_json, report_usage
from modelwire.errors import ContentFiltered, MalformedResponse, MalformedToolCall, ProviderError
from modelwire.events import Delta, Diagnostic, ResponseInfo, Stop, UsageReport
from modelwire.messages import StopReason, Usage
from modelwire.repair import clean_json
from modelwire_bedrock.converse.shapes import Metadata

__all__ = ["StopInfo", "metadata_deltas", "usage_of"]

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
}

_FAILURES: Mapping[str, tuple[type[ProviderError], str]] = {
    "refusal": (ContentFiltered, "The model refused to answer"),
    "guardrail_intervened": (ContentFiltered, "A guardrail stopped the answer"),
    "content_filtered": (ContentFiltered, "A content filter stopped the answer"),
    "malformed_model_output": (MalformedResponse, "The model's output is malformed"),
    "malformed_tool_use": (MalformedToolCall, "The model made a malformed tool call"),
}

_TRACE_HINT = "The guardrail's trace is among the diagnostics of the partial message."
_NO_TRACE_HINT = "Set `trace` to `enabled` in the guardrail's settings to learn which rule it was."


@frozen
class StopInfo:
    """Why the service says that the answer ended.

    Attributes:
        raw: The service's own term for it.
        fields: `additionalModelResponseFields`, if any came.
    """

    raw: str
    fields: Any = None

    @property
    def reason(self) -> StopReason | None:
        """The stop reason, or `None` where the answer failed."""
        return STOP_REASONS.get(self.raw)

    @property
    def needs_trace(self) -> bool:
        """Whether only the guardrail's trace shows if the answer is acceptable."""
        return self.raw == "guardrail_intervened"

    def deltas(self, trace: Mapping[str, Any] | None, limit_note: str | None = None) -> list[Delta]:
        """The stop reason, and what is worth keeping besides it.

        Args:
            trace: The trace of the answer's metadata, if one came.
            limit_note: What to say where the answer ended at its limit on tokens.
        """
        kept: list[Delta] = []
        reason = StopReason.STOP if self.needs_trace and _only_masked(trace) else self.reason
        if reason is None:
            kept.append(Diagnostic("failed_stop", {"stopReason": self.raw}))
        if self.fields:
            kept.append(Diagnostic("response_fields", {"fields": self.fields}))
        if limit_note is not None and self.raw == "max_tokens":
            kept.append(Diagnostic("default_token_limit", {"reason": limit_note}))
        if reason is not None:
            kept.append(Stop(reason, self.raw))
        return kept

    def failure(self, trace: Mapping[str, Any] | None) -> ProviderError | None:
        """The error of this ending, or `None` where the answer is good.

        Args:
            trace: The trace of the answer's metadata, if one came.
        """
        if self.reason is not None or (self.needs_trace and _only_masked(trace)):
            return None
        known = _FAILURES.get(self.raw)
        if known is None:
            return MalformedResponse(
                f"The answer ended with the stop reason {self.raw[:100]!r}, which is unknown.",
                retryable=False,
                hint="A newer version of modelwire-bedrock may know it.",
            )
        kind, message = known
        guardrail = (trace or {}).get("guardrail") or {}
        hint = None
        if self.raw == "guardrail_intervened":
            hint = _TRACE_HINT if guardrail else _NO_TRACE_HINT
            detail = _text(guardrail, "actionReason")
        else:
            detail = self._explanation()
        return kind(f"{message} ({self.raw}){f': {detail}' if detail else '.'}", hint=hint)

    def _explanation(self) -> str:
        """The explanation of a refusal by Anthropic's models, in `stop_details`."""
        fields = self.fields if isinstance(self.fields, dict) else {}
        nested = fields.get("delta")
        details = fields.get("stop_details") or (
            nested.get("stop_details") if isinstance(nested, dict) else None
        )
        category, explanation = _text(details, "category"), _text(details, "explanation")
        parts = [f"category {category}" if category else "", explanation]
        return "; ".join(filter(None, parts))


def _only_masked(trace: Mapping[str, Any] | None) -> bool:
    """Whether a guardrail masked parts of the answer and blocked nothing.

    A trace that names no action proves nothing, and neither does a missing one.
    """
    guardrail = (trace or {}).get("guardrail")
    actions = set(_actions(guardrail))
    reason = _text(guardrail, "actionReason").lower()
    if "BLOCKED" in actions or "blocked" in reason:
        return False
    return bool(actions) or "masked" in reason


def _actions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        action = value.get("action")
        if isinstance(action, str):
            yield action.upper()
        for item in value.values():
            yield from _actions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _actions(item)


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Read the four counters, which do not overlap on the wire either.

    Raises:
        ValueError: A number in it cannot be a count.
    """
    written = {"1h": 0, "all": 0}
    for detail in _cache_details(usage):
        tokens = count_tokens(detail, "inputTokens") or 0
        written["all"] += tokens
        if detail.get("ttl") == "1h":
            written["1h"] += tokens
    return Usage(
        input=count_tokens(usage, "inputTokens") or 0,
        output=count_tokens(usage, "outputTokens") or 0,
        cache_read=count_tokens(usage, "cacheReadInputTokens") or 0,
        cache_write=max(count_tokens(usage, "cacheWriteInputTokens") or 0, written["all"]),
        cache_write_1h=written["1h"],
    )


def _cache_details(usage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = usage.get("cacheDetails")
    return [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []


def metadata_deltas(metadata: Metadata) -> list[Delta]:
    """Report the usage and keep what else the metadata says as diagnostics."""
    deltas: list[Delta] = []
    facts: dict[str, Any] = {
        "metrics": metadata.metrics,
        "performanceConfig": metadata.performance_config,
        "serviceTier": metadata.service_tier,
    }
    usage = parse_json(bytes(metadata.usage)) if metadata.usage else None
    if usage is not None:
        report = report_usage(usage, usage_of)
        deltas.append(report)
        if isinstance(report, UsageReport):
            facts["cacheDetails"] = [
                {"ttl": detail.get("ttl", ""), "inputTokens": detail.get("inputTokens", 0)}
                for detail in _cache_details(usage)
            ]
            facts["serverToolUsage"] = clean_json(usage.get("serverToolUsage"))
    facts = {name: fact for name, fact in facts.items() if fact}
    if facts:
        deltas.append(Diagnostic("response_metadata", facts))
    trace = metadata.trace or {}
    if guardrail := trace.get("guardrail"):
        deltas.append(Diagnostic("guardrail_trace", {"trace": guardrail}))
    if invoked := _text(trace.get("promptRouter"), "invokedModelId"):
        deltas.append(ResponseInfo(response_model=invoked))
    return deltas


def _text(data: Any, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
