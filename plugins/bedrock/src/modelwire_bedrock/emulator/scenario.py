"""What the emulator does with which request: a script of steps.

Each request takes the first step that matches it and is not used up. A step says what the model
answers, what goes wrong, or both: a fault in mid-stream interrupts the step's own answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from modelwire_bedrock.emulator.answers import Answer, Block, Pacing
from modelwire_bedrock.emulator.documents import read_document
from modelwire_bedrock.emulator.faults import Fault

__all__ = ["Call", "Match", "Scenario", "Step"]


@frozen
class Call:
    """One request, as a scenario sees it.

    Attributes:
        operation: As `ConverseStream`.
        model_id: The `modelId` as it was sent; empty for the control plane.
        base_model: The id of the foundation model behind it.
        parameters: The request by the service model, blobs decoded.
    """

    operation: str
    model_id: str
    base_model: str
    parameters: Mapping[str, Any]

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

    def matches(self, call: Call) -> bool:
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
        from modelwire_bedrock.emulator.scenario_files import read_scenario

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

    def take(self, call: Call) -> Step | None:
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
