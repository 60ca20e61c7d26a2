"""The rows of `modelwire models list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from attrs import define, field

from modelwire.catalog import Catalog, Listing
from modelwire.config import Config, load_config
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry
from modelwire.runtime.resolution import expand_alias, full_ref

if TYPE_CHECKING:
    from modelwire.transport import Transport

__all__ = ["Row", "collect", "rows_of", "table_of"]

_WIDTHS = (42, 10, 11, 5, 5)
_HEADER = ("Model", "Input", "Ctx", "Local", "Auth", "Tags")
_LOOPBACK = ("localhost", "127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1")  # noqa: S104 - compared


@define
class Row:
    """One model of the list."""

    key: str
    model: Model | None = None
    available: bool | None = None
    tags: list[str] = field(factory=list)

    @property
    def local(self) -> bool:
        """Whether the model runs on this machine."""
        if self.model is None:
            return False
        host = urlsplit(self.model.base_url or "").hostname
        return bool(self.model.local) or host in _LOOPBACK

    def to_json(self) -> dict[str, Any]:
        """The row for programs."""
        model = self.model
        return {
            "key": self.key,
            "name": model.name if model else self.key,
            "input": "+".join(model.input) if model and model.input else "-",
            "contextWindow": model.context_window if model else None,
            "contextTokens": model.context_tokens if model else None,
            "maxTokens": model.max_tokens if model else None,
            "reasoning": model.reasoning if model else None,
            "local": self.local if model else None,
            "available": self.available,
            "tags": self.tags,
            "missing": model is None,
        }


def collect(
    config_path: Path | None, provider: str | None, *, refresh: bool
) -> tuple[Config, Registry, list[Listing]]:
    """Load the configuration and gather the listings, from the network only where necessary."""
    config = load_config(config_path)
    registry = Registry(config)
    transports: list[Transport] = []
    catalog = Catalog(config, registry, lambda: transports[0])
    wanted = catalog.provider_ids
    if provider is not None:
        if registry.canonical(provider) not in wanted:
            msg = f'Invalid provider filter "{provider}". Use a provider id: {", ".join(wanted)}.'
            raise click.UsageError(msg)
        wanted = [registry.canonical(provider)]
    found = {name: None if refresh else catalog.peek(name) for name in wanted}
    missing = [name for name, listing in found.items() if listing is None]
    if missing:
        import asyncio

        from modelwire.transport import Transport

        async def fetch() -> list[Listing]:
            async with Transport(environ=config.environ) as transport:
                transports.append(transport)
                return await catalog.listings(missing, refresh=refresh)

        for listing in asyncio.run(fetch()):
            found[listing.provider] = listing
    return config, registry, [listing for listing in found.values() if listing is not None]


def rows_of(
    config: Config, registry: Registry, listings: Iterable[Listing], *, provider: str | None
) -> list[Row]:
    """The primary model, the fallbacks, other configured ones, then what was discovered."""
    rows: dict[str, Row] = {}
    known = {str(model.ref): (model, listing) for listing in listings for model in listing.models}

    def add(key: str, tag: str | None) -> None:
        model, listing = known.get(key, (None, None))
        row = rows.setdefault(key, Row(key, model))
        if model is not None and listing is not None:
            states = {"usable": True, "unusable": False, "unknown": None}
            row.available = True if row.local else states[listing.credentials.state]
        if tag is not None and tag not in row.tags:
            row.tags.append(tag)

    for text, tag in _named(config):
        ref = full_ref(registry, expand_alias(config, text))
        if ref is not None:
            add(str(ref), tag)
    for key, (model, _) in known.items():
        add(key, "configured" if "configured" in model.sources else None)
    for alias, text in config.aliases().items():
        ref = full_ref(registry, text)
        if ref is not None and str(ref) in rows:
            rows[str(ref)].tags.append(f"alias:{alias}")
    for row in rows.values():
        if row.model is None:
            row.tags.append("missing")
    wanted = registry.canonical(provider) if provider else None
    return [row for row in rows.values() if wanted is None or row.key.partition("/")[0] == wanted]


def table_of(rows: Iterable[Row]) -> str:
    """The rows as a table, in columns of cells."""
    table = [_HEADER]
    for row in rows:
        data = row.to_json()
        context = _thousands(data["contextTokens"]), _thousands(data["contextWindow"])
        auth = {True: "yes", False: "no", None: "?"}[row.available]
        shown = "/".join(part for part in context if part) or "-"
        local = {True: "yes", False: "no", None: "-"}[data["local"]]
        table.append((row.key, data["input"], shown, local, auth, ",".join(row.tags)))
    return "\n".join(_lines(table))


def _named(config: Config) -> list[tuple[str, str]]:
    chosen = config.agents.defaults.model
    named = [(chosen.primary, "default")] if chosen.primary else []
    named += [(ref, f"fallback#{n}") for n, ref in enumerate(chosen.fallbacks, start=1)]
    return named + [
        (key, "configured")
        for key in config.agents.defaults.models
        if ModelRef.parse(key) and not key.strip().endswith("*")
    ]


def _thousands(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def _lines(table: Iterable[Iterable[str]]) -> Iterator[str]:
    """Pad each column to its usual width, or to its widest cell where that is wider."""
    from rich.cells import cell_len

    rows = [["".join(c for c in cell if c.isprintable()) for cell in row] for row in table]
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [
        max(usual, *map(cell_len, column)) for usual, column in zip(_WIDTHS, columns, strict=True)
    ]
    for *cells, last in rows:
        padded = (cell + " " * (w - cell_len(cell)) for cell, w in zip(cells, widths, strict=True))
        yield " ".join([*padded, last]).rstrip()
