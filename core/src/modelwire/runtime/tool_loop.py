"""The tool loop: call a model, run the tools that it calls, repeat until it calls none."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack, overload

from attrs import Factory, define, evolve, frozen

from modelwire.errors import Cancelled, InvalidMessage, ToolTurnsExceeded
from modelwire.events import DoneEvent, Event
from modelwire.hookspecs import ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    ToolCall,
    ToolResultMessage,
)
from modelwire.runtime.cancellation import Cancellation
from modelwire.runtime.options import StreamSettings
from modelwire.runtime.stream import Stream
from modelwire.tools import FunctionTool, run_call

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime
    from modelwire.runtime.sync import SyncRuntime
    from modelwire.runtime.sync_streams import SyncToolLoop

__all__ = ["MAX_TURNS", "ToolLoop", "ToolRun", "run_tools"]

MAX_TURNS = 25
"""Answers that `run_tools` asks for at most, where the caller says nothing else."""

_DECLINED = "The user declined this call. Do not repeat it; go on without it, or ask the user."
_FAILED = (StopReason.ERROR, StopReason.ABORTED)

_T = TypeVar("_T")


@frozen
class ToolRun:
    """A tool call that was answered.

    Attributes:
        call: What the model called.
        result: What it is told.
        approved: Whether the call was allowed. Nothing ran where it was not.
    """

    call: ToolCall
    result: ToolResultMessage
    approved: bool


Approve = Callable[[ToolCall], bool | Awaitable[bool]]
"""Decides whether a tool runs; a plain function or a coroutine function."""


@overload
def run_tools(
    runtime: Runtime,
    context: Context,
    tools: Sequence[FunctionTool],
    *,
    approve: Approve,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> ToolLoop: ...


@overload
def run_tools(
    runtime: SyncRuntime,
    context: Context,
    tools: Sequence[FunctionTool],
    *,
    approve: Approve,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> SyncToolLoop: ...


def run_tools(
    runtime: Runtime | SyncRuntime,
    context: Context,
    tools: Sequence[FunctionTool],
    *,
    approve: Approve,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> ToolLoop | SyncToolLoop:
    """Ask a model, run the tools that it calls, and ask again, until it calls none.

        tools = load_tools("tools.py")
        async with run_tools(runtime, context, tools, approve=lambda call: True) as loop:
            async for event in loop:
                ...

    With a `SyncRuntime` it is the same without `async`.

    Each answer and each tool result is appended to `context.messages` when it is complete, an
    answer before its `DoneEvent` is yielded; a failed answer is not. Calls run one after the other,
    in the order in which the model made them. Calls that the last answer in the context left open
    are run first, so that a loop which was stopped can go on.

    The loop also ends when the model has called a tool of `context.tools` that no function of
    `tools` serves; its result is for the caller to append.

    Args:
        runtime: The runtime whose models answer.
        context: What to continue; it grows. Its own tools are offered as well.
        tools: The functions, as `tool_from` and `load_tools` make them.
        approve: Called before each tool; may be a coroutine function. Where it returns false, the
            tool does not run, and the model gets that as the result. A `SyncRuntime` calls it in the
            thread that iterates.
        max_turns: The most answers to ask for.
        settings: Keyword arguments of `Runtime.stream`, for each answer. A `tool_choice` that
            demands a call is kept to the first one; else the model could never end.

    Returns:
        The loop. Nothing is sent before it is iterated.

    Raises:
        InvalidMessage: Two tools have the same name.
    """
    return runtime.run_tools(context, tools, approve=approve, max_turns=max_turns, **settings)


class ToolLoop:
    """The events of all answers, with a `ToolRun` after each tool, to be iterated once.

    A failure is raised from the iteration, as a `Stream` does it. Leaving the loop, in each of the
    ways in which a `Stream` can be left, stops everything and closes the connection, except for a
    function in a thread, which is not waited for any more.

    Raises, while it is iterated:
        ModelwireError: An answer failed; `partial` is what had arrived of it.
        ToolTurnsExceeded: The model still calls tools after the last turn.
    """

    def __init__(
        self,
        runtime: Runtime,
        context: Context,
        tools: Sequence[FunctionTool],
        *,
        approve: Approve,
        max_turns: int,
        settings: StreamSettings,
    ) -> None:
        names = Counter(tool.name for tool in tools)
        names.update(tool.name for tool in context.tools)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            msg = f"Several tools have the same name: {', '.join(twice)}."
            raise InvalidMessage(msg, hint="The model could not tell them apart; rename one.")
        self._turns = _Turns(runtime, context, list(tools), approve, max_turns, settings)
        # As in `Stream`, the generator does not know this object.
        self._events = self._turns.events()

    def __aiter__(self) -> AsyncIterator[Event | ToolRun]:
        return self._events

    async def __anext__(self) -> Event | ToolRun:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def stream(self) -> Stream | None:
        """The stream of the answer that arrives at present, or of the one before the tools."""
        return self._turns.stream

    def cancel(self) -> None:
        """Stop: waiting for an event raises `Cancelled`, with what had arrived as `partial`.

        May be called from any task in the same event loop, at any time.
        """
        stream = self._turns.stream
        if stream is not None and stream.message is None:
            stream.cancel()
        else:
            self._turns.cancellation.trigger(Cancelled("The tools were cancelled."))

    async def aclose(self) -> None:
        """Stop, and close the connection; to be called by the task that iterates."""
        await self._events.aclose()


@define
class _Turns:
    """The turns of a tool loop: answers and tool runs, one after the other."""

    runtime: Runtime
    context: Context
    tools: list[FunctionTool]
    approve: Approve
    max_turns: int
    settings: StreamSettings
    cancellation: Cancellation = Factory(Cancellation)
    stream: Stream | None = None

    async def events(self) -> AsyncGenerator[Event | ToolRun, None]:
        served = [tool.tool for tool in self.tools]
        for _ in range(self.max_turns):
            async with aclosing(self._answer_calls()) as runs:
                async for run in runs:
                    yield run
            if self._open_calls():
                return
            await self._wait(_nothing)  # it may have been cancelled since the last tool
            offered = [*self.context.tools, *served]
            stream = self.runtime.stream(self.context, tools=offered, **self.settings)
            async with stream:
                self.stream = stream
                async for event in stream:
                    if type(event) is DoneEvent:
                        self.context.messages.append(event.message)
                    yield event
            if not self._open_calls():
                return
            self.settings = _unforced(self.settings)
        turns = "turn" if self.max_turns == 1 else "turns"
        msg = f"The model still calls tools after {self.max_turns} {turns}."
        raise ToolTurnsExceeded(msg, hint="Allow it more turns, or ask for less at a time.")

    async def _answer_calls(self) -> AsyncGenerator[ToolRun, None]:
        names = {tool.name for tool in self.tools}
        others = {tool.name for tool in self.context.tools} - names
        for call in self._open_calls():
            if call.name in others:
                continue
            known = call.name in names
            # A call of a tool that there is not runs nothing, so nobody needs to allow it.
            approved = not known or await self._wait(partial(self._approved, call))
            if approved:
                result = await self._wait(partial(run_call, self.tools, call))
            else:
                result = ToolResultMessage(call.id, call.name, _DECLINED, is_error=True)
            self.context.messages.append(result)
            yield ToolRun(call, result, approved)

    async def _approved(self, call: ToolCall) -> bool:
        said = self.approve(call)
        return bool(await said if inspect.isawaitable(said) else said)

    async def _wait(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Wait for work of the caller's, such that `cancel` ends the wait."""
        with self.cancellation.guard():
            self.cancellation.enter()
            done = await work()
            self.cancellation.leave()
            return done

    def _open_calls(self) -> list[ToolCall]:
        """The calls of the last answer that have no result."""
        answered: Counter[str] = Counter()
        for message in reversed(self.context.messages):
            if isinstance(message, ToolResultMessage):
                answered[message.tool_call_id] += 1
            elif isinstance(message, AssistantMessage) and message.stop_reason not in _FAILED:
                calls = []
                for call in message.tool_calls:
                    if answered[call.id]:
                        answered[call.id] -= 1
                    else:
                        calls.append(call)
                return calls
            else:
                break
        return []


async def _nothing() -> None:
    pass


def _unforced(settings: StreamSettings) -> StreamSettings:
    """The settings for a later turn, in which the model may also just answer."""
    if _forces(settings.get("tool_choice")):
        settings = {**settings, "tool_choice": None}
    options = settings.get("options")
    if options is not None and _forces(options.tool_choice):
        settings = {**settings, "options": evolve(options, tool_choice=None)}
    return settings


def _forces(choice: ToolChoice | str | None) -> bool:
    read = ToolChoice.parse(choice) if isinstance(choice, str) else choice
    return read is not None and read.mode in {"any", "tool"}
