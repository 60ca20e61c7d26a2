"""The conversation of a chat: its messages, its session and the next request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast, get_args

from modelwire.cli.chat.views import View
from modelwire.cli.errors import show_note
from modelwire.errors import Cancelled, ModelwireError, SessionError
from modelwire.events import DoneEvent
from modelwire.messages import (
    AssistantMessage,
    Context,
    Message,
    StopReason,
    Text,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)
from modelwire.models import ModelRef, ReasoningLevel
from modelwire.runtime import Runtime
from modelwire.runtime.resolver import default_ref
from modelwire.runtime.tool_loop import ToolLoop, ToolRun, run_tools
from modelwire.sessions import Session
from modelwire.tools import FunctionTool, ToolSource

__all__ = ["ChatConversation"]

_STOPPED = "This call was not answered, since the conversation was stopped."
_FAILED = (StopReason.ERROR, StopReason.ABORTED)


class ChatConversation:
    """A conversation, its session, and the settings of the next request.

    Attributes:
        runtime: The runtime.
        session: Where it is kept.
        messages: The messages, oldest first.
        model: The model that was chosen here, or `None` for that of the configuration.
        system_prompt: The system prompt, or `None`.
        reasoning: The requested level of reasoning, or `None`.
        max_tokens: The most tokens of an answer, or `None`.
        tools: The functions that the model may call.
        sources: Sources of further tools that it may call.
        attached: What goes with the next prompt.
        was_stopped: Whether the last answer was stopped.
    """

    def __init__(self, runtime: Runtime, session: Session) -> None:
        self.runtime = runtime
        self.session = session
        self.messages: list[Message] = []
        self.model: ModelRef | None = None
        self.system_prompt: str | None = None
        self.reasoning: ReasoningLevel | None = None
        self.max_tokens: int | None = None
        self.tools: list[FunctionTool] = []
        self.sources: list[ToolSource] = []
        self.attached: list[UserContent] = []
        self.was_stopped = False
        self._missed_stop = False
        self._ids: list[str] = []
        self._loop: ToolLoop | None = None

    @property
    def model_name(self) -> str:
        """The model of the next request, as it is called.

        Raises:
            ConfigError: None was chosen and the configuration names none.
        """
        runtime = self.runtime
        primary = self.model or runtime.config.agents.defaults.model.primary
        return str(primary or default_ref(runtime.config, runtime.registry))

    @property
    def entry_ids(self) -> Sequence[str]:
        """The ids of the session entries that hold the messages."""
        return tuple(self._ids)

    def resume(self) -> None:
        """Take over the settings of the session; those that it does not understand are noted."""
        conversation = self.session.conversation()
        self.session.notes = (*self.session.notes, *conversation.notes)
        self.messages, self._ids = conversation.messages, conversation.entry_ids
        self.model = conversation.model
        self.system_prompt = conversation.system_prompt
        if conversation.thinking_level in get_args(ReasoningLevel):
            self.reasoning = cast("ReasoningLevel", conversation.thinking_level)

    def begin(self, session: Session, *, messages: Sequence[Message] = ()) -> None:
        """Continue in another session, which gets the current choices; the one before is closed."""
        self.session.close()
        self.session = session
        self.messages, self._ids = [], []
        if self.model is not None:
            session.choose_model(self.model)
        if self.reasoning is not None:
            session.choose_thinking(self.reasoning)
        if self.system_prompt is not None:
            session.choose_system_prompt(self.system_prompt)
        for message in messages:
            self._keep(message)

    def choose_model(self, ref: ModelRef) -> None:
        """Use this model from here on."""
        self.model = ref
        self.session.choose_model(ref)

    def choose_system_prompt(self, text: str | None) -> None:
        """Set the system prompt from here on."""
        self.system_prompt = text
        self.session.choose_system_prompt(text)

    def choose_reasoning(self, level: ReasoningLevel) -> None:
        """Set the level of reasoning from here on."""
        self.reasoning = level
        self.session.choose_thinking(level)

    async def ask(
        self, text: str, view: View, approve: Callable[[ToolCall], bool | Awaitable[bool]]
    ) -> bool:
        """Send a prompt, and show the answer; return whether it was complete."""
        content: list[UserContent] = [*self.attached, Text(text)]
        self.attached = []
        message = UserMessage(text)
        message.content = content
        self._keep(message)
        return await self._answer(view, approve)

    async def retry(
        self, view: View, approve: Callable[[ToolCall], bool | Awaitable[bool]]
    ) -> bool | None:
        """Request another answer to the last prompt; `None` where there is none."""
        prompts = [i for i, message in enumerate(self.messages) if isinstance(message, UserMessage)]
        if not prompts:
            return None
        del self.messages[prompts[-1] + 1 :], self._ids[prompts[-1] + 1 :]
        self.session.move_to(self._ids[-1])
        self._restate()
        return await self._answer(view, approve)

    def stop(self) -> bool:
        """Stop the answer that is arriving, if there is one."""
        if self._loop is None:
            return False
        self._missed_stop = True
        self._loop.cancel()
        return True

    def take_missed_stop(self) -> bool:
        """Whether the last answer was whole before it could be stopped; reading it resets it."""
        missed, self._missed_stop = self._missed_stop, False
        return missed and not self.was_stopped

    async def _answer(
        self, view: View, approve: Callable[[ToolCall], bool | Awaitable[bool]]
    ) -> bool:
        context = Context(_without_failures(self.messages), self.system_prompt)
        view.waiting()
        self.was_stopped = self._missed_stop = False
        try:
            async with run_tools(
                self.runtime,
                context,
                [*self.tools, *self.sources],
                approve=approve,
                **self._settings(),
            ) as self._loop:
                async for event in self._loop:
                    if isinstance(event, DoneEvent):
                        self._keep(event.message)
                    elif isinstance(event, ToolRun):
                        self._keep(event.result)
                    view.event(event)
        except ModelwireError as error:
            self.was_stopped = isinstance(error, Cancelled)
            view.failed(error)
            self._keep_failure(error)
            return False
        finally:
            self._loop = None
            view.close()
        return True

    def _restate(self) -> None:
        """Repeat on a new branch what was chosen on the one before."""
        conversation = self.session.conversation()
        if self.model is not None and self.model != conversation.model:
            self.session.choose_model(self.model)
        if self.reasoning is not None and self.reasoning != conversation.thinking_level:
            self.session.choose_thinking(self.reasoning)
        if self.system_prompt != conversation.system_prompt:
            self.session.choose_system_prompt(self.system_prompt)

    def _settings(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "reasoning": self.reasoning,
            "max_tokens": self.max_tokens,
            "session_id": self.session.header.id,
        }

    def _keep(self, message: Message) -> None:
        """Make a message a part of the conversation, also where it cannot be written down."""
        self.messages.append(message)
        try:
            self.session.add(message)
        except SessionError as error:
            show_note(f"This is not saved yet: {error}")
        self._ids.append(self.session.leaf or "")

    def _keep_failure(self, error: ModelwireError) -> None:
        """Keep what had arrived, and give the calls that were left open their results."""
        open_calls = _open_calls(self.messages)
        for call in open_calls:
            self._keep(ToolResultMessage(call.id, call.name, _STOPPED, is_error=True))
        if error.partial is not None:
            self._keep(error.partial)
        elif not open_calls:
            stopped = isinstance(error, Cancelled)
            ref = self.model
            self._keep(
                AssistantMessage(
                    [],
                    provider=ref.provider if ref else "",
                    model=ref.model if ref else "",
                    stop_reason=StopReason.ABORTED if stopped else StopReason.ERROR,
                    error_message=str(error),
                    error_code=error.code,
                )
            )


def _without_failures(messages: Sequence[Message]) -> list[Message]:
    """The messages that a model gets: without failed and stopped answers, which are no turns."""
    return [
        message
        for message in messages
        if not (isinstance(message, AssistantMessage) and message.stop_reason in _FAILED)
    ]


def _open_calls(messages: Sequence[Message]) -> list[ToolCall]:
    """The calls of the last answer that have no result yet."""
    answered: set[str] = set()
    for message in reversed(messages):
        if isinstance(message, ToolResultMessage):
            answered.add(message.tool_call_id)
        elif isinstance(message, AssistantMessage) and message.stop_reason not in _FAILED:
            return [call for call in message.tool_calls if call.id not in answered]
        else:
            return []
    return []
