"""The agent: a model, tools, a system prompt and a type of output."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from attrs import evolve

from modelwire.agent.configured import find_agent
from modelwire.agent.connections import Connections
from modelwire.agent.output import OutputType
from modelwire.agent.run import AgentResult, History, T, Task
from modelwire.agent.stream import AgentStream
from modelwire.agent.sync_stream import SyncAgentStream
from modelwire.closable import AsyncClosable, Closable
from modelwire.config import Config
from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.models import ModelRef
from modelwire.runtime import Runtime, SyncRuntime
from modelwire.runtime.caller_options import (
    check_choice,
    check_conversation,
    check_settings,
    options_of,
)
from modelwire.runtime.options import OptionChanges, naming
from modelwire.runtime.prompts import Prompt
from modelwire.runtime.tool_loop import MAX_TURNS, Approval, Approve, approver, check_names
from modelwire.tools import FunctionTool, ToolLike, ToolSource
from modelwire.tools import description as _  # noqa: F401 - here, and not first in an event loop
from modelwire.tools.forms import read_tools

if TYPE_CHECKING:
    from modelwire.sessions import Session

__all__ = ["Agent"]

U = TypeVar("U")


class Agent(AsyncClosable, Closable, Generic[T]):
    """A model with tools, a system prompt and a type of output.

        def weather(city: str) -> str:
            '''Forecast the weather in a city.'''
            return f"sunny in {city}"

        agent = Agent("acme/large", tools=[weather])
        print(agent.run_sync("How is the weather in Bern?").output)

    An agent holds no conversation: each run has its own, and several may run concurrently.

    Args:
        model: A reference as for `Runtime.resolve`; by default the primary model of the
            configuration, with its fallbacks.
        tools: The tools of the model: functions with type hints, results of `tool_from` and
            `load_tools`, or a `ToolSource`, whose tools are listed for each run.
        system: The system prompt.
        output: The type of the output: a dataclass, an attrs class, a `TypedDict`, a Pydantic model,
            or a type such as `int`, `list[str]` or `Literal`. By default it is the answer's text.
        runtime: A `Runtime` or `SyncRuntime` to share. By default the agent has one of its own, from
            the configuration.
        approve: Called before each tool; `"always"` runs every call, `"never"` none. Where it
            returns false, the tool does not run, and the model gets the denial as the result.
        fallbacks: Models to try when the first fails before its answer begins.
        max_turns: The maximum number of answers before the output.
        options: Options of each answer, as an object.
        changes: Single options by keyword, such as `max_tokens=100`; they override `options`.

    Raises:
        InvalidMessage: A tool has an unsupported type, or two have the same name.
        InvalidRequest: The type of the output cannot be described, or an option is wrong.
    """

    @overload
    def __init__(
        self: Agent[str],
        model: ModelRef | str | None = None,
        *,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: None = None,
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        fallbacks: Sequence[ModelRef | str] | None = None,
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> None: ...

    @overload
    def __init__(
        self,
        model: ModelRef | str | None = None,
        *,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: type[T],
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        fallbacks: Sequence[ModelRef | str] | None = None,
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> None: ...

    @naming(OptionChanges)
    def __init__(
        self,
        model: ModelRef | str | None = None,
        *,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: type[T] | None = None,
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        fallbacks: Sequence[ModelRef | str] | None = None,
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> None:
        call = {"model": model, "fallbacks": fallbacks, "system": system}
        check_settings(call, max_turns, Agent)
        self._model = model
        self._fallbacks = None if fallbacks is None else tuple(fallbacks)
        self._tools = _tools_of(tools)
        self._system = system
        self._output: OutputType[T] = OutputType.of(output)
        self._options = options_of(options, changes, Agent, {"Agent.run": Agent.run})
        self._check_choice(self._options)
        self._approve = approve
        self._decide = approver(approve)
        self._max_turns = max_turns
        self._connections = Connections(runtime, shared=runtime is not None)
        self._name: str | None = None

    def __repr__(self) -> str:
        parts = [] if self._model is None else [f"'{self._model}'"]
        if self._tools:
            names = (
                tool.name if isinstance(tool, FunctionTool) else repr(tool) for tool in self._tools
            )
            parts.append(f"tools=[{', '.join(names)}]")
        if self._output.schema is not None:
            parts.append(f"output={getattr(self._output.kind, '__name__', self._output.kind)}")
        return f"Agent({', '.join(parts)})"

    @overload
    @classmethod
    def from_config(
        cls,
        name: str | None = None,
        *,
        config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: None = None,
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> Agent[str]: ...

    @overload
    @classmethod
    def from_config(
        cls,
        name: str | None = None,
        *,
        config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: type[U],
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> Agent[U]: ...

    @classmethod
    @naming(OptionChanges)
    def from_config(
        cls,
        name: str | None = None,
        *,
        config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        tools: Iterable[ToolLike] | None = None,
        system: str | None = None,
        output: type[U] | None = None,
        runtime: Runtime | SyncRuntime | None = None,
        approve: Approval = "always",
        max_turns: int = MAX_TURNS,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> Agent[Any]:
        """Make an agent from an entry of `agents.list` or `agents.entries`, and `agents.defaults`.

        Its model, its fallbacks, `thinkingDefault` and `params` come from there. An agent with a model
        of its own has only its own fallbacks.

        Args:
            name: Its id or name. By default it is the entry that is marked as `default`, or without
                one `agents.defaults`.
            config: A configuration, its document as plain data, or the path of its file, as for
                `Runtime.from_config`; by default that of the runtime.
            tools: As for `Agent`, like all that follow.
            system: The system prompt.
            output: The type of the output.
            runtime: A runtime to share.
            approve: Called before each tool.
            max_turns: The maximum number of answers.
            options: Options as an object; they override the configuration.
            changes: Single options by keyword.

        Raises:
            ConfigError: There is no such agent, or the configuration is not valid.
            InvalidRequest: Both a runtime and a configuration are given.
        """
        if runtime is not None and config is not None:
            msg = "config is given beside a runtime, which has a configuration."
            raise InvalidRequest(msg, retryable=False, hint="Leave one of them out.")
        own = Runtime.from_config(config) if runtime is None else runtime
        requested = options_of(options, changes, cls.from_config, {"Agent.run": cls.run})
        found = find_agent(own.config, name, requested)
        agent: Agent[Any] = Agent(
            found.model,
            tools=tools,
            system=system,
            output=output,
            runtime=own,
            approve=approve,
            fallbacks=found.fallbacks,
            max_turns=max_turns,
            options=found.options,
        )
        agent._connections = Connections(own, shared=runtime is not None)
        agent._name = found.name
        return agent

    async def aclose(self) -> None:
        """Close the connections of the agent; a runtime that is shared stays open."""
        await self._connections.aclose()

    def close(self) -> None:
        """Close the connections of `run_sync` and `stream_sync`, and end their thread."""
        self._connections.close()

    @naming(OptionChanges)
    async def run(
        self,
        prompt: Prompt,
        *,
        messages: History | None = None,
        session: Session | str | os.PathLike[str] | None = None,
        **changes: Unpack[OptionChanges],
    ) -> AgentResult[T]:
        """Call the model, run the tools that it calls, and wait for the output.

        Args:
            prompt: A string, a message, messages or a `Context`.
            messages: The conversation so far, such as `result.messages`; it is not changed.
            session: A session to continue and append to, or the path of its file, which
                is created if it is missing.
            changes: Options of this run by keyword; they override those of the agent.

        Raises:
            ModelwireError: An answer failed; `partial` is the partial message.
            OutputInvalid: The answer is not of the agent's type, even after a retry.
            ToolTurnsExceeded: The model still calls tools after the last turn.
        """
        async with self.stream(prompt, messages=messages, session=session, **changes) as stream:
            return await stream.result()

    @naming(OptionChanges)
    def stream(
        self,
        prompt: Prompt,
        *,
        messages: History | None = None,
        session: Session | str | os.PathLike[str] | None = None,
        **changes: Unpack[OptionChanges],
    ) -> AgentStream[T]:
        """Call the model, and stream its answers, the tool runs, and finally the result.

        The arguments are those of `run`. Nothing is sent before the stream is iterated.
        """
        return AgentStream(self._task(prompt, messages, session, changes, self._decide))

    @naming(OptionChanges)
    def run_sync(
        self,
        prompt: Prompt,
        *,
        messages: History | None = None,
        session: Session | str | os.PathLike[str] | None = None,
        **changes: Unpack[OptionChanges],
    ) -> AgentResult[T]:
        """Call the model, run the tools that it calls, and wait for the output, without `await`.

        The arguments and errors are those of `run`. It also works where an event loop is running.
        """
        with self.stream_sync(prompt, messages=messages, session=session, **changes) as stream:
            return stream.result()

    @naming(OptionChanges)
    def stream_sync(
        self,
        prompt: Prompt,
        *,
        messages: History | None = None,
        session: Session | str | os.PathLike[str] | None = None,
        **changes: Unpack[OptionChanges],
    ) -> SyncAgentStream[T]:
        """Call the model, and stream its answers without `async`; the arguments are as in `run`."""

        def begin(decide: Approve) -> AgentStream[T]:
            return AgentStream(self._task(prompt, messages, session, changes, decide))

        return SyncAgentStream(begin, self._approve, self._connections.loop, self._connections)

    def _check_choice(self, options: CompletionOptions) -> None:
        """Check a tool choice; one that names a source's tool is checked once that is known."""
        functions = [tool for tool in self._tools if isinstance(tool, FunctionTool)]
        if len(functions) == len(self._tools):
            check_choice(options, functions)

    def _task(
        self,
        prompt: Prompt,
        messages: History | None,
        session: Session | str | os.PathLike[str] | None,
        changes: OptionChanges,
        decide: Approve,
    ) -> Task[T]:
        check_conversation(messages, session)
        if messages is not None and session is not None:
            msg = "messages and session are both given; each is the conversation so far."
            raise InvalidRequest(msg, retryable=False, hint="Leave one of them out.")
        options = options_of(self._options, changes, Agent.run, {"Agent": Agent})
        self._check_choice(options)
        if self._output.schema is not None:
            if options.response_schema is not None:
                msg = "response_schema is given beside output, which makes a schema."
                raise InvalidRequest(msg, retryable=False, hint="Leave one of them out.")
            options = evolve(options, response_schema=self._output.schema)
        return Task(
            runtime=self._connections.runtime,
            tools=self._tools,
            approve=decide,
            max_turns=self._max_turns,
            model=self._model,
            fallbacks=self._fallbacks,
            options=options,
            output=self._output,
            system=self._system,
            prompt=prompt,
            history=messages,
            session=session,
            name=self._name,
        )


def _tools_of(given: Iterable[ToolLike] | None) -> list[FunctionTool | ToolSource]:
    """The tools that an agent can run, and its sources of tools, in order."""
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        given = read_tools(() if given is None else given)  # which says what is wrong
    listed: list[FunctionTool | ToolSource] = []
    for index, each in enumerate(given):
        if isinstance(each, ToolSource):
            listed.append(each)
            continue
        (tool,) = read_tools([each], first=index)
        if not isinstance(tool, FunctionTool):
            msg = f"tools[{index}] is the description of {tool.name!r}, without a function to run."
            hint = "Give the function, or FunctionTool(tool, function)."
            raise InvalidMessage(msg, hint=hint)
        listed.append(tool)
    check_names(tool for tool in listed if isinstance(tool, FunctionTool))
    return listed
