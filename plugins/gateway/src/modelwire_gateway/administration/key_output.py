"""The output of keys in commands, as text and JSON; never with a secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import asdict

from modelwire.cli import echo, printable, style
from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key

__all__ = ["as_data", "print_keys"]

_SHOWN: Final = (
    ("requests_per_minute", "{} requests a minute"),
    ("tokens_per_minute", "{} tokens a minute"),
    ("concurrency", "{} at a time"),
    ("budget_day", "{:g} USD a day"),
    ("budget_month", "{:g} USD a month"),
)


def as_data(key: Key, now: float) -> dict[str, Any]:
    """A key as JSON; moments are in ISO 8601, in UTC."""
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "state": key.state(now),
        "models": list(key.models),
        "routes": dict(key.routes),
        "labels": dict(key.labels),
        "limits": asdict(key.limits),
        "createdAt": _moment(key.created_at),
        "expiresAt": _moment(key.expires_at),
        "revokedAt": _moment(key.revoked_at),
    }


def print_keys(keys: Sequence[Key], now: float) -> None:
    """Print a list of keys, two lines for each."""
    for key in keys:
        owner = f" ({key.owner})" if key.owner else ""
        state = key.state(now)
        colour = "green" if state == "active" else "red"
        echo(printable(f"{key.id}  {key.name}{owner}  ") + style(state, fg=colour))
        echo(printable("  " + "; ".join(_details(key))))


def _details(key: Key) -> Iterator[str]:
    yield "models " + ", ".join(key.models) if key.models else "all models"
    yield from _limits(key.limits)
    for requested, called in key.routes.items():
        yield f"{requested} calls {called}"
    for name, value in key.labels.items():
        yield f"label {name}={value}"
    if key.expires_at is not None:
        yield f"expires {_moment(key.expires_at)}"


def _limits(limits: Limits) -> Iterator[str]:
    for name, form in _SHOWN:
        value = getattr(limits, name)
        if value is not None:
            yield form.format(value)
    if limits.unpriced:
        yield "models without a price allowed"


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
