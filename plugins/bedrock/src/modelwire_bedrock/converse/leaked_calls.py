"""Leaked tool calls: calls that a model wrote as text, in the tokens of its own chat template.

Kimi and MiniMax sometimes write a call into their text or thinking and end the turn as if all were
said (opencode#13807, vercel/ai#11409, litellm#17582). Such text is read as the call that it is. What
cannot be read is a `MalformedToolCall`, so that the request is retried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any
from uuid import uuid4

from attrs import define, field, frozen

from modelwire.authoring import Translator
from modelwire.errors import MalformedToolCall
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    Diagnostic,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason

__all__ = ["CallRescuer", "leaks_calls"]

_FAMILIES = ("kimi", "minimax", "unknown")
_MARKERS = ("<|tool_calls_section_begin|>", "<|tool_call_begin|>", "<minimax:tool_call>")
_FIRST_INDEX = 1_000_000
"""Indices of blocks that no service reaches."""

_KIMI_CALL = re.compile(
    r"<\|tool_call_begin\|>\s*(?P<name>.*?)\s*<\|tool_call_argument_begin\|>(?P<arguments>.*?)"
    r"(?:<\|tool_call_end\|>|<\|tool_calls_section_end\|>|$)",
    re.DOTALL,
)
_KIMI_NAME = re.compile(r"(?:functions\.)?(?P<name>.+?)(?::\d+)?")
_MINIMAX_CALL = re.compile(
    r"<invoke name=[\"']?(?P<name>[^\"'>]+)[\"']?>(?P<body>.*?)(?P<end></invoke>|$)", re.DOTALL
)
_PARAMETER = re.compile(
    r"<parameter name=[\"']?(?P<name>[^\"'>]+)[\"']?>(?P<value>.*?)</parameter>", re.DOTALL
)
_SECTION_END = re.compile(r"<\|tool_calls_section_end\|>|</minimax:tool_call>")


def leaks_calls(family: str) -> bool:
    """Whether models of a family, by its key, are known to write calls as text, or are not known at all."""
    return family.startswith(_FAMILIES)


@frozen
class _Call:
    name: str
    arguments: dict[str, Any]


@define
class _Channel:
    """The text or the thinking of one block: what is held back, and what leaked."""

    kind: type[TextDelta | ThinkingDelta]
    index: int
    held: str = ""
    leaked: bool = False

    def take(self, text: str) -> list[Delta]:
        """Take more text; gives what is certainly no call."""
        self.held += text
        if self.leaked:
            return []
        starts = [at for marker in _MARKERS if (at := self.held.find(marker)) >= 0]
        self.leaked = bool(starts)
        at = min(starts) if starts else len(self.held) - _overlap(self.held)
        text, self.held = self.held[:at], self.held[at:]
        return [self.kind(self.index, text)] if text else []

    def end(self) -> list[Delta]:
        """End the block; gives the text that was no call."""
        text, self.held = self.held, ""
        return [self.kind(self.index, text)] if text else []


def _overlap(text: str) -> int:
    """How many characters at the end of a text may begin a marker."""
    at = text.rfind("<", max(0, len(text) - max(map(len, _MARKERS))))
    while at >= 0:
        if any(marker.startswith(text[at:]) for marker in _MARKERS):
            return len(text) - at
        at = text.rfind("<", max(0, len(text) - max(map(len, _MARKERS))), at)
    return 0


@define
class CallRescuer:
    """A translator that reads leaked calls in what another translator gives.

    Args:
        translator: Reads the events of the service.
        specs: The `toolSpec` of each tool on offer, by its name on the wire.
        tool_names: The tools' own names by the names that they have on the wire.
    """

    translator: Translator[Any]
    specs: Mapping[str, Mapping[str, Any]]
    tool_names: Mapping[str, str]
    _channels: dict[int, _Channel] = field(factory=dict, init=False)
    _leaked: list[str] = field(factory=list, init=False)
    _called: bool = field(default=False, init=False)
    _problem: MalformedToolCall | None = field(default=None, init=False)

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self.translator.ended

    def feed(self, events: Iterable[Any], deltas: list[Delta]) -> None:
        """Translate events, as the protocol `Translator` says.

        Raises:
            ProviderError: As the other translator raises it.
        """
        given: list[Delta] = []
        try:
            self.translator.feed(events, given)
        finally:
            for delta in given:
                deltas += self._pass(delta)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            MalformedToolCall: The model wrote a call as text that cannot be read.
            ProviderError: As the other translator raises it.
        """
        self.translator.end()
        if self._problem is not None:
            raise self._problem

    def _pass(self, delta: Delta) -> list[Delta]:
        if isinstance(delta, TextDelta | ThinkingDelta):
            return self._take(delta)
        if isinstance(delta, BlockEnd):
            return [*self._end(delta.index), delta]
        if isinstance(delta, ToolCallStart):
            self._called = True
        if isinstance(delta, Stop):
            ends = [ended for index in list(self._channels) for ended in self._end(index)]
            return [*ends, *self._rescue(delta.reason), delta]
        return [delta]

    def _take(self, delta: TextDelta | ThinkingDelta) -> list[Delta]:
        channel = self._channels.get(delta.index)
        before: list[Delta] = []
        if channel is None or channel.kind is not type(delta):
            before = self._end(delta.index)
            channel = self._channels[delta.index] = _Channel(type(delta), delta.index)
        return [*before, *channel.take(delta.text)]

    def _end(self, index: int) -> list[Delta]:
        channel = self._channels.pop(index, None)
        if channel is None:
            return []
        if channel.leaked:
            section, rest = _split(channel.held)
            self._leaked.append(section)
            channel.held = rest
        return channel.end()

    def _rescue(self, reason: StopReason) -> list[Delta]:
        """The leaked calls as calls, or the diagnostic that they are calls once more."""
        if not self._leaked:
            return []
        noted = Diagnostic("leaked_tool_calls", {"text": "".join(self._leaked)})
        if self._called:
            return [noted]
        calls = [call for section in self._leaked for call in self._calls(section)]
        if not calls or any(call is None for call in calls):
            self._problem = MalformedToolCall(
                "The model wrote a tool call as text, and it cannot be read as a call.",
                retryable=reason is not StopReason.LENGTH,
            )
            return [noted]
        deltas: list[Delta] = [noted]
        for index, call in enumerate((call for call in calls if call is not None), _FIRST_INDEX):
            name = self.tool_names.get(call.name, call.name)
            arguments = json.dumps(call.arguments, ensure_ascii=False)
            deltas += (
                ToolCallStart(index, f"call_{uuid4().hex}", name),
                ArgumentsDelta(index, arguments),
                BlockEnd(index),
            )
        return deltas

    def _calls(self, section: str) -> Iterator[_Call | None]:
        """The calls of a section; `None` for one that cannot be read or calls no tool on offer."""
        for match in _KIMI_CALL.finditer(section):
            named = _KIMI_NAME.fullmatch(match["name"])
            name = named["name"] if named else match["name"]
            yield self._call(name, _json_object(match["arguments"]))
        for match in _MINIMAX_CALL.finditer(section):
            arguments = self._parameters(match["name"], match["body"]) if match["end"] else None
            yield self._call(match["name"], arguments)

    def _call(self, name: str, arguments: dict[str, Any] | None) -> _Call | None:
        return None if arguments is None or name not in self.specs else _Call(name, arguments)

    def _parameters(self, name: str, body: str) -> dict[str, Any]:
        schema = self.specs.get(name, {}).get("inputSchema", {}).get("json", {})
        properties = schema.get("properties", {})
        return {
            match["name"]: _value(unescape(match["value"]), properties.get(match["name"]))
            for match in _PARAMETER.finditer(body)
        }


def _split(held: str) -> tuple[str, str]:
    """A leaked section, and the text after it."""
    ends = [match.end() for match in _SECTION_END.finditer(held)]
    if not ends:
        return held, ""
    rest = held[ends[-1] :]
    return held[: ends[-1]], rest if rest.strip() else ""


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _value(text: str, schema: Any) -> Any:
    """The value of a parameter, which is a text unless its schema says otherwise."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
