"""Export and import of conversations as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from modelwire.cli.chat.session_choice import new_session
from modelwire.cli.errors import show_note
from modelwire.errors import SessionError
from modelwire.messages import Context, Text, ToolResultMessage, UserMessage
from modelwire.messages.codec import context_from_json, context_to_json
from modelwire.sessions import read_session
from modelwire.sessions.replay import branch_of, replay
from modelwire.sessions.session import write_new
from modelwire.structuring import TOO_DEEP

if TYPE_CHECKING:
    from modelwire.cli.chat.chat import Chat
    from modelwire.cli.chat.conversation import ChatConversation

__all__ = ["load", "save", "transcript"]


def save(talk: ChatConversation, path: Path) -> None:
    """Write a conversation into a new file.

    `.json` is a context as `modelwire complete --context` reads it, `.md` a transcript for people,
    and anything else a session.

    Raises:
        SessionError: The file exists or cannot be written.
    """
    if path.suffix == ".json":
        context = Context(talk.messages, talk.system_prompt, [tool.tool for tool in talk.tools])
        write_new(path, json.dumps(context_to_json(context), indent=2).encode())
    elif path.suffix == ".md":
        write_new(path, transcript(talk).encode(errors="replace"))
    else:
        talk.session.save_as(path)


def load(at: Chat, path: Path) -> None:
    """Continue from a file, in a session of its own; the file is not changed.

    Raises:
        SessionError: The file is neither a session nor a context, or cannot be read.
        InvalidMessage: It is a context that is not well formed.
    """
    talk = at.talk
    if path.suffix == ".json":
        context = _context(path)
        messages, talk.system_prompt = context.messages, context.system_prompt
        notes: list[str] = []
    else:
        file = read_session(path)
        leaf = file.entries[-1].id if file.entries else None
        conversation = replay(branch_of(file.entries, leaf))
        messages, talk.system_prompt = conversation.messages, conversation.system_prompt
        notes = [f"{path}:{note.line}: {note}" for note in (*file.notes, *conversation.notes)]
        if conversation.model is not None:
            at.take_model(conversation.model)
    for note in notes:
        show_note(note)
    talk.begin(new_session(kept=at.is_kept, parent=path.absolute()), messages=messages)
    show_note(f"Loaded {len(messages)} messages from {path}.")


def transcript(talk: ChatConversation) -> str:
    """A conversation as Markdown."""
    parts = [f"> {talk.system_prompt}"] if talk.system_prompt else []
    for message in talk.messages:
        text = "".join(block.text for block in message.content if isinstance(block, Text))
        if isinstance(message, UserMessage):
            parts.append(f"## You\n\n{text}")
        elif isinstance(message, ToolResultMessage):
            parts.append(f"### {message.tool_name}\n\n```\n{text}\n```")
        else:
            name = f"{message.provider}/{message.model}".strip("/")
            parts.append(f"## {name or 'Answer'}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def _context(path: Path) -> Context:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise SessionError(msg, source=str(path)) from error
    except ValueError as error:
        msg = f"{path} is not JSON: {error}."
        raise SessionError(msg, source=str(path)) from error
    except RecursionError as error:
        msg = f"{path} is {TOO_DEEP}."
        raise SessionError(msg, source=str(path)) from error
    return context_from_json(data)
