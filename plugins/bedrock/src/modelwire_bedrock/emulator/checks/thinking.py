"""Checks of Claude's extended thinking, and of thinking that is sent back."""

from __future__ import annotations

import base64
import binascii

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = [
    "budget_fits",
    "budget_large_enough",
    "no_reasoning",
    "reasoning_by_assistant",
    "signature_valid",
    "signed",
    "temperature_is_one",
]

LEAST = 1024
_REFUSED = (
    "User messages cannot contain reasoning content. Please remove the reasoning content and try "
    "again."
)


def _budget(request: CheckedRequest) -> int | None:
    if request.thinking != "enabled":
        return None
    budget = request.additional["thinking"].get("budget_tokens")
    return budget if isinstance(budget, int) else None


def budget_large_enough(request: CheckedRequest) -> str | None:
    """The budget is at least 1,024 tokens."""
    budget = _budget(request)
    if budget is None or budget >= LEAST:
        return None
    place = "thinking.enabled.budget_tokens"
    return f"{FROM_MODEL}{place}: Input should be greater than or equal to {LEAST}"


def budget_fits(request: CheckedRequest) -> str | None:
    """The budget is less than the tokens of the whole answer."""
    budget, most = _budget(request), request.inference.get("maxTokens")
    if budget is None or most is None or budget < most:
        return None
    return f"{FROM_MODEL}`max_tokens` must be greater than `thinking.budget_tokens`."


def temperature_is_one(request: CheckedRequest) -> str | None:
    """While it thinks, the temperature is 1 or not given."""
    if request.thinking is None or request.inference.get("temperature", 1) == 1:
        return None
    return f"{FROM_MODEL}`temperature` may only be set to 1 when thinking is enabled."


def no_reasoning(request: CheckedRequest) -> str | None:
    """No thinking is sent back."""
    return (
        _REFUSED if any("reasoningContent" in block for _, _, block in request.blocks()) else None
    )


def reasoning_by_assistant(request: CheckedRequest) -> str | None:
    """Only the assistant thinks."""
    for message in request.messages:
        thinks = any("reasoningContent" in block for block in message["content"])
        if thinks and message["role"] == "user":
            return _REFUSED
    return None


def signed(request: CheckedRequest) -> str | None:
    """Thinking that is sent back has its signature."""
    for at, position, block in request.blocks():
        text = block.get("reasoningContent", {}).get("reasoningText")
        if text is not None and not text.get("signature"):
            place = f"messages.{at}.content.{position}"
            return f"{FROM_MODEL}{place}.thinking.signature: Field required"
    return None


def signature_valid(request: CheckedRequest) -> str | None:
    """A signature is one that this emulator gave, or at least looks like one of Anthropic's."""
    for at, position, block in request.blocks():
        text = block.get("reasoningContent", {}).get("reasoningText") or {}
        signature = text.get("signature")
        if signature and signature not in request.signatures and not _is_base64(signature):
            place = f"messages.{at}.content.{position}"
            return f"{FROM_MODEL}{place}: Invalid `signature` in `thinking` block"
    return None


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
