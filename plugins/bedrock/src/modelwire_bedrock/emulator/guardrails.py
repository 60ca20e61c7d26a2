"""Guardrails: words that are blocked and personal data that is masked, with the trace of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from attrs import Factory, frozen

from modelwire_bedrock.emulator.answers import Answer, TokenUsage, WireEvent, wire_events
from modelwire_bedrock.emulator.errors import Refusal, validation

__all__ = ["Assessment", "Guardrail", "apply_guardrail", "find_guardrail", "guarded", "input_text"]

BLOCKED, MASKED = "Guardrail blocked.", "Guardrail masked."


@frozen
class Guardrail:
    """A guardrail of the account.

    Attributes:
        id: The `guardrailIdentifier`.
        version: The `guardrailVersion`; `DRAFT` is known beside it.
        words: Words that are blocked, whatever their case.
        mask: Patterns of what is masked, by the type of personal data, such as `EMAIL`.
        blocked_input: What is answered to a blocked question.
        blocked_output: What is answered in place of a blocked answer.
    """

    id: str
    version: str = "1"
    words: tuple[str, ...] = ()
    mask: Mapping[str, str] = Factory(dict)
    blocked_input: str = "Sorry, the model cannot answer this question."
    blocked_output: str = "Sorry, the model cannot answer this question."

    def assess(self, text: str) -> Assessment:
        """Look at a text."""
        words = [word for word in self.words if re.search(re.escape(word), text, re.IGNORECASE)]
        masked, entities = text, list[dict[str, str]]()
        for kind, pattern in self.mask.items():
            found = re.findall(pattern, masked)
            entities += [{"type": kind, "match": one, "action": "ANONYMIZED"} for one in found]
            masked = re.sub(pattern, f"{{{kind}}}", masked)
        policies: dict[str, Any] = {}
        if words:
            custom = [{"match": word, "action": "BLOCKED"} for word in words]
            policies["wordPolicy"] = {"customWords": custom, "managedWordLists": []}
        if entities:
            policies["sensitiveInformationPolicy"] = {"piiEntities": entities, "regexes": []}
        return Assessment(bool(words), masked, policies)


@frozen
class Assessment:
    """The result of a guardrail for a text.

    Attributes:
        blocked: Whether the text is blocked.
        text: The text, masked.
        policies: The assessment, as the trace holds it; empty where nothing was found.
    """

    blocked: bool
    text: str
    policies: Mapping[str, Any]


def find_guardrail(guardrails: Mapping[str, Guardrail], config: Mapping[str, Any]) -> Guardrail:
    """The guardrail that a request names by `guardrailIdentifier` and `guardrailVersion`.

    Raises:
        Refusal: The guardrail does not exist.
    """
    name = str(config.get("guardrailIdentifier", "")).rpartition("/")[2]
    found = guardrails.get(name)
    if found is None or config.get("guardrailVersion") not in (found.version, "DRAFT"):
        raise validation(
            "The guardrail identifier or version provided in the request does not exist."
        )
    return found


def input_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The assessed part of a request: its guarded content, or else the text of the last message."""
    guarded = [
        block["guardContent"].get("text", {}).get("text", "")
        for message in messages
        for block in message["content"]
        if "guardContent" in block
    ]
    last = messages[-1]["content"] if messages else ()
    return "\n".join(guarded or [block["text"] for block in last if "text" in block])


async def guarded(
    events: AsyncIterator[WireEvent], guardrail: Guardrail, prompt: str, *, trace: bool
) -> AsyncIterator[WireEvent]:
    """The events of an answer after a guardrail has looked at the question and the answer."""
    question = guardrail.assess(prompt)
    found: dict[str, Any] = {}
    if question.policies:
        found["inputAssessment"] = {guardrail.id: question.policies}
    if question.blocked:
        answer = Answer(guardrail.blocked_input, stop_reason="guardrail_intervened")
        for event in _traced(wire_events(answer, TokenUsage()), found, BLOCKED, trace=trace):
            yield event
        return
    output = [event async for event in events]
    reply = guardrail.assess("".join(_text(event) for event in output))
    if reply.policies:
        found["outputAssessments"] = {guardrail.id: [reply.policies]}
    if reply.blocked:
        answer = Answer(guardrail.blocked_output, stop_reason="guardrail_intervened")
        output = [*wire_events(answer, TokenUsage())[:-1], output[-1]]
    elif reply.policies:
        output = _masked(output, guardrail)
    reason = BLOCKED if reply.blocked else MASKED if found else "No action."
    for event in _traced(output, found, reason, trace=trace):
        yield event


def _text(event: WireEvent) -> str:
    delta: Mapping[str, Any] = event[1].get("delta", {})
    return str(delta.get("text", ""))


def _masked(events: Sequence[WireEvent], guardrail: Guardrail) -> list[WireEvent]:
    """The events with the text of each block in one delta, masked."""
    texts: dict[int, str] = {}
    for event in events:
        if "text" in event[1].get("delta", {}):
            index = event[1]["contentBlockIndex"]
            texts[index] = texts.get(index, "") + _text(event)
    masked: list[WireEvent] = []
    for name, payload in events:
        if name == "messageStop":
            masked.append((name, {**payload, "stopReason": "guardrail_intervened"}))
        elif "text" not in payload.get("delta", {}):
            masked.append((name, payload))
        elif payload["contentBlockIndex"] in texts:
            text = guardrail.assess(texts.pop(payload["contentBlockIndex"])).text
            masked.append((name, {**payload, "delta": {"text": text}}))
    return masked


def _traced(
    events: Sequence[WireEvent], found: Mapping[str, Any], reason: str, *, trace: bool
) -> list[WireEvent]:
    if not trace:
        return list(events)
    seen = {"trace": {"guardrail": {"actionReason": reason, **found}}}
    return [
        (name, {**payload, **seen} if name == "metadata" else payload) for name, payload in events
    ]


def apply_guardrail(
    guardrails: Mapping[str, Guardrail], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer of ApplyGuardrail.

    Raises:
        Refusal: There is no such guardrail.
    """
    try:
        guardrail = find_guardrail(guardrails, parameters)
    except Refusal:
        raise Refusal("ResourceNotFoundException", "The guardrail could not be found.") from None
    texts = [part.get("text", {}).get("text", "") for part in parameters["content"]]
    found = [guardrail.assess(text) for text in texts]
    blocked = any(one.blocked for one in found)
    touched = any(one.policies for one in found)
    answers = [one.text for one in found] if touched else []
    if blocked:
        is_input = parameters["source"] == "INPUT"
        answers = [guardrail.blocked_input if is_input else guardrail.blocked_output]
    units = max(1, sum(-(-len(text) // 1000) for text in texts))
    counted = {
        "topicPolicyUnits": 0,
        "contentPolicyUnits": 0,
        "wordPolicyUnits": units if guardrail.words else 0,
        "sensitiveInformationPolicyUnits": units if guardrail.mask else 0,
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": 0,
    }
    return {
        "usage": counted,
        "action": "GUARDRAIL_INTERVENED" if touched else "NONE",
        "actionReason": BLOCKED if blocked else MASKED if touched else "No action.",
        "outputs": [{"text": text} for text in answers],
        "assessments": [one.policies for one in found if one.policies],
    }
