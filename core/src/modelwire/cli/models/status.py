"""`modelwire models status`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.documents import json_text
from modelwire.cli.options import FiniteRange, check_output, config_option, output_options

__all__ = ["status"]


@click.command("status")
@click.option("--probe", is_flag=True, help="Load the credentials and send one tiny request each.")
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

    Without --probe nobody is asked and nothing is sent. With --plain only the primary model is
    printed, as provider/model-id.

    \b
    modelwire models status
    modelwire models status --probe
    modelwire models status --check || echo "not ready"
    """  # noqa: D301 - \b keeps click from joining the lines
    check_output(as_json=as_json, plain=plain)
    from modelwire.cli.models.report import Status, find_status, verdict
    from modelwire.cli.models.status_text import show_status
    from modelwire.cli.progress import waiting_for
    from modelwire.cli.running import run
    from modelwire.runtime import Runtime
    from modelwire.transport import RetryPolicy

    async def find() -> Status:
        once = RetryPolicy(max_attempts=1)
        async with Runtime.from_config(config_path, retries=once) as runtime:
            return await find_status(runtime, probe=probe, timeout=probe_timeout)

    with waiting_for("Probing …" if probe else ""):
        found = run(find())
    if as_json:
        click.echo(json_text(found.to_json(), indent=2))
    elif plain:
        from modelwire.cli.cells import printable

        primary = found.choices[0]
        click.echo(printable(str(primary.ref or primary.named)))
    else:
        click.echo(show_status(found))
    return verdict(found) if check else 0
