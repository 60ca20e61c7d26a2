"""`modelwire models list`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire.cli.completion import complete_provider
from modelwire.cli.options import check_output, config_option, output_options
from modelwire.cli.output import echo, echo_json

if TYPE_CHECKING:
    from modelwire.cli.models.gather import GatheredModels
    from modelwire.cli.models.list_rows import Row

__all__ = ["list_models"]


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="All installed providers.")
@click.option(
    "--provider",
    metavar="ID",
    help="Only the models of this provider.",
    shell_complete=complete_provider,
)
@click.option("--local", is_flag=True, help="Only models on this machine, of every provider.")
@click.option(
    "--search",
    metavar="TEXT",
    default="",
    help="Only models with each word of TEXT in the reference or the name.",
)
@click.option(
    "--refresh", is_flag=True, help="Query the providers again, even if the cache is fresh."
)
@output_options
@config_option
def list_models(
    everything: bool,
    provider: str | None,
    local: bool,
    search: str,
    refresh: bool,
    as_json: bool,
    plain: bool,
    config_path: Path | None,
) -> None:
    """List the models that you can use.

    They are the configured models, and those offered by the providers that the configuration
    names: under models.providers, by settings of their discovery or plugin, or by a model that it
    chooses. Where it names none, and with --all, they are those of every installed provider that
    has credentials. What providers offer is kept on disk; while it is fresh, no provider is contacted.

    \b
    modelwire models list
    modelwire models list --all --refresh
    modelwire models list --provider amazon-bedrock --plain
    modelwire models list --all --search "claude sonnet"
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.models.gather import canonical_provider, gather, named_providers
    from modelwire.cli.models.list_rows import rows_of
    from modelwire.config import load_config
    from modelwire.registry import Registry

    check_output(as_json=as_json, plain=plain)
    config = load_config(config_path)
    registry = Registry(config)
    wanted: set[str] | None = None
    if provider is not None:
        provider = canonical_provider(config, registry, provider)
        wanted = {provider}
    elif not (everything or local):
        wanted = named_providers(config, registry) or None
    found = gather(config, registry, wanted=wanted, refresh=refresh)
    rows = rows_of(config, registry, found.listings, provider=provider, local=local, search=search)
    hidden = found.hidden if provider is None else []
    if as_json:
        echo_json(_document(rows, found, hidden), indent=2)
    elif plain:
        from modelwire.cli.text import printable

        for row in rows:
            echo(printable(row.key))
    else:
        _show(rows, search)
    if not as_json:
        _show_notes(found, [] if plain else hidden)


def _document(rows: Sequence[Row], found: GatheredModels, hidden: list[str]) -> dict[str, object]:
    outcomes = [
        {
            "provider": item.provider,
            "error": str(item.error),
            "code": item.error.code,
            "hint": item.error.hint,
            "stale": item.stale,
        }
        for item in found.listings
        if item.error is not None
    ]
    models = [row.to_json() for row in rows]
    return {
        "count": len(rows),
        "models": models,
        "providerOutcomes": outcomes,
        "incompleteProviders": [
            {"provider": item.provider, "reasons": list(item.incomplete)}
            for item in found.listings
            if item.incomplete
        ],
        "hiddenProviders": hidden,
    }


def _show(rows: Sequence[Row], search: str) -> None:
    from modelwire.cli.errors import show_note
    from modelwire.cli.models.list_rows import table_of
    from modelwire.cli.text import printable, room

    if not rows:
        what = f"No models found with {search!r}." if search.strip() else "No models found."
        echo(printable(f"{what} `modelwire models status` shows which providers are usable."))
        return
    table = table_of(rows, room())
    echo("\n".join(table.lines))
    if table.left_out:
        columns = " and ".join(table.left_out)
        show_note(f"Left out on a terminal of this width: {columns}. --json shows everything.")


def _show_notes(found: GatheredModels, hidden: list[str]) -> None:
    from modelwire.cli.errors import show_note
    from modelwire.cli.text import printable

    for item in found.listings:
        if item.error is not None:
            kept = " Showing the list that was fetched before." if item.stale else ""
            show_note(f"{item.provider}: {printable(str(item.error))}{kept}")
        for reason in item.incomplete:
            show_note(f"{item.provider}: The list may be incomplete. {printable(reason)}")
    if hidden:
        show_note(f"--all also lists the models of {', '.join(hidden)}.")
