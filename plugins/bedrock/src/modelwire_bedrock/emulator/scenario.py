"""Scenarios: scripts of steps that answer requests.

Each request takes the first step that matches it and is not used up. A step says what the model
answers, what goes wrong, or both: a fault in mid-stream interrupts the step's own answer.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

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
from modelwire_bedrock.emulator.documents import read_document
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.faults import Fault, read_fault

__all__ = ["EmulatedCall", "Match", "Scenario", "Step", "read_scenario"]


@frozen
class EmulatedCall:
    """One request, as a scenario sees it.

    Attributes:
        operation: As `ConverseStream`.
        model_id: The `modelId` as it was sent; empty for the control plane.
        base_model: The id of the foundation model behind it.
        parameters: The request by the service model, blobs decoded.
        action: The IAM action that it needs, where that is not the operation of the same name.
    """

    operation: str
    model_id: str
    base_model: str
    parameters: Mapping[str, Any]
    action: str = ""

    @property
    def last_text(self) -> str:
        """The text of the last message, tool results included."""
        messages = self.parameters.get("messages") or [{"content": []}]
        texts = []
        for block in messages[-1]["content"]:
            texts.append(block.get("text", ""))
            result = block.get("toolResult", {}).get("content", ())
            texts += [part.get("text", "") for part in result]
        return "\n".join(text for text in texts if text)


@frozen
class Match:
    """Which requests a step is for; what is `None` does not matter.

    Requests of the control plane are met only by steps that name their operation.

    Attributes:
        operation: As `ConverseStream`.
        model: The model id, with `*` and `?`; it may name the foundation model behind a profile.
        text: Something that the last message says, whatever its case.
    """

    operation: str | None = None
    model: str | None = None
    text: str | None = None

    def matches(self, call: EmulatedCall) -> bool:
        """Whether a request is one of these."""
        names = (call.model_id, call.base_model)
        return (
            (self.operation or (call.operation if call.model_id else "")) == call.operation
            and (self.model is None or any(fnmatchcase(name, self.model) for name in names))
            and (self.text is None or self.text.lower() in call.last_text.lower())
        )


@define
class Step:
    """One step of a script.

    Attributes:
        answer: What the model says; `None` leaves it to whatever else answers.
        fault: What goes wrong; `None` is nothing.
        when: Which requests it is for.
        times: How many requests it serves; `None` is any number.
        used: How many it has served.
    """

    answer: Answer | None = None
    fault: Fault | None = None
    when: Match = field(factory=Match)
    times: int | None = 1
    used: int = 0


class Scenario:
    """A script of steps; safe to change from another thread while the emulator runs.

    Args:
        steps: The steps, in order.
        pacing: How fast answers come that say nothing of it.
    """

    def __init__(self, steps: Iterable[Step] = (), *, pacing: Pacing | None = None) -> None:
        self.pacing = pacing or Pacing()
        self._steps = list(steps)
        self._lock = threading.Lock()

    @classmethod
    def from_file(cls, path: str | Path) -> Scenario:
        """Read a scenario from a JSON5 or JSON file.

        Raises:
            EmulatorError: It cannot be read; the message names the place.
        """
        return read_scenario(read_document(Path(path)), str(path))

    def add(
        self,
        answer: Answer | str | Block | Iterable[Block] | None = None,
        *,
        fault: Fault | None = None,
        when: Match | None = None,
        times: int | None = 1,
    ) -> Step:
        """Append a step; an answer may be given as a string, a block or blocks."""
        if answer is not None and not isinstance(answer, Answer):
            answer = Answer(answer)
        step = Step(answer, fault, when or Match(), times)
        with self._lock:
            self._steps.append(step)
        return step

    def take(self, call: EmulatedCall) -> Step | None:
        """The step that a request takes, counted as used, or `None`."""
        with self._lock:
            for step in self._steps:
                if (step.times is None or step.used < step.times) and step.when.matches(call):
                    step.used += 1
                    return step
        return None

    def clear(self) -> None:
        """Forget every step."""
        with self._lock:
            self._steps.clear()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, with how often each was used."""
        with self._lock:
            return tuple(self._steps)


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
