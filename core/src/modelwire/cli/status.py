"""What `modelwire models status` finds out: what would be used, and whether it would work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from attrs import define, evolve, field

from modelwire.errors import ModelwireError
from modelwire.hookspecs import CredentialStatus
from modelwire.models import ModelRef
from modelwire.runtime import Runtime
from modelwire.runtime.resolution import default_ref, expand_alias, full_ref
from modelwire.transport import Deadlines

__all__ = ["Status", "find_status", "show_status", "verdict"]

_EXPIRES_SOON = timedelta(hours=1)
_AT_ONCE = 2


@define
class Choice:
    """A model that the configuration names.

    Attributes:
        role: `primary`, `fallback#1` and so on, or `default` where nothing is configured.
        named: What stands in the configuration.
        ref: What it means, or `None` where it means nothing.
        error: Why it cannot be used.
        seconds: How long a tiny request took, where one was sent.
    """

    role: str
    named: str
    ref: ModelRef | None = None
    error: str | None = None
    seconds: float | None = None


@define
class Status:
    """What would be used.

    Attributes:
        config: The configuration file, or `None`.
        choices: The primary model and its fallbacks.
        providers: The state of each provider's credentials.
    """

    config: str | None
    choices: list[Choice] = field(factory=list)
    providers: dict[str, CredentialStatus] = field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The whole for programs."""
        return {
            "configPath": self.config,
            "models": [
                {
                    "role": choice.role,
                    "named": choice.named,
                    "resolved": str(choice.ref) if choice.ref else None,
                    "error": choice.error,
                    "seconds": choice.seconds,
                }
                for choice in self.choices
            ],
            "providers": {
                name: {
                    "state": status.state,
                    "source": status.source,
                    "reason": status.reason,
                    "hint": status.hint,
                    "expiresAt": status.expires_at.isoformat() if status.expires_at else None,
                    "details": status.details,
                }
                for name, status in self.providers.items()
            },
        }


async def find_status(runtime: Runtime, *, probe: bool, timeout: float) -> Status:
    """Find out what would be used.

    Args:
        runtime: Whose configuration and plugins are looked at.
        probe: Load the credentials as a call would, and send each model one tiny request.
        timeout: Seconds for each of these.
    """
    path = runtime.config.path
    status = Status(str(path) if path else None, _choices(runtime))
    in_use = {choice.ref.provider for choice in status.choices if choice.ref is not None}
    configured = {runtime.registry.canonical(name) for name in runtime.config.models.providers}
    catalog = runtime.catalog
    gate = asyncio.Semaphore(_AT_ONCE)

    async def detect(name: str) -> None:
        async with gate:
            found = await asyncio.to_thread(
                catalog.credentials, name, probe=probe and name in in_use, timeout=timeout
            )
        if name in in_use | configured or found.state == "usable":
            status.providers[name] = found

    async def send(choice: Choice) -> None:
        async with gate:
            await _probe(runtime, choice, timeout)

    async with asyncio.TaskGroup() as group:
        for name in sorted(in_use | set(catalog.provider_ids)):
            group.create_task(detect(name))
        for choice in status.choices if probe else ():
            if choice.ref is not None:
                group.create_task(send(choice))
    return evolve(status, providers=dict(sorted(status.providers.items())))


def verdict(status: Status, now: datetime | None = None) -> int:
    """The exit status of `--check`: 0 all is well, 1 something is missing, 2 it expires soon."""
    now = now or datetime.now(UTC)
    used = [status.providers[choice.ref.provider] for choice in status.choices if choice.ref]
    if not used or any(choice.error for choice in status.choices):
        return 1
    if any(found.state != "usable" for found in used):
        return 1
    expiries = [found.expires_at for found in used if found.expires_at is not None]
    return 2 if any(expiry - now < _EXPIRES_SOON for expiry in expiries) else 0


def show_status(status: Status) -> str:
    """The status for people."""
    lines = [f"Configuration  {status.config or 'none'}"]
    for choice in status.choices:
        resolved = str(choice.ref) if choice.ref else choice.named
        alias = f" ({choice.named})" if choice.ref and choice.named != str(choice.ref) else ""
        took = f"  {click.style('ok', fg='green')} {choice.seconds:.1f} s" if choice.seconds else ""
        lines.append(f"{choice.role.capitalize():<14} {resolved}{alias}{took}")
        if choice.error:
            lines.append(f"{'':<14} {click.style('!', fg='red')} {choice.error}")
    lines.append("")
    width = max((len(name) for name in status.providers), default=0)
    for name, found in status.providers.items():
        lines += _provider_lines(name.ljust(width), found)
    if not status.providers:
        lines.append("No provider is configured or has credentials.")
    return "\n".join(lines)


def _provider_lines(name: str, found: CredentialStatus) -> Iterable[str]:
    colour = {"usable": "green", "unusable": "red"}.get(found.state, "yellow")
    yield f"{name}  {click.style(f'{found.state:<8}', fg=colour)}  {found.source or '-'}"
    indent = " " * (len(name) + 2)
    if found.details:
        yield indent + ", ".join(f"{key}: {value}" for key, value in found.details.items())
    if found.expires_at is not None:
        yield f"{indent}expires {found.expires_at.astimezone():%Y-%m-%d %H:%M %Z}"
    if found.state != "usable" and found.reason:
        yield f"{indent}{found.reason}"
    if found.state != "usable" and found.hint:
        yield f"{indent}{click.style('Hint:', bold=True)} {found.hint}"


def _choices(runtime: Runtime) -> list[Choice]:
    chosen = runtime.config.agents.defaults.model
    named = [("primary", chosen.primary)] if chosen.primary else []
    named += [(f"fallback#{n}", text) for n, text in enumerate(chosen.fallbacks, start=1)]
    choices = [Choice(role, text) for role, text in named]
    if not chosen.primary:
        try:
            choices.insert(0, Choice("default", str(default_ref(runtime.config, runtime.registry))))
        except ModelwireError as error:
            choices.insert(0, Choice("primary", "-", error=str(error)))
            return choices
    for choice in choices:
        try:
            choice.ref = full_ref(runtime.registry, expand_alias(runtime.config, choice.named))
            if choice.ref is None:
                choice.error = "It names no provider; write provider/model-id."
            else:
                runtime.registry.owner(choice.ref.provider)
        except ModelwireError as error:
            choice.error = str(error)
    return choices


async def _probe(runtime: Runtime, choice: Choice, timeout: float) -> None:
    began = time.monotonic()
    try:
        await runtime.complete(
            "Reply with: ok",
            model=choice.ref,
            max_tokens=16,
            deadlines=Deadlines(total=timeout),
        )
    except ModelwireError as error:
        choice.error = f"{error} ({error.code})"
    else:
        choice.seconds = time.monotonic() - began
