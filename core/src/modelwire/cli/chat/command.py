"""`modelwire chat`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelwire.cli.diagnostics import Diagnostics
from modelwire.cli.options import (
    REASONING_LEVELS,
    WholeRange,
    config_option,
    model_option,
    system_option,
)
from modelwire.cli.tool_sources import SourceCommand, chosen_sources
from modelwire.text import has_surrogates

__all__ = ["chat"]


@click.command(cls=SourceCommand)
@click.argument("prompt", required=False)
@model_option
@system_option
@click.option(
    "--image", "images", multiple=True, metavar="FILE", help="Attach to the first prompt."
)
@click.option("--file", "files", multiple=True, metavar="FILE", help="Attach to the first prompt.")
@click.option(
    "--tools",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A Python file; the model may call its functions.",
)
@click.option("--yes", is_flag=True, help="Run tool calls without asking.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value="-",
    metavar="[ID]",
    help="Resume a session; without ID, choose one.",
)
@click.option("--continue", "last", is_flag=True, help="Resume the last session of this folder.")
@click.option(
    "--session",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Store the conversation in this file, or continue it.",
)
@click.option("--no-session", is_flag=True, help="Do not store the conversation.")
@click.option("--reasoning", type=click.Choice(REASONING_LEVELS), help="Reasoning effort.")
@click.option(
    "--max-tokens", type=WholeRange(min=1), metavar="N", help="Maximum number of output tokens."
)
@click.option("--plain", is_flag=True, help="Print plain text instead of rendered Markdown.")
@config_option
def chat(
    resume: str | None, last: bool, session: Path | None, no_session: bool, **options: Any
) -> int:
    """Chat with a model.

    The conversation is stored as a session, which can be resumed. /help lists the commands. Without
    a terminal, each line of standard input is a prompt or a command; the first failure ends the
    run, and tools run only with --yes.

    \b
    modelwire chat
    modelwire chat --continue
    modelwire chat -m amazon-bedrock/us.amazon.nova-lite-v1:0 --tools tools.py
    printf 'My name is Ann.\\nWhat is my name?\\n' | modelwire chat
    """  # noqa: D301 - \b keeps click from joining the lines
    if sum((resume is not None, last, session is not None, no_session)) > 1:
        msg = "Choose one of --resume, --continue, --session and --no-session."
        raise click.UsageError(msg)
    prompt = options["prompt"]
    if prompt is not None and has_surrogates(prompt):
        msg = "The prompt is not UTF-8 text."
        raise click.UsageError(msg)
    diagnostics = click.get_current_context().find_object(Diagnostics)
    # What --verbose writes in between would be mixed up with lines that are still changing.
    options["plain"] |= diagnostics is not None and diagnostics.verbose
    from modelwire.cli.chat.run import ChatOptions, run_chat
    from modelwire.cli.chat.session_choice import SessionOptions
    from modelwire.cli.event_loop import run

    return run(
        run_chat(
            ChatOptions(
                session=SessionOptions(resume, last, session, no_session),
                sources=chosen_sources(),
                **options,
            )
        )
    )
