"""Scenarios as files: what stands where, and errors that name the place."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from modelwire_bedrock.emulator.answers import (
    Answer,
    Block,
    Citation,
    Pacing,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)
from modelwire_bedrock.emulator.faults import read_fault
from modelwire_bedrock.emulator.refusals import EmulatorError
from modelwire_bedrock.emulator.scenario import Match, Scenario, Step

__all__ = ["read_scenario"]

ALWAYS = "always"


def read_scenario(document: Mapping[str, Any], place: str) -> Scenario:
    """Read a scenario from plain data.

    Raises:
        EmulatorError: It does not follow the schema; the message names the place.
    """
    _only(document, ("pacing", "steps"), place)
    steps = document.get("steps", [])
    if not isinstance(steps, list):
        raise _wrong(f"{place}: steps", "a list")
    read = [_step(step, f"{place}: steps[{at}]") for at, step in enumerate(steps)]
    return Scenario(read, pacing=_pacing(document.get("pacing"), f"{place}: pacing"))


def _step(data: Any, place: str) -> Step:
    if not isinstance(data, Mapping):
        raise _wrong(place, "an object")
    _only(data, ("when", "times", "answer", "fault"), place)
    times = data.get("times", 1)
    if times != ALWAYS and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise _wrong(f"{place}.times", 'a positive number or "always"')
    when = data.get("when", {})
    if not isinstance(when, Mapping):
        raise _wrong(f"{place}.when", "an object")
    _only(when, ("operation", "model", "text"), f"{place}.when")
    answer, fault = data.get("answer"), data.get("fault")
    if answer is None and fault is None:
        msg = f"{place} has neither an answer nor a fault."
        raise EmulatorError(msg)
    return Step(
        answer=None if answer is None else _answer(answer, f"{place}.answer"),
        fault=None if fault is None else read_fault(fault, f"{place}.fault"),
        when=Match(**when),
        times=None if times == ALWAYS else times,
    )


def _answer(data: Any, place: str) -> Answer:
    if isinstance(data, str):
        return Answer(data)
    if not isinstance(data, Mapping):
        raise _wrong(place, "a string or an object")
    allowed = (
        "content",
        "stopReason",
        "usage",
        "pacing",
        "latencyMs",
        "extra",
        "additional",
        "events",
    )
    _only(data, allowed, place)
    content = data.get("content", [])
    if isinstance(content, str):
        content = [{"text": content}]
    events = data.get("events")
    pacing = data.get("pacing")
    return Answer(
        content=[_block(block, f"{place}.content[{at}]") for at, block in enumerate(content)],
        stop_reason=data.get("stopReason"),
        usage=_usage(data["usage"], f"{place}.usage") if "usage" in data else None,
        pacing=None if pacing is None else _pacing(pacing, f"{place}.pacing"),
        latency_ms=data.get("latencyMs", 120),
        extra=data.get("extra", {}),
        additional=data.get("additional"),
        events=None if events is None else tuple((name, body) for name, body in events),
    )


def _text(data: Mapping[str, Any], place: str) -> Block:
    _only(data, ("text", "pieces"), place)
    pieces = data.get("pieces")
    return Text(data["text"], None if pieces is None else tuple(pieces))


def _thinking(data: Mapping[str, Any], place: str) -> Block:
    _only(data, ("thinking", "signature"), place)
    return Thinking(data["thinking"], data.get("signature"))


def _redacted(data: Mapping[str, Any], place: str) -> Block:
    _only(data, ("redactedThinking",), place)
    try:
        return RedactedThinking(base64.b64decode(data["redactedThinking"], validate=True))
    except ValueError as error:
        raise _wrong(f"{place}.redactedThinking", "base64") from error


def _tool_use(data: Mapping[str, Any], place: str) -> Block:
    call = data["toolUse"]
    _only(call, ("name", "input", "id", "pieces"), f"{place}.toolUse")
    return ToolUse(**call)


def _citation(data: Mapping[str, Any], place: str) -> Block:
    _only(data, ("citation",), place)
    return Citation(data["citation"])


_BLOCKS: dict[str, Callable[[Mapping[str, Any], str], Block]] = {
    "text": _text,
    "thinking": _thinking,
    "redactedThinking": _redacted,
    "toolUse": _tool_use,
    "citation": _citation,
}


def _block(data: Any, place: str) -> Block:
    if isinstance(data, str):
        return Text(data)
    kind = next((kind for kind in _BLOCKS if isinstance(data, Mapping) and kind in data), None)
    if kind is None:
        raise _wrong(place, f"a block with one of {', '.join(_BLOCKS)}")
    return _BLOCKS[kind](data, place)


def _usage(data: Any, place: str) -> TokenUsage:
    names = {
        "input": "input",
        "output": "output",
        "cacheRead": "cache_read",
        "cacheWrite": "cache_write",
        "cacheWrite1h": "cache_write_1h",
    }
    _only(data, tuple(names), place)
    return TokenUsage(**{names[name]: count for name, count in data.items()})


def _pacing(data: Any, place: str) -> Pacing:
    if data is None:
        return Pacing()
    _only(data, ("first", "between"), place)
    return Pacing(float(data.get("first", 0)), float(data.get("between", 0)))


def _only(data: Any, allowed: tuple[str, ...], place: str) -> None:
    if not isinstance(data, Mapping):
        raise _wrong(place, "an object")
    unknown = sorted(set(data) - set(allowed))
    if unknown:
        msg = f"{place} has no member {unknown[0]!r}."
        raise EmulatorError(msg, hint=f"It may have {', '.join(allowed)}.")


def _wrong(place: str, wanted: str) -> EmulatorError:
    return EmulatorError(f"{place} has to be {wanted}.")
