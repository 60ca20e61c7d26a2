"""`modelwire complete`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli.options import (
    REASONING_LEVELS,
    FiniteRange,
    WholeRange,
    config_option,
    model_option,
    system_option,
)
from modelwire.structuring import TOO_DEEP
from modelwire.text import has_surrogates

if TYPE_CHECKING:
    from modelwire.messages import Context
    from modelwire.messages.content import UserContent

_RETENTION = ("none", "short", "long")


@click.command()
@click.argument("prompt", required=False)
@model_option
@system_option
@click.option(
    "--context",
    "context_path",
    metavar="FILE|-",
    help="A context as JSON: systemPrompt, messages, tools. PROMPT is added to it.",
)
@click.option("--image", "images", multiple=True, metavar="FILE|-", help="Send an image along.")
@click.option(
    "--file", "files", multiple=True, metavar="FILE|-", help="Send a document, sound or text along."
)
@click.option(
    "--tools",
    "tool_paths",
    multiple=True,
    metavar="FILE",
    help="Run the functions of a Python file.",
)
@click.option("--yes", is_flag=True, help="Run tools without asking.")
@click.option(
    "--max-turns",
    type=WholeRange(min=1),
    metavar="N",
    default=25,
    show_default=True,
    help="The most answers to ask for while tools are called.",
)
@click.option(
    "--max-tokens", type=WholeRange(min=1), metavar="N", help="The most tokens to answer with."
)
@click.option("--temperature", type=FiniteRange(min=0), metavar="N", help="Randomness, from 0.")
@click.option("--stop", multiple=True, metavar="TEXT", help="End the answer before this text.")
@click.option("--reasoning", type=click.Choice(REASONING_LEVELS), help="How much to think first.")
@click.option("--tool-choice", metavar="auto|none|any|NAME", help="Which tools may be called.")
@click.option(
    "--schema",
    metavar="FILE|-|JSON",
    help="Answer with JSON that follows this JSON Schema.",
)
@click.option(
    "--cache-retention", type=click.Choice(_RETENTION), help="How long to cache the prompt."
)
@click.option(
    "--timeout", type=FiniteRange(min=0), metavar="SECONDS", help="For each answer, retries too."
)
@click.option("--events", is_flag=True, help="One JSON event per line, ending in done or error.")
@click.option(
    "--json", "as_json", is_flag=True, help="The final message as JSON; with tools, each."
)
@click.option("--dry-run", is_flag=True, help="Show the request, as JSON, and do not send it.")
@config_option
def complete(
    prompt: str | None,
    context_path: str | None,
    images: tuple[str, ...],
    files: tuple[str, ...],
    tool_paths: tuple[str, ...],
    yes: bool,
    max_turns: int,
    schema: str | None,
    config_path: Path | None,
    events: bool,
    as_json: bool,
    dry_run: bool,
    **settings: Any,
) -> int:
    """Ask a model, and stream its answer.

    Without PROMPT it is read from standard input. Exits with 0 when the answer is complete, 1 when
    it failed, 2 when the command was misused, and 130 on Ctrl-C.

    \b
    modelwire complete "What is the capital of France?"
    git diff | modelwire complete --system "Write a commit message."
    modelwire complete --image photo.jpg "What is in this picture?"
    modelwire complete --tools weather.py "Do I need an umbrella in Rome?"
    modelwire complete --schema city.json "What is the capital of France?"
    modelwire complete --context session.json --events
    """  # noqa: D301 - \b keeps click from joining the lines
    if events and as_json:
        msg = "Choose either --events or --json, not both."
        raise click.UsageError(msg)
    if [prompt, context_path, schema, *images, *files].count("-") > 1:
        msg = "Only one thing can be read from standard input."
        raise click.UsageError(msg)
    from modelwire.cli.complete_run import ToolOptions, answer, rehearse

    make_context = partial(_context, prompt, context_path, images, files, schema)
    tools = ToolOptions(tool_paths, yes, max_turns)
    settings["make_schema"] = partial(_schema, schema)
    if dry_run:
        return rehearse(make_context, config_path=config_path, tools=tools, **settings)
    form = "events" if events else "json" if as_json else "text"
    return answer(make_context, form=form, config_path=config_path, tools=tools, **settings)


def _context(
    prompt: str | None,
    context_path: str | None,
    images: Sequence[str],
    files: Sequence[str],
    schema: str | None,
) -> Context:
    from modelwire.messages import Context, Text, UserMessage
    from modelwire.messages.codec import context_from_json

    context = Context()
    if context_path is not None:
        context = context_from_json(_json_of(context_path))
    if prompt == "-" or (prompt is None and context_path is None):
        prompt = _piped_prompt(taken="-" in (*images, *files, schema))
    content: list[UserContent] = []
    if images or files:
        from modelwire.cli.attachments import attach

        content += attach(images, files)
    if prompt is not None:
        _check_prompt(prompt)
        content.append(Text(prompt))
    if content:
        context.messages.append(UserMessage(content))
    if not context.messages:
        msg = "The context has no messages; give a PROMPT."
        raise click.UsageError(msg)
    return context


def _schema(given: str | None) -> dict[str, Any] | None:
    """A JSON Schema: written out where it begins as an object does, else a file's name."""
    if given is None:
        return None
    written_out = given.lstrip().startswith("{")
    found = _parsed(given, "--schema") if written_out else _json_of(given)
    if not isinstance(found, dict):
        msg = "--schema is no JSON object."
        raise click.UsageError(msg)
    return found


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        msg = "The prompt is empty."
        raise click.UsageError(msg)
    if has_surrogates(prompt):
        msg = "The prompt is not UTF-8 text."
        raise click.UsageError(msg)


def _piped_prompt(*, taken: bool) -> str:
    if taken or sys.stdin is None or sys.stdin.isatty():
        msg = "Give a PROMPT, or pipe one in."
        raise click.UsageError(msg)
    return _decode(sys.stdin.buffer.read(), "standard input")


def _json_of(path: str) -> object:
    if path == "-":
        if sys.stdin is None:
            msg = "Standard input is closed."
            raise click.UsageError(msg)
        data = sys.stdin.buffer.read()
    else:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            msg = f"Cannot read {path}: {error.strerror or error}."
            raise click.UsageError(msg) from None
    name = "standard input" if path == "-" else path
    return _parsed(_decode(data, name), name)


def _parsed(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"{name} is not JSON: {error}."
        raise click.UsageError(msg) from None
    except RecursionError:
        msg = f"{name} is {TOO_DEEP}."
        raise click.UsageError(msg) from None


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{name} is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}."
        raise click.UsageError(msg) from None
