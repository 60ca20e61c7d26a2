"""The run of an agent: answers and tools until there is an output."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import Factory, define, evolve, field, frozen

from modelwire.agent.output import OutputType
from modelwire.errors import Attempt, Cancelled, InvalidMessage, ModelwireError, OutputInvalid
from modelwire.events import DoneEvent, Event
from modelwire.hookspecs import AgentOperation, CompletionOptions, OperationOutcome
from modelwire.messages import (
    AssistantMessage,
    Context,
    Cost,
    Message,
    StopReason,
    Usage,
    UserMessage,
)
from modelwire.messages.notebook import markdown_for_notebook
from modelwire.models import ModelRef
from modelwire.runtime import Runtime, ToolLoop, ToolRun
from modelwire.runtime.observation import begin, observed
from modelwire.runtime.options import StreamSettings
from modelwire.runtime.prompts import Prompt, as_context
from modelwire.runtime.tool_loop import Approve
from modelwire.text import short_repr
from modelwire.tools import FunctionTool, ToolSource, run_in_thread

if TYPE_CHECKING:
    from modelwire.sessions import Session

__all__ = ["AgentResult", "Answers", "History", "Task"]

T = TypeVar("T")

History = Sequence[Message | Mapping[str, Any]] | Context
"""A conversation that a run continues."""

_AGAIN = (
    "This answer cannot be used: {why}\nAnswer again, with nothing but JSON of the required form."
)
_CANCELLED = "The run was cancelled."
_CORRECTIONS = 1


@frozen
class AgentResult(Generic[T]):
    """The result of a run.

    Attributes:
        output: The output, of the agent's type; without one, the text of the last answer.
        messages: The whole conversation; `agent.run(..., messages=result.messages)` continues it.
        usage: The tokens of all answers of the run, with their cost.
        attempts: The tries that failed before an answer came, oldest first.
    """

    output: T
    messages: list[Message] = field(repr=lambda messages: f"<{len(messages)} messages>")
    usage: Usage
    attempts: tuple[Attempt, ...] = ()

    __repr__ = short_repr

    @property
    def text(self) -> str:
        """The text of the last answer."""
        last = self.messages[-1]
        return last.text if isinstance(last, AssistantMessage) else ""

    def _repr_markdown_(self) -> str:
        """The notebook display: the text of the last answer, or an output that is not text."""
        shown = self.text if isinstance(self.output, str) else f"```python\n{self.output!r}\n```"
        return markdown_for_notebook(shown)

    @property
    def cost(self) -> Cost | None:
        """The cost of the run in USD, or `None` where a price is not known."""
        return self.usage.cost


@frozen
class Task(Generic[T]):
    """The task of one run: the runtime, the tools, the model and its limits.

    Attributes:
        runtime: The runtime.
        tools: The tools.
        approve: Decides whether a tool runs.
        max_turns: The maximum number of answers.
        model: The model, or `None` for the primary one.
        fallbacks: The models to fall back on; `None` is what the configuration says.
        options: Options of each answer.
        output: The type of the answer.
        system: The system prompt, in place of that of the conversation.
        prompt: The prompt.
        history: The conversation so far.
        session: The session of the conversation, with its messages so far.
        name: The agent's name in the configuration.
    """

    runtime: Runtime
    tools: Sequence[FunctionTool | ToolSource]
    approve: Approve
    max_turns: int
    model: ModelRef | str | None
    fallbacks: Sequence[ModelRef | str] | None
    options: CompletionOptions
    output: OutputType[T]
    system: str | None
    prompt: Prompt
    history: History | None = None
    session: Session | str | os.PathLike[str] | None = None
    name: str | None = None

    def to_operation(self) -> AgentOperation:
        """The run as observers see it."""
        return AgentOperation(
            self.name, None if self.model is None else str(self.model), self.options
        )


@define
class Answers(Generic[T]):
    """The answers of a run so far, and their cost.

    Attributes:
        task: The task.
        loop: The current tool loop, or the last one.
        usages: The tokens of each answer.
        attempts: The tries that failed.
        result: The result, at the end.
        cancelled: Whether the run was cancelled.
    """

    task: Task[T]
    loop: ToolLoop | None = None
    usages: list[Usage] = Factory(list)
    attempts: list[Attempt] = Factory(list)
    result: AgentResult[T] | None = None
    cancelled: bool = False

    async def items(self) -> AsyncGenerator[Event | ToolRun | AgentResult[T], None]:
        """Call the model, run tools, and read the output; the last item is the result."""
        observation = await begin(self.task.runtime, self.task.to_operation())
        if observation is None:
            items = self._run()
        else:
            items = observed(self._run(), observation, lambda i: type(i) in (DoneEvent, ToolRun))
        error = None
        try:
            async with aclosing(items):
                async for item in items:
                    yield item
        except ModelwireError as failure:
            error = failure
            raise
        finally:
            if observation is not None:
                usage = reduce(add, self.usages) if self.usages else None
                observation.ended(OperationOutcome(self.answer, error, usage))

    @property
    def answer(self) -> AssistantMessage | None:
        """The last answer, once the run is complete."""
        last = self.result.messages[-1] if self.result is not None else None
        return last if isinstance(last, AssistantMessage) else None

    async def _run(self) -> AsyncGenerator[Event | ToolRun | AgentResult[T], None]:
        session, own = await _opened(self.task.session)
        try:
            context = self._begin(session)
            for corrections in range(_CORRECTIONS + 1):
                async with aclosing(self._loop(context, session, again=corrections > 0)) as items:
                    async for item in items:
                        yield item
                if self._read(context, session, last=corrections == _CORRECTIONS):
                    break
        finally:
            if own and session is not None:
                session.close()
        if self.result is not None:
            yield self.result

    def _begin(self, session: Session | None) -> Context:
        task = self.task
        prompt = as_context(task.prompt)
        before = as_context(task.history) if task.history is not None else Context()
        system = next(
            (text for text in (task.system, prompt.system_prompt, before.system_prompt) if text),
            None,
        )
        if prompt.tools or before.tools:
            msg = "The conversation of an agent has tools of its own."
            raise InvalidMessage(msg, hint="Give the tools to the agent, as Agent(tools=[...]).")
        if session is not None:
            conversation = session.conversation()
            before = Context(conversation.messages)
            if system is None:
                system = conversation.system_prompt
            elif system != conversation.system_prompt:
                session.choose_system_prompt(system)
            for message in prompt.messages:
                session.add(message)
        return Context([*before.messages, *prompt.messages], system)

    async def _loop(
        self, context: Context, session: Session | None, *, again: bool
    ) -> AsyncGenerator[Event | ToolRun, None]:
        task = self.task
        # What demands a tool call has had one.
        options = evolve(task.options, tool_choice=None) if again else task.options
        settings: StreamSettings = {
            "model": task.model,
            "fallbacks": task.fallbacks,
            "options": options,
        }
        if self.cancelled:
            raise Cancelled(_CANCELLED)
        loop = task.runtime.run_tools(
            context, task.tools, approve=task.approve, max_turns=task.max_turns, **settings
        )
        self.loop = loop
        async with loop:
            async for item in loop:
                if isinstance(item, DoneEvent):
                    self.usages.append(item.message.usage)
                    self.attempts += item.message.attempts
                    if session is not None:
                        session.add(item.message)
                elif isinstance(item, ToolRun) and session is not None:
                    session.add(item.result)
                yield item

    def _read(self, context: Context, session: Session | None, *, last: bool) -> bool:
        """Read the output of the last answer; report a mistake in the conversation."""
        answer = context.messages[-1]
        text = answer.text if isinstance(answer, AssistantMessage) else ""
        try:
            output = self.task.output.read(text)
        except ValueError as error:
            cut = isinstance(answer, AssistantMessage) and answer.stop_reason is StopReason.LENGTH
            if last or cut:
                raise self._invalid(answer, str(error), cut=cut) from error
            correction = UserMessage(_AGAIN.format(why=error))
            context.messages.append(correction)
            if session is not None:
                session.add(correction)
            return False
        usage = reduce(add, self.usages) if self.usages else Usage()
        self.result = AgentResult(output, context.messages, usage, tuple(self.attempts))
        return True

    def _invalid(self, answer: Message, why: str, *, cut: bool) -> OutputInvalid:
        kind = getattr(self.task.output.kind, "__name__", None) or self.task.output.kind
        hint = "Ask for a simpler type, or ask a model that follows schemas."
        if cut:
            hint = "The answer ended at its limit of tokens; raise `max_tokens`."
        error = OutputInvalid(f"The answer is no {kind}. {why}", hint=hint)
        error.partial = answer if isinstance(answer, AssistantMessage) else None
        error.attempts = tuple(self.attempts)
        return error


async def _opened(
    session: Session | str | os.PathLike[str] | None,
) -> tuple[Session | None, bool]:
    """The session, and whether it was opened here."""
    if not isinstance(session, str | os.PathLike):
        return session, False
    path = Path(session)

    def open_or_create() -> Session:
        from modelwire.sessions import Session

        if path.exists():
            return Session.open(path)
        return Session.create(path, cwd=str(Path.cwd()))

    opening = asyncio.ensure_future(run_in_thread(open_or_create))
    try:
        return await asyncio.shield(opening), True
    except asyncio.CancelledError:
        # The thread keeps running; without this, the resources that it opens would stay open.
        opening.add_done_callback(_close_unused)
        raise


def _close_unused(opening: asyncio.Future[Session]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
