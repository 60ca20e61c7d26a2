"""`modelwire complete`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelwire.cli.options import WholeRange, config_option, model_option, system_option
from modelwire.cli.request_options import (
    cache_retention_option,
    fallback_option,
    max_tokens_option,
    params_option,
    reasoning_option,
    schema_option,
    stop_option,
    temperature_option,
    timeout_option,
    top_p_option,
)
from modelwire.cli.tool_sources import SourceCommand, chosen_sources


@click.command(cls=SourceCommand)
@click.argument("prompt", required=False)
@model_option
@fallback_option
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
@max_tokens_option
@temperature_option
@top_p_option
@stop_option
@reasoning_option
@click.option("--tool-choice", metavar="auto|none|any|NAME", help="Which tools may be called.")
@schema_option
@params_option("-o")
@cache_retention_option
@timeout_option("Time limit for each answer, including retries.")
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
