"""Extra content of an answer, kept as diagnostics.

Images that a model draws, and the tools that the service itself runs for a model together with
their results: none of them is text, thinking or a tool call that the caller has to answer.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, define

from modelwire.errors import MalformedResponse
from modelwire.events import Delta, Diagnostic
from modelwire_bedrock.converse.shapes import ImageSource

__all__ = ["Extras", "input_text", "is_server_tool"]


def input_text(given: bytes | memoryview) -> str:
    """The text of a tool's input, which comes as a JSON object, or as such a text in a string.

    Empty where none was given.

    Raises:
        MalformedResponse: It is not UTF-8.
    """
    try:
        text = str(given, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedResponse("The input of a tool call is not UTF-8.") from error
    if text.startswith('"'):
        return str(json.loads(text))
    return "" if text == "null" else text


def is_server_tool(kind: str | None) -> bool:
    """Whether a tool use of this `type` is run by the service and not by the caller."""
    return kind == "server_tool_use"


@define
class _Extra:
    kind: str
    facts: dict[str, Any]
    texts: list[str] = Factory(list)
    chunks: list[bytes] = Factory(list)
    results: list[Any] = Factory(list)

    def diagnostic(self, index: int) -> Diagnostic:
        facts = {"contentBlockIndex": index, **self.facts}
        if self.texts:
            facts["input"] = "".join(self.texts)
        if self.chunks:
            facts["data"] = b64encode(b"".join(self.chunks)).decode("ascii")
        if self.results:
            facts["content"] = self.results
        return Diagnostic(self.kind, facts)


class Extras:
    """Collects such blocks while they arrive; each becomes one diagnostic when it ends."""

    def __init__(self) -> None:
        self._open: dict[int, _Extra] = {}

    def begin_image(self, index: int, image_format: str | None) -> None:
        """Begin an image in a format such as `png`."""
        self._open[index] = _Extra("image_output", {"format": image_format})

    def begin_server_tool(self, index: int, call_id: str, name: str, given: str = "") -> None:
        """Begin the use of a tool that the service runs, with the JSON text of its input so far."""
        aside = _Extra("server_tool_use", {"id": call_id, "name": name})
        if given:
            aside.texts.append(given)
        self._open[index] = aside

    def begin_tool_result(self, index: int, result: Mapping[str, Any]) -> None:
        """Begin the result of a tool that the service ran."""
        facts = {"id": result.get("toolUseId"), "status": result.get("status")}
        content = result.get("content")
        aside = _Extra("server_tool_result", facts)
        if isinstance(content, list):
            aside.results += content
        self._open[index] = aside

    def add_input(self, index: int, fragment: str) -> bool:
        """Take input of a tool, and say whether it was one that the service runs."""
        aside = self._open.get(index) if self._open else None
        if aside is None or aside.kind != "server_tool_use":
            return False
        aside.texts.append(fragment)
        return True

    def add_image(
        self, index: int, source: ImageSource | None, error: Mapping[str, Any] | None
    ) -> None:
        """Take a piece of an image, or why there is none."""
        if index not in self._open:
            self.begin_image(index, None)
        aside = self._open[index]
        if source is not None and source.data is not None:
            aside.chunks.append(source.data)
        if source is not None and source.s3_location is not None:
            aside.facts["s3Location"] = source.s3_location
        if error is not None:
            aside.facts["error"] = dict(error)

    def add_tool_result(self, index: int, content: Sequence[Any]) -> None:
        """Take more of a tool's result."""
        if index not in self._open:
            self.begin_tool_result(index, {})
        self._open[index].results += content

    def end(self, index: int) -> Sequence[Delta]:
        """End the block `index`, if it is one of these."""
        aside = self._open.pop(index, None)
        return () if aside is None else (aside.diagnostic(index),)

    def end_all(self) -> Sequence[Delta]:
        """End all that never were."""
        return [delta for index in list(self._open) for delta in self.end(index)]
