"""The content of an answer, gathered from its chunks in the engine's thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

__all__ = ["AnswerContent", "Chunk", "logprobs_in"]

Chunk = dict[str, Any]
"""A dict in the shape of OpenAI's streamed chat completions."""


@define
class AnswerContent:
    """The content of an answer's chunks so far.

    It never raises, since the engine swallows exceptions; a chunk of another shape is ignored.

    Attributes:
        texts: The pieces of its text.
        finish: The reason for its end, or `None` while it continues.
    """

    texts: list[str] = field(factory=list)
    finish: str | None = None
    _names: dict[int, str] = field(factory=dict)
    _arguments: dict[int, list[str]] = field(factory=dict)

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(self.texts)

    @property
    def complete(self) -> bool:
        """Whether the model ended by itself, below its limit of tokens."""
        return self.finish in {"stop", "tool_calls"}

    def calls(self) -> Iterator[tuple[str, str]]:
        """The names and arguments of its complete calls."""
        if self.complete:
            for index, name in self._names.items():
                yield name, "".join(self._arguments.get(index, ()))

    def take(self, chunk: Chunk) -> None:
        """Take a chunk."""
        for choice in _objects(chunk, "choices"):
            finish = choice.get("finish_reason")
            self.finish = finish if isinstance(finish, str) else self.finish
            delta = choice.get("delta")
            if not isinstance(delta, dict):
                continue
            text = delta.get("content")
            if isinstance(text, str):
                self.texts.append(text)
            for call in _objects(delta, "tool_calls"):
                self._call(call)

    def _call(self, call: Mapping[str, Any]) -> None:
        index, function = call.get("index", 0), call.get("function")
        if not isinstance(index, int) or not isinstance(function, dict):
            return
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str) and index not in self._names:
            self._names[index] = name
        if isinstance(arguments, str):
            self._arguments.setdefault(index, []).append(arguments)


def logprobs_in(chunk: Chunk) -> Iterator[float]:
    """The natural logarithms of how likely each token of a chunk was."""
    for choice in _objects(chunk, "choices"):
        logprobs = choice.get("logprobs")
        for token in _objects(logprobs, "content") if isinstance(logprobs, dict) else ():
            value = token.get("logprob")
            if isinstance(value, int | float):
                yield float(value)


def _objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = data.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
