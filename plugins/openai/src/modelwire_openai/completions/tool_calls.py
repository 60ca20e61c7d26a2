"""Tool calls, assembled from pieces that services cut and number in many ways.

Seen in recordings and in public issues: no index; an id on the first piece, on every piece or
nowhere; a name on every piece; arguments as an object; a whole call in one piece; a new call under
an old index; the whole arguments once more at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from attrs import define, field

from modelwire.authoring import read_object, read_text
from modelwire.errors import MalformedToolCall
from modelwire.events import ArgumentsDelta, BlockEnd, Delta, SignatureDelta, ToolCallStart
from modelwire_openai.completions.assistant import call_signature

__all__ = ["FIRST_CALL", "Calls"]

FIRST_CALL = 2
"""The first block index of a tool call; below it are thinking and text."""


@define(eq=False)
class _Call:
    block: int
    id: str = ""
    name: str = ""
    parts: list[str] = field(factory=list)
    started: bool = False
    extra: dict[str, Any] | None = None

    def is_complete(self) -> bool:
        """Whether the arguments are a whole JSON object, which nothing can follow."""
        text = "".join(self.parts)
        if not text.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(text), dict)
        except (ValueError, RecursionError):
            return False


class Calls:
    """The tool calls of one answer.

    Args:
        names: Names of tools on the wire that differ from the tools' own, and those.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._ids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def are_complete(self) -> bool:
        """Whether there are calls, and the arguments of each are a whole JSON object."""
        return bool(self._calls) and all(call.is_complete() for call in self._calls)

    def feed(self, pieces: Iterable[Mapping[str, Any]], deltas: list[Delta]) -> None:
        """Take the `tool_calls` of a chunk; append what they say to `deltas`.

        Raises:
            MalformedResponse: A value in them has a wrong type.
        """
        for piece in pieces:
            self._take(piece, deltas)

    def feed_function(self, piece: Mapping[str, Any], deltas: list[Delta]) -> None:
        """Take the `function_call` of a chunk, as the API was before it had tools.

        Raises:
            MalformedResponse: A value in it has a wrong type.
        """
        self._take({"index": 0, "function": piece}, deltas)

    def end(self, details: Mapping[str, dict[str, Any]], deltas: list[Delta], *, cut: bool) -> None:
        """End the calls.

        Args:
            details: Encrypted reasoning by the id of the call that it belongs to.
            deltas: What the ends say is appended to it.
            cut: Whether the answer met its limit, so that a call may be cut; such a one is left
                open.

        Raises:
            MalformedToolCall: A call has no name.
        """
        for call in self._calls:
            self._start(call, deltas)
            signature = call_signature(details.get(call.id), call.extra)
            if signature:
                deltas.append(SignatureDelta(call.block, signature))
            if not cut or call.is_complete():
                deltas.append(BlockEnd(call.block))

    def _take(self, piece: Mapping[str, Any], deltas: list[Delta]) -> None:
        inner = read_object(piece, "function")
        function = piece if inner is None else inner
        call_id, name = read_text(piece, "id") or "", read_text(function, "name") or ""
        call = self._call_of(piece.get("index"), call_id, name)
        call.id = call.id or call_id
        extra = piece.get("extra_content")
        if isinstance(extra, dict):
            call.extra = extra
        if name and not call.started and name != call.name:
            call.name += name
        fragment = self._fragment(call, function)
        if fragment:
            self._start(call, deltas)
            call.parts.append(fragment)
            deltas.append(ArgumentsDelta(call.block, fragment))

    def _call_of(self, index: Any, call_id: str, name: str) -> _Call:
        """Find the call that a piece belongs to, or begin one."""
        if isinstance(index, int) and not isinstance(index, bool):
            call = self._by_index.get(index)
            # Some services number every call 0; a new one has a name, and another id.
            if call is None or (name and call_id and call.id and call_id != call.id):
                call = self._by_index[index] = self._new()
            return call
        same = next((c for c in self._calls if call_id and c.id == call_id), None)
        if same is not None:
            return same
        last = self._calls[-1] if self._calls else None
        if last is None or (name and (call_id or name != last.name or last.is_complete())):
            return self._new()
        return last

    def _new(self) -> _Call:
        call = _Call(FIRST_CALL + len(self._calls))
        self._calls.append(call)
        return call

    def _fragment(self, call: _Call, function: Mapping[str, Any]) -> str:
        if isinstance(function.get("arguments"), Mapping | list):
            return "" if call.parts else json.dumps(function["arguments"], ensure_ascii=False)
        arguments = read_text(function, "arguments") or ""
        again = arguments.startswith("{") and call.parts and arguments == "".join(call.parts)
        return "" if again and call.is_complete() else arguments

    def _start(self, call: _Call, deltas: list[Delta]) -> None:
        if call.started:
            return
        if not call.name:
            raise MalformedToolCall("A tool call has no name.")
        call.started = True
        call.id = self._own_id(call.id)
        own_name = self._names.get(call.name, call.name)
        deltas.append(ToolCallStart(call.block, call.id, own_name))

    def _own_id(self, call_id: str) -> str:
        """The id, or one that is made where there is none or another call has it."""
        if not call_id or call_id in self._ids:
            call_id = f"call_{uuid4().hex[:24]}"
        self._ids.add(call_id)
        return call_id
