"""The input of `modelwire complete`: the context and the schema that its arguments name."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from modelwire.cli.answer_schema import fields_schema
from modelwire.cli.standard_input import decoded, is_piped, piped_text
from modelwire.messages import Context, Text, UserMessage
from modelwire.messages.codec import context_from_json
from modelwire.messages.content import UserContent
from modelwire.structuring import TOO_DEEP
from modelwire.text import has_surrogates

if TYPE_CHECKING:
    from modelwire.cli.logs.recorder import LoggedConversation

__all__ = ["CompleteInput", "read_schema"]


@frozen
class CompleteInput:
    """The input of a completion, as the command line names it.

    `-` is standard input, in any one of them. Where none is `-`, what is piped in comes before the
    prompt.

    Attributes:
        prompt: The prompt, or `None`.
        context_path: The file of a context, or `None`.
        images: Paths of images.
        files: Paths of other files.
        schema: A JSON Schema, the path of one, or a list of fields; or `None`.
        continues: Whether the last answer that was kept is continued.
    """

    prompt: str | None
    context_path: str | None
    images: Sequence[str]
    files: Sequence[str]
    schema: str | None
    continues: bool = False

    @property
    def piped_into(self) -> int:
        """The number of arguments that are `-`."""
        named = [self.prompt, self.context_path, self.schema, *self.images, *self.files]
        return named.count("-")

    def continued(self) -> LoggedConversation | None:
        """Read the conversation that is continued.

        Raises:
            LogUnusable: There is none, or the log cannot be read.
        """
        if not self.continues:
            return None
        from modelwire.cli.logs.database import LogUnusable
        from modelwire.cli.logs.recorder import last_conversation

        found = last_conversation()
        if found is None:
            msg = "There is no stored answer to continue."
            raise LogUnusable(msg, hint="Ask without --continue first; its answer is stored.")
        return found

    def context(self, continued: LoggedConversation | None = None) -> Context:
        """Read the context, with the files and the prompt as its last message.

        Args:
            continued: The conversation that comes before.

        Raises:
            InvalidMessage: The context is wrong, or a file cannot be attached.
            click.UsageError: A file cannot be read, or there is nothing to ask.
        """
        context = Context()
        if continued is not None:
            context = Context(list(continued.messages), system_prompt=continued.system)
        if self.context_path is not None:
            context = context_from_json(_json_of(self.context_path))
        prompt = self._prompt()
        content: list[UserContent] = []
        if self.images or self.files:
            from modelwire.cli.attachments import attach

            content += attach(self.images, self.files)
        if prompt is not None:
            content.append(Text(prompt))
        if content:
            context.messages.append(UserMessage(content))
        if not context.messages:
            msg = "The context has no messages; give a PROMPT."
            raise click.UsageError(msg)
        return context

    def response_schema(self) -> dict[str, Any] | None:
        """Read the JSON Schema: written out, the name of a file, or a list of fields.

        Raises:
            click.UsageError: It cannot be read, or is not a JSON object.
        """
        return read_schema(self.schema)

    def _prompt(self) -> str | None:
        """The piped text followed by the prompt; `None` where a context needs no prompt."""
        given = None if self.prompt == "-" else self.prompt
        if given is not None:
            _check_prompt(given)
        needed = given is None and (self.prompt == "-" or self.context_path is None)
        taken = self.piped_into > (self.prompt == "-")
        if needed and (taken or not is_piped()):
            msg = "Give a PROMPT, or pipe one in."
            raise click.UsageError(msg)
        piped = "" if taken else piped_text(awaited=needed, advice="Send a file with --file -.")
        if needed:
            _check_prompt(piped)
        if not piped.strip():
            return given
        return piped if given is None else f"{piped.rstrip()}\n\n{given}"


def read_schema(schema: str | None) -> dict[str, Any] | None:
    """Read the JSON Schema of `--schema`: written out, the name of a file, or a list of fields.

    Raises:
        click.UsageError: It cannot be read, or is not a JSON object.
    """
    if schema is None:
        return None
    if schema.lstrip().startswith("{"):
        found = _parsed(schema, "--schema")
    elif schema == "-" or _is_file(schema):
        found = _json_of(schema)
    else:
        found = fields_schema(schema) or _json_of(schema)
    if not isinstance(found, dict):
        msg = "--schema is not a JSON object."
        raise click.UsageError(msg)
    return found


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        msg = "The prompt is empty."
        raise click.UsageError(msg)
    if has_surrogates(prompt):
        msg = "The prompt is not UTF-8 text."
        raise click.UsageError(msg)


def _is_file(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # as of a text that is too long for a name
        return False


def _json_of(path: str) -> object:
    if path == "-":
        if sys.stdin is None:
            msg = "Standard input is closed."
            raise click.UsageError(msg)
        data = sys.stdin.buffer.read()
    else:
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            msg = f"Cannot read {path}: {getattr(error, 'strerror', None) or error}."
            raise click.UsageError(msg) from None
    name = "standard input" if path == "-" else path
    return _parsed(decoded(data, name), name)


def _parsed(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"{name} is not JSON: {error}."
        raise click.UsageError(msg) from None
    except RecursionError:
        msg = f"{name} is {TOO_DEEP}."
        raise click.UsageError(msg) from None
