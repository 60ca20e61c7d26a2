"""`modelwire models status`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire.cli.options import FiniteRange, check_output, config_option, output_options
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import Line, joined, style
from modelwire.cli.text import printable, width
from modelwire.hookspecs import CredentialStatus

if TYPE_CHECKING:
    from modelwire.cli.models.status_report import Choice, Status

__all__ = ["credential_lines", "show_status", "status"]

_LABEL = 15
_MARGIN = " " * _LABEL
_COLOURS = {"usable": "green", "unusable": "red"}
_SOURCE = "Source"


def show_status(status: Status) -> Line:
    """The status as text."""
    lines: list[Line] = [_labelled("Configuration", status.config or "none")]
    for choice in status.choices:
        lines += _choice_lines(choice)
    if status.aliases:
        named = [f"{alias} -> {target}" for alias, target in status.aliases.items()]
        lines += [_labelled("Aliases" if not n else "", text) for n, text in enumerate(named)]
    if status.overrides:
        lines.append(_labelled("Own models", "These agents do not use the primary model:"))
        lines += [_labelled("", path) for path in status.overrides]
    lines.append("")
    column = max((width(printable(name)) for name in status.providers), default=0)
    for name, found in status.providers.items():
        shown = printable(name)
        lines += credential_lines(shown + " " * (column - width(shown)) + "  ", found)
    if not status.providers:
        lines.append("No provider is configured or has credentials.")
    return joined("\n", lines)


def credential_lines(lead: str, found: CredentialStatus) -> Iterator[Line]:
    """The state of credentials: the first line begins with `lead`, the others follow it."""
    state = style(f"{found.state:<8}", fg=_COLOURS.get(found.state, "yellow"))
    yield lead + state + f"  {printable(found.source or '-')}"
    indent = " " * width(lead)
    for fact in _facts(found.details):
        yield indent + fact
    if found.expires_at is not None:
        yield f"{indent}expires {found.expires_at.astimezone():%Y-%m-%d %H:%M %Z}"
    if found.state != "usable" and found.reason:
        yield indent + printable(found.reason)
    if found.state != "usable" and found.hint:
        yield indent + style("Hint:", bold=True) + f" {printable(found.hint)}"


def _choice_lines(choice: Choice) -> Iterable[Line]:
    resolved = str(choice.ref) if choice.ref else choice.named
    alias = f" ({choice.named})" if choice.ref and choice.named != str(choice.ref) else ""
    took: Line = ""
    if choice.seconds is not None:
        took = "  " + style("ok", fg="green") + f" {choice.seconds:.1f} s"
    yield joined("", [_labelled(choice.role.capitalize(), resolved + alias), took])
    if choice.error:
        first, *rest = choice.error.splitlines()
        yield _MARGIN + style("!", fg="red") + f" {printable(first)}"
        yield from (f"{_MARGIN}  {printable(line)}" for line in rest)
    if choice.error and choice.hint:
        yield _MARGIN + style("Hint:", bold=True) + f" {printable(choice.hint)}"


def _facts(details: Mapping[str, str]) -> Iterator[str]:
    """The other known details with their sources, such as `region: us-east-1 (env: AWS_REGION)`."""
    for key, value in details.items():
        if key.endswith(_SOURCE) and key.removesuffix(_SOURCE) in details:
            continue
        source = details.get(f"{key}{_SOURCE}")
        yield printable(f"{key}: {value}" + (f" ({source})" if source else ""))


def _labelled(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{printable(text)}"


@click.command("status")
@click.option("--probe", is_flag=True, help="Load credentials and send one small request each.")
@click.option(
    "--probe-timeout",
    type=FiniteRange(min=0, min_open=True),
    default=8.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each probe may take.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 if something is missing or expired, 2 if it expires within an hour.",
)
@output_options
@config_option
def status(
    probe: bool,
    probe_timeout: float,
    check: bool,
    as_json: bool,
    plain: bool,
    config_path: Path | None,
) -> int:
    """Show which models would be used, and why.

    Each provider's credentials are shown with where they come from.

    Without --probe no request is sent. With --plain only the primary model is
    printed, as provider/model-id.

    \b
    modelwire models status
    modelwire models status --probe
    modelwire models status --check || echo "not ready"
    """  # noqa: D301 - \b keeps click from joining the lines
    check_output(as_json=as_json, plain=plain)
    from modelwire.cli.event_loop import run
    from modelwire.cli.models.status_report import find_status, verdict
    from modelwire.cli.progress import waiting_for
    from modelwire.runtime import Runtime
    from modelwire.transport import RetryPolicy

    async def find() -> Status:
        once = RetryPolicy(max_attempts=1)
        async with Runtime.from_config(config_path, retries=once) as runtime:
            return await find_status(runtime, probe=probe, timeout=probe_timeout)

    with waiting_for("Probing …" if probe else ""):
        found = run(find())
    if as_json:
        echo_json(found.to_json(), indent=2)
    elif plain:
        primary = found.choices[0]
        echo(printable(str(primary.ref or primary.named)))
    else:
        echo(show_status(found))
    return verdict(found) if check else 0
