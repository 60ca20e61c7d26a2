"""Tool calls, assembled from pieces that services cut and number in many ways.

Seen in recordings and in public issues: no index; an id on the first piece, on every piece or
nowhere; a name on every piece; arguments as an object; a whole call in one piece; a new call under
an old index, with an id or without; arguments before the name. What the arguments are that come in
several pieces is found out by `modelwire.authoring.ToolArguments`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from attrs import define, field

from modelwire.authoring import ToolArguments, read_object, read_text
from modelwire.errors import MalformedToolCall
from modelwire.events import ArgumentsDelta, BlockEnd, Delta, SignatureDelta, ToolCallStart
from modelwire_openai.completions.assistant import call_signature

__all__ = ["FIRST_CALL", "Calls"]

FIRST_CALL = 2
"""The first block index of a tool call; below it are thinking and text."""


@define(eq=False)
class _Call:
    """A call that is being received.

    Attributes:
        block: Its number among the deltas.
        id: Its id on the wire, empty where it has none.
        own_id: Its id among the deltas; empty until its beginning has been passed on.
        name: The name of its tool on the wire.
        arguments: Its arguments.
        held: Arguments that came before the name.
        announced: Whether it began with no more than a name that the call before has as well; a
            service may only have repeated that.
        extra: What Google sends with it.
    """

    block: int
    id: str = ""
    own_id: str = ""
    name: str = ""
    arguments: ToolArguments = field(factory=ToolArguments)
    held: str = ""
    announced: bool = False
    extra: dict[str, Any] | None = None

    @property
    def is_repeated_name(self) -> bool:
        """Whether there is no more of it than a name that the call before has as well."""
        return self.announced and self.arguments.is_empty

    def take_name(self, name: str) -> None:
        """Take a name, or more of one; services repeat it, too."""
        if not name or self.own_id or name == self.name:
            return
        self.name = name if self.is_repeated_name else self.name + name
        self.announced = False


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
        return bool(self._calls) and all(
            call.arguments.is_complete for call in self._calls if not call.is_repeated_name
        )

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
            MalformedToolCall: A call has no name, or two different sets of arguments.
        """
        for call in self._calls:
            if call.is_repeated_name:
                continue
            if not call.name:
                raise MalformedToolCall("A tool call has no name.")
            self._start(call, deltas)
            signature = call_signature(details.get(call.own_id), call.extra)
            if signature:
                deltas.append(SignatureDelta(call.block, signature))
            if not cut or call.arguments.is_complete:
                self._pass_on(call, call.arguments.end(), deltas)
                deltas.append(BlockEnd(call.block))

    def _take(self, piece: Mapping[str, Any], deltas: list[Delta]) -> None:
        inner = read_object(piece, "function")
        function = piece if inner is None else inner
        call_id, name = read_text(piece, "id") or "", read_text(function, "name") or ""
        arguments = _arguments_of(function)
        call = self._call_of(piece.get("index"), call_id, name, says_more=bool(arguments.strip()))
        call.id = call.id or call_id
        extra = piece.get("extra_content")
        if isinstance(extra, dict):
            call.extra = extra
        call.take_name(name)
        self._pass_on(call, call.arguments.add(arguments), deltas)

    def _call_of(self, index: Any, call_id: str, name: str, *, says_more: bool) -> _Call:
        """Find the call that a piece belongs to, or begin one."""
        if isinstance(index, int) and not isinstance(index, bool):
            last = self._by_index.get(index)
            if last is None or _opens_next(last, call_id, name):
                self._by_index[index] = self._new(last, call_id, name, says_more=says_more)
            return self._by_index[index]
        same = next((c for c in self._calls if call_id and c.id == call_id), None)
        if same is not None:
            return same
        last = self._calls[-1] if self._calls else None
        other = last is not None and last.name and name and (call_id or name != last.name)
        if last is None or other or _opens_next(last, call_id, name):
            return self._new(last, call_id, name, says_more=says_more)
        return last

    def _new(self, last: _Call | None, call_id: str, name: str, *, says_more: bool) -> _Call:
        call = _Call(FIRST_CALL + len(self._calls))
        if last is not None and name == last.name and not (call_id or says_more):
            call.name, call.announced = name, True
        self._calls.append(call)
        return call

    def _pass_on(self, call: _Call, fragment: str, deltas: list[Delta]) -> None:
        """Pass arguments on, once the name of the tool is known."""
        call.held += fragment
        if not call.name or call.arguments.is_empty:
            return
        self._start(call, deltas)
        if call.held:
            deltas.append(ArgumentsDelta(call.block, call.held))
            call.held = ""

    def _start(self, call: _Call, deltas: list[Delta]) -> None:
        if call.own_id:
            return
        call.own_id = self._own_id(call.id)
        own_name = self._names.get(call.name, call.name)
        deltas.append(ToolCallStart(call.block, call.own_id, own_name))

    def _own_id(self, call_id: str) -> str:
        """The id, or a new one where it is missing or in use by another call."""
        if not call_id or call_id in self._ids:
            call_id = f"call_{uuid4().hex[:24]}"
        self._ids.add(call_id)
        return call_id


def _opens_next(last: _Call, call_id: str, name: str) -> bool:
    """Whether a piece opens the next call under an index, as some services number every call 0.

    Nothing can follow arguments that are complete, so that a name behind them opens the next call;
    but a service that gives ids gives the next call one, too, and only repeats the name otherwise.
    """
    if not name:
        return False
    if call_id and last.id:
        return call_id != last.id
    repeats = bool(last.id) and not call_id and name == last.name
    return bool(last.name) and last.arguments.is_complete and not repeats


def _arguments_of(function: Mapping[str, Any]) -> str:
    """Arguments as JSON text; some services send the value itself."""
    if isinstance(function.get("arguments"), Mapping | list):
        return json.dumps(function["arguments"], ensure_ascii=False)
    return read_text(function, "arguments") or ""
