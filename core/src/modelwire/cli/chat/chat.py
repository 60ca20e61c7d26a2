"""The chat: prompts and slash commands in, answers out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from modelwire.cli.chat.conversation import ChatConversation
from modelwire.cli.chat.session_choice import new_session
from modelwire.cli.chat.slash import parse_command, run_command
from modelwire.cli.chat.views import View
from modelwire.cli.dropped_options import dropped_options
from modelwire.cli.errors import show_failure, show_note
from modelwire.cli.model_check import check_reference, offline_catalog
from modelwire.errors import ConfigError, ModelwireError, UnknownModel
from modelwire.events import TextDeltaEvent
from modelwire.messages import AssistantMessage, ToolCall
from modelwire.models import ModelRef

__all__ = ["Chat", "Decision", "Question"]

Decision = Callable[[ToolCall], Awaitable[str]]
"""Asks a person about a call: `yes`, `no`, `always` for this tool, or `stop`."""

Question = Callable[[str], Awaitable[str]]
"""Asks a person for a word; it is empty where there is no answer."""


class Chat:
    """A conversation and how it is shown.

    Attributes:
        talk: The conversation.
        is_kept: Whether new sessions are written.
        is_over: Whether the person has left.

    Args:
        talk: The conversation.
        view: Makes what shows an answer.
        decide: Asks a person about a tool call; without it, none is allowed.
        question: Asks a person whether another model may have the conversation; without it, it may.
        yes: Whether every call is allowed.
        kept: Whether new sessions are written.
    """

    def __init__(
        self,
        talk: ChatConversation,
        view: Callable[[], View],
        *,
        decide: Decision | None = None,
        question: Question | None = None,
        yes: bool = False,
        kept: bool = True,
    ) -> None:
        self.talk = talk
        self.is_kept = kept
        self.is_over = False
        self._make_view = view
        self._view = view()
        self._decide = decide
        self._question = question
        self._unconfirmed: ModelRef | None = None
        self._yes = yes
        self._always: set[str] = set()
        self._dropped: set[str] = set()

    async def say(self, text: str) -> bool:
        """Handle a typed line; return whether it succeeded."""
        command = parse_command(text)
        try:
            if command is not None:
                return await run_command(self, *command)
            if text.startswith("//"):
                text = text[1:]
            if not await self._is_confirmed():
                return False
            self._view = self._make_view()
            done = await self.talk.ask(text, self._view, self._approve)
            self._report_dropped()
            return done
        except ModelwireError as error:
            show_failure(error)
            return False

    async def retry(self) -> bool:
        """Request another answer to the last prompt."""
        if not await self._is_confirmed():
            return False
        self._view = self._make_view()
        done = await self.talk.retry(self._view, self._approve)
        if done is None:
            show_note("Nothing was said yet.")
        self._report_dropped()
        return bool(done)

    def _report_dropped(self) -> None:
        """Report once for each model which of the chosen options it does not support."""
        last = self.talk.messages[-1] if self.talk.messages else None
        chosen = {"reasoning": self.talk.reasoning, "max_tokens": self.talk.max_tokens}
        given = [name for name, value in chosen.items() if value is not None]
        if given and isinstance(last, AssistantMessage):
            note = dropped_options(last, given)
            if note is not None and note not in self._dropped:
                self._dropped.add(note)
                show_note(note)

    def choose_model(self, text: str) -> None:
        """Use another model from here on.

        Raises:
            UnknownModel: The text names none that can be used.
        """
        runtime = self.talk.runtime
        checked = check_reference(runtime.config, runtime.registry, text)
        if checked.problem is not None or checked.ref is None:
            msg = checked.problem or f"{text!r} does not name a model."
            raise UnknownModel(msg, hint=checked.hint)
        self.talk.choose_model(checked.ref)
        self._unconfirmed = None
        listed = offline_catalog(runtime.config, runtime.registry).cached(checked.ref.provider)
        if not checked.known and listed.models:
            show_note(f"No list of models has {checked.ref}. {checked.hint or ''}".rstrip())

    def take_model(self, ref: ModelRef) -> None:
        """Use the model that a session was held with, where it is available here.

        Where that is the model of the configuration anyhow, its fallbacks apply, too. Where it is not
        available, the user is asked before another model gets the conversation.
        """
        runtime = self.talk.runtime
        self.talk.model = self._unconfirmed = None
        with suppress(ConfigError):
            usual = check_reference(runtime.config, runtime.registry, self.talk.model_name)
            if usual.ref == ref:
                return
        checked = check_reference(runtime.config, runtime.registry, str(ref))
        if checked.problem is None:
            self.talk.model = ref
            return
        show_note(f"The conversation was held with {ref}. {checked.problem}")
        if self._question is not None:
            self._unconfirmed = ref

    def attach(self, images: Sequence[str], files: Sequence[str]) -> None:
        """Send files with the next prompt.

        Raises:
            InvalidMessage: One of them cannot be read, or is of no kind that is sent.
        """
        from modelwire.cli.attachments import attach

        self.talk.attached += attach(images, files)

    def load_tools(self, paths: Sequence[Path]) -> None:
        """Make the functions of Python files available to the model.

        Raises:
            InvalidMessage: A file cannot be run, or its functions cannot be described.
        """
        from modelwire.tools import load_tools

        self.talk.tools = [tool for path in paths for tool in load_tools(path)]

    def begin_again(self) -> None:
        """Begin a new conversation with the same model, system prompt and tools."""
        self.talk.begin(new_session(kept=self.is_kept))
        self._unconfirmed = None
        self._always.clear()

    def recall(self) -> None:
        """Show the last answer, as a reminder of where the conversation left off."""
        answers = [m for m in self.talk.messages if isinstance(m, AssistantMessage) and m.text]
        if answers:
            show_note("The last answer was:")
            view = self._make_view()
            view.event(TextDeltaEvent(0, answers[-1].text))
            view.close()

    async def _is_confirmed(self) -> bool:
        """Whether the model may have the conversation that was held with another one."""
        if self._unconfirmed is None or self._question is None:
            return True
        name = self.talk.model_name
        answer = await self._question(f"Send the conversation to {name}? [y]es, [N]o: ")
        if answer.lower() not in ("y", "yes"):
            show_note("Nothing was sent. /model chooses another model.")
            return False
        self._unconfirmed = None
        return True

    async def _approve(self, call: ToolCall) -> bool:
        self._view.show_call(call)
        if self._yes or call.name in self._always:
            return True
        if self._decide is None:
            show_note("There is no terminal to confirm tool calls on; --yes allows all of them.")
            return False
        decision = await self._decide(call)
        if decision == "always":
            self._always.add(call.name)
        elif decision == "stop":
            self.talk.stop()
        return decision in ("yes", "always")
