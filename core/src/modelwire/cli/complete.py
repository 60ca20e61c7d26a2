"""`modelwire complete`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.options import (
    REASONING_LEVELS,
    FiniteRange,
    WholeRange,
    config_option,
    model_option,
    system_option,
)
from modelwire.cli.tool_sources import SourceCommand, chosen_sources

_RETENTION = ("none", "short", "long")


def _params(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """Read `NAME=VALUE`s; a value is JSON where it can be read as such, else text."""
    found: dict[str, Any] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not name.strip():
            msg = f"{each!r} is not NAME=VALUE."
            raise click.BadParameter(msg, context, option)
        own = f"--{name.strip().replace('_', '-')}"
        if any(own in each.opts for each in context.command.params):
            msg = f"{name.strip()!r} has its own option: {own}."
            raise click.BadParameter(msg, context, option)
        found[name.strip()] = _json_or_text(value)
    return found


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


@click.command(cls=SourceCommand)
@click.argument("prompt", required=False)
@model_option
@click.option(
    "--fallback",
    "fallbacks",
    multiple=True,
    metavar="REF",
    help="Model to try if the one before fails; can be repeated.",
    shell_complete=complete_reference,
)
@system_option
@click.option(
    "--context",
    "context_path",
    metavar="FILE|-",
    help="A context as JSON: systemPrompt, messages, tools. PROMPT is added to it.",
)
@click.option(
    "-c", "--continue", "continues", is_flag=True, help="Continue from the last stored answer."
)
@click.option("--image", "images", multiple=True, metavar="FILE|-", help="Attach an image.")
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE|-",
    help="Attach a document, audio or text file.",
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
    help="Maximum number of model turns.",
)
@click.option(
    "--max-tokens", type=WholeRange(min=1), metavar="N", help="Maximum number of output tokens."
)
@click.option(
    "--temperature", type=FiniteRange(min=0), metavar="N", help="Sampling temperature (>= 0)."
)
@click.option(
    "--top-p",
    type=FiniteRange(min=0, max=1),
    metavar="N",
    help="Nucleus sampling threshold, 0 to 1.",
)
@click.option(
    "--stop", multiple=True, metavar="TEXT", help="Stop sequence: the answer ends before it."
)
@click.option("--reasoning", type=click.Choice(REASONING_LEVELS), help="Reasoning effort.")
@click.option("--tool-choice", metavar="auto|none|any|NAME", help="Which tools may be called.")
@click.option(
    "--schema",
    metavar="FILE|-|TEXT",
    help="Answer with JSON that follows this JSON Schema, or has these fields: "
    "'name, age int, bio: one sentence'.",
)
@click.option(
    "-o",
    "--option",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_params,
    help="A provider-specific request parameter; can be repeated.",
)
@click.option(
    "--cache-retention", type=click.Choice(_RETENTION), help="How long to cache the prompt."
)
@click.option(
    "--timeout",
    type=FiniteRange(min=0),
    metavar="SECONDS",
    help="Time limit for each answer, including retries.",
)
@click.option("--events", is_flag=True, help="One JSON event per line, ending in done or error.")
@click.option(
    "--json", "as_json", is_flag=True, help="The final message as JSON; with tools, each."
)
@click.option("--no-log", is_flag=True, help="Do not store the answer in the log.")
@click.option("--dry-run", is_flag=True, help="Show the request, as JSON, and do not send it.")
@config_option
def complete(
    prompt: str | None,
    context_path: str | None,
    continues: bool,
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
    no_log: bool,
    **settings: Any,
) -> int:
    """Ask a model, and stream its answer.

    What is piped in comes before PROMPT, or is the prompt. Exits with 0 when the answer is complete, 1 when
    it failed, 2 when the command was misused, and 130 on Ctrl-C.

    \b
    modelwire complete "What is the capital of France?"
    git diff | modelwire complete "Write a commit message for this."
    modelwire complete --image photo.jpg "What is in this picture?"
    modelwire complete --tools weather.py "Do I need an umbrella in Rome?"
    modelwire complete --schema "city, people int" "The capital of France?"
    modelwire complete --continue "And of Italy?"
    modelwire complete --context session.json --events
    """  # noqa: D301 - \b keeps click from joining the lines
    if events and (as_json or dry_run):
        msg = f"Choose either --events or {'--json' if as_json else '--dry-run'}, not both."
        raise click.UsageError(msg)
    if continues and context_path is not None:
        msg = "Choose either --continue or --context, not both."
        raise click.UsageError(msg)
    from modelwire.cli.complete_input import CompleteInput
    from modelwire.cli.complete_run import ToolOptions, answer, rehearse

    given = CompleteInput(prompt, context_path, images, files, schema, continues)
    if given.piped_into > 1:
        msg = "Only one thing can be read from standard input."
        raise click.UsageError(msg)
    tools = ToolOptions(tool_paths, yes, max_turns, chosen_sources())
    if dry_run:
        return rehearse(given, config_path=config_path, tools=tools, **settings)
    form = "events" if events else "json" if as_json else "text"
    return answer(given, form=form, config_path=config_path, tools=tools, no_log=no_log, **settings)
