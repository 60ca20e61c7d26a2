"""Options of a request, which the commands that ask a model share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.options import REASONING_LEVELS, FiniteRange, WholeRange

__all__ = [
    "cache_retention_option",
    "fallback_option",
    "max_tokens_option",
    "params_option",
    "reasoning_option",
    "request_settings",
    "schema_option",
    "stop_option",
    "temperature_option",
    "timeout_option",
    "top_p_option",
]

F = TypeVar("F", bound=Callable[..., Any])

fallback_option = click.option(
    "--fallback",
    "fallbacks",
    multiple=True,
    metavar="REF",
    help="Model to try if the one before fails; can be repeated.",
    shell_complete=complete_reference,
)

max_tokens_option = click.option(
    "--max-tokens", type=WholeRange(min=1), metavar="N", help="Maximum number of output tokens."
)

temperature_option = click.option(
    "--temperature", type=FiniteRange(min=0), metavar="N", help="Sampling temperature (>= 0)."
)

top_p_option = click.option(
    "--top-p",
    type=FiniteRange(min=0, max=1),
    metavar="N",
    help="Nucleus sampling threshold, 0 to 1.",
)

stop_option = click.option(
    "--stop", multiple=True, metavar="TEXT", help="Stop sequence: the answer ends before it."
)

reasoning_option = click.option(
    "--reasoning", type=click.Choice(REASONING_LEVELS), help="Reasoning effort."
)

schema_option = click.option(
    "--schema",
    metavar="FILE|-|TEXT",
    help="Answer with JSON that follows this JSON Schema, or has these fields: "
    "'name, age int, bio: one sentence'.",
)

cache_retention_option = click.option(
    "--cache-retention",
    type=click.Choice(("none", "short", "long")),
    help="How long to cache the prompt.",
)


def timeout_option(meaning: str) -> Callable[[F], F]:
    """`--timeout`, with what it is the limit of."""
    return click.option("--timeout", type=FiniteRange(min=0), metavar="SECONDS", help=meaning)


def params_option(*short: str) -> Callable[[F], F]:
    """`--option NAME=VALUE`.

    Args:
        short: A short name of the option.
    """
    return click.option(
        *short,
        "--option",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_params,
        help="A provider-specific request parameter; can be repeated.",
    )


def request_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as arguments of the runtime's `complete`."""
    from modelwire.transport import Deadlines

    arguments = dict(options)
    arguments["fallbacks"] = arguments["fallbacks"] or None
    timeout = arguments.pop("timeout")
    # Without the option the configuration's limit holds; `None` would lift it.
    arguments["deadlines"] = Deadlines() if timeout is None else Deadlines(total=timeout)
    return arguments


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
