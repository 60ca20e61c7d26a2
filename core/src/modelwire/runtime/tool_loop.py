"""The tool loop: call a model, run the tools that it calls, repeat until it calls none."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, overload

from attrs import Factory, define, evolve, frozen

from modelwire.closable import AsyncClosable
from modelwire.errors import Cancelled, InvalidMessage, InvalidRequest, ToolTurnsExceeded
from modelwire.events import DoneEvent, Event
from modelwire.hookspecs import OperationOutcome, ToolChoice, ToolOperation
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Tool,
    ToolCall,
    ToolResultMessage,
)
from modelwire.messages.validity import check_tools
from modelwire.runtime.caller_options import check_choice, check_settings
from modelwire.runtime.cancellation import Cancellation
from modelwire.runtime.observation import begin
from modelwire.runtime.options import StreamSettings, naming
from modelwire.runtime.prompts import Prompt, as_context
from modelwire.runtime.stream import Stream
from modelwire.runtime.tool_sources import expand_sources
from modelwire.tools import FunctionTool, ToolLike, run_call
from modelwire.tools.forms import declarations, load, must_load, read_tools
from modelwire.tools.source import has_sources

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime
    from modelwire.runtime.sync import SyncRuntime
    from modelwire.runtime.sync_streams import SyncToolLoop

__all__ = ["MAX_TURNS", "ToolLoop", "ToolRun", "run_tools"]

MAX_TURNS = 25
"""The default limit on the answers of `run_tools`."""

_DECLINED = "The user declined this call. Do not repeat it; go on without it, or ask the user."
_FAILED = (StopReason.ERROR, StopReason.ABORTED)

_T = TypeVar("_T")


@frozen
class ToolRun:
    """A tool call and its result.

    Attributes:
        call: The model's call.
        result: The message that the model gets.
        approved: Whether the call was allowed. A denied call does not run.
    """

    call: ToolCall
    result: ToolResultMessage
    approved: bool


Approve = Callable[[ToolCall], bool | Awaitable[bool]]
"""Decides whether a tool runs; a plain function or a coroutine function."""

Approval = Approve | Literal["always", "never"]
"""A function that decides, or a decision for every call."""


def approver(approval: Approval) -> Approve:
    """The function that decides.

    Raises:
        InvalidRequest: It is neither a function nor one of the two words.
    """
    if callable(approval):
        return approval
    if approval not in _DECISIONS:
        msg = f"approve is {approval!r}; it is 'always', 'never' or a function of a tool call."
        raise InvalidRequest(msg, retryable=False)
    return _DECISIONS[approval]


_DECISIONS: Mapping[str, Approve] = {"always": lambda _: True, "never": lambda _: False}


@overload
def run_tools(
    runtime: Runtime,
    context: Prompt,
    tools: Iterable[ToolLike],
    *,
    approve: Approval,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> ToolLoop: ...


@overload
def run_tools(
    runtime: SyncRuntime,
    context: Prompt,
    tools: Iterable[ToolLike],
    *,
    approve: Approval,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> SyncToolLoop: ...


@naming(StreamSettings)
def run_tools(
    runtime: Runtime | SyncRuntime,
    context: Prompt,
    tools: Iterable[ToolLike],
    *,
    approve: Approval,
    max_turns: int = MAX_TURNS,
    **settings: Unpack[StreamSettings],
) -> ToolLoop | SyncToolLoop:
    """Call a model, run the tools that it calls, and repeat, until it calls none.

        async with run_tools(runtime, context, [weather], approve="always") as loop:
            async for event in loop:
                ...

    With a `SyncRuntime` it is the same without `async`.

    Each answer and each tool result is appended to `context.messages` when it is complete, an
    answer before its `DoneEvent` is yielded; a failed answer is not. Calls run one after the other,
    in the order in which the model made them; adjacent calls whose tools were made with
    `parallel=True` run at the same time, once all of them are approved. Calls that the last answer
    in the context left open are run first, so that a stopped loop can continue.

    The loop also ends when the model has called a tool that no function serves; its result is for
    the caller to append.

    Args:
        runtime: The runtime whose models answer.
        context: The conversation; a `Context` grows, and its own tools are offered too. From any
            other prompt a context is made: `loop.context`.
        tools: Functions with type hints, or results of `tool_from` and `load_tools`. A plain `Tool`
            is offered, and its calls are left to the caller. A `ToolSource` in the list lists its
            tools when the loop is iterated, and is closed with the runtime.
        approve: `"always"`, `"never"`, or a function called before each tool; it may be a coroutine
            function. Where it returns false, the tool does not run, and the model gets the denial
            as the result. A `SyncRuntime` calls it in the thread that iterates.
        max_turns: The maximum number of answers.
        settings: Keyword arguments of `Runtime.stream`, for each answer. A `tool_choice` that
            demands a call applies to the first one only; else the model could never end.

    Returns:
        The loop. Nothing is sent before it is iterated.

    Raises:
        InvalidMessage: Two tools have the same name; a tool or the prompt has an unsupported type.
        InvalidRequest: `approve` is none of these, or another argument or option has a wrong name,
            type or range.
    """
    return runtime.run_tools(context, tools, approve=approve, max_turns=max_turns, **settings)


def check_names(tools: Iterable[FunctionTool | Tool]) -> None:
    """Check that no two tools have the same name.

    Raises:
        InvalidMessage: Two tools have the same name.
    """
    names = Counter(tool.name for tool in tools)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        msg = f"Several tools have the same name: {', '.join(twice)}."
        raise InvalidMessage(msg, hint="The model could not tell them apart; rename one.")


class ToolLoop(AsyncClosable):
    """The events of all answers, with a `ToolRun` after each tool, to be iterated once.

    A failure is raised from the iteration, as with a `Stream`. Leaving the loop, in each of the
    ways in which a `Stream` can be left, stops everything and closes the connection, except for a
    function in a thread, which is not waited for any more.

    Raises, while it is iterated:
        ModelwireError: An answer failed; `partial` is the partial message.
        ToolTurnsExceeded: The model still calls tools after the last turn.
    """

    def __init__(
        self,
        runtime: Runtime,
        context: Prompt,
        tools: Iterable[ToolLike],
        *,
        approve: Approval,
        max_turns: int,
        settings: StreamSettings,
    ) -> None:
        later = must_load(tools, settings.get("response_schema")) or has_sources(tools)
        described = settings.copy()
        if later:
            described.pop("response_schema", None)
        check_settings(described, max_turns, run_tools)
        context = context if isinstance(context, Context) else as_context(context)
        check_tools(context.tools)
        self._turns = _Turns(runtime, context, tools, approver(approve), max_turns, settings)
        if not later:
            self._turns.read_tools()
        # As in `Stream`, the generator does not know this object.
        self._events = self._turns.events()

    def __aiter__(self) -> AsyncIterator[Event | ToolRun]:
        return self._events

    async def __anext__(self) -> Event | ToolRun:
        return await anext(self._events)

    @property
    def context(self) -> Context:
        """The context that the loop continues, with every complete answer and result so far."""
        return self._turns.context

    @property
    def stream(self) -> Stream | None:
        """The stream of the current answer, or of the one before the tools."""
        return self._turns.stream

    def cancel(self) -> None:
        """Stop: waiting for an event raises `Cancelled`, with the partial message as `partial`.

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
    given: Iterable[ToolLike] | None
    approve: Approve
    max_turns: int
    settings: StreamSettings
    cancellation: Cancellation = Factory(Cancellation)
    stream: Stream | None = None
    tools: list[FunctionTool] = Factory(list)
    declared: list[Tool] = Factory(list)

    def read_tools(self) -> None:
        """Read the given tools, and check them with the settings."""
        if self.given is None:
            return
        read = read_tools(self.given)
        check_names([*read, *self.context.tools])
        options = check_settings(self.settings, self.max_turns, run_tools)
        check_choice(options, [*read, *self.context.tools])
        self.tools = [tool for tool in read if isinstance(tool, FunctionTool)]
        self.declared = declarations(read)
        self.given = None

    async def events(self) -> AsyncGenerator[Event | ToolRun, None]:
        if self.given is not None:
            await self._wait(load)
            expand = partial(expand_sources, self.runtime, self.given)
            self.given = await self._wait(expand)
            self.read_tools()
        for _ in range(self.max_turns):
            async with aclosing(self._answer_calls()) as runs:
                async for run in runs:
                    yield run
            if self._open_calls():
                return
            await self._wait(_nothing)  # it may have been cancelled since the last tool
            offered = [*self.context.tools, *self.declared]
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
        raise ToolTurnsExceeded(msg, hint="Raise max_turns, or ask for less at a time.")

    async def _answer_calls(self) -> AsyncGenerator[ToolRun, None]:
        served = {tool.name: tool for tool in self.tools}
        others = {tool.name for tool in (*self.context.tools, *self.declared)} - served.keys()
        calls = [call for call in self._open_calls() if call.name not in others]
        for _, group in groupby(enumerate(calls), partial(_turn_of, served)):
            # A call of a tool that does not exist runs nothing, so it needs no approval.
            approved = [
                (call, call.name not in served or await self._wait(partial(self._approved, call)))
                for _, call in group
            ]
            results = [asyncio.ensure_future(self._result(*each)) for each in approved]
            try:
                for (call, allowed), result in zip(approved, results, strict=True):
                    message = await self._wait(partial(asyncio.wait_for, result, None))
                    self.context.messages.append(message)
                    yield ToolRun(call, message, allowed)
            finally:
                for each in results:
                    each.cancel()
                await asyncio.gather(*results, return_exceptions=True)

    async def _result(self, call: ToolCall, approved: bool) -> ToolResultMessage:
        if approved:
            return await self._run(call)
        return ToolResultMessage(call.id, call.name, _DECLINED, is_error=True)

    async def _run(self, call: ToolCall) -> ToolResultMessage:
        found = next((each.tool for each in self.tools if each.name == call.name), None)
        observation = None
        if found is not None:
            observation = await begin(self.runtime, ToolOperation(call, found))
        if observation is None:
            return await run_call(self.tools, call)
        message = None
        try:
            with observation.entered():
                message = await run_call(self.tools, call)
            return message
        finally:
            observation.ended(OperationOutcome(message))

    async def _approved(self, call: ToolCall) -> bool:
        decision = self.approve(call)
        return bool(await decision if inspect.isawaitable(decision) else decision)

    async def _wait(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run a callback of the caller such that `cancel` ends the wait for it."""
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


def _turn_of(served: Mapping[str, FunctionTool], numbered: tuple[int, ToolCall]) -> int | None:
    """The key shared by calls that run concurrently; a call that runs alone has its own number."""
    number, call = numbered
    return None if call.name in served and served[call.name].parallel else number


async def _nothing() -> None:
    pass


def _unforced(settings: StreamSettings) -> StreamSettings:
    """The settings for a later turn, in which the model may also answer without a call."""
    if _forces(settings.get("tool_choice")):
        settings = {**settings, "tool_choice": None}
    options = settings.get("options")
    if options is not None and _forces(options.tool_choice):
        settings = {**settings, "options": evolve(options, tool_choice=None)}
    return settings


def _forces(choice: ToolChoice | str | None) -> bool:
    read = ToolChoice.parse(choice) if isinstance(choice, str) else choice
    return read is not None and read.mode in {"any", "tool"}
