"""`modelwire models refresh`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from modelwire.cli.completion import complete_provider
from modelwire.cli.options import config_option, json_option
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import Line, style

if TYPE_CHECKING:
    from modelwire.catalog import Catalog, Listing
    from modelwire.cli.progress import ProgressLine

__all__ = ["refresh"]


@frozen
class RefreshResult:
    """The outcome of refreshing one provider's list.

    Attributes:
        listing: What is known now.
        before: How many models were known before.
        seconds: How long it took.
    """

    listing: Listing
    before: int
    seconds: float

    @property
    def was_queried(self) -> bool:
        """Whether the provider was queried at all."""
        return self.listing.error is not None or self.listing.fetched_at is not None

    def to_json(self) -> dict[str, Any]:
        """The outcome for programs."""
        error = self.listing.error
        return {
            "provider": self.listing.provider,
            "asked": self.was_queried,
            "models": len(self.listing.models),
            "before": self.before,
            "seconds": round(self.seconds, 3),
            "error": str(error) if error else None,
            "code": error.code if error else None,
            "hint": error.hint if error else None,
            "stale": self.listing.stale,
            "incomplete": list(self.listing.incomplete),
        }

    def text(self) -> Line:
        """The outcome as text."""
        from modelwire.cli.text import counted, printable

        listing = self.listing
        name = style(printable(listing.provider), bold=True)
        if listing.error is not None:
            kept = " The list that was fetched before is kept." if listing.stale else ""
            hint = f"\n  Hint: {printable(listing.error.hint)}" if listing.error.hint else ""
            failed = style("failed", fg="red")
            return name + "  " + failed + f": {printable(str(listing.error))}{kept}{hint}"
        if not self.was_queried:
            why = listing.credentials.reason or "the configuration says so, or it has no list"
            if listing.credentials.state == "usable":
                why = "discovery is switched off, or the provider has no list"
            return name + f"  no request was sent: {printable(why)}"
        count = len(listing.models)
        change = "" if count == self.before else f", before {self.before}"
        models = counted(count, "model")
        reasons = "".join(f"\n  Incomplete: {printable(why)}" for why in listing.incomplete)
        return name + f"  {models}{change}  {self.seconds:.1f} s{reasons}"


@click.command()
@click.option(
    "--provider",
    metavar="ID",
    help="Only the models of this provider.",
    shell_complete=complete_provider,
)
@json_option
@config_option
def refresh(provider: str | None, as_json: bool, config_path: Path | None) -> int:
    """Fetch the lists of models from the providers again.

    This covers providers that have usable credentials, or whose discovery is switched on. Exits
    with 1 if one of them fails; its previous list is then kept.

    \b
    modelwire models refresh
    modelwire models refresh --provider amazon-bedrock
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.event_loop import run
    from modelwire.cli.models.gather import canonical_provider
    from modelwire.cli.progress import waiting_for
    from modelwire.config import load_config
    from modelwire.registry import Registry

    config = load_config(config_path)
    registry = Registry(config)
    wanted = None if provider is None else canonical_provider(config, registry, provider)

    async def ask(line: ProgressLine) -> list[RefreshResult]:
        from modelwire.runtime import Runtime

        outcomes = []
        async with Runtime(config, registry=registry) as runtime:
            names = runtime.catalog.provider_ids if wanted is None else [wanted]
            async for outcome in _refresh(runtime.catalog, names, line):
                outcomes.append(outcome)
                if not as_json and (outcome.was_queried or wanted is not None):
                    line.clear()
                    echo(outcome.text())
        return outcomes

    with waiting_for("") as line:
        outcomes = run(ask(line))
    queried = [outcome for outcome in outcomes if outcome.was_queried]
    if as_json:
        ordered = sorted(outcomes, key=lambda outcome: outcome.listing.provider)
        listed = [outcome.to_json() for outcome in ordered]
        echo_json({"providers": listed}, indent=2)
    elif not queried and wanted is None:
        echo("No provider was queried. `modelwire models status` shows why.")
    return 1 if any(outcome.listing.error for outcome in queried) else 0


async def _refresh(
    catalog: Catalog, names: list[str], line: ProgressLine
) -> AsyncIterator[RefreshResult]:
    """Refresh the lists side by side; yield each outcome as it comes."""
    import asyncio
    import time

    began = time.monotonic()
    waiting = set(names)

    async def one(name: str) -> RefreshResult:
        before = len(catalog.cached(name).models)
        listing = await catalog.listing(name, refresh=True)
        waiting.discard(name)
        return RefreshResult(listing, before, time.monotonic() - began)

    tasks = [asyncio.create_task(one(name)) for name in names]
    try:
        for done in asyncio.as_completed(tasks):
            line.say(f"Querying {', '.join(sorted(waiting))} …")
            yield await done
    finally:
        for task in tasks:
            task.cancel()
