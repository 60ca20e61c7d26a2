"""Error messages: what happened, which tries failed before, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO
from typing import Any

import click

from modelwire.cli.diagnostics import diagnostics
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import Line, joined, style
from modelwire.cli.text import printable, wrapped
from modelwire.errors import ConfigError, ModelwireError, Problem, ProviderError, UnknownModel

__all__ = [
    "issue_json",
    "print_failure",
    "print_traceback",
    "show_failure",
    "show_misuse",
    "show_note",
    "show_traceback",
    "what_to_do",
]


def show_failure(error: ModelwireError) -> None:
    """Print an error on standard error."""
    lines: list[Line] = [style("Error: ", fg="red", bold=True) + str(error)]
    if isinstance(error, ProviderError):
        lines += [f"  {label}: {printable(value)}" for label, value in _facts(error).items()]
    lines += [
        printable(f"  tried before: {attempt.model}: {attempt.message} ({attempt.code})")
        for attempt in error.attempts
    ]
    if error.hint:
        lines.append(style("Hint: ", bold=True) + error.hint)
    echo(wrapped(joined("\n", lines), sys.stderr), err=True)


def print_failure(error: ModelwireError) -> None:
    """Print an error as JSON on standard output, for programs."""
    details: dict[str, Any] = {"type": error.code, "kind": _kind(error), "message": error.message}
    details |= what_to_do(error)
    if isinstance(error, ProviderError):
        details |= {"provider": error.provider, "model": error.model, "status": error.status}
    data: dict[str, Any] = {"ok": False, "error": details}
    if isinstance(error, ConfigError):
        data["issues"] = [issue_json(problem) for problem in error.problems]
    echo_json(data, indent=2)


def what_to_do(error: ModelwireError | None) -> dict[str, Any]:
    """The fields beside the error itself: its hint, and the models that may be meant."""
    candidates = error.candidates if isinstance(error, UnknownModel) else ()
    return {"hint": error.hint if error is not None else None, "candidates": list(candidates)}


def show_misuse(error: click.ClickException) -> None:
    """Print an error of the command line itself on standard error; it repeats what was typed."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        from modelwire.text import near_matches

        near = near_matches(error.option_name, error.possibilities, most=1)
        error = click.NoSuchOption(error.option_name, possibilities=near, ctx=error.ctx)
    text = StringIO()
    error.show(text)
    echo(text.getvalue(), err=True, nl=False)


def issue_json(problem: Problem) -> dict[str, Any]:
    """A problem of the configuration, for programs."""
    return {"path": problem.path, "message": problem.message, "line": problem.line}


def show_traceback(error: BaseException) -> None:
    """Print the origin of an error on standard error, if the user asked for it."""
    if diagnostics().debug:
        print_traceback(error)


def print_traceback(error: BaseException) -> None:
    """Print where an error comes from on standard error."""
    import traceback

    echo("".join(traceback.format_exception(error)), err=True, nl=False)


def show_note(text: str) -> None:
    """Print a remark on standard error, apart from the answer."""
    echo(wrapped(style(text, dim=True), sys.stderr), err=True)


def _facts(error: ProviderError) -> dict[str, str]:
    facts = {"code": error.code}
    if error.provider:
        facts["model"] = f"{error.provider}/{error.model}" if error.model else error.provider
    if error.status is not None:
        facts["HTTP status"] = str(error.status)
    if error.request_id:
        facts["request id"] = error.request_id
    if error.retry_after is not None:
        facts["retry after"] = f"{error.retry_after:g} s"
    return facts


def _kind(error: ModelwireError) -> str:
    problems: Sequence[Problem] = getattr(error, "problems", ())
    if problems and all(item.message.startswith("Missing env var") for item in problems):
        return "resolvability"
    return getattr(error, "kind", "schema" if problems else "failed")
