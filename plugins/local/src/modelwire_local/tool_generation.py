"""An answer that may call a tool: the choice of the tool, then its arguments or words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire.transport import Deadlines
from modelwire_local.answer_content import Chunk, logprobs_in
from modelwire_local.generation import Generation, ToolChosen

if TYPE_CHECKING:
    from modelwire_local.chat.tool_prompts import ToolPrompts
    from modelwire_local.load import LoadedModel

__all__ = ["ToolGeneration"]

_LEAST = -30.0
"""The least that a token counts; an impossible one would weigh more than everything else."""

_RESERVE = 2.0
"""How much more than words a tool has to gain by a request to be called, in natural logarithms."""


class ToolGeneration(Generation):
    """One answer, of which the model chooses whether and what tool it calls.

    Args:
        request: The request for an answer in words.
        prompts: The prompts for choosing and calling a tool.
        deadlines: The limits on waiting for the first chunk and each further one.
        provider: The provider's id, for errors.
        model: The model's id, for errors.
        schema: The JSON Schema that an answer in words has to fit.
        tools: The JSON Schemas of the tools, by the names in the request.
    """

    def __init__(
        self,
        request: dict[str, Any],
        prompts: ToolPrompts,
        deadlines: Deadlines,
        *,
        provider: str,
        model: str,
        schema: Mapping[str, Any] | None = None,
        tools: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(
            request, deadlines, provider=provider, model=model, schema=schema, tools=tools
        )
        self._prompts = prompts
        self._failed = False

    def run(self, model: LoadedModel) -> None:
        """Let the model choose, and call a tool or answer in words.

        Raises:
            MalformedToolCall: A tool is called with arguments that its schema does not allow.
        """
        chosen = self._choose(model)
        if self._given_up:
            return
        if chosen == self._prompts.no_tool:
            super().run(model)
            return
        self.hand_over(ToolChosen(chosen))
        model.server.handle_chat_completions(self._prompts.calls[chosen], self.deliver)
        if self.content.complete:
            self.check_call(chosen, self.content.text)

    @property
    def _given_up(self) -> bool:
        return self.stopped or self._failed

    def _choose(self, model: LoadedModel) -> str:
        """The tool whose name gains most by the conversation, or the name of none."""
        prompts = self._prompts
        names = [*prompts.calls]
        if prompts.no_tool is None and len(names) == 1:
            return names[0]
        if prompts.no_tool is not None:
            names.append(prompts.no_tool)
        usual = self._usual(model, names)
        found = {name: self._likelihood(model, prompts.conversation, name) for name in names}
        gains = {name: found[name] - usual[name] for name in names}
        if prompts.no_tool is not None:
            gains[prompts.no_tool] += _RESERVE
        return max(gains, key=gains.__getitem__)

    def _usual(self, model: LoadedModel, names: Sequence[str]) -> dict[str, float]:
        """How likely each name is after requests that need no tool; computed once for a prompt."""
        prompts = self._prompts
        keys = {name: json.dumps([name, prompts.examples], sort_keys=True) for name in names}
        missing = [name for name in names if keys[name] not in model.likelihoods]
        # One request after another, with all names: the engine keeps what they have in common.
        rows = [
            [self._likelihood(model, [other], name) for name in missing]
            for other in (prompts.others if missing else ())
        ]
        means = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
        if not self._given_up:
            model.likelihoods.update(zip(map(keys.__getitem__, missing), means, strict=True))
        return {name: model.likelihoods.get(keys[name], 0.0) for name in names}

    def _likelihood(
        self, model: LoadedModel, conversation: Sequence[dict[str, Any]], name: str
    ) -> float:
        """How likely a name is as the answer to a conversation, as a natural logarithm."""
        found: list[float] = []

        def take(chunk: Chunk) -> bool:
            found.extend(max(value, _LEAST) for value in logprobs_in(chunk))
            self._failed = self._failed or "error" in chunk
            # Without content, a chunk only says that the engine is at work.
            return not self.hand_over(chunk if self._failed else {})

        request = {
            **self._prompts.settings,
            "messages": [*self._prompts.examples, *conversation],
            "grammar": f"root ::= {json.dumps(name)}",
            "logprobs": True,
            "temperature": 0.0,
            "stream": True,
            "return_progress": True,
        }
        if not self._given_up:
            model.server.handle_chat_completions(request, take)
        return math.fsum(found)
