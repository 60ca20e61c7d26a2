"""`modelwire models`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.documents import json_text
from modelwire.cli.options import check_output, config_option, output_options


@click.group()
def models() -> None:
    """See which models there are."""


@models.command("list")
@click.option("--provider", metavar="ID", help="Only the models of this provider.")
@click.option("--refresh", is_flag=True, help="Ask the providers again, however fresh the cache.")
@output_options
@config_option
def list_models(
    provider: str | None, refresh: bool, as_json: bool, plain: bool, config_path: Path | None
) -> None:
    """List the models that are configured and those that providers offer.

    What providers offer is kept on disk; while it is fresh, nobody is asked.
    """
    from modelwire.cli.failures import show_note
    from modelwire.cli.listing import collect, rows_of, table_of

    check_output(as_json=as_json, plain=plain)
    config, registry, listings = collect(config_path, provider, refresh=refresh)
    rows = rows_of(config, registry, listings, provider=provider)
    if as_json:
        outcomes = [
            {"provider": item.provider, "error": str(item.error), "stale": item.stale}
            for item in listings
            if item.error is not None
        ]
        data = {"count": len(rows), "models": [row.to_json() for row in rows]}
        click.echo(json_text({**data, "providerOutcomes": outcomes}, indent=2))
    elif plain:
        for row in rows:
            click.echo(row.key)
    elif rows:
        click.echo(table_of(rows))
    else:
        click.echo("No models found.")
    for item in listings:
        if item.error is not None and not as_json:
            kept = " Showing the list that was fetched before." if item.stale else ""
            show_note(f"{item.provider}: {item.error}{kept}")


@models.command("status")
@click.option("--probe", is_flag=True, help="Load the credentials and send one tiny request each.")
@click.option(
    "--probe-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=8.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each probe may take.",
)
@click.option("--check", is_flag=True, help="Exit with 1 if something is missing, 2 if it expires.")
@click.option("--json", "as_json", is_flag=True, help="JSON for programs.")
@config_option
def show_models_status(
    probe: bool, probe_timeout: float, check: bool, as_json: bool, config_path: Path | None
) -> int:
    """Show what would be used and why: the models, and each provider's credentials.

    Without --probe nobody is asked and nothing is sent.
    """
    import asyncio

    from modelwire.cli.status import Status, find_status, show_status, verdict
    from modelwire.runtime import Runtime

    async def find() -> Status:
        async with Runtime.from_config(config_path) as runtime:
            return await find_status(runtime, probe=probe, timeout=probe_timeout)

    status = asyncio.run(find())
    if as_json:
        click.echo(json_text(status.to_json(), indent=2))
    else:
        click.echo(show_status(status))
    return verdict(status) if check else 0
