"""The run of a chat, at a terminal or over pipes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click
from attrs import frozen

from modelwire.cli.chat.chat import Chat
from modelwire.cli.chat.conversation import ChatConversation
from modelwire.cli.chat.session_choice import (
    SessionOptions,
    list_lines,
    open_session,
    recent_sessions,
)
from modelwire.cli.chat.views import MarkdownView, PlainView, View
from modelwire.cli.errors import show_note
from modelwire.cli.event_loop import on_signal
from modelwire.cli.model_check import offline_catalog
from modelwire.cli.output import echo, is_drawable, is_terminal
from modelwire.cli.printers import INTERRUPTED
from modelwire.cli.tool_sources import SourceChoice
from modelwire.models import ReasoningLevel
from modelwire.runtime import Runtime
from modelwire.sessions import default_state_directory

if TYPE_CHECKING:
    from modelwire.cli.chat.keyboard import Keyboard

__all__ = ["ChatOptions", "run_chat"]

CHOOSE = "-"
"""The value of `--resume` without an id."""


@frozen
class ChatOptions:
    """The options of `modelwire chat`.

    Attributes:
        prompt: The first prompt, or `None`.
        session: Which session.
        model: The reference of a model, or `None`.
        system: A system prompt, or `None`.
        reasoning: A level, or `None`.
        max_tokens: The most tokens of an answer, or `None`.
        images: Images that go with the first prompt.
        files: Files that go with it.
        tools: Python files.
        sources: Sources of tools that installed packages have.
        yes: Whether every tool call is allowed.
        plain: Whether answers are plain text also on a terminal.
        config_path: The configuration file, or `None`.
    """

    prompt: str | None
    session: SessionOptions
    model: str | None
    system: str | None
    reasoning: str | None
    max_tokens: int | None
    images: Sequence[str]
    files: Sequence[str]
    tools: Sequence[Path]
    sources: Sequence[SourceChoice]
    yes: bool
    plain: bool
    config_path: Path | None


async def run_chat(options: ChatOptions) -> int:
    """Hold a conversation; return the exit status."""
    session_options = options.session
    runtime = Runtime.from_config(options.config_path)
    async with runtime:
        at_terminal = is_terminal(sys.stdin) and (
            is_terminal(sys.stdout) or is_terminal(sys.stderr)
        )
        keyboard = None
        if at_terminal:
            from modelwire.cli.chat.completer import ChatCompleter
            from modelwire.cli.chat.keyboard import Keyboard

            completer = ChatCompleter(lambda: _model_names(runtime), get_args(ReasoningLevel))
            keyboard = Keyboard(default_state_directory() / "chat-history", completer)
        if session_options.resume == CHOOSE:
            found = recent_sessions()
            echo("\n".join(list_lines(found)))
            chosen = await keyboard.choose("Which? ") if keyboard is not None and found else ""
            if not chosen:
                return 0
            if chosen.isdigit() and 0 < int(chosen) <= len(found):
                chosen = found[int(chosen) - 1].header.id
            session_options = SessionOptions(resume=chosen)
        session, resumed = open_session(session_options)
        talk = ChatConversation(runtime, session)
        chat = Chat(
            talk,
            _view_of(plain=options.plain),
            decide=keyboard.decide if keyboard is not None else None,
            question=keyboard.choose if keyboard is not None else None,
            yes=options.yes,
            kept=not session_options.none,
        )
        try:
            _prepare(chat, options, resumed=resumed)
            with _interrupts(talk, keyboard):
                if keyboard is None:
                    return await _over_pipes(chat, options.prompt)
                _greet(chat, resumed=resumed)
                await _at_terminal(chat, options.prompt, keyboard)
            return INTERRUPTED if keyboard.is_interrupted else 0
        finally:
            talk.session.close()


def _prepare(chat: Chat, options: ChatOptions, *, resumed: bool) -> None:
    """Bring the conversation to where the command line wants it."""
    talk = chat.talk
    if resumed:
        talk.resume()
        for note in talk.session.notes:
            show_note(f"{talk.session.path}:{note.line or 1}: {note}")
        if talk.model is not None and options.model is None:
            chat.take_model(talk.model)
    if options.model is not None:
        chat.choose_model(options.model)
    if options.system is not None:
        talk.choose_system_prompt(options.system or None)
    if options.reasoning is not None:
        talk.choose_reasoning(cast("ReasoningLevel", options.reasoning))
    talk.max_tokens = options.max_tokens
    if options.tools:
        chat.load_tools(options.tools)
    talk.sources = [choice.open(talk.runtime.config) for choice in options.sources]
    chat.attach(options.images, options.files)
    _ = talk.model_name  # where there is none, that is reported before anything is typed


def _greet(chat: Chat, *, resumed: bool) -> None:
    talk = chat.talk
    if resumed:
        count = len(talk.messages)
        show_note(f"Session {talk.session.header.id[:8]}, {count} messages.")
        chat.recall()
    show_note(f"{talk.model_name} answers.")
    show_note("/help lists the commands, Ctrl-D leaves.")


async def _at_terminal(chat: Chat, first: str | None, keyboard: Keyboard) -> None:
    from modelwire.cli.chat.keyboard import PROMPT, without_echo

    text = first
    if first is not None:
        echo(PROMPT, first)
    while not chat.is_over:
        if text is None:
            text = await keyboard.read()
        if text is None:
            break
        with without_echo():
            await chat.say(text)
        if chat.talk.take_missed_stop():
            keyboard.interrupt()
        text = None
    session = chat.talk.session
    if session.is_written and session.path is not None:
        name = session.header.id[:8]
        show_note(f"To continue: modelwire chat --resume {name}")


async def _over_pipes(chat: Chat, first: str | None) -> int:
    """Each line is a prompt or a command; the first that fails is the last."""
    loop = asyncio.get_running_loop()
    lines = _lines(first)
    while (line := await loop.run_in_executor(None, next, lines, None)) is not None:
        if not await chat.say(line):
            return INTERRUPTED if chat.talk.was_stopped else 1
        if chat.talk.take_missed_stop():
            return INTERRUPTED
        if chat.is_over:
            break
    return 0


def _lines(first: str | None) -> Iterator[str]:
    if first is not None:
        yield first
    given: Iterable[bytes] = sys.stdin.buffer if sys.stdin is not None else ()
    for number, line in enumerate(given, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            msg = f"Line {number} of standard input is not UTF-8 text."
            raise click.UsageError(msg) from None
        if text:
            yield text


def _interrupts(talk: ChatConversation, keyboard: Keyboard | None) -> AbstractContextManager[None]:
    """Make Ctrl-C stop the current answer, or abandon the line, without ending the program.

    Over pipes, where no answer is arriving, it ends the program as usual.
    """

    def interrupted() -> None:
        if talk.stop():
            return
        if keyboard is not None:
            keyboard.interrupt()
        else:
            talk.session.close()
            os._exit(INTERRUPTED)  # else the thread that reads standard input would be waited for

    return on_signal(signal.SIGINT, interrupted)


def _view_of(*, plain: bool) -> type[PlainView] | _MarkdownViews:
    if plain or not is_drawable(sys.stdout):
        return PlainView
    return _MarkdownViews(color=not os.environ.get("NO_COLOR"))


@frozen
class _MarkdownViews:
    color: bool

    def __call__(self) -> View:
        return MarkdownView(color=self.color)


def _model_names(runtime: Runtime) -> Iterator[str]:
    """Aliases, and the models that are configured or were discovered before."""
    yield from runtime.config.aliases()
    catalog = offline_catalog(runtime.config, runtime.registry)
    for provider in catalog.provider_ids:
        for model in catalog.cached(provider).models:
            if model.may_answer:
                yield str(model.ref)
