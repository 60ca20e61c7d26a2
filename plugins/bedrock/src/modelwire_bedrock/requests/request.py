"""A request that is ready to be sent, and the two other forms it may have to take."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from modelwire.repair import Change, Changes
from modelwire_bedrock.requests.alternating import PLACEHOLDER

__all__ = ["UNTHOUGHT", "ConverseRequest", "continues_unthought"]


UNTHOUGHT = "The calls to be continued were made without thinking, so this answer is, too."


@frozen
class ConverseRequest:
    """A request for Converse or ConverseStream.

    Attributes:
        payload: The arguments of boto3's `converse_stream`.
        changes: What is not sent as it was said, and why.
        tool_names: Names of tools on the wire that had to change, and the tools' own.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: dict[str, str] = field(factory=dict)

    def without_reasoning(self) -> ConverseRequest:
        """The same request without the thinking in its history.

        A model that refuses a signature refuses the conversation for ever; without the thinking it
        goes on. Where it may then not think in this answer, it is not asked to.
        """
        changes = Changes(list(self.changes))
        messages = []
        for index, message in enumerate(self.payload.get("messages", [])):
            kept = [block for block in message["content"] if "reasoningContent" not in block]
            if len(kept) == len(message["content"]):
                messages.append(message)
                continue
            changes.dropped(
                f"payload.messages[{index}]", "The model refused the signature of its thinking."
            )
            messages.append({**message, "content": kept or [{"text": PLACEHOLDER}]})
        payload = {**self.payload, "messages": messages}
        if continues_unthought(messages):
            _stop_thinking(payload, changes)
        return evolve(self, payload=payload, changes=tuple(changes.noted))

    def for_converse(self) -> dict[str, Any]:
        """The arguments of boto3's `converse`, which takes all but how a guardrail meets a stream."""
        payload = dict(self.payload)
        if "guardrailConfig" in payload:
            guardrail = dict(payload["guardrailConfig"])
            guardrail.pop("streamProcessingMode", None)
            payload["guardrailConfig"] = guardrail
        return payload


def continues_unthought(messages: list[dict[str, Any]]) -> bool:
    """Whether the model goes on after tool calls that it made without thinking.

    Claude with a thinking budget refuses that, as when another model made the calls.
    """
    last = messages[-1] if messages else {"role": "", "content": []}
    if last["role"] != "user" or not any("toolResult" in block for block in last["content"]):
        return False
    return len(messages) > 1 and "reasoningContent" not in messages[-2]["content"][0]


def _stop_thinking(payload: dict[str, Any], changes: Changes) -> None:
    """Take a thinking budget out of a payload; adaptive thinking may stay."""
    fields = dict(payload.get("additionalModelRequestFields", {}))
    thinking = fields.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return
    del fields["thinking"]
    changes.dropped("options.reasoning", UNTHOUGHT)
    if fields:
        payload["additionalModelRequestFields"] = fields
    else:
        payload.pop("additionalModelRequestFields")
