"""The command `modelwire serve usage`: what callers have used, by key, model and day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import asdict

from modelwire.cli import echo, echo_json, printable

if TYPE_CHECKING:
    from modelwire_gateway.storage.usage import UsageRow

__all__ = ["usage"]

_DAY_SECONDS: Final = 86_400
_BY: Final = {"key": "caller", "model": "model", "day": "day", "owner": "owner"}
_SUMS: Final = ("requests", "unpriced", "input", "output", "cache_read", "cache_write", "cost")


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=30, metavar="N", help="[default: 30]")
@click.option("--key-id", metavar="ID", help="One key, by its id, or one AWS identity.")
@click.option(
    "--by",
    type=click.Choice(sorted(_BY)),
    default="key",
    help="What is added up.  [default: key]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a row for each day and model.")
@click.pass_context
def usage(context: click.Context, *, days: int, key_id: str | None, by: str, as_json: bool) -> None:
    """Show requests, tokens and costs of the last UTC days.

    \b
    modelwire serve usage
    modelwire serve usage --days 7 --by model
    """  # noqa: D301 - \b keeps click from joining the lines
    found = _read(context, days, key_id)
    if as_json:
        echo_json([asdict(row) for row in found])
    elif found:
        _print(_added_up(found, _BY[by]), by)
    else:
        echo(f"Nothing was used in the last {days} days.")


def _read(context: click.Context, days: int, key_id: str | None) -> list[UsageRow]:
    from modelwire_gateway.access.periods import Period
    from modelwire_gateway.administration.key_store import settings_of
    from modelwire_gateway.storage.database import open_database
    from modelwire_gateway.storage.usage import UsageLog

    settings = settings_of(context)
    since = Period.at(time.time() - (days - 1) * _DAY_SECONDS).day

    async def read() -> list[UsageRow]:
        async with open_database(settings.storage) as engine:
            return await UsageLog(engine).rows(since=since, caller=key_id)

    return asyncio.run(read())


def _added_up(rows: Iterable[UsageRow], name: str) -> dict[str, dict[str, Any]]:
    """Sums by the values of an attribute."""
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        place = getattr(row, name) or "-"
        if name == "caller":
            place = f"{row.caller} {row.name}"
        into = sums.setdefault(place, dict.fromkeys(_SUMS, 0))
        for each in _SUMS:
            into[each] += getattr(row, each)
    return sums


def _print(sums: dict[str, dict[str, Any]], title: str) -> None:
    heads = (title, "requests", "input", "output", "USD")
    lines: list[Sequence[str]] = [
        (
            place,
            str(sum_["requests"]),
            str(sum_["input"] + sum_["cache_read"] + sum_["cache_write"]),
            str(sum_["output"]),
            f"{sum_['cost']:.4f}" + (" and more" if sum_["unpriced"] else ""),
        )
        for place, sum_ in sums.items()
    ]
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in (heads, *lines):
        first, *rest = (
            text.rjust(width) if at else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        echo(printable("  ".join([first, *rest]).rstrip()))
