"""`modelwire models explain`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.options import config_option, json_option
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import Line, style

if TYPE_CHECKING:
    from modelwire.cli.models.explanation import Explanation, ExplanationStep

__all__ = ["explain"]

_MARKS = {
    "ok": ("ok", "green"),
    "doubt": ("?", "yellow"),
    "failed": ("x", "red"),
    "skipped": ("-", None),
}
_INDENT = 16


@click.command()
@click.argument("ref", metavar="[REF]", required=False, shell_complete=complete_reference)
@click.option("--offline", is_flag=True, help="Do not fetch lists or load credentials.")
@json_option
@config_option
def explain(ref: str | None, offline: bool, as_json: bool, config_path: Path | None) -> int:
    """Show how REF resolves, step by step, and where that fails.

    REF is provider/model-id, an alias, or a name that only one known model has; without it, the
    primary model. The last step makes the request as a call would, with its credentials, and does
    not send it. Exits with 1 where a call would fail.

    \b
    modelwire models explain
    modelwire models explain bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.event_loop import run
    from modelwire.cli.models.explanation import explain as go_through
    from modelwire.cli.progress import waiting_for
    from modelwire.runtime import Runtime

    async def find() -> Explanation:
        async with Runtime.from_config(config_path) as runtime:
            return await go_through(runtime, ref, offline=offline)

    with waiting_for("" if offline else "Explaining …"):
        found = run(find())
    if as_json:
        echo_json(found.to_json(), indent=2)
    else:
        for line in _lines(found):
            echo(line)
    return 1 if found.failed_at is not None else 0


def _lines(found: Explanation) -> Iterator[Line]:
    for step in found.steps:
        yield from _step_lines(step)
    failed = found.failed_at
    yield ""
    if failed is not None:
        yield style(f"A call would fail at the step {failed.name}.", fg="red")
    else:
        doubts = [step.name for step in found.steps if step.state == "doubt"]
        well = "A call would be sent"
        yield f"{well}; in doubt: {', '.join(doubts)}." if doubts else f"{well}."


def _step_lines(step: ExplanationStep) -> Iterator[Line]:
    mark, colour = _MARKS[step.state]
    lead = style(f"{mark:<2}", fg=colour) + f" {step.name:<{_INDENT - 3}}"
    value = step.value or ""
    if step.value is not None and step.source is not None:
        value = f"{step.value} ({step.source})"
    lines: list[Line] = [*_folded(value)] if value else []
    for text in (step.problem or "").splitlines():
        lines += _folded(text)
    if step.hint:
        first, *rest = _folded(f"Hint: {step.hint}")
        lines += [style("Hint:", bold=True) + first.removeprefix("Hint:"), *rest]
    for number, line in enumerate(lines or ["-"]):
        yield (lead if number == 0 else " " * _INDENT) + line


def _folded(text: str) -> list[str]:
    """The text in lines that fit beside the names of the steps."""
    from modelwire.cli.text import folded

    return [line.lstrip() for line in folded(text, indent=_INDENT, before=_INDENT)]
