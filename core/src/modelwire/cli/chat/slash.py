"""Slash commands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from attrs import frozen

from modelwire.cli.errors import show_note
from modelwire.cli.output import echo, echo_answer
from modelwire.cli.text import printable, room
from modelwire.files import user_path
from modelwire.models import ReasoningLevel
from modelwire.text import near_matches

if TYPE_CHECKING:
    from modelwire.cli.chat.chat import Chat

__all__ = ["COMMANDS", "Command", "parse_command"]


@frozen
class Command:
    """A command.

    Attributes:
        argument: What may follow it, for the help; empty for nothing.
        help: What it does, in one line.
        run: Runs it; returns whether it succeeded.
    """

    argument: str
    help: str
    run: Callable[[Chat, str], Awaitable[bool]]


_NAME = re.compile(r"/([A-Za-z]+)(?=\s|$)")


def parse_command(text: str) -> tuple[str, str] | None:
    """The name and the argument of a command; `None` for a prompt.

    A prompt may begin with a slash where what follows is no single word of letters, as `/etc/hosts
    is`; any other is written with two slashes. Several lines are a prompt, since they may have been
    pasted from anywhere; only a system prompt may have them.
    """
    text = text.strip()
    found = _NAME.match(text)
    if found is None:
        return None
    name = found[1].lower()
    if "\n" in text and name != "system":
        return None
    return name, text[found.end() :].strip()


async def run_command(at: Chat, name: str, argument: str) -> bool:
    """Run a command; return whether it could be done."""
    command = COMMANDS.get(name)
    if command is None:
        near = near_matches(name, COMMANDS, most=1)
        hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
        show_note(f"There is no command /{name}. {hint} To send it as a prompt, write //{name}.")
        return False
    return await command.run(at, argument)


async def _help(_: Chat, __: str) -> bool:
    from modelwire.cli.text import align

    rows = [(f"/{name} {c.argument}".rstrip(), c.help) for name, c in COMMANDS.items()]
    for line in align(rows, room=room()):
        echo(line)
    echo("Enter sends, Alt-Enter or Ctrl-J begins a new line, Tab completes.")
    echo("Ctrl-C stops an answer, Ctrl-D leaves.")
    return True


async def _model(at: Chat, argument: str) -> bool:
    if not argument:
        echo(printable(at.talk.model_name))
        return True
    at.choose_model(argument)
    show_note(f"{at.talk.model_name} answers from now on.")
    await _warn_of_credentials(at)
    return True


async def _warn_of_credentials(at: Chat) -> None:
    """Warn at once, without the network, if the chosen model cannot be called."""
    if at.talk.model is None:
        return
    catalog = at.talk.runtime.catalog
    status = await asyncio.to_thread(catalog.credentials, at.talk.model.provider)
    if status.state == "unusable":
        reason = status.reason or "there are none"
        problem = f"{at.talk.model.provider} has no usable credentials: {reason.rstrip('.')}."
        show_note(f"{problem} {status.hint or ''}".rstrip())


async def _system(at: Chat, argument: str) -> bool:
    talk = at.talk
    if not argument:
        echo_answer(talk.system_prompt or "There is no system prompt.", nl=True)
        return True
    talk.choose_system_prompt(None if argument == "-" else argument)
    show_note("The system prompt is gone." if argument == "-" else "The system prompt is set.")
    return True


async def _reasoning(at: Chat, argument: str) -> bool:
    levels = get_args(ReasoningLevel)
    if argument in levels:
        at.talk.choose_reasoning(cast("ReasoningLevel", argument))
        return True
    if not argument:
        echo(at.talk.reasoning or "as the model does it by itself")
        return True
    show_note(f"Choose one of {', '.join(levels)}.")
    return False


async def _tools(at: Chat, argument: str) -> bool:
    if argument == "-":
        at.talk.tools, at.talk.sources = [], []
        show_note("The model has no tools.")
    elif argument:
        at.load_tools([_path(argument)])
    elif not at.talk.tools and not at.talk.sources:
        echo("The model has no tools; /tools FILE loads those of a Python file.")
    if argument != "-":
        found = [tool for source in at.talk.sources for tool in await source.tools()]
        for tool in (*at.talk.tools, *found):
            summary = tool.tool.description.partition("\n")[0]
            echo(printable(f"{tool.name}: {summary}" if summary else tool.name))
    return True


async def _save(at: Chat, argument: str) -> bool:
    from modelwire.cli.chat.export import save

    session = at.talk.session
    if argument:
        save(at.talk, _path(argument))
        show_note(f"Saved to {argument}.")
    elif session.path is None:
        show_note("This conversation is not saved; /save FILE writes it to a file.")
    elif not session.is_written:
        show_note("Nothing was said yet.")
    else:
        show_note(f"It is saved in {session.path}, as session {session.header.id[:8]}.")
    return True


async def _load(at: Chat, argument: str) -> bool:
    from modelwire.cli.chat.export import load

    if not argument:
        show_note("Name a file: /load FILE.")
        return False
    load(at, _path(argument))
    return True


async def _image(at: Chat, argument: str) -> bool:
    return _attach(at, argument, image=True)


async def _file(at: Chat, argument: str) -> bool:
    return _attach(at, argument, image=False)


def _attach(at: Chat, argument: str, *, image: bool) -> bool:
    if not argument:
        show_note(f"{len(at.talk.attached)} attached; name a file to attach it, - for none.")
        return False
    if argument == "-":
        at.talk.attached = []
        show_note("Nothing is attached.")
        return True
    name = str(_path(argument))
    at.attach([name] if image else [], [] if image else [name])
    show_note(f"{printable(name)} goes with the next prompt.")
    return True


async def _retry(at: Chat, _: str) -> bool:
    return await at.retry()


async def _cost(at: Chat, _: str) -> bool:
    from modelwire.cli.chat.costs import cost_lines, spent_on

    spent = spent_on(at.talk.session.entries, at.talk.entry_ids)
    for line in cost_lines(spent, room=room()):
        echo(line)
    return True


async def _new(at: Chat, _: str) -> bool:
    at.begin_again()
    show_note("A new conversation.")
    return True


async def _exit(at: Chat, _: str) -> bool:
    at.is_over = True
    return True


def _path(argument: str) -> Path:
    """A file as it is typed or dropped into a terminal: maybe quoted, maybe with `~`."""
    if len(argument) > 1 and argument[0] == argument[-1] and argument[0] in "\"'":
        return Path(argument[1:-1])
    return user_path(argument.replace("\\ ", " "))


COMMANDS: Mapping[str, Command] = {
    "help": Command("", "This list.", _help),
    "model": Command("[REF]", "Show or choose the model.", _model),
    "system": Command("[TEXT|-]", "Show, set or remove the system prompt.", _system),
    "reasoning": Command("[LEVEL]", "Show or choose how much the model thinks.", _reasoning),
    "tools": Command("[FILE|-]", "Show, load or remove the tools.", _tools),
    "image": Command("FILE", "Attach an image to the next prompt.", _image),
    "file": Command("FILE", "Attach a file to the next prompt.", _file),
    "retry": Command("", "Ask for another answer to the last prompt.", _retry),
    "cost": Command("", "Show what was used and what it cost.", _cost),
    "save": Command("[FILE]", "Show where it is saved, or write .jsonl, .json or .md.", _save),
    "load": Command("FILE", "Continue from a session or a context.", _load),
    "new": Command("", "Begin a new conversation.", _new),
    "clear": Command("", "The same as /new.", _new),
    "exit": Command("", "Leave; also Ctrl-D.", _exit),
    "quit": Command("", "The same as /exit.", _exit),
}
